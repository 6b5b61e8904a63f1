// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/ExitCost.h"

using namespace sinter::tools;

namespace {

class Walk {
public:
  Walk(const ExitCalibration &calibration,
       const std::vector<double> &thresholds, const ExitCosts &costs)
      : calibration(calibration), thresholds(thresholds), costs(costs),
        owed(thresholds.size()) {}

  double cost(const ExitPosition &position) {
    size_t riders = 0;
    double sum = layers(0, 1);
    for (size_t exit = 0; exit < thresholds.size(); ++exit) {
      // What nothing passes need not be asked.
      if (thresholds[exit] < 1) {
        sum += costs.probes[exit] + (costs.readHead[exit] ? costs.head : 0);
        if (position.exits[exit].score > thresholds[exit] &&
            waiting + 1 < costs.rows.size()) {
          owed[exit] += riders + 1;
          ++waiting;
          return sum + (costs.readHead[exit] ? 0 : costs.head);
        }
      }
      riders += owed[exit];
      owed[exit] = 0;
      sum += layers(exit + 1, riders + 1);
    }
    waiting = 0;
    return sum + costs.head;
  }

private:
  /// Of those between exit `segment` and the one before it.
  double layers(size_t segment, size_t rows) const {
    const uint32_t from = segment ? calibration.layersBefore(segment - 1) : 0;
    const uint32_t to = segment < thresholds.size()
                            ? calibration.layersBefore(segment)
                            : calibration.allLayers();
    return costs.rows[rows - 1] * (1 - costs.head) * (to - from) /
           calibration.allLayers();
  }

  const ExitCalibration &calibration;
  const std::vector<double> &thresholds;
  const ExitCosts &costs;
  std::vector<size_t> owed; // rows that wait at each exit
  size_t waiting = 0;
};

} // namespace

double sinter::tools::countedCost(const ExitCalibration &calibration,
                                  const std::vector<double> &thresholds,
                                  size_t first, size_t last,
                                  const ExitCosts &costs) {
  Walk walk(calibration, thresholds, costs);
  double sum = 0;
  for (size_t p = first; p < last; ++p)
    sum += walk.cost(calibration[p]);
  return sum;
}
