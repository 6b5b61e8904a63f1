//===- PlanProbe.h - a plan that reads a text with fewer layers -*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_PLANPROBE_H
#define SINTER_LIB_PIPELINES_PLANPROBE_H

#include "sinter-c/depth.h"
#include "sinter-c/ffns.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace sinter {

/// What a text loses, over its positions.
struct Loss {
  double kl = 0;        ///< mean of KL(whole model || this one)
  double agreement = 0; ///< share with the same likeliest token
  double chance = 0;    ///< mean of its probability, 0 where it is another
};

/// The same, of one that leaves out blocks for some of the tokens.
struct FfnLoss {
  double share; ///< of all blocks, that went
  Loss loss;
};

/// A plan held open, and what the whole model says of a text.
class PlanProbe {
public:
  ~PlanProbe();
  llvm::Error open(const std::string &path, unsigned threads);
  uint32_t layers() const { return numLayers; }
  sinter_plan *get() const { return plan; }
  /// What is read from now on; positions from `first` on are compared.
  llvm::Error setText(std::vector<int32_t> text, uint32_t first = 0);
  /// Of a plan that looks depths up: the key of a text.
  llvm::Expected<std::vector<float>> keyOf(llvm::ArrayRef<int32_t> prompt);
  llvm::Expected<Loss> without(llvm::ArrayRef<uint32_t> skipped);
  /// Positions before this one leave out no feed-forward block, and are not
  /// compared.
  llvm::Error setWarmUp(uint32_t positions);
  /// Id by id: the feed-forward blocks of `layers` go over `threshold`.
  llvm::Expected<FfnLoss> replay(llvm::ArrayRef<uint32_t> layers,
                                 float threshold);

private:
  struct Row {
    double logSum;
    int32_t best;
  };
  using Reader =
      llvm::function_ref<llvm::Error(sinter_logits_callback, void *)>;
  /// Empties the session; sequences to come leave these layers out.
  llvm::Error skip(llvm::ArrayRef<uint32_t> layers);
  llvm::Error read(llvm::ArrayRef<uint32_t> skipped,
                   sinter_logits_callback callback, void *user);
  /// Of positions from `from` on.
  llvm::Expected<Loss> lossOf(Reader reader, uint32_t from);
  void keep(uint32_t position, const float *logits);
  void compare(uint32_t position, const float *logits, Loss &sum) const;
  Row describe(const float *logits) const;

  sinter_plan *plan = nullptr;
  sinter_session *session = nullptr;
  uint32_t vocabulary = 0, numLayers = 0, warmUp = 0, first = 0;
  std::vector<int32_t> ids;
  std::vector<float> reference; // logits of each position from `first` on
  std::vector<Row> rows;
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_PLANPROBE_H
