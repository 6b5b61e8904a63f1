// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/MeasureExits.h"
#include "tools/common/Terminal.h"
#include "tools/llm-eval/Evaluate.h"

#include <nlohmann/json.hpp>

using namespace sinter;
using namespace sinter::tools;

// Ids of the text, where nobody says how many.
static constexpr uint32_t defaultTokens = 1024;

/// By windows of the text.
static ExitCalibration measure(Session &session, const Exits &exits,
                               std::span<const int32_t> ids, size_t window) {
  ExitCalibration calibration = calibrationOf(exits);
  Progress progress("position", ids.size());
  for (size_t at = 0; at < ids.size(); at += window)
    measureExits(session, ids.subspan(at, std::min(window, ids.size() - at)),
                 /*first=*/0, calibration,
                 [&] { progress.update(calibration.size()); });
  return calibration;
}

static nlohmann::ordered_json describe(const ExitQuality &quality,
                                       size_t count) {
  return {{"kl", quality.kl},
          {"agreement", quality.agreement},
          {"layers_saved", quality.saved},
          {"left", quality.left},
          {"positions", count}};
}

/// Chosen on the first half of the text; what they are worth, the second half
/// says.
std::string sinter::tools::calibrateExits(const Plan &plan,
                                          const std::string &path,
                                          const Arguments &arguments) {
  const std::vector<int32_t> ids =
      textIds(plan, readFile(path), arguments.lines,
              arguments.tokens.value_or(defaultTokens));
  if (ids.size() < 4)
    throw Failure("'" + path + "' has " + std::to_string(ids.size()) +
                  " tokens, too few to choose thresholds from");
  SessionOptions options;
  options.context = static_cast<uint32_t>(
      std::min<size_t>(arguments.context, plan.maxContext()));
  Session session = plan.session(options).orThrow();
  const Exits exits = session.exits().orThrow();
  if (exits.exits == 0)
    throw Failure("'" + arguments.plan.path +
                  "' has no exits; compile it with --early-exit=token:PROBE");
  const ExitCalibration calibration =
      measure(session, exits, ids, options.context);
  const size_t half = calibration.size() / 2;
  ExitTarget target;
  if (arguments.kl)
    target.kl = *arguments.kl;
  if (arguments.agreement)
    target.agreement = *arguments.agreement;
  const std::vector<double> thresholds = calibration.choose(target, 0, half);
  const ExitQuality chosen = calibration.quality(thresholds, 0, half);
  const ExitQuality held =
      calibration.quality(thresholds, half, calibration.size());
  // An exit that nothing passes would be asked for nothing.
  nlohmann::ordered_json result;
  result["model"] = plan.property("source.sha256").value_or("");
  result["exits"] = exitTexts(exits, thresholds);
  result["kl"] = held.kl;
  result["agreement"] = held.agreement;
  result["layers_saved"] = held.saved;
  result["positions"] = calibration.size() - half;
  result["chosen_on"] = describe(chosen, half);
  result["left"] = held.left;
  return result.dump(2) + "\n";
}
