// ContractDot.cpp - contraction of int8 activations with coded weights.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Per block of 32 columns and output: an exact integer dot, then
//   sum = fma(float(dot), scale_w * scale_x, sum)
//   sum = fma(min_w, ssum_x, sum)               if the encoding has minima.
// Where the weights have a scale for each 16 columns, the first line stands
// twice. The integer part has one form for each instruction family; all of them
// give the same integer.
#include "lib/Conversion/TileToVector/Contract.h"
#include "lib/Conversion/TileToVector/StripReader.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace sinter;
using tile::StripCode;
using tile::StripLayout;

namespace {

/// Steps whose sums of pairs fit 16 bits: a pair is at most 2 * code * 127. Of
/// 8-bit codes each half is summed apart.
int64_t stepsOfPairs(StripCode code) {
  return code == StripCode::U6 ? 2 : code == StripCode::U5 ? 4 : 8;
}

/// Codes of four columns of a row in each 32-bit lane: one vector of bytes, or
/// the low and the high half of bytes too large for the instructions at hand.
using Codes = SmallVector<Value, 2>;

/// The dot of one row and one group of outputs as it grows.
struct Dot {
  Value words;       // finished, in 32-bit lanes; null: zero
  Value pairs[2];    // of low and high codes in 16-bit lanes; null: zero
  int64_t steps = 0; // that `pairs` holds
};

class DotEmitter {
public:
  DotEmitter(tile::ContractOp op, const StripLayout &layout, TileLowering &t,
             const ContractPass &pass)
      : op(op), layout(layout), level(t.level), pass(pass), l(t.b, op.getLoc()),
        reader(l, layout, op.getW(), level.lanes(), pass.ahead),
        bytes(VectorType::get({level.vectorBytes}, l.b.getI8Type())),
        pairs(VectorType::get({level.vectorBytes / 2}, l.b.getI16Type())),
        words(VectorType::get({level.lanes()}, l.i32())),
        wide(layout.code == StripCode::U8) {}

  SmallVector<Value> emit();

private:
  using Block = StripReader::Block;

