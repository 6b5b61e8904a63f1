// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// States with a window: what no row can see any more is given back.
#include "runtime/capi/Objects.h"
#include "runtime/plan/Digest.h"
#include "runtime/state/Snapshot.h"
#include "sinter-c/snapshot.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <random>

using namespace sinter::runtime;
using namespace sinter::test;
namespace plan = sinter::plan;

namespace {

constexpr uint32_t kPage = 16;

TinyPlan withWindow(const KvWindow &window) {
  TinyPlan tiny;
  plan::StateT &state = *tiny.tables.states[0];
  state.window = window.seen;
  state.sinks = window.sinks;
  state.slack = window.slack;
  return tiny;
}

/// A session whose planes hold, instead of keys, which position stands there.
class Ring {
public:
  Ring(const PlanOwner &plan, PoolMemory &pool, uint32_t context)
      : memory(plan->loaded) {
    EXPECT_TRUE(memory.create(pool, context).ok());
  }
  KvCache &cache() { return memory.state(0); }
  uint32_t &at(uint32_t position) {
    int32_t page = cache().pageTable()[position / kPage];
    return reinterpret_cast<uint32_t *>(memory.pool().pages(0).plane(
        0, 1))[uint32_t(page) * kPage + position % kPage];
  }
  void append(uint32_t reserved, uint32_t kept) {
    ASSERT_EQ(cache().reserve(reserved), KvCache::Room::Enough);
    for (uint32_t i = 0; i < reserved; ++i) {
      at(cache().length() + i) = cache().length() + i;
      memory.history()[cache().length() + i] = 0;
    }
    ASSERT_TRUE(cache().commit(kept));
  }
  SessionMemory memory;
};

/// All that the next row sees is there, and so much less as can be forgotten.
void expectSeen(Ring &ring, const KvWindow &window, uint32_t back) {
  uint32_t length = ring.cache().length();
  uint32_t next = length > back ? length - back : 0;
  for (uint32_t i = 0; i < length; ++i)
    if (i < window.sinks || i + window.seen > next) {
      ASSERT_TRUE(ring.cache().has(i / kPage) && ring.at(i) == i)
          << i << " of " << length;
    }
}

std::vector<uint8_t> saved(const PlanOwner &plan, const SessionMemory &from) {
  std::vector<uint8_t> bytes(snapshotBytes(from));
  takeSnapshot(plan->loaded, from, bytes.data());
  return bytes;
}

TEST(Ring, HasThePagesOfItsWindow) {
  KvWindow window = {.seen = 20, .sinks = 3, .slack = 16};
  TinyPlan tiny = withWindow(window);
  PlanOwner plan = openPlan(tiny.write());
  PoolMemory pool(plan->loaded);
  ASSERT_TRUE(pool.create({.sessions = 1, .context = 4000}).ok());
  // One page of sinks, and those of 20 + 16 + kRows positions, one of them cut.
  uint32_t most = 1 + (20 + 16 + TinyPlan::kRows + kPage - 1) / kPage + 1;
  EXPECT_EQ(pool.pages(0).size(), most);
  Ring ring(plan, pool, 4000);
  for (uint32_t length = 0; length + TinyPlan::kRows <= 4000;
       length += TinyPlan::kRows) {
    ring.append(TinyPlan::kRows, TinyPlan::kRows);
    expectSeen(ring, window, window.slack);
  }
  // A short context has no more pages than positions.
  PoolMemory small(plan->loaded);
  ASSERT_TRUE(small.create({.sessions = 2, .context = 40}).ok());
  EXPECT_EQ(small.pages(0).size(), 6u);
}

TEST(Ring, ForgetsTheSlackOrAll) {
  KvWindow window = {.seen = 20, .sinks = 3, .slack = 16};
  TinyPlan tiny = withWindow(window);
  PlanOwner plan = openPlan(tiny.write());
  PoolMemory pool(plan->loaded);
  ASSERT_TRUE(pool.create({.sessions = 1, .context = 400}).ok());
  Ring ring(plan, pool, 400);
  for (uint32_t i = 0; i < 100; ++i)
    ring.append(3, 1);
  KvCache &cache = ring.cache();
  // Position 64 is the first that is there.
  EXPECT_EQ(cache.extent().from, 4u);
  EXPECT_FALSE(cache.has(3));
  EXPECT_EQ(cache.pages(), 4u);
  EXPECT_FALSE(cache.truncate(50));
  EXPECT_FALSE(cache.truncate(82));
  EXPECT_EQ(cache.length(), 100u);
  ASSERT_TRUE(cache.truncate(83));
  expectSeen(ring, window, 0);
  EXPECT_FALSE(cache.canTruncate(70));
  // What is no more than sinks needs nothing else.
  ASSERT_TRUE(cache.truncate(9));
  EXPECT_EQ(cache.pages(), 1u);
  EXPECT_EQ(pool.pages(0).available(), pool.pages(0).size() - 1);
  for (uint32_t i = 9; i < 60; ++i)
    ring.append(1, 1);
  expectSeen(ring, window, window.slack);
  ASSERT_TRUE(cache.truncate(0));
  EXPECT_EQ(pool.pages(0).available(), pool.pages(0).size());
}

/// Sessions that grow, forget, part, are saved and restored.
TEST(Ring, RandomLivesKeepWhatRowsSee) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    KvWindow window = {.seen = 1 + uint32_t(random() % 60),
                       .sinks = uint32_t(random() % 3 * (random() % 30)),
                       .slack = TinyPlan::kRows + uint32_t(random() % 30)};
    TinyPlan tiny = withWindow(window);
    PlanOwner plan = openPlan(tiny.write());
    PoolMemory pool(plan->loaded);
    ASSERT_TRUE(pool.create({.sessions = 2, .context = 300}).ok());
    Ring one(plan, pool, 300);
    uint32_t wentBack = 0, most = 0; // most: since all was forgotten
    for (uint32_t step = 0; step < 400; ++step) {
      KvCache &cache = one.cache();
      uint32_t rows = 1 + uint32_t(random() % TinyPlan::kRows);
      most = std::max(most, cache.length());
      if (cache.length() + rows > 300) {
        ASSERT_TRUE(cache.truncate(0));
        most = 0;
      } else if (random() % 4) {
        one.append(rows, uint32_t(random() % (rows + 1)));
      } else if (cache.length()) {
        uint32_t to = uint32_t(random() % cache.length());
        bool can = cache.canTruncate(to);
        ASSERT_TRUE(can || to + window.slack < most);
        ASSERT_EQ(cache.truncate(to), can);
        wentBack += can;
        if ((to + kPage - 1) / kPage <= (window.sinks + kPage - 1) / kPage)
          most = can ? to : most;
      }
      ASSERT_LE(cache.pages(), pool.pages(0).size() / 2);
      expectSeen(one, window, 0);
      // The other one has the same, and goes on as well.
      Ring other(plan, pool, 300);
      if (random() % 2) {
        ASSERT_TRUE(other.memory.copyFrom(one.memory).ok());
      } else {
        std::vector<uint8_t> bytes = saved(plan, one.memory);
        other.append(TinyPlan::kRows, uint32_t(random() % TinyPlan::kRows));
        ASSERT_TRUE(restoreSnapshot(plan->loaded, other.memory, bytes).ok());
        ASSERT_EQ(saved(plan, other.memory), bytes);
      }
      expectSeen(other, window, 0);
      ASSERT_EQ(other.cache().extent().from, cache.extent().from);
      ASSERT_EQ(other.cache().pages(), cache.pages());
      ASSERT_EQ(pool.pages(0).available() + 2 * cache.pages(),
                pool.pages(0).size());
      for (uint32_t i = 0; i < 3 && other.cache().length() < 290; ++i)
        other.append(TinyPlan::kRows, 1);
      expectSeen(other, window, 0);
      expectSeen(one, window, 0);
    }
    EXPECT_GT(wentBack, 5u);
  }
}

