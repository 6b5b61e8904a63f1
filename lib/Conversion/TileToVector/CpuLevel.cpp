// CpuLevel.cpp - the table of CPU levels.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/CpuLevel.h"

using namespace sinter;
using llvm::StringLiteral;

namespace {

#define V3_FEATURES                                                            \
  "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"
#define V4_FEATURES                                                            \
  V3_FEATURES, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"

constexpr StringLiteral kV3[] = {V3_FEATURES};
constexpr StringLiteral kV3Vnni[] = {V3_FEATURES, "avxvnni"};
constexpr StringLiteral kV4[] = {V4_FEATURES};
constexpr StringLiteral kV4Vnni[] = {V4_FEATURES, "avx512vnni"};
constexpr StringLiteral kV4Bf16[] = {V4_FEATURES, "avx512vnni", "avx512bf16"};

// The second-level cache of the cores in question is 1 MiB or more at v4 and
// 256 KiB or more at v3; tiles take a quarter of it.
const CpuLevel kLevels[] = {
    {"x86-64-v4-bf16", "x86-64-v4", "+avx512vnni,+avx512bf16,-prefer-256-bit",
     kV4Bf16,
     /*vnni=*/true, /*bf16=*/true, /*vectorBytes=*/64, /*groups=*/2,
     /*fmaTokens=*/8, /*dotTokens=*/8, /*tileBytes=*/256 << 10,
     /*panelBytes=*/640 << 10,
     /*prefetchBytes=*/8192},
    {"x86-64-v4-vnni", "x86-64-v4", "+avx512vnni,-prefer-256-bit", kV4Vnni,
     /*vnni=*/true, /*bf16=*/false, /*vectorBytes=*/64, /*groups=*/2,
     /*fmaTokens=*/8, /*dotTokens=*/8,
     /*tileBytes=*/256 << 10, /*panelBytes=*/640 << 10,
     /*prefetchBytes=*/8192},
    {"x86-64-v3-vnni", "x86-64-v3", "+avxvnni", kV3Vnni, /*vnni=*/true,
     /*bf16=*/false, /*vectorBytes=*/32, /*groups=*/2, /*fmaTokens=*/4,
     /*dotTokens=*/4,
     /*tileBytes=*/64 << 10, /*panelBytes=*/128 << 10,
     /*prefetchBytes=*/8192},
    {"x86-64-v4", "x86-64-v4", "-prefer-256-bit", kV4, /*vnni=*/false,
     /*bf16=*/false, /*vectorBytes=*/64, /*groups=*/2, /*fmaTokens=*/8,
     /*dotTokens=*/4,
     /*tileBytes=*/256 << 10, /*panelBytes=*/640 << 10,
     /*prefetchBytes=*/8192},
    {"x86-64-v3", "x86-64-v3", "", kV3, /*vnni=*/false,
     /*bf16=*/false, /*vectorBytes=*/32, /*groups=*/2, /*fmaTokens=*/4,
     /*dotTokens=*/4,
     /*tileBytes=*/64 << 10, /*panelBytes=*/128 << 10,
     /*prefetchBytes=*/8192},
};

} // namespace

llvm::ArrayRef<CpuLevel> sinter::cpuLevels() { return kLevels; }

std::string sinter::cpuLevelNames() {
  std::string names;
  for (const CpuLevel &level : kLevels)
    names += (names.empty() ? "" : ", ") + level.name.str();
  return names;
}

const CpuLevel *sinter::findCpuLevel(llvm::StringRef name) {
  for (const CpuLevel &level : kLevels)
    if (level.name == name)
      return &level;
  return nullptr;
}
