// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "sinter-c/snapshot.h"
#include "runtime/capi/Objects.h"
#include "runtime/plan/Digest.h"
#include "runtime/state/Snapshot.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

using namespace sinter::test;
using namespace sinter::runtime;

namespace {

using Bytes = std::vector<uint8_t>;
using Ids = std::vector<int32_t>;

Bytes take(const SessionOwner &session) {
  Bytes bytes(sinter_session_snapshot_bytes(session.get()));
  EXPECT_EQ(messageOf(sinter_session_snapshot(session.get(), bytes.data(),
                                              bytes.size())),
            "");
  return bytes;
}

std::string restore(const SessionOwner &session, const Bytes &bytes) {
  return messageOf(
      sinter_session_restore(session.get(), bytes.data(), bytes.size()));
}

Ids historyOf(const SessionOwner &session) {
  const int32_t *ids = sinter_session_history(session.get());
  return {ids, ids + sinter_session_position(session.get())};
}

Ids someIds(std::mt19937 &random, uint32_t count) {
  Ids ids(count);
  for (int32_t &id : ids)
    id = int32_t(random() % TinyPlan::kEnd);
  return ids;
}

/// Logits behind one more id, which every position has a part in.
std::vector<float> probe(const SessionOwner &session) {
  std::vector<float> row = score(session, {7});
  sinter_session_truncate(session.get(),
                          sinter_session_position(session.get()) - 1);
  return row;
}

SessionOwner fork(const SessionOwner &session) {
  sinter_session *copy = nullptr;
  EXPECT_EQ(messageOf(sinter_session_fork(session.get(), &copy)), "");
  return SessionOwner(copy);
}

/// A digest that fits what a test has changed.
void sign(Bytes &bytes) {
  size_t end = bytes.size() - sizeof(uint64_t);
  uint64_t digest = digestBytes(bytes.data(), end);
  memcpy(bytes.data() + end, &digest, sizeof(digest));
}

TEST(Snapshot, GoesOnInAnotherSession) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner one = openSession(plan), two = openSession(plan, 60);
  score(one, {5, 6, 7});
  Generated first = generate(one, {5, 6, 7, 8}, greedy(20));
  Bytes bytes = take(one);
  ASSERT_EQ(restore(two, bytes), "");
  EXPECT_EQ(historyOf(two), historyOf(one));
  EXPECT_EQ(take(two), bytes);
  EXPECT_EQ(probe(two), probe(one));
  Ids ids = historyOf(one);
  ids.push_back(first.ids.back());
  EXPECT_EQ(generate(two, ids, greedy(20)).ids,
            generate(one, ids, greedy(20)).ids);
}

TEST(Snapshot, OfAnEmptySessionEmptiesAnother) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner one = openSession(plan), two = openSession(plan);
  score(two, {1, 2, 3});
  ASSERT_EQ(restore(two, take(one)), "");
  EXPECT_EQ(sinter_session_position(two.get()), 0u);
}

