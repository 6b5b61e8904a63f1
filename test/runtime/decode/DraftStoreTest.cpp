// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/DraftStore.h"
#include "runtime/capi/Objects.h"
#include "runtime/decode/Drafter.h"
#include "runtime/plan/Digest.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

using namespace sinter::test;
using namespace sinter::runtime;
namespace plan = sinter::plan;

namespace {

using Bytes = std::vector<uint8_t>;
constexpr uint32_t kKeeps = 2;

/// Its program drafts nothing, but its tables say that it does.
class Drafting {
public:
  explicit Drafting(float prior = 1, bool recycles = true) {
    auto drafter = std::make_unique<plan::DrafterT>();
    drafter->kind =
        recycles ? plan::DrafterKind::Recycle : plan::DrafterKind::Copy;
    drafter->name = "some";
    drafter->min_match = drafter->max_match = drafter->max_draft = 2;
    drafter->policy = plan::PolicyKind::Goodput;
    drafter->keeps = recycles ? kKeeps : 0;
    if (recycles) {
      auto buffer = std::make_unique<plan::BufferT>();
      buffer->name = "recycled";
      buffer->bytes = TinyPlan::kVocabulary * kKeeps * sizeof(uint32_t);
      drafter->buffer = uint32_t(tiny.tables.buffers.size());
      tiny.tables.buffers.push_back(std::move(buffer));
    }
    tiny.tables.drafters.push_back(std::move(drafter));
    tiny.tables.costs = std::make_unique<plan::CostsT>();
    for (uint32_t rows = 0; rows < SINTER_SPECULATION_ROWS; ++rows)
      tiny.tables.costs->rows.push_back(1 + prior * float(rows));
    opened = openPlan(tiny.write());
  }
  const PlanOwner &plan() const { return opened; }

private:
  TinyPlan tiny;
  PlanOwner opened;
};

Bytes take(const SessionOwner &session) {
  Bytes bytes(sinter_session_draft_store_bytes(session.get()));
  EXPECT_EQ(messageOf(sinter_session_save_draft_store(
                session.get(), bytes.data(), bytes.size())),
            "");
  return bytes;
}

std::string load(const SessionOwner &session, const Bytes &bytes) {
  return messageOf(sinter_session_load_draft_store(session.get(), bytes.data(),
                                                   bytes.size()));
}

/// After `id` the model ranks `first` best, for `times` times.
void teach(const SessionOwner &session, int32_t id, int32_t first,
           uint32_t times) {
  const int32_t ranked[kKeeps] = {first, 7};
  for (uint32_t i = 0; i < times; ++i)
    recycle(session->memory.pool().recycled(), id, ranked);
}

/// What is drafted behind a text where rows cost little.
std::vector<int32_t> drafted(const SessionOwner &session,
                             const std::vector<int32_t> &text) {
  const LoadedPlan &loaded = session->plan->loaded;
  int32_t ids[SINTER_SPECULATION_ROWS];
  session->speculation.begin(0, loaded.tables().costs(), /*clock=*/false);
  uint32_t count = session->speculation.draft(
      loaded.tables(), 0, text, session->memory.pool().recycled(), ids, 4);
  return {ids, ids + count};
}

void sign(Bytes &bytes) {
  sealBytes(bytes.data(), bytes.data() + bytes.size() - sizeof(uint64_t));
}

TEST(DraftStore, AnotherSessionDraftsAsTheOneThatLearned) {
  Drafting drafting(0.001f);
  SessionOwner one = openSession(drafting.plan()),
               two = openSession(drafting.plan(), 60);
  EXPECT_EQ(drafted(one, {5}), std::vector<int32_t>{});
  teach(one, 5, 6, 3);
  teach(one, 6, 9, 1);
  ASSERT_EQ(drafted(one, {5}), (std::vector<int32_t>{6, 9}));
  const Bytes fresh = take(two), learned = take(one);
  EXPECT_NE(fresh, learned);
  EXPECT_EQ(drafted(two, {5}), std::vector<int32_t>{});
  ASSERT_EQ(load(two, learned), "");
  EXPECT_EQ(take(two), learned);
  EXPECT_EQ(drafted(two, {5}), (std::vector<int32_t>{6, 9}));
  ASSERT_EQ(load(two, fresh), "");
  EXPECT_EQ(take(two), fresh);
}

TEST(DraftStore, RatesAreKept) {
  Drafting drafting(1, /*recycles=*/false);
  SessionOwner one = openSession(drafting.plan()),
               two = openSession(drafting.plan());
  Lookahead rates;
  Proposal proposal;
  proposal.add(0, 3, Guess(0, 1, 0.5f));
  auto keep = [&](const SessionOwner &session, Lookahead &lookahead) {
    Bytes bytes = take(session);
    StoreFields fields =
        StoreFields::writing(bytes.data() + sizeof(SealedHeader));
    lookahead.keep(fields);
    sign(bytes);
    return bytes;
  };
  for (int round = 0; round < 40; ++round)
    rates.learn(proposal, 1, 1, proposal.ids);
  Bytes bytes = keep(one, rates);
  ASSERT_EQ(load(two, bytes), "");
  EXPECT_EQ(take(two), bytes);
  Lookahead back;
  StoreFields fields =
      StoreFields::reading(bytes.data() + sizeof(SealedHeader));
  back.keep(fields);
  EXPECT_TRUE(fields.ok());
  EXPECT_EQ(back.acceptance().rate(proposal.guesses[0], 0),
            rates.acceptance().rate(proposal.guesses[0], 0));
  EXPECT_GT(rates.acceptance().rate(proposal.guesses[0], 0), 0.9f);
}

/// Nobody asked for figures since.
TEST(DraftStore, TheLastRoundIsInIt) {
  Drafting drafting(0.001f);
  SessionOwner session = openSession(drafting.plan());
  teach(session, 5, 6, 3);
  ASSERT_EQ(drafted(session, {5}), std::vector<int32_t>{6});
  const Bytes before = take(session);
  ASSERT_EQ(drafted(session, {5}), std::vector<int32_t>{6});
  EXPECT_EQ(session->speculation.follow(0, 6), 1);
  EXPECT_NE(take(session), before);
}

TEST(DraftStore, SessionsOfAPoolShareWhatIsRecycled) {
  Drafting drafting;
  sinter_pool_options options;
  sinter_pool_options_initialize(&options);
  options.sessions = 2;
  options.context = 40;
  PoolOwner pool = openPool(drafting.plan(), options);
  SessionOwner one = sessionIn(drafting.plan(), pool),
               two = sessionIn(drafting.plan(), pool),
               alone = openSession(drafting.plan());
  teach(alone, 5, 6, 2);
  ASSERT_EQ(load(one, take(alone)), "");
  EXPECT_EQ(take(two), take(alone));
}

class RefusedStore : public testing::Test {
protected:
  RefusedStore() : session(openSession(drafting.plan())) {
    teach(session, 5, 6, 2);
    good = take(session);
  }
  void expect(const Bytes &bytes, sinter_code code, const std::string &text) {
    StatusOwner status(sinter_session_load_draft_store(
        session.get(), bytes.data(), bytes.size()));
    ASSERT_EQ(sinter_status_code(status.get()), code);
    EXPECT_NE(std::string(sinter_status_message(status.get())).find(text),
              std::string::npos)
        << sinter_status_message(status.get());
    EXPECT_EQ(take(session), good) << "nothing has changed";
  }
  template <typename T>
  void forged(size_t at, T value, const std::string &text) {
    Bytes bytes = good;
    memcpy(bytes.data() + at, &value, sizeof(value));
    sign(bytes);
    expect(bytes, SINTER_CORRUPT, text);
  }
  size_t entries() const {
    return good.size() - sizeof(uint64_t) -
           TinyPlan::kVocabulary * kKeeps * sizeof(uint32_t);
  }

