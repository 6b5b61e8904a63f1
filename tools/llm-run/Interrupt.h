// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ctrl-C (and SIGTERM, SIGHUP) cancels what a session computes, so that files
// are removed and statistics printed; with nothing to cancel it ends the tool.
#ifndef SINTER_TOOLS_LLMRUN_INTERRUPT_H
#define SINTER_TOOLS_LLMRUN_INTERRUPT_H

#include "sinter-c/runtime.hpp"

namespace sinter::tools {

/// Starts the thread that waits for signals. To be called before any other
/// thread exists: those inherit that the signals are blocked.
void watchSignals();

/// While it lives, a signal cancels the session.
class Interruptible {
public:
  explicit Interruptible(const Session &session);
  ~Interruptible();
  Interruptible(const Interruptible &) = delete;
  /// A signal came.
  bool interrupted() const;
};

} // namespace sinter::tools

#endif
