// Sampler.h - a draw from a row of logits, in parts.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With m the largest logit, a = (m - logit) / T >= 0 is the distance of an id
// and p = e^-a its weight (the best id has weight 1). Both are non-negative
// floats, whose bits are in order as integers: every threshold is found by
// bisection on bits, is exact, and keeps all ids that tie at it.
#ifndef SINTER_CONVERSION_TILETOVECTOR_SAMPLER_H
#define SINTER_CONVERSION_TILETOVECTOR_SAMPLER_H

#include "lib/Conversion/TileToVector/Vocabulary.h"

namespace sinter {

/// What noise is for: a word of its counter, beside position and id. Numbers
/// of different purposes are independent.
enum class Purpose : int64_t {
  Token = 0,    // a token of the text, by rule exact also of drafts
  Proposal = 1, // an id of a draft that is verified by its probability
  Accept = 2    // whether that id is kept
};

/// Operands that all draws have.
struct Draw {
  mlir::Value logits, work, row, seed, position, temperature, topK, topP, minP;
  int64_t vocabulary;

  template <typename Op> static Draw of(Op op) {
    return {op.getLogits(),   op.getWork(),
            op.getRow(),      op.getSeed(),
            op.getPosition(), op.getTemperature(),
            op.getTopK(),     op.getTopP(),
            op.getMinP(),     int64_t(op.getVocabulary())};
  }
};

class Sampler {
  using Value = mlir::Value;

public:
  /// `greedy` is the best id, and the answer where none is a number.
  Sampler(LaneBuilder &l, const Draw &op, Best greedy);

  /// Finds the ids that may be drawn. They and their weights lie in front of
  /// the two halves of the work memory, in order of ids.
  void keep();
  /// Whether top-k or top-p leave ids out: only keep() knows which.
  Value cuts();
  /// Where they do not: finds, by less work, ids of which choose() takes the
  /// one that it would take of all.
  void keepWinners();
  /// The id of the largest log weight + noise among them.
  Value choose();
  /// The same with that sum, but none of `others`; -infinity: there is none.
  Best chooseBut(llvm::ArrayRef<Best> others);

  // Of what keep() found:
  /// Replaces weights of ids that may not be drawn by 0; returns the sum of
  /// the others.
  Value dropOthers();
  /// Sum of body(weights, ids) over vectors of them; lanes behind the last one
  /// count as 0. The body may store other weights.
  Value sum(llvm::function_ref<Value(Value, Value)> body);
  /// Replaces each weight by body(weight, id), and returns their sum.
  Value replace(llvm::function_ref<Value(Value, Value)> body);
  /// The weight of one id; 0 if it may not be drawn.
  Value weightOf(Value id);
  /// As choose(), by the weights as they are now.
  Value chooseByWeight(Purpose purpose);
  /// body(weight, id) for each of them, one by one.
  void forEach(llvm::function_ref<void(Value, Value)> body);
  /// A number in (0, 1) that belongs to (seed, position, purpose, id).
  Value uniform(Value id, Purpose purpose);

private:
  Value distances(Value logits, Value isId);
  void storeDistances();
  Value topKCuts();
  Value topK();
  Value countUpTo(Value key);
  Value storeWeights(Value lastKey);
  Value leastWeight();
  Value lowestWeight(Value sum);
  Value isNear(Value i, Value reach);
  Value bestSumNearby(Value least, Value most);
  /// Moves ids to the front of their half, and puts beside them what `value`
  /// gives for an id, a number that is read at or behind where it is written.
  Value compact(llvm::function_ref<Value(Value)> isKept,
                llvm::function_ref<Value(Value)> value);
  Value topP(Value lowest, Value sum);
  Value massFrom(Value weight);
  Value noiseBits(Value ids, Purpose purpose);
  /// Vectors at `i` of weights and ids, and which lanes are there.
  struct Candidates {
    Value weights, ids, there;
  };
  Candidates candidatesAt(Value i);
  /// Among weights of at least `least`, but none of `others`.
  Best chooseBy(Purpose purpose, Value least,
                llvm::function_ref<Value(const Candidates &)> score,
                llvm::ArrayRef<Best> others = {});

  /// Sum over vectors [0, end) of body(i): 16 lanes in blocks of 4096, each
  /// reduced by the tree, blocks added from left to right.
  Value blockedSum(Value end, llvm::function_ref<Value(Value)> body);
  Value idsAt(Value i) {
    return l.addi(lanes, l.splat(l.indexCast(i, l.i32()), kLanes));
  }
  Value keysOf(Value x) { return l.bits(x, l.i32()); }

  LaneBuilder &l;
  Draw op;
  int64_t padded;
  Value zero, lanes;
  // First half of the work memory: a, then p, then p compacted; for winners
  // logits compacted, then their p.
  Value weights;
  Best greedy;
  Value count, least; // of what was kept: how many, bits of the least weight
};

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_SAMPLER_H