  Drafting drafting;
  SessionOwner session;
  Bytes good;
};

TEST_F(RefusedStore, CutAndDamaged) {
  for (size_t size : {size_t(1), sizeof(SealedHeader), good.size() - 1})
    expect(Bytes(good.begin(), good.begin() + ptrdiff_t(size)), SINTER_CORRUPT,
           "truncated");
  for (size_t at = sizeof(SealedHeader); at < good.size(); at += 211) {
    Bytes bytes = good;
    bytes[at] ^= 1;
    expect(bytes, SINTER_CORRUPT, "damaged");
  }
}

TEST_F(RefusedStore, OfAnotherKindFormatOrPlan) {
  Bytes bytes = good;
  bytes[0] ^= 1;
  expect(bytes, SINTER_CORRUPT, "no draft store of a session");
  bytes = good;
  bytes[offsetof(SealedHeader, format)] = 9;
  expect(bytes, SINTER_VERSION, "format 9, this runtime reads format 1");
  Drafting other(2);
  expect(take(openSession(other.plan())), SINTER_INVALID_ARGUMENT,
         "the draft store belongs to another plan");
}

TEST_F(RefusedStore, WhatNoSessionCouldHaveLearned) {
  const size_t first = sizeof(SealedHeader);
  const std::string where = "number at byte " + std::to_string(first);
  forged(first, -1.0f, where);
  forged(first, std::numeric_limits<float>::quiet_NaN(), where);
  forged(first + sizeof(float), 1.0f,
         "number at byte " + std::to_string(first + sizeof(float)));
  forged(entries(), TinyPlan::kVocabulary | 1u << Recycled::kIdBits,
         "entry 0 of what the draft store recycles has id 257");
  forged(entries() + sizeof(uint32_t),
         (Recycled::kMostTimes + 1) << Recycled::kIdBits, "entry 1");
  Bytes longer(good.size() + 4);
  memcpy(longer.data(), good.data(), good.size());
  const uint64_t size = longer.size();
  memcpy(longer.data() + offsetof(SealedHeader, bytes), &size, sizeof(size));
  sign(longer);
  expect(longer, SINTER_CORRUPT, "those of this plan have");
}

TEST_F(RefusedStore, WhereNothingIsDrafted) {
  TinyPlan tiny;
  PlanOwner plain = openPlan(tiny.write());
  SessionOwner none = openSession(plain);
  EXPECT_EQ(sinter_session_draft_store_bytes(none.get()), 0u);
  EXPECT_NE(load(none, good).find("the plan drafts nothing"),
            std::string::npos);
  EXPECT_NE(load(session, Bytes(1)).find("truncated"), std::string::npos);
  EXPECT_NE(
      messageOf(sinter_session_save_draft_store(session.get(), good.data(), 3))
          .find("3 bytes, expected"),
      std::string::npos);
  EXPECT_NE(messageOf(sinter_session_load_draft_store(nullptr, good.data(), 1))
                .find("NULL"),
            std::string::npos);
}

} // namespace
