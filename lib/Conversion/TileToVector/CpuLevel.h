// CpuLevel.h - what a CPU level is: every number that code generation takes
// from the machine stands here and nowhere else.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_CPULEVEL_H
#define SINTER_CONVERSION_TILETOVECTOR_CPULEVEL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace sinter {

struct CpuLevel {
  llvm::StringLiteral name; // as in a plan and in SINTER_CPU
  llvm::StringLiteral cpu;  // of the LLVM back end
  llvm::StringLiteral llvmFeatures;
  /// CPUID features that the machine must have, in the plan's spelling.
  llvm::ArrayRef<llvm::StringLiteral> features;

  bool vnni;             // has the u8 x s8 dot of `vectorBytes`
  bool bf16;             // has the bf16 dot of 64 bytes
  int64_t vectorBytes;   // of one register
  int64_t groups;        // registers of outputs in one pass of several rows
  int64_t fmaTokens;     // rows of f32 activations in one pass: 4 or 8
  int64_t dotTokens;     // rows of codes, if there are no more: 4 or 8
  int64_t tileBytes;     // activation tiles that stay in the second-level cache
  int64_t panelBytes;    // the same beside a panel of weights
  int64_t prefetchBytes; // how far ahead weights are fetched

  /// 32-bit lanes of a register.
  int64_t lanes() const { return vectorBytes / 4; }
  /// Registers of outputs in one pass: a single row takes the whole strip, so
  /// that its bytes are one stream.
  int64_t groupsOf(int64_t tokens) const {
    return tokens == 1 ? 32 / lanes() : groups;
  }
  /// Vectors of 16 f32 that the register file holds.
  int64_t wideRegisters() const { return vectorBytes == 64 ? 32 : 8; }
};

/// All levels, best first.
llvm::ArrayRef<CpuLevel> cpuLevels();

/// Their names, separated by commas.
std::string cpuLevelNames();

/// Null if there is no level of that name.
const CpuLevel *findCpuLevel(llvm::StringRef name);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_CPULEVEL_H
