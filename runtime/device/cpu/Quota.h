// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DEVICE_CPU_QUOTA_H
#define SINTER_RUNTIME_DEVICE_CPU_QUOTA_H

#include <cstdint>

namespace sinter::runtime {

/// CPUs that the control groups of this process pay for, rounded up: the least
/// quota of its own group and of those around it, version 1 or 2. 0: no quota.
/// `root` stands before the name of every file that is read.
uint32_t quotaCores(const char *root = "");

} // namespace sinter::runtime
#endif
