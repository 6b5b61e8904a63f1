// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// state-probe PLAN LONGEST ROUNDS SEED THREADS POOLED: sessions at random
// append ids, generate, are truncated, part, are saved and restored. After
// each of it a session must hold the ids that were meant, and the logits of
// one more id must have the bits that a fresh session gives them, and of two
// models the other one must write what it writes there. Prints how
// often each was done as JSON; exit 1 at the first difference.
#include "sinter-c/runtime.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

using namespace sinter;

namespace {

using Ids = std::vector<int32_t>;

struct Life {
  Session session;
  Ids ids;
};
struct Saved {
  std::vector<uint8_t> bytes;
  Ids ids;
};

class Probe {
public:
  Probe(Plan plan, uint32_t longest, uint32_t seed, bool pooled)
      : plan(std::move(plan)), longest(longest), random(seed) {
    if (pooled) {
      PoolOptions options;
      options.sessions = kLives + 1; // a fork lives before it replaces one
      options.context = longest;
      pool = this->plan.pool(options).orThrow();
    }
    lives.push_back({create(), {}});
  }

  void round() {
    Life &life = lives[below(lives.size())];
    switch (below(7)) {
    case 0:
    case 1:
      append(life);
      break;
    case 2:
      generate(life);
      break;
    case 3:
      truncate(life);
      break;
    case 4:
      return fork(life); // what `life` is may be gone
    case 5:
      saved.push_back({life.session.snapshot().orThrow(), life.ids});
      ++counts.saved;
      break;
    case 6:
      restore(life);
      break;
    }
    check(life);
  }

  struct {
    unsigned appended = 0, generated = 0, truncated = 0, repeated = 0,
             forked = 0, saved = 0, restored = 0, accepted = 0;
  } counts;

private:
  static constexpr uint32_t kLives = 4, kWritten = 6;

  size_t below(size_t end) { return random() % end; }
  size_t room(const Life &life) const { return longest - 1 - life.ids.size(); }

  Session create() { return pool ? pool->session().orThrow() : alone(); }
  Session alone() {
    SessionOptions options;
    options.context = longest;
    return plan.session(options).orThrow();
  }

  void append(Life &life) {
    Ids more(std::min(room(life), 1 + below(40)));
    for (int32_t &id : more)
      id = int32_t(below(plan.vocabulary()));
    // Who has enough gets what was computed until then.
    const bool enough = counts.appended % 3 == 2;
    uint32_t told = 0;
    life.session
        .score(more,
               [&](uint32_t, uint32_t rows, std::span<const float>) {
                 told += rows;
                 return !enough;
               })
        .orThrow();
    const size_t read = life.session.position() - life.ids.size();
    if (enough ? told > read || read > more.size() : read != more.size())
      die("other ids were read than were told of", life);
    life.ids.insert(life.ids.end(), more.begin(), more.begin() + long(read));
    ++counts.appended;
  }

  /// The last token is in no state yet.
  void generate(Life &life) {
    if (room(life) < 2)
      return;
    Generation generation;
    generation.sampling.temperature = random() % 2 ? 0.8f : 0.0f;
    generation.sampling.seed = random();
    generation.maxTokens =
        uint32_t(1 + below(std::min<size_t>(room(life), 24)));
    generation.ignoreStopIds = true;
    if (life.ids.empty())
      life.ids.push_back(1);
    Ids tokens;
    life.session
        .generate(life.ids, generation,
                  [&](int32_t id, std::string_view) {
                    if (id >= 0)
                      tokens.push_back(id);
                  })
        .orThrow();
    tokens.pop_back();
    life.ids.insert(life.ids.end(), tokens.begin(), tokens.end());
    counts.accepted += unsigned(life.session.speculation().orThrow().accepted);
    ++counts.generated;
  }

