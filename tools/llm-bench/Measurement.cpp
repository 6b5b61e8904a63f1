// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-bench/Measurement.h"
#include "tools/common/ExitFigures.h"
#include "tools/common/Failure.h"
#include "tools/common/SwitchFigures.h"
#include "tools/llm-bench/Rewind.h"

#include <algorithm>
#include <chrono>

using namespace sinter;
using namespace sinter::tools;

/// Positions of a prompt and its answer, of which a short one may have fewer
/// than the rows that are timed in it.
static uint32_t roomFor(const Plan &plan, size_t prompt, uint32_t newTokens,
                        uint32_t rows) {
  const size_t answered = prompt + newTokens, allowed = plan.maxContext();
  if (answered > allowed)
    throw Failure("a prompt and its answer need " + std::to_string(answered) +
                  " positions, the plan allows " + std::to_string(allowed));
  if (rows > allowed)
    throw Failure("forwards of " + std::to_string(rows) +
                  " rows are timed, the plan allows " +
                  std::to_string(allowed) + " positions");
  return static_cast<uint32_t>(
      std::min(allowed, std::max(answered, prompt + rows)));
}

Measurement::Measurement(const Plan &plan, std::vector<int32_t> prompt,
                         uint32_t newTokens, uint32_t depth, uint32_t most)
    : ids(std::move(prompt)), drafts(!plan.drafters().empty()), most(most),
      context(roomFor(plan, ids.size(), newTokens, most)),
      base(read(plan, depth)) {
  if (base.depth().orThrow().skipped)
    whole = read(plan, 100);
  generation.maxTokens = newTokens;
  generation.switchBits = 0;
}

/// Every answer begins in a copy of this, with the last id of the prompt.
Session Measurement::read(const Plan &plan, uint32_t depth) {
  SessionOptions options;
  options.context = context;
  Session session = plan.session(options).orThrow();
  session.setDepth(depth).orThrow();
  generation.maxTokens = 1;
  // Of two models the one that begins reads it: the other one's reading is part
  // of what an answer takes.
  constexpr float kMoreThanAny = 64;
  generation.switchBits = takesTurns(plan) ? kMoreThanAny : 0;
  (void)session.generate(ids, generation, [](int32_t, std::string_view) {})
      .orThrow();
  return session;
}

static double share(uint64_t part, uint64_t all) {
  return all ? static_cast<double>(part) / static_cast<double>(all) : 0;
}

Answer Measurement::run(double temperature, bool drafts, uint32_t draftTokens) {
  Session session = (drafts ? base : plain()).fork().orThrow();
  generation.sampling.temperature = static_cast<float>(temperature);
  generation.sampling.seed = 1;
  generation.noSpeculation = generation.noEarlyExit = !drafts;
  generation.draftTokens = draftTokens;
  Answer answer;
  const Statistics statistics =
      session
          .generate(ids, generation,
                    [&](int32_t id, std::string_view) {
                      if (id >= 0) // below: text that was held back
                        answer.ids.push_back(id);
                    })
          .orThrow();
  answer.nanoseconds = static_cast<double>(statistics.decode_ns);
  answer.figures = session.speculation().orThrow();
  // A plan has exits or depths.
  answer.exits = session.exits().orThrow();
  answer.switching = session.switching().orThrow();
  const Depth depth = session.depth().orThrow();
  answer.layersSaved = answer.exits.rows ? layersSaved(answer.exits)
                                         : share(depth.skipped, depth.layers);
  const Ffns ffns = session.ffns().orThrow();
  answer.ffnsSaved = share(ffns.skipped, ffns.blocks);
  return answer;
}

Answer Measurement::runTimed(double temperature, bool drafting,
                             uint32_t draftTokens) {
  generation.ignoreStopIds = goesOn();
  Answer answer = run(temperature, drafting, draftTokens);
  generation.ignoreStopIds = false;
  return answer;
}

Likeness Measurement::likeness(const std::vector<int32_t> &answer) {
  if (answer.empty())
    return {};
  std::vector<int32_t> read = {ids.back()};
  read.insert(read.end(), answer.begin(), answer.end() - 1);
  Likeness result{answer.size()};
  const auto start = static_cast<uint32_t>(ids.size() - 1);
  Session &model = plain();
  rewind(model, start);
  model
      .score(read,
             [&](uint32_t first, uint32_t rows, std::span<const float> logits) {
               const size_t width = logits.size() / rows;
               for (uint32_t row = 0; row < rows; ++row) {
                 const auto one = logits.subspan(row * width, width);
                 const auto most = std::max_element(one.begin(), one.end());
                 const int32_t id = answer[first - start + row];
                 result.same += most - one.begin() == id;
                 result.lost += *most - one[static_cast<size_t>(id)];
               }
             })
      .orThrow();
  rewind(model, start);
  return result;
}

static void ignoreLogits(uint32_t, uint32_t, std::span<const float>) {}

void Measurement::enter(const std::vector<int32_t> &answer) {
  const size_t place =
      std::min<size_t>(ids.size() + answer.size() / 2, context - most);
  std::vector<int32_t> text = ids;
  text.insert(text.end(), answer.begin(), answer.end());
  inside = base.fork().orThrow();
  const size_t known = std::min(ids.size() - 1, place);
  rewind(*inside, static_cast<uint32_t>(known));
  if (place > known)
    inside->score({text.data() + known, place - known}, ignoreLogits).orThrow();
  next.assign(text.begin() + static_cast<std::ptrdiff_t>(place), text.end());
  next.resize(most, text.back());
  (void)forwardNs(most); // touches the memory of its rows
}

double Measurement::forwardNs(uint32_t rows) {
  const uint32_t place = inside->position();
  const auto start = std::chrono::steady_clock::now();
  inside->score({next.data(), rows}, ignoreLogits).orThrow();
  const std::chrono::duration<double, std::nano> time =
      std::chrono::steady_clock::now() - start;
  rewind(*inside, place);
  return time.count();
}
