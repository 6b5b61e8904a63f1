// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a weight declaration to its bytes.
#ifndef SINTER_DIALECTS_LLM_WEIGHTDATA_H
#define SINTER_DIALECTS_LLM_WEIGHTDATA_H

#include "dialects/Llm/LlmOps.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace sinter::llm {

/// Gives out the bytes of checkpoint files.  May be used from several threads;
/// what it returns lives as long as the source.
class CheckpointSource {
public:
  virtual ~CheckpointSource() = default;
  virtual llvm::Expected<llvm::ArrayRef<uint8_t>> read(FileAttr where) = 0;
};

/// The bytes of a weight in the form that its encoding has in a checkpoint: a
/// view of a mapped file, or bytes made for a splat, a seed or data.
class WeightBytes {
public:
  static llvm::Expected<WeightBytes> get(WeightOp weight,
                                         CheckpointSource &source);
  WeightBytes(WeightBytes &&) = default;
  WeightBytes &operator=(WeightBytes &&) = default;

  llvm::ArrayRef<uint8_t> bytes() const { return view; }
  /// The bytes of row \p row.
  llvm::ArrayRef<uint8_t> row(int64_t row) const {
    return view.slice(row * rowSize, rowSize);
  }
  /// Decodes row \p row (columns elements) to f32.
  void decodeRow(int64_t row, float *out) const {
    encoding::decodeRow(preset, view.data() + row * rowSize, columns, out);
  }

  encoding::Preset preset = encoding::Preset::F32;
  int64_t rows = 0, columns = 0, rowSize = 0;

private:
  WeightBytes() = default;
  /// `owned` becomes rows of a matrix of the same encoding.
  void select(llvm::ArrayRef<uint8_t> matrix, llvm::ArrayRef<int32_t> which);
  /// `owned` becomes Q8_0 of numbers of the type `from`.
  llvm::Error quantize(llvm::ArrayRef<uint8_t> numbers, llvm::StringRef from);
  llvm::ArrayRef<uint8_t> view; // of `owned`, or of a mapped file
  std::vector<uint8_t> owned;
};

/// Checks that all numbers of a weight are finite; the error names the weight,
/// the file, the row and the block.
llvm::Error checkFinite(WeightOp weight, const WeightBytes &bytes);

} // namespace sinter::llm

#endif // SINTER_DIALECTS_LLM_WEIGHTDATA_H
