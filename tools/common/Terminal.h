// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Colours and progress, on a terminal only.
#ifndef SINTER_TOOLS_COMMON_TERMINAL_H
#define SINTER_TOOLS_COMMON_TERMINAL_H

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace sinter::tools {

/// True if people look at the stream.
bool isTerminal(FILE *stream);

/// Escape sequences for a stream; empty strings where it is no terminal, or
/// NO_COLOR is set.
class Style {
public:
  explicit Style(FILE *stream);
  const char *red() const { return on ? "\x1b[31;1m" : ""; }
  const char *green() const { return on ? "\x1b[32m" : ""; }
  const char *dim() const { return on ? "\x1b[2m" : ""; }
  const char *bold() const { return on ? "\x1b[1m" : ""; }
  const char *plain() const { return on ? "\x1b[0m" : ""; }

private:
  bool on;
};

/// One line on stderr that says how far the work is; silent elsewhere than on
/// a terminal. The line is gone when the object is.
class Progress {
public:
  Progress(std::string what, uint64_t total);
  ~Progress();
  Progress(const Progress &) = delete;
  void update(uint64_t done, const std::string &note = "");

private:
  std::string what;
  uint64_t total;
  bool shown = false;
  bool terminal;
  std::chrono::steady_clock::time_point last{};
};

/// Highest resident memory of this process so far, in MiB.
double peakMemoryMiB();

} // namespace sinter::tools

#endif