  SmallVector<Value> emitBlock(const Block &block, ArrayRef<Value> rows,
                               ValueRange sums);
  void addGroups(const Block &block, ArrayRef<Value> rows,
                 ArrayRef<size_t> members, MutableArrayRef<Value> sums);
  SmallVector<Value> emitDots(const Block &block, int64_t part,
                              ArrayRef<size_t> members);
  void growDots(const Block &block, int64_t part, MutableArrayRef<Dot> dots,
                ArrayRef<size_t> members);
  void growSome(const Block &block, int64_t part, MutableArrayRef<Dot> dots,
                ArrayRef<size_t> members, ArrayRef<size_t> places);
  SmallVector<int64_t> columnsOf(int64_t part);
  Codes loadCodes(Value address, int64_t group, int64_t v);
  Value loadPlane(Value address, int64_t group, int64_t halfBytes,
                  int64_t offset);
  Value fifthBit(Value address, int64_t group, int64_t v);
  Value fifthAndSixthBit(Value address, int64_t group, int64_t v);
  Value loadActivation(Value block, int64_t token, int64_t v);
  Value loadStart(const Block &block, int64_t token, int64_t part);
  void step(Dot &dot, const Codes &codes, Value x);
  void pin(ArrayRef<Dot *> dots);
  void widen(Dot &dot);
  void keepOrder();
  Value dotIntrinsic(Value sum, Value codes, Value x);
  Value pairsIntrinsic(Value codes, Value x);
  Value wordsIntrinsic(Value pairsOf, int64_t factor);
  Value call(StringRef intrinsic, Type type, ValueRange operands);
  Value splatSide(Value memref, Value block, int64_t token) {
    return l.splat(l.load(memref, {groupOf(token), block, l.index(token % 4)}),
                   level.lanes());
  }
  /// Four rows stand together in memory.
  Value groupOf(int64_t token) {
    return token < 4 ? pass.tokenGroup
                     : l.addi(pass.tokenGroup, l.index(token / 4));
  }
  Value sum(Value x, Value y) { return x ? l.addi(x, y) : y; }
  tile::ContractOp op;
  const StripLayout &layout;
  const CpuLevel &level;
  const ContractPass &pass;
  LaneBuilder l;
  StripReader reader;
  VectorType bytes, pairs, words;
  bool wide; // codes of 8 bits
};

SmallVector<Value> DotEmitter::emit() {
  Value zero = l.constantF(VectorType::get({level.lanes()}, l.f32()), 0);
  SmallVector<Value> init(pass.tokens * pass.groups.size(), zero), rows;
  for (int64_t group : pass.groups)
    rows.push_back(l.index(group * level.lanes()));
  return reader.forBlocks(pass.strip, rows, init,
                          [&](const Block &block, ValueRange sums) {
                            return emitBlock(block, rows, sums);
                          });
}

/// Sums of more than four rows leave registers for the dots of one group.
SmallVector<Value> DotEmitter::emitBlock(const Block &block,
                                         ArrayRef<Value> rows,
                                         ValueRange sums) {
  SmallVector<Value> next(sums);
  auto groups = llvm::to_vector(llvm::seq<size_t>(rows.size()));
  size_t atOnce = pass.tokens > 4 ? 1 : groups.size();
  for (size_t i = 0; i < groups.size(); i += atOnce) {
    if (i > 0)
      keepOrder();
    addGroups(block, rows, ArrayRef(groups).slice(i, atOnce), next);
  }
  return next;
}

/// Adds what a block gives for some groups. `sums`: as those of a loop.
void DotEmitter::addGroups(const Block &block, ArrayRef<Value> rows,
                           ArrayRef<size_t> members,
                           MutableArrayRef<Value> sums) {
  SmallVector<Value> mins;
  auto forEach = [&](llvm::function_ref<void(int64_t, size_t, Value &)> body) {
    for (int64_t token = 0; token < pass.tokens; ++token)
      for (auto [i, member] : llvm::enumerate(members))
        body(token, i, sums[token * rows.size() + member]);
  };
  for (int64_t part = 0; part < layout.scalesPerBlock(); ++part) {
    SmallVector<Value> dots = emitDots(block, part, members), scales;
    for (size_t i : members) {
      auto scale =
          reader.loadScale(block.address, rows[i], block.supers[i], part);
      scales.push_back(scale.scale);
      mins.push_back(scale.min);
    }
    forEach([&](int64_t token, size_t i, Value &sum) {
      Value scale = splatSide(op.getScale(), block.number, token);
      Value dot = l.sitofp(dots[token * members.size() + i], l.f32());
      sum = l.fma(dot, l.mul(scales[i], scale), sum);
    });
  }
  if (layout.hasMin())
    forEach([&](int64_t token, size_t i, Value &sum) {
      Value ssum = splatSide(op.getSsum(), block.number, token);
      sum = l.fma(mins[i], ssum, sum);
    });
}

//===----------------------------------------------------------------------===//
// The dots of a block
//===----------------------------------------------------------------------===//

/// Token by token, for each token group by group.
SmallVector<Value> DotEmitter::emitDots(const Block &block, int64_t part,
                                        ArrayRef<size_t> members) {
  SmallVector<Dot> dots(pass.tokens * members.size());
  if (level.vnni)
    for (size_t i = 0; i < dots.size(); ++i)
      dots[i].words = layout.zero == 0
                          ? l.constantI(words, 0)
                          : loadStart(block, i / members.size(), part);
  growDots(block, part, dots, members);
  SmallVector<Value> result;
  for (size_t i = 0; i < dots.size(); ++i) {
    if (!level.vnni && layout.zero != 0)
      dots[i].words =
          l.addi(dots[i].words, loadStart(block, i / members.size(), part));
    result.push_back(dots[i].words);
  }
  return result;
}

/// Who waits for memory reads bytes in their order, which is fastest: one half
/// of the strip, then the other one. So does a row of one or two terms, and
/// whoever is first to read byte-wide codes for VNNI. The dots of other rows
/// grow together: few registers hold codes.
void DotEmitter::growDots(const Block &block, int64_t part,
                          MutableArrayRef<Dot> dots, ArrayRef<size_t> members) {
  auto places = llvm::to_vector(llvm::seq<size_t>(members.size()));
  bool first = pass.ahead.bytes > 0;
  bool inOrder = pass.tokens <= 2 || (first && wide && level.vnni);
  if (!inOrder)
    return growSome(block, part, dots, members, places);
  for (int64_t half = 0; half < 2; ++half) {
    SmallVector<size_t> some;
    for (size_t i : places)
      if (pass.groups[members[i]] * level.lanes() / 16 == half)
        some.push_back(i);
    if (some.empty())
      continue;
    if (half > 0)
      keepOrder();
    growSome(block, part, dots, members, some);
  }
}

/// One vector of codes after another: the dots do not wait for each other.
/// `places`: in `members`, whose groups grow.
void DotEmitter::growSome(const Block &block, int64_t part,
                          MutableArrayRef<Dot> dots, ArrayRef<size_t> members,
                          ArrayRef<size_t> places) {
  SmallVector<Dot *> grown;
  for (int64_t token = 0; token < pass.tokens; ++token)
    for (size_t i : places)
      grown.push_back(&dots[token * members.size() + i]);
  for (int64_t v : columnsOf(part)) {
    SmallVector<Codes> codes;
    for (size_t i : places)
      codes.push_back(loadCodes(block.address, pass.groups[members[i]], v));
    for (int64_t token = 0; token < pass.tokens; ++token) {
      Value x = loadActivation(block.number, token, v);
      for (size_t i = 0; i < places.size(); ++i)
        step(*grown[token * places.size() + i], codes[i], x);
    }
    if (!level.vnni)
      pin(grown);
  }
  if (!level.vnni)
    for (Dot *dot : grown)
      widen(*dot);
}

/// The vectors of four columns that one scale covers. Both nibbles of a byte
/// come one after the other.
SmallVector<int64_t> DotEmitter::columnsOf(int64_t part) {
  if (layout.scalesPerBlock() == 2)
    return {4 * part, 4 * part + 1, 4 * part + 2, 4 * part + 3};
  if (wide)
    return {0, 1, 2, 3, 4, 5, 6, 7};
  return {0, 4, 1, 5, 2, 6, 3, 7};
}

/// Columns 4v .. 4v+3 of the rows of a group.
Codes DotEmitter::loadCodes(Value address, int64_t group, int64_t v) {
  if (wide) {
    Value raw = loadPlane(address, group, 512, 64 * v);
    if (level.vnni)
      return {raw};
    return {l.andi(raw, l.i(raw, 15)), l.shru(raw, 4)};
  }
  Value raw = loadPlane(address, group, 256, 64 * (v % 4));
  Value code = v < 4 ? l.andi(raw, l.i(raw, 15)) : l.shru(raw, 4);
  if (layout.code == StripCode::U5)
    code = l.ori(code, fifthBit(address, group, v));
  if (layout.code == StripCode::U6)
    code = l.ori(code, fifthAndSixthBit(address, group, v));
  return {code};
}

/// The lanes of a group in a plane whose halves of 16 rows are `halfBytes`
/// apart.
Value DotEmitter::loadPlane(Value address, int64_t group, int64_t halfBytes,
                            int64_t offset) {
  int64_t row = group * level.lanes();
  offset += row / 16 * halfBytes + row % 16 * 4;
  return reader.loadAs(l.addi(address, l.index(offset)), level.vectorBytes,
                       l.b.getI8Type());
}

/// Bit v of the high plane, as bit 4.
Value DotEmitter::fifthBit(Value address, int64_t group, int64_t v) {
  Value high = loadPlane(address, group, 64, layout.highOffset);
  high = v < 4 ? l.shl(high, 4 - v) : l.shru(high, v - 4);
  return l.andi(high, l.i(high, 16));
}

/// Bits 2(v % 4) and the next one of vector v / 4 of the high plane, as bits 4
/// and 5.
Value DotEmitter::fifthAndSixthBit(Value address, int64_t group, int64_t v) {
  Value high = loadPlane(address, group, 128, layout.highOffset + 64 * (v / 4));
  int64_t shift = 4 - 2 * (v % 4);
  high = shift > 0 ? l.shl(high, shift) : l.shru(high, -shift);
  return l.andi(high, l.i(high, 48));
}

/// Columns 4v .. 4v+3 of a row in every 32-bit lane.
Value DotEmitter::loadActivation(Value block, int64_t token, int64_t v) {
  Value four =
      l.load(op.getCodes(),
             {groupOf(token), block, l.index(token % 4), l.index(4 * v)},
             /*lanes=*/4);
  Value word = vector::BitCastOp::create(l.b, l.loc,
                                         VectorType::get({1}, l.i32()), four);
  Value all = vector::BroadcastOp::create(l.b, l.loc, words, word);
  return vector::BitCastOp::create(l.b, l.loc, bytes, all);
}

/// What makes up for the offset of stored codes.
Value DotEmitter::loadStart(const Block &block, int64_t token, int64_t part) {
  Value at = block.number;
  if (layout.scalesPerBlock() == 2)
    at = l.addi(l.muli(at, l.index(2)), l.index(part));
  return splatSide(op.getStart(), at, token);
}

//===----------------------------------------------------------------------===//
// One dot, by instruction family
//===----------------------------------------------------------------------===//

/// Adds four products to each lane of the dot.
void DotEmitter::step(Dot &dot, const Codes &codes, Value x) {
  if (level.vnni) {
    dot.words = dotIntrinsic(dot.words, codes[0], x);
    return;
  }
  if (dot.steps == stepsOfPairs(layout.code))
    widen(dot);
  for (size_t i = 0; i < codes.size(); ++i)
    dot.pairs[i] = sum(dot.pairs[i], pairsIntrinsic(codes[i], x));
  ++dot.steps;
}

/// No instruction: all sums exist at this point. Without it LLVM adds products
/// up in trees and row by row, for which there are not enough registers.
void DotEmitter::pin(ArrayRef<Dot *> dots) {
  SmallVector<Value *> sums;
  for (Dot *dot : dots)
    for (Value *sum : {&dot->words, &dot->pairs[0], &dot->pairs[1]})
      if (*sum)
        sums.push_back(sum);
  std::string results, operands;
  SmallVector<Value> values;
  SmallVector<Type> types;
  for (auto [i, value] : llvm::enumerate(sums)) {
    results += level.vectorBytes == 64 ? "=v," : "=x,";
    operands += (i == 0 ? "" : ",") + std::to_string(i);
    values.push_back(*value);
    types.push_back(value->getType());
  }
  bool one = sums.size() == 1;
  Type type = one ? types[0]
                  : LLVM::LLVMStructType::getLiteral(l.b.getContext(), types);
  Value all =
      LLVM::InlineAsmOp::create(
          l.b, l.loc, type, values, /*asm_string=*/"", results + operands,
          /*has_side_effects=*/false, /*is_align_stack=*/false,
          LLVM::TailCallKind::None, /*asm_dialect=*/{}, /*operand_attrs=*/{})
          .getRes();
  for (auto [i, value] : llvm::enumerate(sums))
    *value =
        one ? all
            : Value(LLVM::ExtractValueOp::create(l.b, l.loc, all, int64_t(i)));
}

/// Moves what the 16-bit lanes hold to those of 32 bits.
void DotEmitter::widen(Dot &dot) {
  for (int64_t i = 0; i < 2; ++i) {
    if (dot.pairs[i])
      dot.words = sum(dot.words, wordsIntrinsic(dot.pairs[i], i == 0 ? 1 : 16));
    dot.pairs[i] = nullptr;
  }
  dot.steps = 0;
}

/// No instruction: LLVM moves no load across.
void DotEmitter::keepOrder() {
  LLVM::InlineAsmOp::create(
      l.b, l.loc, TypeRange(), ValueRange(), /*asm_string=*/"",
      /*constraints=*/"~{memory}", /*has_side_effects=*/true,
      /*is_align_stack=*/false, LLVM::TailCallKind::None, /*asm_dialect=*/{},
      /*operand_attrs=*/{});
}

Value DotEmitter::dotIntrinsic(Value sum, Value codes, Value x) {
  return call(level.vectorBytes == 64 ? "llvm.x86.avx512.vpdpbusd.512"
                                      : "llvm.x86.avx512.vpdpbusd.256",
              words, {sum, codes, x});
}

Value DotEmitter::pairsIntrinsic(Value codes, Value x) {
  return call(level.vectorBytes == 64 ? "llvm.x86.avx512.pmaddubs.w.512"
                                      : "llvm.x86.avx2.pmadd.ub.sw",
              pairs, {codes, x});
}

Value DotEmitter::wordsIntrinsic(Value pairsOf, int64_t factor) {
  return call(level.vectorBytes == 64 ? "llvm.x86.avx512.pmaddw.d.512"
                                      : "llvm.x86.avx2.pmadd.wd",
              words, {pairsOf, l.constantI(pairs, factor)});
}

Value DotEmitter::call(StringRef intrinsic, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(l.b, l.loc, type,
                                       l.b.getStringAttr(intrinsic), operands)
      .getResult(0);
}

} // namespace

int64_t sinter::dotGroups(const StripLayout &layout, const CpuLevel &level,
                          int64_t tokens) {
  if (level.vectorBytes == 64)
    return level.groupsOf(tokens);
  if (layout.highOffset >= 0)
    return tokens == 1 ? 2 : 1;
  bool halves = layout.code == StripCode::U8 && !level.vnni;
  return halves && tokens > 1 ? 1 : level.groupsOf(tokens);
}

SmallVector<Value> sinter::emitDotLoop(tile::ContractOp op,
                                       const StripLayout &layout,
                                       TileLowering &t,
                                       const ContractPass &pass) {
  return DotEmitter(op, layout, t, pass).emit();
}
