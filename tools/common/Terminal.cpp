// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Terminal.h"

#include <cstdlib>
#include <cstring>
#include <sys/resource.h>
#include <unistd.h>

using namespace sinter::tools;

bool sinter::tools::isTerminal(FILE *stream) {
  return isatty(fileno(stream)) == 1;
}

Style::Style(FILE *stream) {
  const char *noColor = std::getenv("NO_COLOR");
  const char *kind = std::getenv("TERM");
  on = isTerminal(stream) && !(noColor && *noColor) &&
       !(kind && std::strcmp(kind, "dumb") == 0);
}

Progress::Progress(std::string what, uint64_t total)
    : what(std::move(what)), total(total), terminal(isTerminal(stderr)) {}

Progress::~Progress() {
  if (shown)
    std::fputs("\r\x1b[K", stderr);
}

void Progress::update(uint64_t done, const std::string &note) {
  if (!terminal)
    return;
  // Ten times a second is enough for eyes and costs nothing.
  auto now = std::chrono::steady_clock::now();
  if (shown && done < total && now - last < std::chrono::milliseconds(100))
    return;
  last = now;
  shown = true;
  std::fprintf(stderr, "\r\x1b[K%s %llu/%llu%s%s", what.c_str(),
               static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(total), note.empty() ? "" : "  ",
               note.c_str());
  std::fflush(stderr);
}

double sinter::tools::peakMemoryMiB() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0; // Linux: KiB
}
