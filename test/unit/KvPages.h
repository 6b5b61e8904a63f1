// KvPages.h - pages of a KV cache as the tests expect them.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TEST_UNIT_KVPAGES_H
#define SINTER_TEST_UNIT_KVPAGES_H

#include "test/unit/Jit.h"

namespace sinter::test {

/// One plane: keys or values of one layer, every byte 0xff where nothing was
/// stored, which is NaN in every floating-point type.
class KvPages {
public:
  /// `type`: as in MLIR, f32, f16, bf16 or i8.
  KvPages(bool keys, std::string type, size_t heads, size_t dim, size_t pages);

  /// "3x64x16xf16": a page in a memref type.
  std::string pageType() const;
  uint64_t arg() const { return bytes.arg(); }
  std::vector<char> values() const { return bytes.values(); }

  /// Stores the `dim` numbers of one head; returns what reads them back.
  std::vector<float> put(size_t page, size_t slot, size_t head, const float *x);

private:
  size_t rows() const;
  size_t columns() const { return keys ? 16 : (dim + 15) / 16 * 16; }
  size_t elementBytes() const;
  size_t headBytes() const { return rows() * columns() * elementBytes(); }
  void element(char *head, size_t slot, size_t d, const void *bits);

  bool keys;
  std::string type;
  size_t heads, dim;
  Buffer<char> bytes;
};

} // namespace sinter::test
#endif // SINTER_TEST_UNIT_KVPAGES_H