TEST(Ring, SaysWhatCannotBeForgotten) {
  TinyPlan tiny = withWindow({.seen = 20, .sinks = 3, .slack = 16});
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner session = openSession(plan, 300);
  for (uint32_t i = 0; i < 100; ++i)
    score(session, {int32_t(i)});
  EXPECT_EQ(
      messageOf(sinter_session_truncate(session.get(), 50)),
      "truncation from position 100 to 50: of what a row there sees, positions "
      "before 64 are given back; forget all and compute them again, fork or "
      "save the session before, or compile with a larger --kv-slack");
  EXPECT_EQ(sinter_session_position(session.get()), 100u);
  EXPECT_EQ(messageOf(sinter_session_truncate(session.get(), 90)), "");
}

TEST(Ring, OfADamagedPlanIsRefused) {
  for (KvWindow wrong : {KvWindow{.seen = 0, .sinks = 3, .slack = 16},
                         KvWindow{.seen = 20, .sinks = 3, .slack = 7}}) {
    sinter_plan *opened = nullptr;
    std::string message = messageOf(
        sinter_plan_open(withWindow(wrong).write().c_str(), nullptr, &opened));
    EXPECT_NE(message.find("behind it"), std::string::npos) << message;
  }
}

/// A snapshot of so many zeros from that page on, whole and signed.
std::vector<uint8_t> forged(const PlanOwner &plan, const KvCache &cache,
                            const KvCache::Extent &extent) {
  SessionMemory empty(plan->loaded);
  EXPECT_TRUE(empty.create(16).ok());
  std::vector<uint8_t> bytes = saved(plan, empty);
  SnapshotHeader header;
  memcpy(&header, bytes.data(), sizeof(header));
  StateRecord record = {extent, {}};
  bytes.assign(sizeof(header) + sizeof(record) +
                   extent.length * sizeof(int32_t) + cache.bytesOf(extent) +
                   sizeof(uint64_t),
               0);
  header.positions = extent.length;
  header.sealed.bytes = bytes.size();
  memcpy(bytes.data(), &header, sizeof(header));
  memcpy(bytes.data() + sizeof(header), &record, sizeof(record));
  size_t end = bytes.size() - sizeof(uint64_t);
  uint64_t digest = digestBytes(bytes.data(), end);
  memcpy(bytes.data() + end, &digest, sizeof(digest));
  return bytes;
}

