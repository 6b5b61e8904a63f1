// Places.cpp - where the rows of a forward stand.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Places.h"

using namespace mlir;
using IPred = arith::CmpIPredicate;

namespace sinter {

/// Columns of the table: see plan.fbs, TakeRows.
enum : int64_t { kFirstRow, kRows, kPosition, kPages };

Places::Places(LaneBuilder &l, Value rows, Value at, Value places, Value runs)
    : l(l), rows(rows), at(at), places(places), runs(runs) {
  if (places)
    haveRuns = l.cmp(IPred::ne, runs, l.index(0));
}

/// What the table says of a row, or `alone` where there are no runs. The table
/// is memory either way; what it holds does not count then.
Value Places::field(Value row, int64_t index, Value alone) {
  if (!places)
    return alone;
  Value entry = l.load(places, {row, l.index(index)});
  return l.select(haveRuns, l.indexCast(entry, l.b.getIndexType()), alone);
}

Value Places::position(Value row) {
  return field(row, kPosition, l.addi(at, row));
}

Value Places::pages(Value row) { return field(row, kPages, l.index(0)); }

void Places::forEachRun(llvm::function_ref<void(const Run &)> body) {
  Value zero = l.index(0);
  if (!places)
    return body({zero, zero, rows, at, zero});
  Value count = l.select(haveRuns, runs, l.index(1));
  l.loop(zero, count, 1, {zero}, [&](Value number, ValueRange first) {
    Value length = field(first[0], kRows, rows);
    body({number, first[0], length, field(first[0], kPosition, at),
          pages(first[0])});
    return SmallVector<Value>{l.addi(first[0], length)};
  });
}

void Places::forEachCopy(llvm::function_ref<void(Value, Value)> body) {
  if (!places)
    return;
  Value copies = l.select(haveRuns, at, l.index(0));
  l.loop(rows, l.addi(rows, copies), 1, [&](Value place) {
    Value row = l.load(places, {place, l.index(kFirstRow)});
    body(place, l.indexCast(row, l.b.getIndexType()));
  });
}

} // namespace sinter
