// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/LoadedPlan.h"
#include "runtime/device/cpu/Features.h"
#include "runtime/plan/CodeObject.h"
#include "runtime/plan/Digest.h"
#include "runtime/plan/Verify.h"
#include "runtime/schema/plan_generated.h"

#include <cstdlib>
#include <cstring>

namespace sinter::runtime {

constexpr uint32_t kMaxWorkers = 1024;

/// The CPU's, but for who fetches weights where `prefetch` says it.
static Result<uint32_t> readTraits(const Allocator &allocator,
                                   const char *prefetch) {
  uint32_t own = cpuTraits();
  if (!prefetch || !*prefetch)
    return own;
  if (!strcmp(prefetch, "cpu"))
    return own | SINTER_TRAIT_STREAMS;
  if (!strcmp(prefetch, "code"))
    return own & ~SINTER_TRAIT_STREAMS;
  return fail(allocator, SINTER_INVALID_ARGUMENT,
              "SINTER_PREFETCH is \"%s\", expected cpu or code", prefetch);
}

Status LoadedPlan::open(const char *path, const sinter_plan_options &options) {
  Allocator allocator = meter.allocator();
  Origin origin{allocator, path};
  if (options.threads > kMaxWorkers)
    return fail(allocator, SINTER_INVALID_ARGUMENT,
                "%u threads, expected at most %u", options.threads,
                kMaxWorkers);
  if (options.verify > SINTER_VERIFY_SHA256)
    return fail(allocator, SINTER_INVALID_ARGUMENT,
                "%u is no level of verification", unsigned(options.verify));
  SINTER_ASSIGN(mapped, MappedFile::open(allocator, path));
  SINTER_ASSIGN(plan, openContainer(origin, mapped.bytes()));
  SINTER_TRY(verifyTables(origin, *plan, mapped.bytes()));
  SINTER_ASSIGN(code, Program::build(origin, *plan));
  SINTER_TRY(pool.start(allocator,
                        options.threads ? options.threads
                                        : WorkerPool::availableCores(),
                        options.pin_threads != 0));
  SINTER_ASSIGN(uint32_t traits,
                readTraits(allocator, std::getenv("SINTER_PREFETCH")));
  pool.setTraits(traits);
  SINTER_TRY(verify(origin, options.verify));
  SINTER_TRY(mapEntries(origin,
                        options.cpu ? options.cpu : std::getenv("SINTER_CPU")));
  mapped.closeDescriptor();
  SINTER_TRY(openText());
  loadPeak = meter.peak();
  loadHeld = meter.held();
  return Status();
}

Status LoadedPlan::verify(const Origin &origin, sinter_verify level) {
  SINTER_TRY(verifyDigests(origin, mapped.bytes(), *plan,
                           plan::SectionKind::Code, pool));
  if (level >= SINTER_VERIFY_WEIGHTS)
    SINTER_TRY(verifyDigests(origin, mapped.bytes(), *plan,
                             plan::SectionKind::Weights, pool));
  if (level >= SINTER_VERIFY_SHA256)
    SINTER_TRY(verifySha256(origin, mapped.bytes(), *plan));
  return Status();
}

Status LoadedPlan::mapEntries(const Origin &origin, const char *cpu) {
  SINTER_ASSIGN(codeIndex, chooseCode(origin, *plan, cpu));
  SINTER_ASSIGN(image, mapCode(origin, *plan, codeIndex, mapped.descriptor()));
  entries = Vector<sinter_entry>(origin.allocator);
  SINTER_NEED(entries.reserve(plan->kernels()->size()));
  for (uint64_t address : *plan->code()->Get(codeIndex)->entries())
    (void)entries.push_back(
        reinterpret_cast<sinter_entry>(image.data() + address));
  return Status();
}

Status LoadedPlan::openText() {
  if (plan->tokenizer()) {
    SINTER_TRY(tokenizer.open(plan->tokenizer(), meter.allocator()));
    for (uint32_t i = 0; i < tokenizer.size(); ++i)
      if (size_t bytes = tokenizer.piece(int32_t(i)).size(); bytes > pieceBytes)
        pieceBytes = uint32_t(bytes);
  }
  if (plan->chat_template())
    SINTER_TRY(chatTemplate.open(plan->chat_template(), meter.allocator()));
  return Status();
}

uint32_t LoadedPlan::scalarCount(uint32_t kernel) const {
  const auto *scalars = plan->kernels()->Get(kernel)->scalars();
  return scalars ? scalars->size() : 0;
}

const char *LoadedPlan::level() const {
  return plan->code()->Get(codeIndex)->level()->c_str();
}

} // namespace sinter::runtime
