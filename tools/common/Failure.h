// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a tool fails: one message on stderr and an exit code. Exceptions are
// fine here: tools are programs, and unwinding removes half-written files.
#ifndef SINTER_TOOLS_COMMON_FAILURE_H
#define SINTER_TOOLS_COMMON_FAILURE_H

#include <stdexcept>
#include <string>

namespace sinter::tools {

/// Exit codes of every tool.
enum ExitCode {
  exitSuccess = 0,
  exitFailure = 1,
  exitUsage = 2,
  exitInterrupted = 130
};

/// Something that the user can mend: exit code 1.
class Failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The command line makes no sense: exit code 2.
class UsageError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Runs the body of a tool; prints what it throws as "NAME: error: ...".
int runTool(const char *name, int (*body)(int argc, char **argv), int argc,
            char **argv);

} // namespace sinter::tools

#endif
