// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DEVICE_CPU_FEATURES_H
#define SINTER_RUNTIME_DEVICE_CPU_FEATURES_H

#include <cstdint>
#include <string_view>

namespace sinter::runtime {

/// Whether this CPU has the feature and the operating system saves its
/// registers.  Names are LLVM's ("avx2", "avx512vnni", ...); an unknown name is
/// a feature that is not there.
bool cpuHasFeature(std::string_view name);

/// What this CPU is like beside its instructions: SINTER_TRAIT_... of
/// KernelAbi.h.
uint32_t cpuTraits();

} // namespace sinter::runtime
#endif
