// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Quality.h"

#include <nlohmann/json.hpp>

using namespace sinter;

/// Of a plan that is not exact, the property with its fidelity's name says what
/// makes it so.
nlohmann::ordered_json sinter::tools::qualityJson(const Plan &plan) {
  nlohmann::ordered_json quality = nlohmann::ordered_json::object();
  auto fidelity = plan.property("fidelity");
  if (!fidelity)
    return quality;
  const std::string name(*fidelity);
  quality["fidelity"] = name;
  if (auto knobs = plan.property(name.c_str()))
    quality[name] = *knobs;
  return quality;
}

std::string sinter::tools::qualityText(const Plan &plan) {
  const nlohmann::ordered_json quality = qualityJson(plan);
  std::string text;
  for (const auto &[key, value] : quality.items())
    text += (text.empty() ? "" : ", ") + value.get<std::string>();
  return text;
}
