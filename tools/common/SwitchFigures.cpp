// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/SwitchFigures.h"

#include <cstdio>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

bool sinter::tools::takesTurns(const Plan &plan) {
  return plan.property("lossy").value_or("").find("model_switch ") !=
         std::string_view::npos;
}

static uint64_t tokensOf(const Switching &figures) {
  return figures.small_tokens + figures.large_tokens;
}

static double milliseconds(const Switching &figures) {
  return static_cast<double>(figures.catch_up_ns) / 1e6;
}

double sinter::tools::largeShare(const Switching &figures) {
  const uint64_t all = tokensOf(figures);
  return all ? static_cast<double>(figures.large_tokens) /
                   static_cast<double>(all)
             : 0;
}

void sinter::tools::add(Switching &sum, const Switching &figures) {
  sum.small_tokens += figures.small_tokens;
  sum.large_tokens += figures.large_tokens;
  sum.switches += figures.switches;
  sum.catch_up_tokens += figures.catch_up_tokens;
  sum.catch_up_ns += figures.catch_up_ns;
}

nlohmann::ordered_json sinter::tools::toJson(const Switching &figures) {
  return {{"small_tokens", figures.small_tokens},
          {"large_tokens", figures.large_tokens},
          {"large_share", largeShare(figures)},
          {"switches", figures.switches},
          {"catch_up_tokens", figures.catch_up_tokens},
          {"catch_up_ms", milliseconds(figures)}};
}

std::string sinter::tools::switchingText(const Switching &figures) {
  char line[256];
  std::snprintf(line, sizeof(line),
                "large model %llu of %llu tokens (%.3f), %llu switches, %llu "
                "positions caught up in %.1f ms",
                static_cast<unsigned long long>(figures.large_tokens),
                static_cast<unsigned long long>(tokensOf(figures)),
                largeShare(figures),
                static_cast<unsigned long long>(figures.switches),
                static_cast<unsigned long long>(figures.catch_up_tokens),
                milliseconds(figures));
  return line;
}
