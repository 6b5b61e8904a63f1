// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/MeasureExits.h"
#include "tools/common/ExitFigures.h"
#include "tools/common/Failure.h"
#include "tools/common/Measure.h"

using namespace sinter;
using namespace sinter::tools;

namespace {

/// Collects what exits say, until the end of all layers says what was right.
class Collector {
public:
  Collector(ExitCalibration &calibration, size_t exits)
      : calibration(calibration), rows(exits), scores(exits), exits(exits) {}

  void say(uint32_t exit, float score, std::span<const float> logits) {
    if (exit < exits) {
      rows[exit].assign(logits.begin(), logits.end());
      scores[exit] = score;
      return;
    }
    ExitPosition position;
    for (size_t i = 0; i < exits; ++i) {
      Distance distance;
      distance.add(logits, rows[i]);
      position.exits.push_back(
          {scores[i], distance.meanKl(), distance.top1() > 0});
    }
    calibration.add(std::move(position));
  }

private:
  ExitCalibration &calibration;
  std::vector<std::vector<float>> rows;
  std::vector<float> scores;
  size_t exits;
};

} // namespace

ExitCalibration sinter::tools::calibrationOf(const Exits &exits) {
  return {std::vector<uint32_t>(exits.after, exits.after + exits.exits),
          exits.all_layers};
}

void sinter::tools::measureExits(Session &session, std::span<const int32_t> ids,
                                 size_t first, ExitCalibration &calibration,
                                 const std::function<void()> &progress) {
  Collector collector(calibration, calibration.exits());
  session.truncate(0).orThrow();
  session
      .measureExits(ids,
                    [&](uint32_t position, uint32_t exit, float score,
                        std::span<const float> logits) {
                      if (position >= first)
                        collector.say(exit, score, logits);
                      if (progress)
                        progress();
                    })
      .orThrow();
}

std::vector<std::string>
sinter::tools::exitTexts(const Exits &exits,
                         const std::vector<double> &thresholds) {
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < thresholds.size(); ++i) {
    char number[32];
    std::snprintf(number, sizeof(number), "%.6g", thresholds[i]);
    if (thresholds[i] < 1)
      texts.push_back(probeText(exits, i) + "@" +
                      std::to_string(exits.after[i]) + "=" + number);
  }
  return texts;
}
