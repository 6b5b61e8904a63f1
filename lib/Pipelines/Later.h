//===- Later.h - a value that a thread computes
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_LATER_H
#define SINTER_LIB_PIPELINES_LATER_H

#include "llvm/Support/Error.h"
#include "llvm/Support/ThreadPool.h"
#include <functional>
#include <optional>
#include <string>

namespace sinter {

/// A value that a task of the pool computes.
template <typename T> class Later {
public:
  Later(llvm::ThreadPoolInterface &pool,
        std::function<llvm::Expected<T>()> compute)
      : group(pool) {
    group.async([this, compute = std::move(compute)] {
      auto computed = compute();
      if (computed)
        value = std::move(*computed);
      else
        problem = llvm::toString(computed.takeError());
    });
  }

  /// Waits.
  llvm::Expected<T> take() {
    group.wait();
    if (!value)
      return llvm::createStringError(llvm::inconvertibleErrorCode(), problem);
    return std::move(*value);
  }

private:
  std::optional<T> value;
  std::string problem;
  llvm::ThreadPoolTaskGroup group; // waits when it goes, so it goes first
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_LATER_H
