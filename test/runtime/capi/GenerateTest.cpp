// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <atomic>
#include <thread>

using namespace sinter::test;

namespace {

const std::vector<int32_t> kPrompt = {72,  101, 108, 108, 111, 32,  119,
                                      111, 114, 108, 100, 33,  200, 3,
                                      255, 0,   17,  17,  90};

std::vector<int32_t> scriptOf(const std::string &text) {
  std::vector<int32_t> ids;
  for (char c : text)
    ids.push_back(uint8_t(c));
  return ids;
}

/// The prompt has one id, so script position 1 comes first: put a byte before.
Generated follow(const std::string &text, uint32_t maxTokens,
                 std::vector<const char *> stop = {}) {
  TinyPlan tiny(scriptOf("." + text));
  PlanOwner plan = openPlan(tiny.write());
  sinter_generation options = greedy(maxTokens);
  options.stop = stop.data();
  options.stop_count = stop.size();
  return generate(openSession(plan), {'.'}, options);
}

TEST(Generate, SameForAnyChunkAndThreads) {
  TinyPlan tiny;
  std::string path = tiny.write();
  std::vector<int32_t> expected;
  std::vector<float> logits;
  for (uint32_t threads : {1, 2, 5}) {
    PlanOwner plan = openPlan(path, threads);
    EXPECT_EQ(sinter_plan_number(plan.get(), SINTER_THREADS), threads);
    for (uint32_t chunk : {1, 2, 3, 8}) {
      SessionOwner session = openSession(plan, 256, chunk);
      Generated result = generate(session, kPrompt, greedy(40));
      ASSERT_EQ(result.message, "");
      ASSERT_EQ(result.ids.size(), 40u);
      std::vector<float> scored = score(openSession(plan, 256, chunk), kPrompt);
      if (expected.empty()) {
        expected = result.ids;
        logits = scored;
      }
      EXPECT_EQ(result.ids, expected);
      EXPECT_EQ(scored, logits);
      EXPECT_EQ(result.statistics.prompt_tokens, kPrompt.size());
      EXPECT_EQ(result.statistics.generated_tokens, 40u);
      EXPECT_EQ(result.statistics.stop, SINTER_STOP_MAX_TOKENS);
      // The last token is not in the state.
      EXPECT_EQ(sinter_session_position(session.get()), kPrompt.size() + 39);
    }
  }
}

TEST(Generate, ScoreAgreesWithGenerate) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  Generated result = generate(openSession(plan), kPrompt, greedy(1));
  std::vector<float> logits = score(openSession(plan), kPrompt);
  ASSERT_EQ(logits.size(), kPrompt.size() * TinyPlan::kVocabulary);
  auto last = logits.end() - TinyPlan::kVocabulary;
  EXPECT_EQ(std::max_element(last, logits.end()) - last, result.ids[0]);
}

TEST(Generate, ReusesTheCommonPrefix) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner session = openSession(plan);
  Generated first = generate(session, kPrompt, greedy(10));
  std::vector<int32_t> longer = kPrompt;
  longer.insert(longer.end(), first.ids.begin(), first.ids.end());
  longer.push_back(5);
  Generated again = generate(session, longer, greedy(10));
  EXPECT_EQ(again.statistics.reused_tokens, kPrompt.size() + 9);
  EXPECT_EQ(again.statistics.prompt_tokens, 2u);
  EXPECT_EQ(again.ids, generate(openSession(plan), longer, greedy(10)).ids);
  // The same prompt again: one id must be computed for its logits.
  Generated same = generate(session, kPrompt, greedy(10));
  EXPECT_EQ(same.statistics.reused_tokens, kPrompt.size() - 1);
  EXPECT_EQ(same.ids, first.ids);
  // Another beginning: nothing is kept.
  std::vector<int32_t> other = kPrompt;
  other[0] = 1;
  EXPECT_EQ(generate(session, other, greedy(2)).statistics.reused_tokens, 0u);
}

TEST(Generate, TruncateAndFork) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner session = openSession(plan);
  score(session, kPrompt);
  sinter_session *copy = nullptr;
  ASSERT_EQ(messageOf(sinter_session_fork(session.get(), &copy)), "");
  SessionOwner fork(copy);
  ASSERT_EQ(sinter_session_position(copy), kPrompt.size());
  EXPECT_TRUE(
      std::equal(kPrompt.begin(), kPrompt.end(), sinter_session_history(copy)));
  // What the original does next must not be seen by the fork.
  ASSERT_EQ(messageOf(sinter_session_truncate(session.get(), 3)), "");
  score(session, {9, 9, 9, 9, 9, 9, 9, 9, 9});
  std::vector<int32_t> whole = kPrompt;
  whole.insert(whole.end(), {1, 2, 3});
  std::vector<float> expected = score(openSession(plan), whole);
  std::vector<float> actual = score(fork, {1, 2, 3});
  EXPECT_TRUE(
      std::equal(actual.begin(), actual.end(), expected.end() - actual.size()));
  std::vector<int32_t> cut(kPrompt.begin(), kPrompt.begin() + 3);
  cut.insert(cut.end(), 9, 9);
  EXPECT_TRUE(std::equal(cut.begin(), cut.end(),
                         sinter_session_history(session.get())));
  std::vector<float> direct = score(openSession(plan), cut);
  ASSERT_EQ(messageOf(sinter_session_truncate(session.get(), 5)), "");
  std::vector<float> tail =
      score(session, std::vector<int32_t>(cut.begin() + 5, cut.end()));
  EXPECT_TRUE(std::equal(tail.begin(), tail.end(), direct.end() - tail.size()));
  EXPECT_NE(messageOf(sinter_session_truncate(session.get(), 100)), "");
}

