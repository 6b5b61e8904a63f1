// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// exit-probe PLAN IDS TOKENS TEMPERATURE SEED THREADS THRESHOLD: continues each
// line of IDS (numbers with commas between) with exits. What the session holds
// then must be what a forward of all layers over the same text puts there: the
// bytes of all whole pages of keys and values, and the logits of one more id.
// Prints as JSON how many lines differ from that, how many texts differ from
// those without exits, and the figures of the exits. THRESHOLD 0: the plan's.
#include "test/runtime/probe/Probing.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace sinter::probe;
using namespace sinter::runtime;

namespace {

/// A session of the plan, and what it holds.
class Probe {
public:
  Probe(sinter_plan *plan, uint32_t context) : plan(plan) {
    sinter_session_options size;
    sinter_session_options_initialize(&size);
    size.context = context;
    need(sinter_session_create(plan, &size, &session));
  }
  Probe(const Probe &) = delete;
  ~Probe() { sinter_session_release(session); }

  Ids generate(const Ids &prompt, sinter_generation generation) {
    Ids tokens;
    generation.callback = [](void *user, int32_t id, const char *, size_t) {
      if (id >= 0)
        static_cast<Ids *>(user)->push_back(id);
      return 0;
    };
    generation.user = &tokens;
    need(sinter_session_generate(session, prompt.data(), prompt.size(),
                                 &generation, nullptr));
    return tokens;
  }

  /// Logits of the last id.
  std::vector<float> score(const Ids &ids) {
    std::vector<float> row(sinter_plan_number(plan, SINTER_VOCABULARY));
    struct Last {
      std::vector<float> &row;
    } last{row};
    need(sinter_session_score(
        session, ids.data(), ids.size(),
        [](void *user, uint32_t, uint32_t rows, const float *logits) {
          std::vector<float> &row = static_cast<Last *>(user)->row;
          const float *from = logits + (rows - 1) * row.size();
          row.assign(from, from + row.size());
          return 0;
        },
        &last));
    return row;
  }

  Ids history() const {
    const int32_t *ids = sinter_session_history(session);
    return {ids, ids + sinter_session_position(session)};
  }

  bool samePages(const Probe &other) const {
    return sinter::probe::samePages(*plan, *session, *other.session);
  }

  sinter_exits figures() {
    sinter_exits figures = {};
    figures.size = sizeof(figures);
    need(sinter_session_exits(session, &figures));
    return figures;
  }

private:
  sinter_plan *plan;
  sinter_session *session = nullptr;
};

/// All layers over the text that `left` holds give the same state.
bool holdsAllLayers(sinter_plan *plan, Probe &left, uint32_t context) {
  const Ids text = left.history();
  Probe all(plan, context);
  (void)all.score(text);
  if (all.history() != text || !all.samePages(left))
    return false;
  const std::vector<float> a = all.score({1}), b = left.score({1});
  return memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 8)
    return 2;
  sinter_plan_options planOptions;
  sinter_plan_options_initialize(&planOptions);
  planOptions.threads = uint32_t(std::atoi(argv[6]));
  sinter_plan *plan = nullptr;
  need(sinter_plan_open(argv[1], &planOptions, &plan));
  sinter_generation generation;
  sinter_generation_initialize(&generation, plan);
  generation.max_tokens = uint32_t(std::atoi(argv[3]));
  generation.sampling.temperature = float(std::atof(argv[4]));
  generation.sampling.seed = uint64_t(std::atoll(argv[5]));
  generation.exit_threshold = float(std::atof(argv[7]));
  generation.ignore_stop_ids = 1;
  uint64_t prompts = 0, texts = 0, states = 0, lengths = 0;
  sinter_exits sum = {};
  for (const Ids &prompt : readPrompts(argv[2])) {
    uint32_t context = uint32_t(prompt.size()) + generation.max_tokens + 1;
    Probe left(plan, context), plain(plan, context);
    const Ids tokens = left.generate(prompt, generation);
    sinter_exits figures = left.figures();
    sinter_generation whole = generation;
    whole.no_early_exit = 1;
    const Ids expected = plain.generate(prompt, whole);
    ++prompts;
    texts += tokens != expected;
    lengths += tokens.size() != expected.size();
    states += !holdsAllLayers(plan, left, context);
    sum.rows += figures.rows;
    sum.layers += figures.layers;
    sum.owed += figures.owed;
    sum.held += figures.held;
    sum.agreed += figures.agreed;
    for (uint32_t i = 0; i < SINTER_EXITS; ++i) {
      sum.left[i] += figures.left[i];
      sum.kept[i] += figures.kept[i];
    }
  }
  sinter_plan_release(plan);
  uint64_t kept = 0;
  std::printf("{\"prompts\": %llu, \"differing_texts\": %llu, "
              "\"differing_lengths\": %llu, \"differing_kv\": %llu, "
              "\"rows\": %llu, \"layers\": %llu, \"owed\": %llu, "
              "\"held\": %llu, \"agreed\": %llu, \"left\": [",
              static_cast<unsigned long long>(prompts),
              static_cast<unsigned long long>(texts),
              static_cast<unsigned long long>(lengths),
              static_cast<unsigned long long>(states),
              static_cast<unsigned long long>(sum.rows),
              static_cast<unsigned long long>(sum.layers),
              static_cast<unsigned long long>(sum.owed),
              static_cast<unsigned long long>(sum.held),
              static_cast<unsigned long long>(sum.agreed));
  for (uint32_t i = 0; i < SINTER_EXITS; ++i) {
    std::printf("%s%llu", i ? ", " : "",
                static_cast<unsigned long long>(sum.left[i]));
    kept += sum.kept[i];
  }
  std::printf("], \"kept\": %llu}\n", static_cast<unsigned long long>(kept));
  return states || prompts == 0;
}
