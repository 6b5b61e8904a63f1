// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What this machine can do at best, for fractions of it: reading memory, 8-bit
// dot products, f32 fused multiply-adds.  Shared machines drift, so that a
// fraction means something only against a sample taken next to the
// measurement.
#ifndef SINTER_TOOLS_COMMON_PROBE_H
#define SINTER_TOOLS_COMMON_PROBE_H

#include "tools/common/Spread.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::tools {

/// Giga-units a second of all threads together.
struct ProbeSample {
  double stream; // bytes read
  double dot;    // 8-bit operations: a multiply and an add are two
  double fma;    // f32 operations, counted alike
};
/// Of one number of the samples.
Spread spreadOf(const std::vector<ProbeSample> &samples,
                double ProbeSample::*number);
ProbeSample mean(const ProbeSample &a, const ProbeSample &b);
/// "probe, 2 threads: stream 80.1 GB/s (79.0 to 80.4), dot ..."; medians and
/// ends.
std::string probeLine(uint32_t threads, const std::vector<ProbeSample> &samples,
                      double barrierNs);

class Probe {
public:
  /// Reads min(`bytes`, 512 MiB) per pass, split like a matrix in equal
  /// contiguous shares.  `level` is the plan's code object: the peaks are those
  /// of the instructions that it may use; of a level without a known name,
  /// those of the machine.
  Probe(uint32_t threads, uint64_t bytes, std::string_view level);
  ~Probe();
  Probe(const Probe &) = delete;
  Probe &operator=(const Probe &) = delete;

  /// About 20 ms.  Starts its threads and ends them: nobody spins beside what
  /// is measured next.
  ProbeSample sample() const;

  uint64_t bytes() const { return size; }
  /// "vpdpbusd zmm"
  const char *dotName() const;
  const char *fmaName() const;
  /// How it measures, and on what; a line.
  std::string summary(std::string_view codeObject) const;

private:
  struct Kernels;
  static const Kernels &kernelsFor(std::string_view level);

  uint32_t threads;
  uint64_t size;
  char *memory;
  const Kernels &kernels;
};

/// The vector features of this machine that code objects may ask for.
std::string cpuFeatures();

} // namespace sinter::tools

#endif
