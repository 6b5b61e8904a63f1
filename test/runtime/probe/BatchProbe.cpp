// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// batch-probe PLAN SESSIONS LONGEST SEED THREADS: grows sessions of a pool to
// random lengths up to LONGEST, in steps of random rows: prompts of many rows
// beside single rows.  Logits must have the bits that each session has alone.
// Prints what was compared as JSON; exit 1 at the first difference.
#include "sinter-c/runtime.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace {

void need(sinter_status *status) {
  if (!status)
    return;
  std::fprintf(stderr, "batch-probe: %s\n", sinter_status_message(status));
  std::exit(1);
}

/// FNV-1a of the words of a row of logits: which bits it has.
uint64_t bitsOf(const float *logits, uint64_t count) {
  uint64_t hash = 0xcbf29ce484222325;
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t word;
    memcpy(&word, logits + i, sizeof(word));
    hash = (hash ^ word) * 0x100000001b3;
  }
  return hash;
}

struct Sequence {
  std::vector<int32_t> ids;
  std::vector<uint64_t> expected; // of each position, in a session alone
  sinter_session *session = nullptr;
  size_t done = 0;
};

void scoreAlone(sinter_plan *plan, uint64_t vocabulary, Sequence &sequence) {
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.context = uint32_t(sequence.ids.size());
  sinter_session *alone = nullptr;
  need(sinter_session_create(plan, &options, &alone));
  struct Sink {
    std::vector<uint64_t> &expected;
    uint64_t vocabulary;
  } sink{sequence.expected, vocabulary};
  need(sinter_session_score(
      alone, sequence.ids.data(), sequence.ids.size(),
      [](void *user, uint32_t, uint32_t rows, const float *logits) {
        auto &sink = *static_cast<Sink *>(user);
        for (uint32_t i = 0; i < rows; ++i)
          sink.expected.push_back(
              bitsOf(logits + i * sink.vocabulary, sink.vocabulary));
        return 0;
      },
      &sink));
  sinter_session_release(alone);
}

/// What a row of a step stands for.
struct Expected {
  size_t sequence, position;
};

struct Check {
  const std::vector<Sequence> &sequences;
  const std::vector<Expected> &rows;
  uint64_t vocabulary;
  uint64_t compared = 0;
};

int compare(void *user, size_t row, const float *logits) {
  Check &check = *static_cast<Check *>(user);
  Expected of = check.rows[row];
  if (bitsOf(logits, check.vocabulary) !=
      check.sequences[of.sequence].expected[of.position]) {
    std::fprintf(stderr,
                 "batch-probe: row %zu of %zu: other logits at position %zu "
                 "of session %zu than alone\n",
                 row, check.rows.size(), of.position, of.sequence);
    std::exit(1);
  }
  ++check.compared;
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 6)
    return 2;
  auto number = [&](int i) { return uint32_t(std::atoi(argv[i])); };
  uint32_t count = number(2), longest = number(3);
  std::mt19937 random(number(4));
  sinter_plan_options planOptions;
  sinter_plan_options_initialize(&planOptions);
  planOptions.threads = number(5);
  sinter_plan *plan = nullptr;
  need(sinter_plan_open(argv[1], &planOptions, &plan));
  uint64_t vocabulary = sinter_plan_number(plan, SINTER_VOCABULARY);
  uint64_t maxRows = sinter_plan_number(plan, SINTER_MAX_ROWS);
  sinter_pool_options poolOptions;
  sinter_pool_options_initialize(&poolOptions);
  poolOptions.sessions = count;
  poolOptions.context = longest;
  sinter_pool *pool = nullptr;
  need(sinter_pool_create(plan, &poolOptions, &pool));
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.pool = pool;

  std::vector<Sequence> sequences(count);
  for (Sequence &sequence : sequences) {
    sequence.ids.resize(longest - random() % (longest / 2 + 1));
    for (int32_t &id : sequence.ids)
      id = int32_t(random() % vocabulary);
    scoreAlone(plan, vocabulary, sequence);
    need(sinter_session_create(plan, &options, &sequence.session));
  }

  uint64_t steps = 0, mixed = 0, total = 0, compared = 0;
  while (true) {
    std::vector<sinter_row> rows;
    std::vector<Expected> expected;
    bool prompts = false, single = false;
    for (size_t i = 0; i < count; ++i) {
      Sequence &sequence = sequences[i];
      size_t left = sequence.ids.size() - sequence.done;
      // Most have one row; now and then one has many, as prompts do.
      size_t take = random() % 4 ? 1 : 1 + random() % 60;
      take = std::min({take, left, size_t(maxRows) - rows.size()});
      if (random() % 8 == 0)
        take = 0;
      for (size_t n = 0; n < take; ++n, ++sequence.done) {
        bool wanted = n + 1 == take || random() % 4 == 0;
        rows.push_back({sequence.session, sequence.ids[sequence.done],
                        wanted ? SINTER_ROW_LOGITS : 0});
        expected.push_back({i, sequence.done});
      }
      prompts |= take > 1;
      single |= take == 1;
    }
    bool over =
        std::all_of(sequences.begin(), sequences.end(),
                    [](const Sequence &s) { return s.done == s.ids.size(); });
    Check check{sequences, expected, vocabulary};
    need(sinter_pool_step(pool, rows.data(), rows.size(), compare, &check));
    compared += check.compared;
    total += rows.size();
    mixed += prompts && single;
    ++steps;
    if (over)
      break;
  }
  for (Sequence &sequence : sequences)
    sinter_session_release(sequence.session);
  sinter_pool_release(pool);
  sinter_plan_release(plan);
  std::printf("{\"steps\": %llu, \"mixed\": %llu, \"rows\": %llu, "
              "\"compared\": %llu}\n",
              static_cast<unsigned long long>(steps),
              static_cast<unsigned long long>(mixed),
              static_cast<unsigned long long>(total),
              static_cast<unsigned long long>(compared));
  return 0;
}
