// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_LIB_INTERPRET_NPY_H
#define SINTER_LIB_INTERPRET_NPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace sinter::interpret {

/// Writes numbers as a NumPy array file (little-endian, rows first).
template <typename T>
llvm::Error writeNpy(llvm::StringRef path, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<T> data);

extern template llvm::Error writeNpy(llvm::StringRef, llvm::ArrayRef<int64_t>,
                                     llvm::ArrayRef<float>);
extern template llvm::Error writeNpy(llvm::StringRef, llvm::ArrayRef<int64_t>,
                                     llvm::ArrayRef<double>);

} // namespace sinter::interpret

#endif // SINTER_LIB_INTERPRET_NPY_H
