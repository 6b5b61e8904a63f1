// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// speculation-probe PLAN IDS TOKENS TEMPERATURE SEED THREADS [TREES|ends]:
// continues each line of IDS (numbers with commas between) with drafts and
// without, over end-of-text ids unless `ends` is said; with TREES, so often
// with trees of random shape, whose ids are right at random, and ends, stops
// and is cancelled at random, too. Tokens must be equal, and so
// must the state afterwards: the bytes of all whole pages of keys and values,
// and the logits of one more id, which every position has a part in. Prints as
// JSON how many lines differ; exit 1 if any does.
#include "runtime/decode/Generation.h"
#include "runtime/plan/Execute.h"
#include "runtime/schema/plan_generated.h"
#include "sinter-c/speculation.h"
#include "test/runtime/probe/Probing.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace sinter::probe;
using namespace sinter::runtime;

namespace {

struct Options {
  uint32_t tokens;
  float temperature;
  uint64_t seed;
  bool ends; ///< at an end-of-text id
};

/// A continuation and the session that it leaves.
class Run {
public:
  Run(sinter_plan *plan, const std::vector<int32_t> &prompt,
      const Options &options, bool drafts)
      : plan(plan) {
    sinter_session_options size;
    sinter_session_options_initialize(&size);
    size.context = uint32_t(prompt.size()) + options.tokens + 1;
    need(sinter_session_create(plan, &size, &session));
    sinter_generation generation;
    sinter_generation_initialize(&generation, plan);
    generation.sampling.temperature = options.temperature;
    generation.sampling.seed = options.seed;
    generation.max_tokens = options.tokens;
    generation.ignore_stop_ids = !options.ends;
    generation.no_speculation = !drafts;
    generation.callback = [](void *user, int32_t id, const char *, size_t) {
      if (id >= 0)
        static_cast<Run *>(user)->tokens.push_back(id);
      return 0;
    };
    generation.user = this;
    need(sinter_session_generate(session, prompt.data(), prompt.size(),
                                 &generation, nullptr));
    figures.size = sizeof(figures);
    need(sinter_session_speculation(session, &figures));
  }
  Run(const Run &) = delete;
  ~Run() { sinter_session_release(session); }

  /// In the first state: that of a model that drafts may lag behind.
  bool samePages(const Run &other) const {
    return sinter::probe::samePages(*plan, *session, *other.session);
  }

  /// Logits behind one more id, which is the same one everywhere.
  std::vector<float> probe() {
    std::vector<float> row;
    const int32_t id = 1;
    need(sinter_session_score(
        session, &id, 1,
        [](void *user, uint32_t, uint32_t, const float *logits) {
          auto &row = *static_cast<std::vector<float> *>(user);
          std::copy_n(logits, row.capacity(), std::back_inserter(row));
          return 0;
        },
        (row.reserve(sinter_plan_number(plan, SINTER_VOCABULARY)), &row)));
    return row;
  }

  std::vector<int32_t> history() const {
    const int32_t *ids = sinter_session_history(session);
    return {ids, ids + sinter_session_position(session)};
  }

  /// As if it had ended there.
  void truncate(uint32_t position) {
    need(sinter_session_truncate(session, position));
  }

  std::vector<int32_t> tokens;
  sinter_speculation figures = {};

protected:
  /// A session in which nothing was generated yet.
  Run(sinter_plan *plan, uint32_t context) : plan(plan) {
    sinter_session_options size;
    sinter_session_options_initialize(&size);
    size.context = context;
    need(sinter_session_create(plan, &size, &session));
  }

  sinter_plan *plan;
  sinter_session *session = nullptr;
};

/// Drafts trees of random shape.
class RandomTrees final : public Host {
public:
  RandomTrees(const sinter_plan *plan, std::span<const int32_t> prompt,
              const std::vector<int32_t> &truth, unsigned seed)
      : input(prompt), truth(truth), random(seed) {
    for (const sinter::plan::Drafter *drafter :
         *plan->loaded.tables().drafters())
      branches = std::max(branches, drafter->branches());
    vocabulary = plan->loaded.tables().vocabulary();
    ends = random() % (2 * truth.size());
    cancels = random() % 2;
  }

  uint32_t takeInput(int32_t *ids, uint32_t room) override {
    return input.take(ids, room);
  }
  Status emitLogits(float *, uint32_t, uint32_t) override { return Status(); }
  Status emitToken(int32_t id, bool &stop) override {
    tokens.push_back(id);
    bool end = tokens.size() == ends;
    cancel = end && cancels;
    stop = (end && !cancels) || tokens.size() == truth.size();
    return Status();
  }

  uint32_t draft(uint32_t, std::span<const int32_t>, const Recycled &,
                 int32_t *ids, uint32_t most) override {
    made = DraftTree();
    uint32_t rows = 1 + random() % DraftTree::kRows;
    while (made.rows < rows) {
      uint32_t parent = made.rows - 1;
      while (parent > 0 && (random() % 4 == 0 || made.depths[parent] >= most))
        parent = made.parents[parent];
      bool leaf = parent + 1 != made.rows;
      if (made.depths[parent] >= most || (leaf && made.runCount() > branches))
        break;
      made.add(parent);
      of[made.rows - 1] = ids[made.rows - 2] = idOf(made.rows - 1);
    }
    trees += !made.isChain();
    return made.rows - 1;
  }
  const DraftTree *tree() const override { return &made; }
  /// A model is asked at random places, and what it says is thrown away now and
  /// then: right ids are wanted, too.
  int64_t expand(int32_t *path, int32_t *ids) override {
    if (random() % 4 == 0) {
      memcpy(ids, of + 1, (made.rows - 1) * sizeof(int32_t));
      return -1;
    }
    uint32_t row = uint32_t(random() % made.rows);
    while (made.depths[row] > made.depth() - 1)
      row = made.parents[row];
    for (uint32_t on = row; on > 0; on = made.parents[on])
      path[made.depths[on] - 1] = of[on];
    ++answers;
    return made.depths[row];
  }
  int64_t follow(int64_t row, int32_t id) override {
    for (uint32_t child = 1; child < made.rows; ++child)
      if (made.parents[child] == row && of[child] == id) {
        branched += made.runs[child] != 0;
        return child;
      }
    return -1;
  }