TEST(Generate, SeedsRepeatAndDiffer) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  sinter_generation options = greedy(20);
  options.sampling.temperature = 1;
  options.sampling.seed = 1;
  auto one = generate(openSession(plan, 256, 1), kPrompt, options).ids;
  EXPECT_EQ(generate(openSession(plan, 256, 8), kPrompt, options).ids, one);
  options.sampling.seed = 2;
  EXPECT_NE(generate(openSession(plan), kPrompt, options).ids, one);
}

TEST(Generate, WholeCharacters) {
  // "a", e acute, a smile, a lone continuation byte, "z".
  Generated result = follow("a\xc3\xa9\xf0\x9f\x98\x80\xbfz", 9);
  EXPECT_EQ(result.pieces, (std::vector<std::string>{"a", "", "\xc3\xa9", "",
                                                     "", "", "\xf0\x9f\x98\x80",
                                                     "\xef\xbf\xbd", "z"}));
  // The end cuts a character.
  EXPECT_EQ(follow("a\xc3\xa9", 2).text, "a\xef\xbf\xbd");
}

TEST(Generate, StopString) {
  Generated result = follow("one two three", 100, {"thr"});
  EXPECT_EQ(result.text, "one two ");
  EXPECT_EQ(result.statistics.stop, SINTER_STOP_STRING);
  // What only begins like a stop string comes out, late or at the end.
  EXPECT_EQ(follow("one two three", 13, {"two four", "eX"}).text,
            "one two three");
  EXPECT_EQ(follow("aaab", 100, {"aab"}).text, "a");
  // The earliest one counts, and the pieces never show a part of it.
  result = follow("xSTOPy", 100, {"OP", "STOP"});
  EXPECT_EQ(result.text, "x");
  EXPECT_EQ(follow("xy", 2, {""}).code, SINTER_INVALID_ARGUMENT);
  EXPECT_EQ(follow("xy", 2, {"\xff"}).code, SINTER_INVALID_ARGUMENT);
}

TEST(Generate, StopId) {
  std::vector<int32_t> script = scriptOf(".end of <");
  script.push_back(TinyPlan::kEnd);
  TinyPlan tiny(script);
  PlanOwner plan = openPlan(tiny.write());
  sinter_generation options = greedy(100);
  const char *stops[] = {"<<"};
  options.stop = stops;
  options.stop_count = 1;
  Generated result = generate(openSession(plan), {'.'}, options);
  EXPECT_EQ(result.statistics.stop, SINTER_STOP_ID);
  EXPECT_EQ(result.statistics.generated_tokens, 8u);
  // "<" was held back for the stop string; no token completes it.
  EXPECT_EQ(result.text, "end of <");
  EXPECT_EQ(result.ids.back(), -1);
  options.ignore_stop_ids = 1;
  result = generate(openSession(plan), {'.'}, options);
  EXPECT_EQ(result.statistics.stop, SINTER_STOP_MAX_TOKENS);
  EXPECT_EQ(result.text.find("<end>"), std::string::npos);
}

TEST(Generate, ContextEnds) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  for (uint32_t wanted : {0u, 1000u}) {
    SessionOwner session = openSession(plan, 32);
    Generated result = generate(session, kPrompt, greedy(wanted));
    EXPECT_EQ(result.message, "");
    EXPECT_EQ(result.statistics.stop, SINTER_STOP_CONTEXT);
    EXPECT_EQ(result.ids.size(), 32 - kPrompt.size() + 1);
    EXPECT_EQ(sinter_session_position(session.get()), 32u);
  }
  SessionOwner session = openSession(plan, 18);
  EXPECT_EQ(generate(session, kPrompt, greedy(1)).code, SINTER_CONTEXT_FULL);
  EXPECT_EQ(messageOf(sinter_session_score(session.get(), kPrompt.data(), 18,
                                           nullptr, nullptr)),
            "");
  EXPECT_NE(messageOf(sinter_session_score(session.get(), kPrompt.data(), 1,
                                           nullptr, nullptr)),
            "");
}

