// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What this machine can do at best, for fractions of it: reading memory, 8-bit
// dot products, f32 fused multiply-adds, and a barrier of the plan's workers.
// Shared machines drift, so that a fraction means something only against a
// sample taken next to the measurement.
#ifndef SINTER_TOOLS_COMMON_PROBE_H
#define SINTER_TOOLS_COMMON_PROBE_H

#include "sinter-c/runtime.hpp"
#include "tools/common/Roofline.h"
#include "tools/common/Spread.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::tools {

/// Of one number of the samples; 0 means that it was not measured.
Spread spreadOf(const std::vector<Roofs> &samples, double Roofs::*number);
/// "probe, 2 threads: stream 80.1 GB/s (79.0 to 80.4), dot ..."; medians and
/// ends.
std::string probeLine(uint32_t threads, const std::vector<Roofs> &samples);

class Probe {
public:
  /// Reads min(`bytes`, 512 MiB) per pass, split like a matrix in equal
  /// contiguous shares.  `level` is the plan's code object: the peaks are those
  /// of the instructions that it may use; of a level without a known name,
  /// those of the machine.
  Probe(uint32_t threads, uint64_t bytes, std::string_view level);
  /// For fractions of what a plan does: its workers, as many bytes as its
  /// weights, its code object, and barriers of its workers.
  explicit Probe(const Plan &plan);
  ~Probe();
  Probe(const Probe &) = delete;
  Probe &operator=(const Probe &) = delete;

  /// About 20 ms.  Starts its threads and ends them: nobody spins beside what
  /// is measured next.
  Roofs sample() const;

  uint64_t bytes() const { return size; }
  /// "vpdpbusd zmm"
  const char *dotName() const;
  const char *fmaName() const;
  /// How it measures; a line.
  std::string summary() const;

private:
  struct Kernels;
  static const Kernels &kernelsFor(std::string_view level);

  uint32_t threads;
  uint64_t size;
  char *memory;
  const Kernels &kernels;
  sinter_plan *plan = nullptr; // whose barriers are measured
};

/// The vector features of this machine that code objects may ask for.
std::string cpuFeatures();

} // namespace sinter::tools

#endif
