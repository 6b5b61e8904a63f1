// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Interpret/Loops.h"

// Sanitizers cannot run the resolver that picks a clone.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SINTER_NO_CLONES
#endif
#endif

// The same fma in hardware where there is one: only speed depends on it.
#if defined(__x86_64__) && defined(__linux__) && !defined(SINTER_NO_CLONES)
#define SINTER_CLONES                                                          \
  __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define SINTER_CLONES
#endif

namespace {

/// Sums that a processor computes side by side: a chain of fma waits for its
/// last one.
constexpr int64_t kBlock = 4;

inline float step(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double step(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}

/// Of the next Outputs outputs and Rows rows.
template <int64_t Outputs, int64_t Rows, typename T>
__attribute__((always_inline)) inline void
block(const T *w, const T *x, int64_t k, int64_t rows, T *acc) {
  T sums[Outputs][Rows];
  for (int64_t o = 0; o < Outputs; ++o)
    for (int64_t r = 0; r < Rows; ++r)
      sums[o][r] = acc[o * rows + r];
  for (int64_t i = 0; i < k; ++i)
    for (int64_t o = 0; o < Outputs; ++o)
      for (int64_t r = 0; r < Rows; ++r)
        sums[o][r] = step(w[o * k + i], x[i * rows + r], sums[o][r]);
  for (int64_t o = 0; o < Outputs; ++o)
    for (int64_t r = 0; r < Rows; ++r)
      acc[o * rows + r] = sums[o][r];
}

template <int64_t Outputs, typename T>
__attribute__((always_inline)) inline void
allRows(const T *w, const T *x, int64_t k, int64_t rows, T *acc) {
  int64_t r = 0;
  for (; r + kBlock <= rows; r += kBlock)
    block<Outputs, kBlock>(w, x + r, k, rows, acc + r);
  for (; r < rows; ++r)
    block<Outputs, 1>(w, x + r, k, rows, acc + r);
}

template <typename T>
__attribute__((always_inline)) inline void
allOutputs(const T *w, int64_t outputs, const T *x, int64_t k, int64_t rows,
           T *acc) {
  int64_t o = 0;
  for (; o + kBlock <= outputs; o += kBlock)
    allRows<kBlock>(w + o * k, x, k, rows, acc + o * rows);
  for (; o < outputs; ++o)
    allRows<1>(w + o * k, x, k, rows, acc + o * rows);
}

} // namespace

SINTER_CLONES void sinter::interpret::accumulate(const float *w,
                                                 int64_t outputs,
                                                 const float *x, int64_t k,
                                                 int64_t rows, float *acc) {
  allOutputs(w, outputs, x, k, rows, acc);
}

SINTER_CLONES void sinter::interpret::accumulate(const double *w,
                                                 int64_t outputs,
                                                 const double *x, int64_t k,
                                                 int64_t rows, double *acc) {
  allOutputs(w, outputs, x, k, rows, acc);
}
