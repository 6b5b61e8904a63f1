// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/PlanOps.h"
#include "tools/common/Failure.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace sinter::tools;

void OpCounts::add(const OpCounts &other) {
  weightBytes += other.weightBytes;
  stateBytes += other.stateBytes;
  activationBytes += other.activationBytes;
  int8Ops += other.int8Ops;
  f32Ops += other.f32Ops;
}

double OpCounts::predictedNs(const ProbeSample &roofs) const {
  return std::max({static_cast<double>(memoryBytes()) / roofs.stream,
                   static_cast<double>(int8Ops) / roofs.dot,
                   static_cast<double>(f32Ops) / roofs.fma});
}

OpCounts OpFormula::at(std::span<const int64_t> scalars) const {
  auto scalar = [&](uint32_t place, uint64_t otherwise) {
    return place && place <= scalars.size()
               ? static_cast<uint64_t>(scalars[place - 1])
               : otherwise;
  };
  const uint64_t many = scalar(rows, 1), before = scalar(position, 0);
  // Row i sees the positions up to its own.
  const uint64_t factors[] = {1, many, before + many,
                              many * before + many * (many + 1) / 2};
  auto value = [&](const std::array<uint64_t, 4> &terms) {
    uint64_t sum = 0;
    for (size_t i = 0; i < terms.size(); ++i)
      sum += terms[i] * factors[i];
    return sum;
  };
  return {value(weights), value(state), value(activations), value(int8),
          value(f32)};
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