  std::atomic<bool> cancel{false};
  std::vector<int32_t> tokens;
  uint64_t trees = 0, branched = 0; // drafts, and rows kept of a branch
  uint64_t answers = 0;             // of a model

private:
  /// Ids of one place differ; the right one is among them more often than not.
  int32_t idOf(uint32_t row) {
    size_t place = tokens.size() + made.depths[row] - 1;
    int32_t id = place < truth.size() && random() % 3
                     ? truth[place]
                     : int32_t(random() % vocabulary);
    for (uint32_t other = 1; other < row;)
      if (made.parents[other] == made.parents[row] && of[other] == id) {
        id = int32_t(random() % vocabulary);
        other = 1;
      } else {
        ++other;
      }
    return id;
  }

  Input input;
  const std::vector<int32_t> &truth;
  std::mt19937 random;
  uint32_t branches = 0, vocabulary = 0;
  size_t ends;
  bool cancels;
  DraftTree made;
  int32_t of[DraftTree::kRows] = {}; // ids of the rows
};

/// The same continuation with random trees.
class TreeRun : public Run {
public:
  TreeRun(sinter_plan *plan, const std::vector<int32_t> &prompt,
          const Options &options, const std::vector<int32_t> &truth,
          unsigned seed)
      : Run(plan, uint32_t(prompt.size()) + options.tokens + 1),
        host(plan, prompt, truth, seed) {
    sinter_generation generation;
    sinter_generation_initialize(&generation, plan);
    generation.sampling.temperature = options.temperature;
    generation.sampling.seed = options.seed;
    const LoadedPlan &loaded = plan->loaded;
    auto function = uint32_t(loaded.program().find("generate"));
    int64_t arguments[kMaxArguments];
    bool filled =
        generationArguments(loaded, function, generation, options.tokens,
                            loaded.tables().max_rows(), arguments)
            .ok();
    Status status =
        execute(loaded, session->memory, function,
                {arguments, loaded.program().functions[function].params}, host,
                host.cancel);
    wasRun = filled && (status.ok() || status.code() == SINTER_CANCELLED);
    tokens = host.tokens;
  }
  RandomTrees host;
  bool wasRun;
};

bool sameState(Run &one, Run &other) {
  if (one.history() != other.history() || !one.samePages(other))
    return false;
  const std::vector<float> a = one.probe(), b = other.probe();
  return a.size() == b.size() &&
         memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 7 && argc != 8)
    return 2;
  const bool ends = argc == 8 && argv[7] == std::string_view("ends");
  const int repeats = argc == 8 && !ends ? std::atoi(argv[7]) : 0;
  const Options options{uint32_t(std::atoi(argv[3])), float(std::atof(argv[4])),
                        uint64_t(std::atoll(argv[5])), ends};
  sinter_plan_options planOptions;
  sinter_plan_options_initialize(&planOptions);
  planOptions.threads = uint32_t(std::atoi(argv[6]));
  sinter_plan *plan = nullptr;
  need(sinter_plan_open(argv[1], &planOptions, &plan));
  uint64_t prompts = 0, texts = 0, states = 0, drafted = 0, accepted = 0;
  uint64_t trees = 0, branched = 0, answers = 0;
  for (const std::vector<int32_t> &prompt : readPrompts(argv[2])) {
    for (int i = 0; i < repeats; ++i) {
      Run plain(plan, prompt, options, false);
      TreeRun with(plan, prompt, options, plain.tokens, unsigned(i));
      texts += !with.wasRun || with.tokens.size() > plain.tokens.size() ||
               !std::equal(with.tokens.begin(), with.tokens.end(),
                           plain.tokens.begin());
      plain.truncate(uint32_t(with.history().size()));
      states += !sameState(plain, with);
      trees += with.host.trees;
      branched += with.host.branched;
      answers += with.host.answers;
      ++prompts;
    }
    if (repeats > 0)
      continue;
    Run plain(plan, prompt, options, false), with(plan, prompt, options, true);
    ++prompts;
    texts += plain.tokens != with.tokens;
    states += !sameState(plain, with);
    drafted += with.figures.drafted;
    accepted += with.figures.accepted;
  }
  sinter_plan_release(plan);
  std::printf("{\"prompts\": %llu, \"tokens\": %u, \"differing_texts\": %llu, "
              "\"differing_kv\": %llu, \"drafted\": %llu, \"accepted\": %llu, "
              "\"trees\": %llu, \"branched\": %llu, \"answers\": %llu}\n",
              static_cast<unsigned long long>(prompts), options.tokens,
              static_cast<unsigned long long>(texts),
              static_cast<unsigned long long>(states),
              static_cast<unsigned long long>(drafted),
              static_cast<unsigned long long>(accepted),
              static_cast<unsigned long long>(trees),
              static_cast<unsigned long long>(branched),
              static_cast<unsigned long long>(answers));
  return texts || states || prompts == 0;
}
