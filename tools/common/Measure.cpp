// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Measure.h"
#include "tools/common/Failure.h"

#include <algorithm>
#include <cmath>
#include <string>

using namespace sinter::tools;

double sinter::tools::logSumExp(std::span<const float> row) {
  double largest = row.empty() ? 0 : row[0];
  for (float value : row)
    largest = std::max<double>(largest, value);
  double sum = 0;
  for (float value : row)
    sum += std::exp(value - largest);
  return largest + std::log(sum);
}

size_t sinter::tools::argmax(std::span<const float> row) {
  return std::ranges::max_element(row) - row.begin();
}

void PerplexitySum::add(std::span<const float> logits, int32_t next) {
  double nll = logSumExp(logits) - logits[static_cast<size_t>(next)];
  if (!std::isfinite(nll))
    throw Failure("the logits of prediction " + std::to_string(predictions) +
                  " are not finite");
  sum += nll;
  squares += nll * nll;
  ++predictions;
}

double PerplexitySum::perplexity() const {
  return std::exp(sum / static_cast<double>(predictions));
}

double PerplexitySum::error() const {
  if (predictions < 2)
    return 0;
  const double n = static_cast<double>(predictions), mean = sum / n;
  const double variance = squares / n - mean * mean;
  return variance > 0 ? std::sqrt(variance / (n - 1)) * perplexity() : 0;
}

void Distance::add(std::span<const float> reference,
                   std::span<const float> row) {
  const double p0 = logSumExp(reference), q0 = logSumExp(row);
  double kl = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const double p = reference[i] - p0, q = row[i] - q0;
    const double difference =
        std::abs(static_cast<double>(reference[i]) - row[i]);
    // NaN must not get lost in a comparison.
    largest = difference <= largest ? largest : difference;
    kl += std::exp(p) * (p - q);
  }
  if (!std::isfinite(kl))
    throw Failure("the logits of position " + std::to_string(count) +
                  " are not finite");
  divergence += std::max(kl, 0.0); // rounding may leave less
  same += argmax(reference) == argmax(row);
  ++count;
}

double Distance::meanKl() const {
  return count ? divergence / static_cast<double>(count) : 0;
}

double Distance::top1() const {
  return count ? static_cast<double>(same) / static_cast<double>(count) : 0;
}

size_t sinter::tools::commonPrefix(std::span<const int32_t> a,
                                   std::span<const int32_t> b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}
