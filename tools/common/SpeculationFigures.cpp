// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/SpeculationFigures.h"

#include <cstdio>
#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

static double ratio(uint64_t part, uint64_t whole) {
  return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

double sinter::tools::acceptanceRate(const Speculation &figures) {
  return ratio(figures.accepted, figures.drafted);
}

double sinter::tools::blockEfficiency(const Speculation &figures) {
  return ratio(figures.rounds + figures.accepted, figures.rounds);
}

std::vector<double>
sinter::tools::acceptanceByPosition(const Speculation &figures) {
  std::vector<double> shares;
  for (size_t i = 0; i < SINTER_SPECULATION_ROWS && figures.drafted_at[i]; ++i)
    shares.push_back(ratio(figures.accepted_at[i], figures.drafted_at[i]));
  return shares;
}

void sinter::tools::add(Speculation &sum, const Speculation &figures) {
  sum.rounds += figures.rounds;
  sum.drafted += figures.drafted;
  sum.accepted += figures.accepted;
  sum.draft_ns += figures.draft_ns;
  sum.verify_ns += figures.verify_ns;
  for (size_t i = 0; i < SINTER_SPECULATION_ROWS; ++i) {
    sum.drafted_at[i] += figures.drafted_at[i];
    sum.accepted_at[i] += figures.accepted_at[i];
    sum.rounds_of[i] += figures.rounds_of[i];
  }
  for (size_t i = 0; i < SINTER_SPECULATION_DRAFTERS; ++i) {
    sum.drafted_by[i] += figures.drafted_by[i];
    sum.accepted_by[i] += figures.accepted_by[i];
  }
}

std::vector<DrafterFigures>
sinter::tools::byDrafter(const Plan &plan, const Speculation &figures) {
  std::vector<DrafterFigures> list;
  const std::vector<std::string> names = plan.drafters();
  for (const std::string &name : names)
    if (const size_t i = list.size(); i < SINTER_SPECULATION_DRAFTERS)
      list.push_back({name, figures.drafted_by[i], figures.accepted_by[i]});
  if (names.size() >
      list.size()) // the last counter is that of all further ones
    list.back().name = "others";
  std::erase_if(list, [](const auto &drafter) { return !drafter.drafted; });
  return list;
}

nlohmann::ordered_json sinter::tools::toJson(const Plan &plan,
                                             const Speculation &figures) {
  nlohmann::ordered_json drafters = nlohmann::ordered_json::object();
  for (const DrafterFigures &drafter : byDrafter(plan, figures))
    drafters[drafter.name] = {{"drafted", drafter.drafted},
                              {"accepted", drafter.accepted}};
  return {{"rounds", figures.rounds},
          {"drafted", figures.drafted},
          {"accepted", figures.accepted},
          {"acceptance_rate", acceptanceRate(figures)},
          {"block_efficiency", blockEfficiency(figures)},
          {"acceptance_by_position", acceptanceByPosition(figures)},
          {"rounds_by_rows", figures.rounds_of},
          {"by_drafter", drafters},
          {"draft_ms", static_cast<double>(figures.draft_ns) / 1e6},
          {"verify_ms", static_cast<double>(figures.verify_ns) / 1e6}};
}

std::string sinter::tools::positionsText(const Speculation &figures) {
  std::string text;
  for (double share : acceptanceByPosition(figures)) {
    char number[16];
    std::snprintf(number, sizeof(number), " %.2f", share);
    text += number;
  }
  return text.empty() ? " -" : text;
}
