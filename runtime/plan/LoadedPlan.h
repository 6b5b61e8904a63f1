// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_PLAN_LOADEDPLAN_H
#define SINTER_RUNTIME_PLAN_LOADEDPLAN_H

#include "runtime/base/Meter.h"
#include "runtime/device/cpu/WorkerPool.h"
#include "runtime/io/MappedFile.h"
#include "runtime/plan/Program.h"
#include "runtime/text/ChatTemplate.h"
#include "runtime/text/Tokenizer.h"

namespace sinter::runtime {

/// A plan that is mapped, checked and ready to run.  Does not change after
/// open(), so that sessions and threads share it.
class LoadedPlan {
public:
  explicit LoadedPlan(const Allocator &host) : host(host), meter(host) {}

  Status open(const char *path, const sinter_plan_options &options);

  const plan::Plan &tables() const { return *plan; }
  const Program &program() const { return code; }
  /// For what lives as long as the plan or less.
  Allocator allocator() const { return meter.allocator(); }
  /// For what may outlive it: messages.
  const Allocator &hostAllocator() const { return host; }
  std::span<const uint8_t> file() const { return mapped.bytes(); }
  sinter_entry entry(uint32_t kernel) const { return entries[kernel]; }
  uint32_t scalarCount(uint32_t kernel) const;
  WorkerPool &workers() const { return pool; }
  const char *level() const;
  /// Who fetches weights before they are read: "cpu" or "code".
  const char *prefetch() const {
    return pool.cpuTraits() & SINTER_TRAIT_STREAMS ? "cpu" : "code";
  }
  /// Heap of the plan itself, at its peak and now.
  size_t peakBytes() const { return loadPeak; }
  size_t heldBytes() const { return loadHeld; }
  uint32_t longestPiece() const { return pieceBytes; }

  text::Tokenizer tokenizer;       // closed when the plan has none
  text::ChatTemplate chatTemplate; // likewise

private:
  Status verify(const Origin &origin, sinter_verify level);
  Status mapEntries(const Origin &origin, const char *cpu);
  Status openText();

  Allocator host;
  mutable Meter meter; // first: what follows gives back to it
  MappedFile mapped;
  CodeImage image;
  const plan::Plan *plan = nullptr;
  uint32_t codeIndex = 0;
  Program code;
  Vector<sinter_entry> entries;
  mutable WorkerPool pool;
  size_t loadPeak = 0, loadHeld = 0;
  uint32_t pieceBytes = 0;
};

} // namespace sinter::runtime
#endif
