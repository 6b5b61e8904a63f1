// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic over rows of logits, in double precision.
#ifndef SINTER_TOOLS_COMMON_MEASURE_H
#define SINTER_TOOLS_COMMON_MEASURE_H

#include <cstdint>
#include <span>
#include <vector>

namespace sinter::tools {

/// log(sum(exp(row))); not finite when a logit is not.
double logSumExp(std::span<const float> row);

/// The lowest index of the largest value.
size_t argmax(std::span<const float> row);

/// Negative log likelihoods of predictions, summed up.
class PerplexitySum {
public:
  /// Throws Failure when the row holds no finite distribution.
  void add(std::span<const float> logits, int32_t next);
  uint64_t count() const { return predictions; }
  double perplexity() const;
  /// Standard error of the perplexity, as llama-perplexity estimates it.
  double error() const;

private:
  double sum = 0, squares = 0;
  uint64_t predictions = 0;
};

/// How far rows of logits are from those of a reference.
class Distance {
public:
  void add(std::span<const float> reference, std::span<const float> row);
  uint64_t rows() const { return count; }
  double maxAbs() const { return largest; }
  /// Mean over rows of KL(reference || row).
  double meanKl() const;
  /// Share of rows with the same likeliest token.
  double top1() const;

private:
  double largest = 0, divergence = 0;
  uint64_t same = 0, count = 0;
};

/// Length of the common beginning.
size_t commonPrefix(std::span<const int32_t> a, std::span<const int32_t> b);

} // namespace sinter::tools

#endif
