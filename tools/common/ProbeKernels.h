// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inner loops of the probe, one set for each kind of vector unit.  Each
// function is compiled for its own features; call only what the CPU has.
#ifndef SINTER_TOOLS_COMMON_PROBEKERNELS_H
#define SINTER_TOOLS_COMMON_PROBEKERNELS_H

#include <cstddef>
#include <cstdint>

namespace sinter::tools {

/// Loads every byte of a range that is not empty, in multiples of 512.
using ReadLoop = void (*)(const char *bytes, size_t count);
/// Twelve independent chains, an instruction (or three) on each a round.
using PeakLoop = void (*)(uint64_t rounds);
constexpr int kPeakChains = 12;

#if defined(__x86_64__)
void readYmm(const char *bytes, size_t count);
void readZmm(const char *bytes, size_t count);
void fmaYmm(uint64_t rounds);
void fmaZmm(uint64_t rounds);
/// vpmaddubsw, vpmaddwd by ones, vpaddd: a dot without VNNI.
void multiplyAddYmm(uint64_t rounds);
void multiplyAddZmm(uint64_t rounds);
void dotYmm(uint64_t rounds);
void dotZmm(uint64_t rounds);
void bf16Zmm(uint64_t rounds);
#endif

} // namespace sinter::tools

#endif
