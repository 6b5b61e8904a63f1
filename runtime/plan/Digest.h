// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_DIGEST_H
#define SINTER_RUNTIME_PLAN_DIGEST_H

#include "runtime/plan/Container.h"

#include <cstddef>

namespace sinter::plan {
enum class SectionKind : uint8_t;
}

namespace sinter::runtime {

class WorkerPool;

/// XXH3-64 with seed 0.
uint64_t digestBytes(const void *bytes, size_t count);

/// Compares the block digests of all sections of a kind, on all workers.  The
/// sections must have passed verifyTables.
Status verifyDigests(const Origin &origin, std::span<const uint8_t> file,
                     const plan::Plan &plan, plan::SectionKind kind,
                     WorkerPool &pool);

/// Compares the SHA-256 of each weight section with the provenance entry
/// "sha256:NAME", which must be there.
Status verifySha256(const Origin &origin, std::span<const uint8_t> file,
                    const plan::Plan &plan);

} // namespace sinter::runtime
#endif
