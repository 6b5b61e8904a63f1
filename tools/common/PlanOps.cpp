// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/PlanOps.h"
#include "tools/common/Failure.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace sinter::tools;

/// Scalar 1 + the index; of none, `otherwise`.
static int64_t scalarAt(std::span<const int64_t> scalars, uint32_t place,
                        int64_t otherwise) {
  return place && place <= scalars.size() ? scalars[place - 1] : otherwise;
}

/// Of `rows` rows, the first of which comes after `before` positions.
Seen OpFormula::seenFrom(uint64_t before, uint64_t rows) const {
  // Row i sees the positions up to its own.
  if (seenLast == 0)
    return {before + rows, rows * before + rows * (rows + 1) / 2};
  Seen seen = {std::min(before + rows, seenFirst + seenLast + rows - 1), 0};
  for (uint64_t i = 0; i < rows; ++i)
    seen.pairs += std::min(before + i + 1, seenFirst + seenLast);
  return seen;
}

OpCounts OpFormula::at(std::span<const int64_t> scalars,
                       const Seen &given) const {
  const auto many = static_cast<uint64_t>(scalarAt(scalars, rows, 1));
  const auto before = static_cast<uint64_t>(scalarAt(scalars, position, 0));
  const Seen seen = given.positions ? given : seenFrom(before, many);
  const uint64_t factors[] = {1, many, seen.positions, seen.pairs};
  auto value = [&](const std::array<uint64_t, 4> &terms) {
    uint64_t sum = 0;
    for (size_t i = 0; i < terms.size(); ++i)
      sum += terms[i] * factors[i];
    return sum;
  };
  return {value(weights), value(state), value(activations),
          value(int8),    value(f32),   value(bf16)};
}

bool OpFormula::joins(std::span<const int64_t> scalars,
                      uint32_t workers) const {
  return joinRows && scalarAt(scalars, joinRows, 1) <= joinMostRows &&
         workers <= joinMostWorkers;
}

std::vector<std::pair<uint32_t, uint32_t>>
sinter::tools::stagesOf(const std::vector<OpFormula> &ops,
                        std::span<const int64_t> scalars, uint32_t workers) {
  uint32_t last = 0;
  for (const OpFormula &op : ops)
    last = std::max(last, op.stage);
  std::vector<bool> goesOn(last + 1);
  for (const OpFormula &op : ops)
    if (op.stage < last && op.joins(scalars, workers))
      goesOn[op.stage] = true;
  std::vector<std::pair<uint32_t, uint32_t>> stages;
  for (uint32_t stage = 0, first = 0; stage <= last; ++stage)
    if (!goesOn[stage]) {
      stages.emplace_back(first, stage);
      first = stage + 1;
    }
  return stages;
}

static OpFormula readOp(const nlohmann::json &json) {
  using Terms = std::array<uint64_t, 4>;
  OpFormula op;
  op.name = json.at("name").get<std::string>();
  op.stage = json.at("stage").get<uint32_t>();
  op.rows = json.at("rows").get<uint32_t>();
  op.position = json.at("position").get<uint32_t>();
  op.weights = json.value("weights", Terms());
  op.state = json.value("state", Terms());
  op.activations = json.value("activations", Terms());
  op.int8 = json.value("int8", Terms());
  op.f32 = json.value("f32", Terms());
  op.bf16 = json.value("bf16", Terms());
  if (json.contains("seen")) {
    op.seenFirst = json["seen"].at(0).get<uint64_t>();
    op.seenLast = json["seen"].at(1).get<uint64_t>();
  }
  if (json.contains("joins")) {
    op.joinRows = json["joins"].at(0).get<uint32_t>();
    op.joinMostRows = json["joins"].at(1).get<int64_t>();
    op.joinMostWorkers = json["joins"].at(2).get<int64_t>();
  }
  return op;
}

PlanOps::PlanOps(std::string_view json) {
  if (json.empty())
    return;
  try {
    const nlohmann::json object = nlohmann::json::parse(json);
    for (const auto &[kernel, ops] : object.items())
      for (const nlohmann::json &op : ops)
        kernels[kernel].push_back(readOp(op));
  } catch (const nlohmann::json::exception &error) {
    throw Failure(std::string("the plan's property 'ops' cannot be read: ") +
                  error.what());
  }
}

const std::vector<OpFormula> &PlanOps::of(const std::string &kernel) const {
  static const std::vector<OpFormula> none;
  auto found = kernels.find(kernel);
  return found == kernels.end() ? none : found->second;
}

std::string sinter::tools::stageName(const std::vector<OpFormula> &ops,
                                     uint32_t first, uint32_t last) {
  std::vector<std::string> names; // each once
  for (const OpFormula &op : ops)
    if (op.stage >= first && op.stage <= last &&
        std::ranges::find(names, op.name) == names.end())
      names.push_back(op.name);
  std::string all;
  for (const std::string &name : names)
    all += (all.empty() ? "" : " + ") + name;
  return all.empty() ? "stage " + std::to_string(last) : all;
}
