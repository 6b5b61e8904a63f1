// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which registers of a function are still read, and which a block writes.

#ifndef SINTER_LIB_TARGET_PLAN_LIVENESS_H
#define SINTER_LIB_TARGET_PLAN_LIVENESS_H

#include "runtime/schema/plan_generated.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SparseBitVector.h"
#include <vector>

namespace sinter {

using RegisterSet = llvm::SparseBitVector<>;

/// What one op does by itself, without its blocks.
struct Effects {
  std::vector<uint32_t> reads, writes;
};
Effects effectsOf(const plan::Op &op);

/// Ops of a block; none where there is no block.
std::vector<const plan::Op *> opsOf(const plan::Block *block);

/// Structured control flow: each query walks blocks backwards, loops until
/// nothing changes. A block remembers its last answer, so that nesting does not
/// multiply the work.
class Liveness {
public:
  /// Registers read by `block` or later before they are written.
  const RegisterSet &before(const plan::Block *block, const RegisterSet &after);
  /// The same for each op of `block`: what is live behind it.
  std::vector<RegisterSet> behindOps(const plan::Block *block,
                                     const RegisterSet &after);
  /// Live at the test of a loop's first block, and at its end.
  RegisterSet loopHead(const plan::While &loop, const RegisterSet &after);
  RegisterSet loopTest(const plan::While &loop, const RegisterSet &head,
                       const RegisterSet &after);

  const RegisterSet &writes(const plan::Block *block);

private:
  RegisterSet beforeOp(const plan::Op &op, const RegisterSet &after);

  struct Answer {
    bool known = false;
    RegisterSet after, before;
  };
  llvm::DenseMap<const plan::Block *, std::unique_ptr<Answer>> answers;
  llvm::DenseMap<const plan::Block *, std::unique_ptr<RegisterSet>> written;
  llvm::DenseMap<const plan::While *, RegisterSet> heads;
};

} // namespace sinter

#endif