TEST(Generate, CallbackStops) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner session = openSession(plan);
  sinter_generation options = greedy(100);
  int left = 5;
  options.user = &left;
  options.callback = [](void *user, int32_t, const char *, size_t) {
    return int(--*static_cast<int *>(user) == 0);
  };
  sinter_statistics statistics = {};
  statistics.size = sizeof(statistics);
  ASSERT_EQ(
      messageOf(sinter_session_generate(session.get(), kPrompt.data(),
                                        kPrompt.size(), &options, &statistics)),
      "");
  EXPECT_EQ(statistics.stop, SINTER_STOP_CALLBACK);
  EXPECT_EQ(statistics.generated_tokens, 5u);
  // Scoring ends with the chunk in which the callback had enough.
  SessionOwner scored = openSession(plan, 256, 8);
  ASSERT_EQ(messageOf(sinter_session_score(
                scored.get(), kPrompt.data(), kPrompt.size(),
                [](void *, uint32_t, uint32_t, const float *) { return 1; },
                nullptr)),
            "");
  EXPECT_EQ(sinter_session_position(scored.get()), 8u);
}

TEST(Generate, CancelFromAnotherThread) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner session = openSession(plan, TinyPlan::kContext);
  std::atomic<int> tokens{0};
  sinter_generation options = greedy(0);
  options.user = &tokens;
  options.callback = [](void *user, int32_t, const char *, size_t) {
    // Never more than a few: waits for the cancellation otherwise.
    auto &tokens = *static_cast<std::atomic<int> *>(user);
    if (tokens.fetch_add(1) + 1 == 3)
      tokens.wait(3);
    return 0;
  };
  std::thread other([&] {
    for (int seen; (seen = tokens.load()) != 3;)
      std::this_thread::yield();
    sinter_session_cancel(session.get());
    tokens.store(4);
    tokens.notify_all();
  });
  StatusOwner status(sinter_session_generate(
      session.get(), kPrompt.data(), kPrompt.size(), &options, nullptr));
  other.join();
  EXPECT_EQ(sinter_status_code(status.get()), SINTER_CANCELLED);
  EXPECT_EQ(tokens.load(), 4);
  Generated after = generate(session, kPrompt, greedy(10));
  EXPECT_EQ(after.ids, generate(openSession(plan), kPrompt, greedy(10)).ids);
  // With no call in progress the next one is cancelled, once.
  sinter_session_cancel(session.get());
  EXPECT_EQ(generate(session, kPrompt, greedy(10)).code, SINTER_CANCELLED);
  EXPECT_EQ(generate(session, kPrompt, greedy(10)).ids, after.ids);
}

TEST(Generate, SessionsOnSeveralThreads) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write(), 3);
  auto expected = generate(openSession(plan), kPrompt, greedy(50)).ids;
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      SessionOwner session = openSession(plan);
      for (int round = 0; round < 5; ++round)
        right += generate(session, kPrompt, greedy(50)).ids == expected;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(right, 20);
}

TEST(Generate, BadArguments) {
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  SessionOwner session = openSession(plan);
  EXPECT_EQ(generate(session, {}, greedy(1)).code, SINTER_INVALID_ARGUMENT);
  EXPECT_EQ(generate(session, {257}, greedy(1)).message,
            "id 257 at place 0 is no token; expected 0 to 256");
  EXPECT_EQ(generate(session, {1, -1}, greedy(1)).code,
            SINTER_INVALID_ARGUMENT);
  for (auto change : {+[](sinter_sampling &s) { s.temperature = -1; },
                      +[](sinter_sampling &s) { s.temperature = NAN; },
                      +[](sinter_sampling &s) { s.top_p = 2; },
                      +[](sinter_sampling &s) { s.min_p = NAN; },
                      +[](sinter_sampling &s) { s.top_k = -1; },
                      +[](sinter_sampling &s) { s.repetition_penalty = 0; }}) {
    sinter_generation options = greedy(1);
    change(options.sampling);
    EXPECT_EQ(generate(session, {1}, options).code, SINTER_INVALID_ARGUMENT);
  }
  EXPECT_EQ(generate(session, {1}, greedy(1)).code, SINTER_OK);
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.context = TinyPlan::kContext + 1;
  sinter_session *none = nullptr;
  EXPECT_NE(messageOf(sinter_session_create(plan.get(), &options, &none)), "");
  EXPECT_EQ(none, nullptr);
  EXPECT_NE(messageOf(sinter_session_create(nullptr, nullptr, &none)), "");
  EXPECT_NE(
      messageOf(sinter_session_generate(nullptr, nullptr, 0, nullptr, nullptr)),
      "");
  // NULL is accepted wherever something is given back.
  sinter_session_release(nullptr);
  sinter_plan_release(nullptr);
  sinter_status_release(nullptr);
}

TEST(Generate, OlderCaller) {
  // A caller whose struct ends after `context` gets the defaults of the rest.
  TinyPlan tiny;
  PlanOwner plan = openPlan(tiny.write());
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.size = offsetof(sinter_session_options, chunk);
  options.context = 40;
  options.chunk = 77777;
  sinter_session *session = nullptr;
  ASSERT_EQ(messageOf(sinter_session_create(plan.get(), &options, &session)),
            "");
  SessionOwner owner(session);
  EXPECT_EQ(generate(owner, kPrompt, greedy(0)).ids.size(),
            40 - kPrompt.size() + 1);
}

} // namespace
