/* KernelAbi.h - the contract between the runtime and generated code.  Plain C.
 *
 * Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A code object exports one entry per kernel.  All workers call it together
 * (SPMD); `worker` runs from 0 to `workers` - 1.  An entry cannot fail,
 * allocates nothing and calls nothing but `barrier`.
 */
#ifndef SINTER_RUNTIME_SCHEMA_KERNELABI_H
#define SINTER_RUNTIME_SCHEMA_KERNELABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counts on its own, apart from the plan's format version. Code of every
 * version from 1 on runs: a barrier takes its third argument in a register,
 * where version 1 leaves anything.
 *   2: code says which stage a barrier ends.
 *   3: a call has traits. Code looks at `abi` before it reads them, so that a
 *      plan needs no more than 2. */
#define SINTER_KERNEL_ABI 3u
#define SINTER_KERNEL_ABI_STAGES 2u
#define SINTER_KERNEL_ABI_TRAITS 3u

/* What the CPU is like: for speed alone, no result depends on it.
 *   streams: it reads ahead by itself where one row waits for memory, and fast;
 *   fetches by instructions get in its way. */
#define SINTER_TRAIT_STREAMS 1u

typedef struct sinter_call {
  uint32_t abi;     /* SINTER_KERNEL_ABI */
  uint32_t workers; /* workers that take part, at least 1 */
  /* One pointer per binding of the dispatch, in order; 64-byte aligned. */
  void *const *buffers;
  /* Row count, positions, sampling parameters; a float travels as the bits of
   * an f32 in the low half. */
  const int64_t *scalars;
  /* All workers of the call must reach it; pass `ctx`, the own index and the
   * number of the stage that ends, which nobody but a profiler looks at. */
  void (*barrier)(void *ctx, uint32_t worker, uint32_t stage);
  void *ctx;
  uint32_t traits; /* SINTER_TRAIT_..., from version 3 on */
} sinter_call;

typedef void (*sinter_entry)(const sinter_call *call, uint32_t worker);

#ifdef __cplusplus
}
#endif
#endif
