// Jit.h - runs tile ops in the test's own process.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TEST_UNIT_JIT_H
#define SINTER_TEST_UNIT_JIT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace llvm::orc {
class LLJIT;
}

namespace sinter::test {

/// The CPU levels that this machine runs, of those that kernels are built for;
/// with that for products of `bf16`.
std::vector<std::string> levels(bool bf16 = false);

/// A context with all dialects that lowerings build.
mlir::MLIRContext &context();

/// A compiled function @k: pointers and integers in order, then the worker and
/// the number of workers where the function holds tile ops.
class Kernel {
public:
  /// Lowers the tile ops of function @k, then everything. Fails the test and
  /// aborts on an error: tests hold no invalid modules.
  Kernel(mlir::OwningOpRef<mlir::ModuleOp> module, const std::string &level);
  Kernel(const std::string &text, const std::string &level);
  ~Kernel();

  /// Calls with these arguments.
  void call(std::vector<uint64_t> arguments) const;
  /// Runs the shares of all workers: each in a thread of its own where they may
  /// wait for each other, else one after the other, last worker first if
  /// `reversed` (shares may not depend on each other).
  void run(std::vector<uint64_t> arguments, unsigned workers = 1,
           bool reversed = false) const;

private:
  void compile(mlir::ModuleOp module, const std::string &level);
  std::unique_ptr<llvm::orc::LLJIT> jit;
  void *function = nullptr;
  bool waits = false; // holds barriers
};

inline uint64_t arg(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}
/// The bits of a float, for an i32 argument.
uint64_t bits(float value);

/// Numbers in [-1, 1), the same for every run.
std::vector<float> randomFloats(size_t count, uint64_t seed);

/// 64-byte aligned memory.
template <typename T> class Buffer {
public:
  explicit Buffer(size_t count, T fill = T()) : bytes(count * sizeof(T) + 64) {
    data = reinterpret_cast<T *>(
        (reinterpret_cast<uintptr_t>(bytes.data()) + 63) & ~uintptr_t(63));
    std::fill_n(data, count, fill);
    size = count;
  }
  explicit Buffer(const std::vector<T> &values) : Buffer(values.size()) {
    std::copy(values.begin(), values.end(), data);
  }
  Buffer(const Buffer &) = delete;
  T &operator[](size_t i) { return data[i]; }
  const T &operator[](size_t i) const { return data[i]; }
  uint64_t arg() const { return test::arg(data); }
  std::vector<T> values() const { return {data, data + size}; }
  T *data;
  size_t size;

private:
  std::vector<char> bytes;
};

/// Equal bit for bit, NaN included.
template <typename T>
bool sameBits(const std::vector<T> &a, const std::vector<T> &b) {
  return a.size() == b.size() &&
         std::equal(reinterpret_cast<const char *>(a.data()),
                    reinterpret_cast<const char *>(a.data() + a.size()),
                    reinterpret_cast<const char *>(b.data()));
}

} // namespace sinter::test
#endif // SINTER_TEST_UNIT_JIT_H