  /// What a ring has given back is computed again.
  void truncate(Life &life) {
    life.ids.resize(below(life.ids.size() + 1));
    Result<void> cut = life.session.truncate(uint32_t(life.ids.size()));
    if (cut) {
      ++counts.truncated;
      return;
    }
    if (cut.error().code() != SINTER_UNSUPPORTED)
      die("truncation failed", life);
    life.session.truncate(0).orThrow();
    life.session
        .score(life.ids, [](uint32_t, uint32_t, std::span<const float>) {})
        .orThrow();
    ++counts.repeated;
  }

  void fork(const Life &life) {
    Life copy = {life.session.fork().orThrow(), life.ids};
    check(copy);
    if (lives.size() < kLives)
      lives.push_back(std::move(copy));
    else
      lives[below(kLives)] = std::move(copy);
    ++counts.forked;
  }

  void restore(Life &life) {
    if (saved.empty())
      return;
    const Saved &from = saved[below(saved.size())];
    life.session.restore(from.bytes).orThrow();
    life.ids = from.ids;
    ++counts.restored;
  }

  void check(Life &life) {
    std::span<const int32_t> history = life.session.history();
    if (!std::equal(history.begin(), history.end(), life.ids.begin(),
                    life.ids.end()))
      die("other ids than were meant", life);
    Session fresh = alone();
    fresh.score(life.ids, [](uint32_t, uint32_t, std::span<const float>) {})
        .orThrow();
    std::vector<float> expected = next(fresh), found = next(life.session);
    life.session.truncate(uint32_t(life.ids.size())).orThrow();
    if (memcmp(expected.data(), found.data(), expected.size() * sizeof(float)))
      die("other logits than a fresh session's", life);
    if (takesTurns() && room(life) > kWritten && !life.ids.empty() &&
        written(fresh, life.ids) != written(life.session, life.ids))
      die("the small model writes what it does not in a fresh session", life);
  }

  bool takesTurns() const {
    return plan.property("lossy").value_or("").find("model_switch") !=
           std::string_view::npos;
  }

  /// By the small model alone; then the session is as it was.
  static Ids written(Session &session, const Ids &ids) {
    Generation generation;
    generation.switchBits = 64; // more than any row has
    generation.maxTokens = kWritten;
    generation.ignoreStopIds = true;
    Ids tokens;
    session
        .generate(ids, generation,
                  [&](int32_t id, std::string_view) {
                    if (id >= 0)
                      tokens.push_back(id);
                  })
        .orThrow();
    session.truncate(uint32_t(ids.size())).orThrow();
    return tokens;
  }

  static std::vector<float> next(Session &session) {
    std::vector<float> row;
    const int32_t id = 1;
    session
        .score({&id, 1},
               [&](uint32_t, uint32_t, std::span<const float> logits) {
                 row.assign(logits.begin(), logits.end());
               })
        .orThrow();
    return row;
  }

  [[noreturn]] static void die(const char *what, const Life &life) {
    std::fprintf(stderr, "state-probe: %s, at %zu positions\n", what,
                 life.ids.size());
    std::exit(1);
  }

  Plan plan;
  uint32_t longest;
  std::mt19937 random;
  std::optional<Pool> pool;
  std::vector<Life> lives;
  std::vector<Saved> saved;
};

} // namespace

int main(int argc, char **argv) try {
  if (argc != 7)
    return 2;
  auto number = [&](int i) { return uint32_t(std::atoi(argv[i])); };
  PlanOptions options;
  options.threads = number(5);
  Plan plan = Plan::open(argv[1], options).orThrow();
  Probe probe(plan, number(2), number(4), number(6) != 0);
  for (uint32_t i = 0; i < number(3); ++i)
    probe.round();
  std::printf(
      "{\"appended\": %u, \"generated\": %u, \"truncated\": %u, "
      "\"repeated\": %u, \"forked\": %u, \"saved\": %u, \"restored\": %u, "
      "\"accepted\": %u}\n",
      probe.counts.appended, probe.counts.generated, probe.counts.truncated,
      probe.counts.repeated, probe.counts.forked, probe.counts.saved,
      probe.counts.restored, probe.counts.accepted);
  return 0;
} catch (const std::exception &error) {
  std::fprintf(stderr, "state-probe: %s\n", error.what());
  return 1;
}
