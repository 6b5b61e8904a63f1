// ReferenceKernels.cpp - contractions written by hand, to measure generated
// ones.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Intrinsics for 512-bit vectors and four rows at a time. The order of the
// arithmetic is that of the product's kernels, so that outputs compare bit by
// bit.
#include "test/bench/ReferenceKernels.h"

#if defined(__x86_64__)
#include <algorithm>
#include <immintrin.h>

using namespace sinter;
using namespace sinter::test;
using encoding::Preset;
using tile::StripLayout;

#define AVX512_VNNI                                                            \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define INLINE AVX512_VNNI __attribute__((always_inline)) inline

namespace {

constexpr int kTokens = 4;                // rows of a group
constexpr int64_t kTileBytes = 256 << 10; // activations of a chunk
constexpr int64_t kAhead = 8192;          // bytes prefetched ahead
constexpr int kHalves = 2;                // of a strip, 16 outputs each

/// Nibbles, 32 scales, and perhaps 32 minima.
template <bool kHasMin> struct Nibbles {
  static constexpr bool hasMin = kHasMin;
  static constexpr int64_t scales = 512, mins = 576;
  static constexpr int64_t bytes = kHasMin ? 640 : 576;

  static INLINE __m512i codes(const char *block, int half, int v) {
    __m512i raw = _mm512_load_si512(block + 256 * half + 64 * (v % 4));
    if (v >= 4)
      raw = _mm512_srli_epi16(raw, 4);
    return _mm512_and_si512(raw, _mm512_set1_epi8(15));
  }
};

/// Bytes and 32 scales.
struct Bytes {
  static constexpr bool hasMin = false;
  static constexpr int64_t scales = 1024;
  static constexpr int64_t bytes = 1088;

  static INLINE __m512i codes(const char *block, int half, int v) {
    return _mm512_load_si512(block + 512 * half + 64 * v);
  }
};

INLINE __m512 halves(const char *at) {
  return _mm512_cvtph_ps(_mm256_load_si256((const __m256i *)at));
}

/// Four codes of a row in every lane.
INLINE __m512i broadcast(const int8_t *codes) {
  int word;
  __builtin_memcpy(&word, codes, 4);
  return _mm512_set1_epi32(word);
}

/// A strip times rows [0, kRows) of a group.
template <typename Format, int kRows>
INLINE void pass(const ReferenceCall &call, int64_t blocks, int64_t group,
                 const char *block, float *out, int64_t stride, bool prefetch) {
  __m512 sums[kRows][kHalves];
  for (auto &row : sums)
    row[0] = row[1] = _mm512_setzero_ps();
  int64_t at = group * blocks * kTokens; // of the block's first row
  for (int64_t b = 0; b < blocks; ++b, at += kTokens, block += Format::bytes) {
    if (prefetch)
      for (int64_t line = 0; line < Format::bytes; line += 64)
        _mm_prefetch(block + kAhead + line, _MM_HINT_T0);
    __m512i dots[kRows][kHalves];
    for (int row = 0; row < kRows; ++row)
      for (int half = 0; half < kHalves; ++half)
        dots[row][half] = Format::hasMin
                              ? _mm512_setzero_si512()
                              : _mm512_set1_epi32(call.start[at + row]);
    // One row: bytes in their order. Several: each activation for both halves.
    constexpr int kApart = kRows == 1 ? kHalves : 1;
#pragma unroll
    for (int first = 0; first < kApart; ++first) {
#pragma unroll
      for (int v = 0; v < 8; ++v)
#pragma unroll
        for (int row = 0; row < kRows; ++row) {
          __m512i x = broadcast(call.codes + 32 * (at + row) + 4 * v);
#pragma unroll
          for (int half = first; half < kHalves; half += kApart)
            dots[row][half] = _mm512_dpbusd_epi32(
                dots[row][half], Format::codes(block, half, v), x);
        }
      if (kRows == 1)
        asm volatile("" ::: "memory");
    }
#pragma unroll
    for (int half = 0; half < kHalves; ++half) {
      __m512 scale = halves(block + Format::scales + 32 * half);
#pragma unroll
      for (int row = 0; row < kRows; ++row) {
        __m512 factor =
            _mm512_mul_ps(scale, _mm512_set1_ps(call.scale[at + row]));
        sums[row][half] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[row][half]),
                                          factor, sums[row][half]);
      }
      if constexpr (Format::hasMin) {
        __m512 min = halves(block + Format::mins + 32 * half);
#pragma unroll
        for (int row = 0; row < kRows; ++row)
          sums[row][half] = _mm512_fmadd_ps(
              min, _mm512_set1_ps(call.ssum[at + row]), sums[row][half]);
      }
    }
  }
  for (int row = 0; row < kRows; ++row)
    for (int half = 0; half < kHalves; ++half)
      _mm512_storeu_ps(out + row * stride + 16 * half, sums[row][half]);
}

/// Chunks of rows whose activations fit a cache, strips, groups of rows.
template <typename Format>
AVX512_VNNI void contract(const ReferenceCall &call, const StripLayout &layout,
                          int64_t rows) {
  int64_t stride = 32 * layout.strips;
  int64_t chunk = std::max<int64_t>(
      1, kTileBytes / (layout.blocks * kTokens * (32 + 3 * 4)));
  int64_t groups = rows / kTokens;
  int rest = rows % kTokens;
  for (int64_t first = 0; first * kTokens < rows; first += chunk) {
    int64_t last = std::min(first + chunk, groups);
    for (int64_t strip = 0; strip < layout.strips; ++strip) {
      const char *weights = call.weights + strip * layout.stripBytes;
      float *out = call.out + 32 * strip;
      for (int64_t group = first; group < last; ++group)
        pass<Format, kTokens>(call, layout.blocks, group, weights,
                              out + group * kTokens * stride, stride,
                              group == first);
      if (rest == 0 || first + chunk <= groups)
        continue;
      float *rowsLeft = out + groups * kTokens * stride;
      switch (rest) {
      case 1:
        pass<Format, 1>(call, layout.blocks, groups, weights, rowsLeft, stride,
                        true);
        break;
      case 2:
        pass<Format, 2>(call, layout.blocks, groups, weights, rowsLeft, stride,
                        true);
        break;
      default:
        pass<Format, 3>(call, layout.blocks, groups, weights, rowsLeft, stride,
                        true);
      }
    }
  }
}

} // namespace

ReferenceKernel sinter::test::referenceKernel(Preset preset) {
  if (!__builtin_cpu_supports("avx512vnni"))
    return nullptr;
  switch (preset) {
  case Preset::Q4_0:
    return contract<Nibbles<false>>;
  case Preset::Q4_1:
    return contract<Nibbles<true>>;
  case Preset::Q8_0:
    return contract<Bytes>;
  default:
    return nullptr;
  }
}

#else

sinter::test::ReferenceKernel
sinter::test::referenceKernel(sinter::encoding::Preset) {
  return nullptr;
}

#endif
