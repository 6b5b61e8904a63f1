// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_BATCH_H
#define SINTER_RUNTIME_STATE_BATCH_H

#include "runtime/state/SessionMemory.h"

namespace sinter::runtime {

/// Rows of several sessions of a pool that one forward computes.  Either all of
/// them become part of their sessions or none.
class Batch {
public:
  explicit Batch(PoolMemory &pool) : pool(pool), rows(pool.rows()) {}
  Batch(const Batch &) = delete;
  Batch &operator=(const Batch &) = delete;
  /// Rows that were not committed are forgotten.
  ~Batch();

  /// The next position of `session`, which lives in the pool.  The caller adds
  /// at most max_rows rows.
  void add(SessionMemory &session, int32_t id, bool wantsLogits);

  struct Counts {
    uint32_t rows = 0, runs = 0, wanted = 0;
  };
  /// Puts ids and places where the forward reads them.  Rows whose logits are
  /// wanted come first, so that the head has them side by side.
  Counts take(int32_t *ids, RowPlace *places) const;
  /// The row whose logits come after those of row `previous` (-1: the first);
  /// -1 after the last one.
  int64_t nextWanted(int64_t previous) const;

  /// The depth of all sessions: those that are empty have the whole model,
  /// unless their caller chose another one. Null: they differ.
  const Depth *chooseDepth();
  /// Room in a state of each session for its rows.
  Status reserve(uint32_t state);
  /// False: not all rows are reserved.
  bool commit(uint32_t state);

  PoolMemory &memory() const { return pool; }

private:
  PoolMemory &pool;
  BatchRow *rows;
  uint32_t count = 0;
};

} // namespace sinter::runtime
#endif
