// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/ExitFigures.h"

#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

std::string_view sinter::tools::probeName(sinter_probe probe) {
  switch (probe) {
  case SINTER_PROBE_MAX_PROB:
    return "max_prob";
  case SINTER_PROBE_MARGIN:
    return "margin";
  case SINTER_PROBE_ENTROPY:
    return "entropy";
  case SINTER_PROBE_SIMILARITY:
    return "similarity";
  case SINTER_PROBE_CHANCE:
    return "chance";
  case SINTER_PROBE_LINEAR:
    return "linear";
  }
  return "unknown";
}

std::string sinter::tools::probeText(const Exits &figures, uint32_t exit) {
  const uint32_t tokens = figures.tokens[exit];
  return std::string(probeName(figures.probe[exit])) +
         (tokens ? ":" + std::to_string(tokens) : "");
}

double sinter::tools::meanLayers(const Exits &figures) {
  return figures.rows ? static_cast<double>(figures.layers) /
                            static_cast<double>(figures.rows)
                      : 0;
}

double sinter::tools::layersSaved(const Exits &figures) {
  return figures.rows ? 1 - meanLayers(figures) / figures.all_layers : 0;
}

nlohmann::ordered_json sinter::tools::toJson(const Exits &figures) {
  nlohmann::ordered_json exits = nlohmann::ordered_json::array();
  for (uint32_t i = 0; i < figures.exits; ++i)
    exits.push_back({{"probe", probeText(figures, i)},
                     {"after", figures.after[i]},
                     {"asked", figures.asked[i]},
                     {"left", figures.left[i]},
                     {"kept", figures.kept[i]}});
  return {{"rows", figures.rows},
          {"mean_layers", meanLayers(figures)},
          {"all_layers", figures.all_layers},
          {"layers_saved", layersSaved(figures)},
          {"owed", figures.owed},
          {"held", figures.held},
          {"agreed", figures.agreed},
          {"exits", exits}};
}

std::string sinter::tools::exitsText(const Exits &figures) {
  std::string text;
  for (uint32_t i = 0; i < figures.exits; ++i)
    text += (i ? ", " : " ") + std::to_string(figures.after[i]) + ": " +
            std::to_string(figures.left[i]) + " of " +
            std::to_string(figures.asked[i]);
  return text;
}
