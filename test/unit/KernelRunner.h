// KernelRunner.h - compiles tile IR and runs it as the runtime would.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TEST_UNIT_KERNELRUNNER_H
#define SINTER_TEST_UNIT_KERNELRUNNER_H

#include "lib/Target/X86/CodeObject.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/schema/KernelAbi.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sinter::test {

/// A context with every dialect that tile IR needs.
mlir::MLIRContext &context();

mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text);

/// The levels that this machine can run.
std::vector<const CpuLevel *> runnableLevels();

/// Memory that ends at an inaccessible page, filled with NaNs.
class Memory {
public:
  explicit Memory(size_t bytes);
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  template <typename T> T *as() const { return reinterpret_cast<T *>(start); }
  size_t size() const { return bytes; }
  void fill();

private:
  char *map, *start;
  size_t bytes, mapped;
};

/// A code object in executable memory.
class Image {
public:
  /// Compiles `text` for `level`; fails the test on an error.
  Image(const std::string &text, const CpuLevel &level);
  ~Image();
  Image(const Image &) = delete;
  Image &operator=(const Image &) = delete;

  /// Runs `kernel` on `workers` threads, with the traits of a CPU.
  void run(const std::string &kernel, const std::vector<void *> &buffers,
           const std::vector<int64_t> &scalars, unsigned workers = 1) const;

  CodeObject code;
  uint32_t abi = SINTER_KERNEL_ABI; // of the calls
  uint32_t traits = 0;

private:
  char *base = nullptr;
};

/// Numbers that repeat from run to run.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed * 77777 + 1) {}
  uint32_t bits() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return uint32_t(state >> 32);
  }
  /// In [-1, 1).
  float real() { return float(int32_t(bits())) * 0x1p-31f; }

private:
  uint64_t state;
};

} // namespace sinter::test
#endif // SINTER_TEST_UNIT_KERNELRUNNER_H
