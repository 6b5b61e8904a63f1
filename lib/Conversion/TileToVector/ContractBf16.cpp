// ContractBf16.cpp - contraction of a few bf16 rows with decoded weights.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Bf16.h"
#include "lib/Conversion/TileToVector/Contract.h"
#include "lib/Conversion/TileToVector/StripReader.h"

using namespace mlir;
using namespace sinter;

SmallVector<Value> sinter::emitBf16Loop(tile::ContractOp op,
                                        const tile::StripLayout &layout,
                                        TileLowering &t,
                                        const ContractPass &pass) {
  LaneBuilder l(t.b, op.getLoc());
  Bf16 bf16(l, t.level.bf16);
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
  return reader.forPairs(
      pass.strip, groups, init,
      [&](Value k, ArrayRef<Value> even, ArrayRef<Value> odd, ValueRange sums) {
        SmallVector<Value> weights, next;
        for (size_t i = 0; i < groups.size(); ++i)
          weights.push_back(bf16.zip(even[i], odd[i], weightSize(layout)));
        for (Value row : rows) {
          Value x = bf16.splatPair(op.getX16(), {row, k}, lanes);
          for (Value weight : weights)
            next.push_back(bf16.dot(weight, x, sums[next.size()]));
        }
        return next;
      });
}

Bf16::Size sinter::weightSize(const tile::StripLayout &layout) {
  bool any = layout.code == tile::StripCode::F32 ||
             layout.code == tile::StripCode::BF16;
  return any ? Bf16::Size::Any : Bf16::Size::NotTiny;
}