/// States of another shape, one of which lags behind.
TEST(Snapshot, KeepsWhatEachStateHas) {
  TinyPlan tiny;
  auto second = std::make_unique<sinter::plan::StateT>();
  second->name = "second";
  second->layers = 3;
  second->page_tokens = 5;
  second->page_bytes = {64, 192};
  tiny.tables.states.push_back(std::move(second));
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner one = openSession(plan), two = openSession(plan);
  score(one, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  KvCache &lagging = one->memory.state(1);
  ASSERT_EQ(lagging.reserve(6), KvCache::Room::Enough);
  ASSERT_TRUE(lagging.commit(6));
  for (uint32_t page = 0; page < 2; ++page)
    for (uint32_t layer = 0; layer < 3; ++layer) {
      PagePool &pool = one->memory.pool().pages(1);
      memset(pool.plane(layer, 0) + 64 * lagging.pageTable()[page],
             int(1 + page * 8 + layer), 64);
      memset(pool.plane(layer, 1) + 192 * lagging.pageTable()[page],
             int(101 + page * 8 + layer), 192);
    }
  score(two, Ids(40, 1)); // so that its pages are others
  ASSERT_EQ(restore(two, take(one)), "");
  EXPECT_EQ(two->memory.state(0).length(), 9u);
  EXPECT_EQ(two->memory.state(1).length(), 6u);
  EXPECT_EQ(take(two), take(one));
}

/// Sessions that grow, shrink, part and come back: each has at every moment the
/// logits of a fresh one that computes its ids at once.
void randomLives(const PlanOwner &plan, uint32_t seed,
                 const std::function<SessionOwner()> &create) {
  std::mt19937 random(seed);
  std::vector<SessionOwner> sessions;
  std::vector<Ids> texts;
  std::vector<std::pair<Bytes, Ids>> snapshots;
  sessions.push_back(create());
  texts.emplace_back();
  for (int round = 0; round < 200; ++round) {
    size_t i = random() % sessions.size();
    switch (random() % 6) {
    case 0:
    case 1: {
      Ids more = someIds(random, 1 + random() % 20);
      if (texts[i].size() + more.size() > 90)
        break;
      score(sessions[i], more);
      texts[i].insert(texts[i].end(), more.begin(), more.end());
      break;
    }
    case 2:
      texts[i].resize(random() % (texts[i].size() + 1));
      ASSERT_EQ(messageOf(sinter_session_truncate(sessions[i].get(),
                                                  uint32_t(texts[i].size()))),
                "");
      break;
    case 3: {
      SessionOwner copy = fork(sessions[i]);
      Ids text = texts[i];
      if (sessions.size() < 4) {
        sessions.push_back(std::move(copy));
        texts.push_back(text);
      } else {
        size_t other = random() % 4;
        sessions[other] = std::move(copy);
        texts[other] = text;
      }
      break;
    }
    case 4:
      snapshots.emplace_back(take(sessions[i]), texts[i]);
      break;
    case 5:
      if (snapshots.empty())
        break;
      const auto &[bytes, text] = snapshots[random() % snapshots.size()];
      ASSERT_EQ(restore(sessions[i], bytes), "");
      texts[i] = text;
      break;
    }
    ASSERT_EQ(historyOf(sessions[i]), texts[i]);
    SessionOwner fresh = openSession(plan, 128);
    score(fresh, texts[i]);
    ASSERT_EQ(probe(sessions[i]), probe(fresh)) << "round " << round;
  }
}

TEST(Snapshot, RandomLivesOfSessions) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write(), 1);
  randomLives(plan, 1, [&] { return openSession(plan, 100); });
}

TEST(Snapshot, RandomLivesInAPool) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write(), 1);
  sinter_pool_options options;
  sinter_pool_options_initialize(&options);
  options.sessions = 5;
  options.context = 100;
  PoolOwner pool = openPool(plan, options);
  randomLives(plan, 2, [&] { return sessionIn(plan, pool); });
}

/// Each is refused with a message that says so, and changes nothing.
class Refused : public testing::Test {
protected:
  void SetUp() override {
    plan = openPlan(tiny.write());
    from = openSession(plan);
    to = openSession(plan, 30);
    score(from, Ids(20, 9));
    score(to, {1, 2, 3});
    before = take(to);
    good = take(from);
  }
  void expect(const Bytes &bytes, sinter_code code, const char *message) {
    StatusOwner status(
        sinter_session_restore(to.get(), bytes.data(), bytes.size()));
    EXPECT_EQ(sinter_status_code(status.get()), code);
    EXPECT_NE(std::string(sinter_status_message(status.get())).find(message),
              std::string::npos)
        << sinter_status_message(status.get());
    EXPECT_EQ(take(to), before);
  }
  template <typename T>
  void forged(size_t offset, T value, const char *message) {
    Bytes bytes = good;
    memcpy(bytes.data() + offset, &value, sizeof(value));
    sign(bytes);
    expect(bytes, SINTER_CORRUPT, message);
  }

  TinyPlan tiny;
  PlanOwner plan;
  SessionOwner from, to;
  Bytes before, good;
};

TEST_F(Refused, WhatIsCutOrDamaged) {
  for (size_t size = 1; size < good.size(); size += 1 + size / 8)
    expect(Bytes(good.begin(), good.begin() + ptrdiff_t(size)), SINTER_CORRUPT,
           "truncated");
  for (size_t at = sizeof(SnapshotHeader); at < good.size(); at += 37) {
    Bytes bytes = good;
    bytes[at] ^= 4;
    expect(bytes, SINTER_CORRUPT, "is damaged");
  }
  Bytes longer = good;
  longer.push_back(0);
  expect(longer, SINTER_CORRUPT, "it is too long");
}

