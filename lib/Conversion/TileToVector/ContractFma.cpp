// ContractFma.cpp - contraction of f32 activations with decoded weights.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Contract.h"
#include "lib/Conversion/TileToVector/StripReader.h"

using namespace mlir;
using namespace sinter;

SmallVector<Value> sinter::emitFmaLoop(tile::ContractOp op,
                                       const tile::StripLayout &layout,
                                       TileLowering &t,
                                       const ContractPass &pass) {
  LaneBuilder l(t.b, op.getLoc());
  int64_t lanes = t.level.lanes();
  SmallVector<Value> groups, rows;
  for (int64_t group : pass.groups)
    groups.push_back(l.index(group * lanes));
  Value firstRow = l.muli(pass.tokenGroup, l.index(4));
  for (int64_t token = 0; token < pass.tokens; ++token)
    rows.push_back(l.addi(firstRow, l.index(token)));
  Value zero = l.constantF(VectorType::get({lanes}, l.f32()), 0);
  SmallVector<Value> init(pass.tokens * groups.size(), zero);
  StripReader reader(l, layout, op.getW(), lanes, pass.ahead);
  return reader.forColumns(
      pass.strip, groups, init,
      [&](Value k, ArrayRef<Value> weights, ValueRange sums) {
        SmallVector<Value> next;
        for (Value row : rows) {
          Value x = l.splat(l.load(op.getX(), {row, k}), lanes);
          for (Value weight : weights)
            next.push_back(l.fma(weight, x, sums[next.size()]));
        }
        return next;
      });
}
