// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// speculation-probe PLAN IDS TOKENS TEMPERATURE SEED THREADS: continues each
// line of IDS (numbers with commas between) with drafts and without. Tokens
// must be equal, and so must the state afterwards: the bytes of all whole pages
// of keys and values, and the logits of one more id, which every position has a
// part in. Prints as JSON how many lines differ; exit 1 if any does.
#include "runtime/capi/Objects.h"
#include "sinter-c/speculation.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace sinter::runtime;

namespace {

void need(sinter_status *status) {
  if (!status)
    return;
  std::fprintf(stderr, "speculation-probe: %s\n",
               sinter_status_message(status));
  std::exit(1);
}

struct Options {
  uint32_t tokens;
  float temperature;
  uint64_t seed;
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
    generation.ignore_stop_ids = 1;
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

  /// Bytes of the whole pages, in order of position, of the first state: that
  /// of a model that drafts may lag behind.
  std::string pages() const {
    std::string bytes;
    const SessionMemory &memory = session->memory;
    const sinter::plan::State &table = *plan->loaded.tables().states()->Get(0);
    const PagePool &pool = memory.pool().pages(0);
    const KvCache &cache = memory.state(0);
    uint32_t whole = cache.length() / pool.pageTokens();
    for (uint32_t layer = 0; layer < table.layers(); ++layer)
      for (uint32_t plane = 0; plane < 2; ++plane) {
        uint64_t size = table.page_bytes()->Get(plane);
        for (uint32_t page = 0; page < whole; ++page)
          bytes.append(
              reinterpret_cast<const char *>(pool.plane(layer, plane)) +
                  size * uint64_t(cache.pageTable()[page]),
              size);
      }
    return bytes;
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

  std::vector<int32_t> tokens;
  sinter_speculation figures = {};

private:
  sinter_plan *plan;
  sinter_session *session = nullptr;
};

bool sameState(Run &one, Run &other) {
  if (one.history() != other.history() || one.pages() != other.pages())
    return false;
  const std::vector<float> a = one.probe(), b = other.probe();
  return a.size() == b.size() &&
         memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<std::vector<int32_t>> readPrompts(const char *path) {
  std::vector<std::vector<int32_t>> prompts;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    prompts.emplace_back();
    std::istringstream ids(line);
    for (std::string id; std::getline(ids, id, ',');)
      prompts.back().push_back(std::atoi(id.c_str()));
  }
  return prompts;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 7)
    return 2;
  const Options options{uint32_t(std::atoi(argv[3])), float(std::atof(argv[4])),
                        uint64_t(std::atoll(argv[5]))};
  sinter_plan_options planOptions;
  sinter_plan_options_initialize(&planOptions);
  planOptions.threads = uint32_t(std::atoi(argv[6]));
  sinter_plan *plan = nullptr;
  need(sinter_plan_open(argv[1], &planOptions, &plan));
  uint64_t prompts = 0, texts = 0, states = 0, drafted = 0, accepted = 0;
  for (const std::vector<int32_t> &prompt : readPrompts(argv[2])) {
    Run plain(plan, prompt, options, false), with(plan, prompt, options, true);
    ++prompts;
    texts += plain.tokens != with.tokens;
    states += !sameState(plain, with);
    drafted += with.figures.drafted;
    accepted += with.figures.accepted;
  }
  sinter_plan_release(plan);
  std::printf(
      "{\"prompts\": %llu, \"tokens\": %u, \"differing_texts\": %llu, "
      "\"differing_kv\": %llu, \"drafted\": %llu, \"accepted\": %llu}\n",
      static_cast<unsigned long long>(prompts), options.tokens,
      static_cast<unsigned long long>(texts),
      static_cast<unsigned long long>(states),
      static_cast<unsigned long long>(drafted),
      static_cast<unsigned long long>(accepted));
  return texts || states || prompts == 0;
}
