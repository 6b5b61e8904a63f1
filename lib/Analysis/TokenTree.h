//===- TokenTree.h - the tree of drafted ids that pays most -----*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_ANALYSIS_TOKENTREE_H
#define SINTER_LIB_ANALYSIS_TOKENTREE_H

#include "llvm/ADT/ArrayRef.h"

namespace sinter::analysis {

struct TokenTree {
  unsigned ids = 0;    ///< that are drafted; 0: a draft does not pay
  unsigned leaves = 0; ///< paths from the root; 1: a chain
  double tokens = 1;   ///< that a round gives in the mean, the model's own too
  double gain = 1;     ///< tokens over what the forward costs
};

/// The tree whose rounds give the most tokens for their cost. `acceptance`: how
/// often the likeliest child of a node is right, the second, ...; what is right
/// at one node says nothing about the next (Sequoia, Chen et al., 2024, section
/// 3.1; sizes by what rows cost, section 3.3). `costs[n]`: of a forward of
/// n + 1 rows, over that of one. `leaf`: what each leaf beside the first adds
/// to that.
TokenTree bestTree(llvm::ArrayRef<double> acceptance,
                   llvm::ArrayRef<float> costs, double leaf);

} // namespace sinter::analysis

#endif
