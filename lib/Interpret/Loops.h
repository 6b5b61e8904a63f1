// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of the interpreter, one function an op, over plain arrays.
#ifndef SINTER_LIB_INTERPRET_LOOPS_H
#define SINTER_LIB_INTERPRET_LOOPS_H

#include <cmath>
#include <cstdint>
#include <limits>

namespace sinter::interpret {

/// acc[o * rows + r] += w[o * k + i] * x[i * rows + r] for rising i < k, each
/// step one fma: a row has the same bits whatever rows are beside it.
void accumulate(const float *w, int64_t outputs, const float *x, int64_t k,
                int64_t rows, float *acc);
void accumulate(const double *w, int64_t outputs, const double *x, int64_t k,
                int64_t rows, double *acc);

template <typename T>
void rmsNorm(const T *x, const T *weight, int64_t cols, double eps, T *y) {
  double sum = 0;
  for (int64_t k = 0; k < cols; ++k)
    sum += static_cast<double>(x[k]) * x[k];
  T scale = static_cast<T>(1.0 / std::sqrt(sum / cols + eps));
  for (int64_t k = 0; k < cols; ++k)
    y[k] = x[k] * scale * weight[k];
}

/// Rotates one head; pair i is elements (a, b).
template <typename T>
void rotate(T *head, int64_t rot, bool interleaved, const T *cosines,
            const T *sines) {
  for (int64_t i = 0; i < rot / 2; ++i) {
    T &a = head[interleaved ? 2 * i : i];
    T &b = head[interleaved ? 2 * i + 1 : i + rot / 2];
    T first = a * cosines[i] - b * sines[i];
    b = b * cosines[i] + a * sines[i];
    a = first;
  }
}

template <typename T> T dot(const T *a, const T *b, int64_t count) {
  T sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum = std::fma(a[i], b[i], sum);
  return sum;
}

/// Softmax of a row in which hidden entries are -inf.
template <typename T> void softmax(T *row, int64_t count) {
  T most = -std::numeric_limits<T>::infinity();
  for (int64_t i = 0; i < count; ++i)
    most = std::max(most, row[i]);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    row[i] = std::exp(row[i] - most);
    sum += row[i];
  }
  for (int64_t i = 0; i < count; ++i)
    row[i] = static_cast<T>(row[i] / sum);
}

template <typename T> T silu(T x) { return x / (1 + std::exp(-x)); }

} // namespace sinter::interpret

#endif // SINTER_LIB_INTERPRET_LOOPS_H
