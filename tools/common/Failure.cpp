// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Failure.h"
#include "sinter-c/runtime.hpp"
#include "tools/common/Terminal.h"

#include <csignal>
#include <cstdio>
#include <new>

using namespace sinter::tools;

static void printError(const char *name, const char *message) {
  Style style(stderr);
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %serror:%s %s\n", name, style.red(), style.plain(),
               message);
}

int sinter::tools::runTool(const char *name, int (*body)(int, char **),
                           int argc, char **argv) {
  // A file that may not grow is a write that fails, not a sudden end that
  // leaves half of it.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return body(argc, argv);
  } catch (const UsageError &error) {
    printError(name, error.what());
    std::fprintf(stderr, "Try '%s --help'.\n", name);
    return exitUsage;
  } catch (const sinter::Exception &error) {
    printError(name, error.what());
    return error.error().code() == SINTER_CANCELLED ? exitInterrupted
                                                    : exitFailure;
  } catch (const std::bad_alloc &) {
    printError(name, "out of memory");
  } catch (const std::exception &error) {
    printError(name, error.what());
  }
  return exitFailure;
}
