// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/ProbeKernels.h"

// Whole loops in assembly: of chains that hold equal values a compiler keeps
// one, and it moves and spills registers as it likes; either is then measured.
#if defined(__x86_64__)

// `op` on destination registers 2 to 13, sources 0 and 1: twelve chains hide
// the latency, fourteen registers are what AVX2 has to spare.
#define TWELVE(op, v)                                                          \
  op(v, 2) op(v, 3) op(v, 4) op(v, 5) op(v, 6) op(v, 7) op(v, 8) op(v, 9)      \
      op(v, 10) op(v, 11) op(v, 12) op(v, 13)
#define REGISTERS                                                              \
  "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",        \
      "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
// Zeros: no unit is slower or faster for them.
#define CLEAR(v, n) "vpxor %%xmm" #n ", %%xmm" #n ", %%xmm" #n "\n"
#define PEAK_LOOP(name, features, v, op)                                       \
  __attribute__((target(features))) void sinter::tools::name(                  \
      uint64_t rounds) {                                                       \
    __asm__ volatile(CLEAR(v, 0) CLEAR(v, 1) TWELVE(CLEAR, v) "1:\n" TWELVE(   \
                         op, v) "dec %0\njnz 1b\nvzeroupper\n"                 \
                     : "+r"(rounds)                                            \
                     :                                                         \
                     : REGISTERS);                                             \
  }

#define FMA(v, n) "vfmadd231ps %%" #v "0, %%" #v "1, %%" #v #n "\n"
// Without {vex} the assembler takes the form of AVX512-VNNI.
#define DOT_EVEX(v, n) "vpdpbusd %%" #v "0, %%" #v "1, %%" #v #n "\n"
#define DOT_VEX(v, n) "%{vex%} " DOT_EVEX(v, n)
#define BF16_DOT(v, n) "vdpbf16ps %%" #v "0, %%" #v "1, %%" #v #n "\n"
#define MULTIPLY_ADD(v, n)                                                     \
  "vpmaddubsw %%" #v "0, %%" #v "1, %%" #v "14\n"                              \
  "vpmaddwd %%" #v "0, %%" #v "14, %%" #v "15\n"                               \
  "vpaddd %%" #v "15, %%" #v #n ", %%" #v #n "\n"

PEAK_LOOP(fmaYmm, "avx2,fma", ymm, FMA)
PEAK_LOOP(fmaZmm, "avx512f", zmm, FMA)
PEAK_LOOP(multiplyAddYmm, "avx2", ymm, MULTIPLY_ADD)
PEAK_LOOP(multiplyAddZmm, "avx512bw", zmm, MULTIPLY_ADD)
PEAK_LOOP(dotYmm, "avx2,avxvnni", ymm, DOT_VEX)
PEAK_LOOP(dotZmm, "avx512vnni", zmm, DOT_EVEX)
PEAK_LOOP(bf16Zmm, "avx512bf16", zmm, BF16_DOT)

// Eight loads of `step` bytes.
#define LOAD(move, v, step, n) move " " #n "*" #step "(%0), %%" #v #n "\n"
#define READ_LOOP(name, features, move, v, step)                               \
  __attribute__((target(features))) void sinter::tools::name(                  \
      const char *bytes, size_t count) {                                       \
    const char *end = bytes + count;                                           \
    __asm__ volatile(                                                          \
        "1:\n" LOAD(move, v, step, 0) LOAD(move, v, step, 1) LOAD(             \
            move, v, step, 2) LOAD(move, v, step, 3) LOAD(move, v, step, 4)    \
            LOAD(move, v, step, 5) LOAD(move, v, step, 6)                      \
                LOAD(move, v, step, 7) "add $8*" #step ", %0\ncmp %1, %0\njb " \
                                       "1b\nvzeroupper\n"                      \
        : "+r"(bytes)                                                          \
        : "r"(end)                                                             \
        : "memory", REGISTERS);                                                \
  }

READ_LOOP(readYmm, "avx2", "vmovdqu", ymm, 32)
READ_LOOP(readZmm, "avx512f", "vmovdqu64", zmm, 64)

#endif
