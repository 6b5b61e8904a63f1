// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times of a finished plan, which its tables carry as a prior.

#include "lib/Pipelines/MeasureCosts.h"
#include "dialects/Common/CostTable.h"
#include "sinter-c/speculation.h"
#include "llvm/ADT/Twine.h"
#include <algorithm>
#include <chrono>
#include <vector>

using namespace sinter;

static_assert(kMostDraftRows == SINTER_SPECULATION_ROWS);

namespace {

llvm::Error take(sinter_status *status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(llvm::Twine("--measure-cost: ") +
                                              sinter_status_message(status));
  sinter_status_release(status);
  return error;
}

using Clock = std::chrono::steady_clock;
double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> times) {
  auto middle = times.begin() + ptrdiff_t(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

class Measurement {
public:
  ~Measurement() {
    sinter_session_release(session);
    sinter_plan_release(plan);
  }
  llvm::Error open(const std::string &path);
  llvm::Error rows(std::vector<float> &costs);
  llvm::Error draftedId(float &cost);

private:
  llvm::Error forward(uint32_t rows, double &seconds);
  llvm::Error generate(sinter_speculation &figures);

  /// Positions before the rows, where the model has so many.
  static constexpr uint32_t kDepth = 256;
  /// Ids that the model that drafts makes.
  static constexpr uint32_t kGenerated = 32, kDrafted = 8;
  /// Time to spend on rows, and bounds of how often each is run.
  static constexpr double kSeconds = 2;
  static constexpr uint32_t kLeastTimes = 5, kMostTimes = 25;

  sinter_plan *plan = nullptr;
  sinter_session *session = nullptr;
  uint32_t depth = 0, mostRows = 0, room = 0; // room: positions in all
  std::vector<int32_t> ids;
  double one = 0; // seconds of a row
};

} // namespace

llvm::Error Measurement::open(const std::string &path) {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.verify = SINTER_VERIFY_METADATA; // it was written a moment ago
  if (auto failed = take(sinter_plan_open(path.c_str(), &options, &plan)))
    return failed;
  auto number = [&](sinter_number what) {
    return uint32_t(sinter_plan_number(plan, what));
  };
  const uint32_t context = number(SINTER_MAX_CONTEXT);
  depth = std::min(kDepth, context / 2);
  mostRows = std::min(
      {uint32_t(kMostDraftRows), number(SINTER_MAX_ROWS), context - depth});
  // Ids that are not all the same: embeddings are read.
  for (uint32_t i = 0; i < depth + mostRows; ++i)
    ids.push_back(int32_t(uint64_t(i) * 7919 % number(SINTER_VOCABULARY)));
  sinter_session_options size;
  sinter_session_options_initialize(&size);
  room = size.context =
      std::min(context, depth + std::max(mostRows, kGenerated) + kGenerated);
  if (auto failed = take(sinter_session_create(plan, &size, &session)))
    return failed;
  auto nothing = [](void *, uint32_t, uint32_t, const float *) { return 0; };
  return take(
      sinter_session_score(session, ids.data(), depth, nothing, nullptr));
}

llvm::Error Measurement::forward(uint32_t rows, double &seconds) {
  auto nothing = [](void *, uint32_t, uint32_t, const float *) { return 0; };
  auto start = Clock::now();
  if (auto failed = take(sinter_session_score(session, ids.data() + depth, rows,
                                              nothing, nullptr)))
    return failed;
  seconds = secondsSince(start);
  return take(sinter_session_truncate(session, depth));
}

/// All numbers of rows in turns, so that what disturbs the machine disturbs
/// them alike.
llvm::Error Measurement::rows(std::vector<float> &costs) {
  std::vector<std::vector<double>> times(mostRows);
  auto start = Clock::now();
  for (uint32_t round = 0; round < kMostTimes; ++round) {
    if (round >= kLeastTimes && secondsSince(start) > kSeconds)
      break;
    for (uint32_t n = 1; n <= mostRows; ++n) {
      double seconds = 0;
      if (auto failed = forward(n, seconds))
        return failed;
      times[n - 1].push_back(seconds);
    }
  }
  one = median(times[0]);
  costs.assign(1, 1);
  for (uint32_t n = 2; n <= mostRows; ++n)
    costs.push_back(std::max(costs.back(), float(median(times[n - 1]) / one)));
  // Rows that the plan never computes at once.
  const float step = mostRows > 1 ? costs.back() - costs[mostRows - 2] : 1;
  while (costs.size() < size_t(kMostDraftRows))
    costs.push_back(costs.back() + step);
  return llvm::Error::success();
}

llvm::Error Measurement::generate(sinter_speculation &figures) {
  std::vector<int32_t> prompt(ids.begin(),
                              ids.begin() + std::max<uint32_t>(1, depth));
  // A ring does not go back: the next one follows where there is room.
  const uint32_t known = sinter_session_position(session);
  if (known > depth && known + kGenerated < room) {
    const int32_t *history = sinter_session_history(session);
    prompt.assign(history, history + known);
    prompt.push_back(ids.front());
  }
  sinter_generation generation;
  sinter_generation_initialize(&generation, plan);
  generation.sampling.temperature = 0;
  generation.max_tokens = kGenerated;
  generation.ignore_stop_ids = 1;
  generation.draft_tokens = kDrafted;
  if (auto failed = take(sinter_session_generate(
          session, prompt.data(), prompt.size(), &generation, nullptr)))
    return failed;
  figures.size = sizeof(figures);
  return take(sinter_session_speculation(session, &figures));
}

/// The first generation lets the model read the prompt.
llvm::Error Measurement::draftedId(float &cost) {
  sinter_speculation figures = {};
  for (int run = 0; run < 2; ++run)
    if (auto failed = generate(figures))
      return failed;
  if (figures.drafted)
    cost =
        float(double(figures.draft_ns) / double(figures.drafted) / 1e9 / one);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<plan::CostsT>>
sinter::measureCosts(llvm::StringRef path, bool modelDrafts) {
  auto costs = std::make_unique<plan::CostsT>();
  costs->measured = true;
  Measurement measurement;
  if (auto failed = measurement.open(path.str()))
    return failed;
  if (auto failed = measurement.rows(costs->rows))
    return failed;
  if (modelDrafts)
    if (auto failed = measurement.draftedId(costs->id))
      return failed;
  return costs;
}