TEST_F(Refused, WhatIsNoneOrOfAnotherFormat) {
  Bytes bytes = good;
  bytes[0] = 'X';
  expect(bytes, SINTER_CORRUPT, "no snapshot of a session");
  bytes = good;
  bytes[offsetof(SnapshotHeader, sealed.format)] = 9;
  sign(bytes);
  expect(bytes, SINTER_VERSION, "of format 9, this runtime reads format 2");
}

TEST_F(Refused, WhatBelongsToAnotherPlan) {
  TinyPlan other({1, 2, 3});
  PlanOwner otherPlan = openPlan(other.write());
  SessionOwner session = openSession(otherPlan);
  score(session, {1, 2, 3});
  expect(take(session), SINTER_INVALID_ARGUMENT, "belongs to another plan");
}

TEST_F(Refused, WhatDoesNotAddUp) {
  const size_t lengths = sizeof(SnapshotHeader);
  const size_t ids = lengths + sizeof(StateRecord);
  forged(offsetof(SnapshotHeader, sealed.parts), 2u,
         "2 states, the plan has 1");
  forged(offsetof(SnapshotHeader, sealed.parts), ~0u, "the plan has 1");
  forged(offsetof(SnapshotHeader, positions), ~0u, "holds fewer ids");
  forged(offsetof(SnapshotHeader, positions), 19u,
         "state 0 of a snapshot of 19 positions has 20");
  forged(lengths, 19u, "has 19");
  forged(lengths + 4, 1u, "20 positions from page 1 on");
  forged(lengths + 8, 1u,
         "state 0 of the snapshot has 0 rows to play in half 1");
  forged(lengths + 12, 1u, "has 1 rows to play in half 0");
  forged(ids + 4, 257, "id 257 at place 1");
  forged(ids + 76, -1, "id -1 at place 19");
  Bytes bytes = good;
  bytes.resize(bytes.size() + 64);
  uint64_t size = bytes.size();
  memcpy(bytes.data() + offsetof(SnapshotHeader, sealed.bytes), &size,
         sizeof(size));
  sign(bytes);
  expect(bytes, SINTER_CORRUPT, "64 bytes behind the last state");
  bytes.resize(good.size() - 64);
  size = bytes.size();
  memcpy(bytes.data() + offsetof(SnapshotHeader, sealed.bytes), &size,
         sizeof(size));
  sign(bytes);
  expect(bytes, SINTER_CORRUPT, "state 0 of the snapshot has");
}

TEST_F(Refused, WhatDoesNotFit) {
  score(from, Ids(11, 3));
  expect(take(from), SINTER_CONTEXT_FULL,
         "has 31 positions, the session has room for 30");
}

TEST_F(Refused, WhatThePoolHasNoPagesFor) {
  sinter_pool_options options;
  sinter_pool_options_initialize(&options);
  options.sessions = 2;
  options.context = 64;
  options.positions = 64;
  PoolOwner pool = openPool(plan, options);
  SessionOwner one = sessionIn(plan, pool);
  score(one, Ids(40, 2)); // three pages of four
  to = sessionIn(plan, pool);
  score(to, {4});
  before = take(to);
  expect(good, SINTER_CONTEXT_FULL, "the pool is full");
  sinter_session_truncate(one.get(), 20);
  EXPECT_EQ(restore(to, good), "");
  EXPECT_EQ(historyOf(to), Ids(20, 9));
  to.reset();
  one.reset();
}

TEST_F(Refused, WrongSizesAndNullPointers) {
  EXPECT_NE(messageOf(sinter_session_snapshot(from.get(), good.data(),
                                              good.size() - 1))
                .find("expected"),
            std::string::npos);
  EXPECT_NE(messageOf(sinter_session_snapshot(nullptr, good.data(), 1)), "");
  EXPECT_NE(messageOf(sinter_session_snapshot(from.get(), nullptr, 1)), "");
  EXPECT_NE(messageOf(sinter_session_restore(nullptr, good.data(), 1)), "");
  EXPECT_NE(messageOf(sinter_session_restore(from.get(), nullptr, 1)), "");
  EXPECT_EQ(sinter_session_snapshot_bytes(nullptr), 0u);
}

} // namespace
