//===- ForwardTime.cpp - what forwards take beside each other -------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ForwardTime.h"
#include "lib/Analysis/CostModel.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace sinter;
using namespace sinter::analysis;

namespace {

/// Numbers that values have in one call.
using Numbers = DenseMap<Value, int64_t>;

int64_t numberOf(Value value, const Numbers &numbers, int64_t otherwise) {
  if (!value)
    return otherwise;
  if (auto found = numbers.find(value); found != numbers.end())
    return found->second;
  APInt constant;
  return matchPattern(value, m_ConstantInt(&constant)) ? constant.getSExtValue()
                                                       : 0;
}

/// Positions that rows see together, and pairs of a row and one of them.
struct Seen {
  int64_t positions = 0, pairs = 0;

  Seen(const OpCost &cost, int64_t before, int64_t rows) {
    int64_t most = cost.seenLast > 0 ? cost.seenFirst + cost.seenLast
                                     : std::numeric_limits<int64_t>::max();
    positions = std::min(before + rows,
                         cost.seenLast > 0 ? most + rows - 1 : before + rows);
    for (int64_t row = 0; row < rows; ++row)
      pairs += std::min(before + row + 1, most);
  }
};

double timeOf(const OpCost &cost, const Numbers &numbers,
              const Speeds &speeds) {
  const int64_t rows = numberOf(cost.rows, numbers, 1);
  const Seen seen(cost, numberOf(cost.at, numbers, 0), rows);
  auto amount = [&](const Cost &terms) {
    return double(terms.constant + terms.perRow * rows +
                  terms.perPosition * seen.positions +
                  terms.perPair * seen.pairs);
  };
  const double reading =
      (amount(cost.weightBytes) + amount(cost.stateBytes)) / speeds.stream;
  const double computing = std::max({amount(cost.int8Ops) / speeds.int8,
                                     amount(cost.f32Ops) / speeds.f32,
                                     amount(cost.bf16Ops) / speeds.bf16});
  // Cores read ahead while they compute; near where both take as long, each
  // waits for the other now and then.
  constexpr double kPower = 4;
  return std::pow(std::pow(reading, kPower) + std::pow(computing, kPower),
                  1 / kPower);
}

/// The scalar arguments of a region, as a launch hands them over.
Numbers scalarsOf(func::FuncOp region, tile::LaunchOp launch,
                  const Numbers &outside) {
  Numbers inside;
  auto scalar = launch.getScalars().begin();
  for (BlockArgument argument : region.getArguments())
    if (!isa<MemRefType>(argument.getType()) &&
        scalar != launch.getScalars().end())
      inside[argument] = numberOf(*scalar++, outside, 0);
  return inside;
}

} // namespace

double sinter::analysis::timeOf(func::FuncOp function,
                                ArrayRef<int64_t> arguments,
                                const Speeds &speeds) {
  Numbers outside;
  for (auto [argument, number] : llvm::zip(function.getArguments(), arguments))
    outside[argument] = number;
  SymbolTable symbols(function->getParentOp());
  double sum = 0;
  for (auto launch : function.getOps<tile::LaunchOp>()) {
    auto region = symbols.lookup<func::FuncOp>(launch.getCallee());
    if (!region)
      continue;
    Numbers inside = scalarsOf(region, launch, outside);
    for (const StageOp &op : stagesOf(region))
      sum += ::timeOf(costOf(op.op), inside, speeds);
  }
  return sum;
}
