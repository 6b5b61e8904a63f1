//===- FfnStudy.h - which feed-forward blocks tokens leave out --*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_FFNSTUDY_H
#define SINTER_LIB_PIPELINES_FFNSTUDY_H

#include "lib/Pipelines/PlanProbe.h"

namespace sinter {

/// Blocks that may go, over which cosine, and what that does.
struct FfnChoice {
  llvm::ArrayRef<uint32_t> layers;
  double threshold;
  FfnLoss measured;
};

/// How many blocks may go so that `share` of all do: so many, each of them
/// always, or up to half as many more, each of them for some tokens.
size_t fewestFfns(uint32_t layers, double share);
size_t mostFfns(uint32_t layers, double share);

/// The first ones of `order`, and the threshold, with which `share` of all
/// blocks go at the least loss.
llvm::Expected<FfnChoice>
chooseFfns(PlanProbe &probe, llvm::ArrayRef<uint32_t> order, double share);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_FFNSTUDY_H
