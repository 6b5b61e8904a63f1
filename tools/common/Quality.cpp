// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Quality.h"

#include <nlohmann/json.hpp>

using namespace sinter;

namespace {
/// What was measured of a plan, or of one of its depths.
struct Figures {
  Figures(const Plan &plan, const std::optional<Depth> &depth) {
    const bool shallow = depth && depth->skipped;
    const std::string of =
        shallow ? "depth." + std::to_string(depth->percent) + "." : "";
    auto find = [&](const char *what) -> std::optional<std::string> {
      if (auto value = plan.property((of + what).c_str()))
        return std::string(*value);
      return std::nullopt;
    };
    kl = find("kl");
    agreement = find("agreement");
    saved = find("layers_saved");
    ffns = find("ffns_saved");
    if (shallow)
      saved = std::to_string(depth->skipped) + " of " +
              std::to_string(depth->layers);
  }
  std::optional<std::string> kl, agreement, saved, ffns;
};
} // namespace

/// Of a plan that is not exact, the property with its fidelity's name says what
/// makes it so.
nlohmann::ordered_json
sinter::tools::qualityJson(const Plan &plan,
                           const std::optional<Depth> &depth) {
  nlohmann::ordered_json quality = nlohmann::ordered_json::object();
  auto fidelity = plan.property("fidelity");
  if (!fidelity)
    return quality;
  const std::string name(*fidelity);
  quality["fidelity"] = name;
  if (auto knobs = plan.property(name.c_str()))
    quality[name] = *knobs;
  if (depth && depth->skipped) {
    quality["fidelity"] = "lossy";
    quality["depth"] = {{"percent", depth->percent},
                        {"layers", depth->layers},
                        {"saved", depth->skipped}};
  }
  const Figures figures(plan, depth);
  if (figures.kl)
    quality["kl"] = std::stod(*figures.kl);
  if (figures.agreement)
    quality["agreement"] = std::stod(*figures.agreement);
  if (figures.saved)
    quality["layers_saved"] = *figures.saved;
  if (figures.ffns)
    quality["ffns_saved"] = std::stod(*figures.ffns);
  return quality;
}

std::string sinter::tools::qualityText(const Plan &plan,
                                       const std::optional<Depth> &depth) {
  const nlohmann::ordered_json quality = qualityJson(plan, depth);
  if (!quality.contains("fidelity"))
    return "";
  std::string text = quality["fidelity"];
  if (auto knobs = quality.find("lossy"); knobs != quality.end())
    text += ", " + knobs->get<std::string>();
  if (auto knobs = quality.find("distribution"); knobs != quality.end())
    text += ", " + knobs->get<std::string>();
  const Figures figures(plan, depth);
  if (figures.kl)
    text += ", kl " + *figures.kl;
  if (figures.agreement)
    text += ", agreement " + *figures.agreement;
  if (figures.saved)
    text += ", layers saved " + *figures.saved;
  if (figures.ffns)
    text += ", ffns saved " + *figures.ffns;
  return text;
}
