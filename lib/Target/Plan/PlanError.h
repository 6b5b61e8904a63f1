// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_LIB_TARGET_PLAN_PLANERROR_H
#define SINTER_LIB_TARGET_PLAN_PLANERROR_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace sinter {

/// An error that a user reads.
inline llvm::Error planError(const llvm::Twine &what) {
  return llvm::createStringError(
      std::make_error_code(std::errc::invalid_argument), what);
}

} // namespace sinter

#endif
