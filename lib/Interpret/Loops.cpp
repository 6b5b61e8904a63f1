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

SINTER_CLONES void sinter::interpret::accumulate(const float *w, const float *x,
                                                 int64_t k, int64_t rows,
                                                 float *acc) {
  for (int64_t i = 0; i < k; ++i)
    for (int64_t r = 0; r < rows; ++r)
      acc[r] = __builtin_fmaf(w[i], x[i * rows + r], acc[r]);
}

SINTER_CLONES void sinter::interpret::accumulate(const double *w,
                                                 const double *x, int64_t k,
                                                 int64_t rows, double *acc) {
  for (int64_t i = 0; i < k; ++i)
    for (int64_t r = 0; r < rows; ++r)
      acc[r] = __builtin_fma(w[i], x[i * rows + r], acc[r]);
}