/// Whatever is accepted is a session that goes on; what is not leaves it as it
/// was.
TEST(Ring, RestoresWhatASessionCanHold) {
  for (KvWindow window : {KvWindow{.seen = 20, .sinks = 3, .slack = 16},
                          KvWindow{.seen = 1, .sinks = 40, .slack = 8},
                          KvWindow{.seen = 33, .sinks = 0, .slack = 50}}) {
    TinyPlan tiny = withWindow(window);
    PlanOwner plan = openPlan(tiny.write());
    PoolMemory pool(plan->loaded);
    ASSERT_TRUE(pool.create({.sessions = 1, .context = 300}).ok());
    uint32_t accepted = 0;
    for (uint32_t length = 0; length < 150; ++length)
      for (uint32_t from = 0; from < 12; ++from) {
        Ring ring(plan, pool, 300);
        ring.append(5, 5);
        std::vector<uint8_t> bytes =
            forged(plan, ring.cache(), {.length = length, .from = from});
        if (!restoreSnapshot(plan->loaded, ring.memory, bytes).ok()) {
          ASSERT_EQ(ring.cache().length(), 5u);
          expectSeen(ring, window, window.slack);
          continue;
        }
        ++accepted;
        ASSERT_EQ(saved(plan, ring.memory), bytes);
        while (ring.cache().length() + TinyPlan::kRows <= 300)
          ASSERT_NO_FATAL_FAILURE(
              ring.append(TinyPlan::kRows, TinyPlan::kRows));
        ASSERT_TRUE(
            ring.cache().canTruncate(ring.cache().length() - window.slack));
      }
    EXPECT_GE(accepted, 150u); // from where its window begins
  }
}

} // namespace
