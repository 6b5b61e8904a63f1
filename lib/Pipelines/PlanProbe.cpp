//===- PlanProbe.cpp - a plan that reads a text with fewer layers
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/PlanProbe.h"

#include "llvm/ADT/Twine.h"
#include <algorithm>
#include <cmath>

using namespace sinter;

static llvm::Error take(sinter_status *status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(llvm::Twine("layer study: ") +
                                              sinter_status_message(status));
  sinter_status_release(status);
  return error;
}

PlanProbe::~PlanProbe() {
  sinter_session_release(session);
  sinter_plan_release(plan);
}

llvm::Error PlanProbe::open(const std::string &path, unsigned threads) {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.verify = SINTER_VERIFY_METADATA; // it was written a moment ago
  options.threads = threads;
  if (auto failed = take(sinter_plan_open(path.c_str(), &options, &plan)))
    return failed;
  vocabulary = uint32_t(sinter_plan_number(plan, SINTER_VOCABULARY));
  return llvm::Error::success();
}

llvm::Error PlanProbe::setText(std::vector<int32_t> text, uint32_t from) {
  ids = std::move(text);
  first = from;
  reference.clear();
  rows.clear();
  sinter_session_release(session);
  session = nullptr;
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.context = uint32_t(ids.size());
  if (auto failed = take(sinter_session_create(plan, &options, &session)))
    return failed;
  sinter_depth depth = {};
  depth.size = sizeof(depth);
  if (auto failed = take(sinter_session_depth(session, &depth)))
    return failed;
  numLayers = depth.layers;
  reference.reserve((ids.size() - first) * size_t(vocabulary));
  return read(
      {},
      [](void *user, uint32_t position, uint32_t count, const float *logits) {
        auto &probe = *static_cast<PlanProbe *>(user);
        for (uint32_t row = 0; row < count; ++row)
          probe.keep(position + row, logits + size_t(row) * probe.vocabulary);
        return 0;
      },
      this);
}

llvm::Expected<std::vector<float>>
PlanProbe::keyOf(llvm::ArrayRef<int32_t> prompt) {
  size_t count = 0;
  if (auto failed = skip({}))
    return std::move(failed);
  if (auto failed = take(sinter_session_score(session, prompt.data(),
                                              prompt.size(), nullptr, nullptr)))
    return std::move(failed);
  if (auto failed = take(sinter_session_depth_key(session, nullptr, 0, &count)))
    return std::move(failed);
  std::vector<float> key(count);
  if (auto failed = take(
          sinter_session_depth_key(session, key.data(), key.size(), &count)))
    return std::move(failed);
  return key;
}

llvm::Error PlanProbe::skip(llvm::ArrayRef<uint32_t> layers) {
  if (auto failed = take(sinter_session_truncate(session, 0)))
    return failed;
  return take(
      sinter_session_skip_layers(session, layers.data(), layers.size()));
}

llvm::Error PlanProbe::read(llvm::ArrayRef<uint32_t> skipped,
                            sinter_logits_callback callback, void *user) {
  if (auto failed = skip(skipped))
    return failed;
  return take(
      sinter_session_score(session, ids.data(), ids.size(), callback, user));
}

PlanProbe::Row PlanProbe::describe(const float *logits) const {
  const float *best = std::max_element(logits, logits + vocabulary);
  double sum = 0;
  for (uint32_t i = 0; i < vocabulary; ++i)
    sum += std::exp(double(logits[i]) - *best);
  return {*best + std::log(sum), int32_t(best - logits)};
}

void PlanProbe::keep(uint32_t position, const float *logits) {
  if (position < first)
    return;
  rows.push_back(describe(logits));
  reference.insert(reference.end(), logits, logits + vocabulary);
}

void PlanProbe::compare(uint32_t position, const float *logits,
                        Loss &sum) const {
  const size_t place = position - first;
  const Row &whole = rows[place], own = describe(logits);
  const float *before = reference.data() + place * vocabulary;
  for (uint32_t i = 0; i < vocabulary; ++i) {
    double p = before[i] - whole.logSum;
    sum.kl += std::exp(p) * (p - (logits[i] - own.logSum));
  }
  if (own.best != whole.best)
    return;
  sum.agreement += 1;
  sum.chance += std::exp(logits[own.best] - own.logSum);
}

llvm::Expected<Loss> PlanProbe::lossOf(Reader reader, uint32_t from) {
  struct {
    const PlanProbe *probe;
    uint32_t first;
    Loss sum;
  } state = {this, from, {}};
  auto add = [](void *user, uint32_t position, uint32_t count,
                const float *logits) {
    auto &to = *static_cast<decltype(state) *>(user);
    for (uint32_t row = 0; row < count; ++row)
      if (position + row >= to.first)
        to.probe->compare(position + row,
                          logits + size_t(row) * to.probe->vocabulary, to.sum);
    return 0;
  };
  if (auto failed = reader(add, &state))
    return std::move(failed);
  auto positions = double(ids.size() - from);
  return Loss{state.sum.kl / positions, state.sum.agreement / positions,
              state.sum.chance / positions};
}

llvm::Expected<Loss> PlanProbe::without(llvm::ArrayRef<uint32_t> skipped) {
  auto reader = [&](sinter_logits_callback callback, void *user) {
    return read(skipped, callback, user);
  };
  return lossOf(reader, first);
}

llvm::Error PlanProbe::setWarmUp(uint32_t positions) {
  warmUp = positions;
  if (ids.size() > positions)
    return llvm::Error::success();
  return llvm::createStringError(
      "layer study: the text has " + std::to_string(ids.size()) +
      " ids, and feed-forward blocks are left out from position " +
      std::to_string(positions) + " on");
}

llvm::Expected<FfnLoss> PlanProbe::replay(llvm::ArrayRef<uint32_t> layers,
                                          float threshold) {
  auto reader = [&](sinter_logits_callback callback, void *user) {
    if (auto failed = skip(layers))
      return failed;
    return take(sinter_session_replay(session, ids.data(), ids.size(),
                                      threshold, callback, user));
  };
  auto loss = lossOf(reader, warmUp);
  if (!loss)
    return loss.takeError();
  sinter_ffns ffns = {};
  ffns.size = sizeof(ffns);
  if (auto failed = take(sinter_session_ffns(session, &ffns)))
    return std::move(failed);
  double blocks = double(ids.size() - warmUp) * numLayers;
  return FfnLoss{double(ffns.skipped) / blocks, *loss};
}
