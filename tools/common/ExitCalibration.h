// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Thresholds of a plan's exits for a quality that a text is to keep.
#ifndef SINTER_TOOLS_COMMON_EXITCALIBRATION_H
#define SINTER_TOOLS_COMMON_EXITCALIBRATION_H

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace sinter::tools {

/// What exits said about one position of a text.
struct ExitPosition {
  struct At {
    float score;
    double kl; ///< KL(all layers || here)
    bool same; ///< the likeliest token is that of all layers
  };
  std::vector<At> exits;
};

/// What thresholds cost, and what they save.
struct ExitQuality {
  double kl = 0, agreement = 1, saved = 0; ///< means over positions
  std::vector<double> left;                ///< shares of positions, by exit
};

/// Bounds that a choice must keep.
struct ExitTarget {
  double kl = std::numeric_limits<double>::infinity();
  double agreement = 0;

  bool keeps(const ExitQuality &quality) const {
    return quality.kl <= kl && quality.agreement >= agreement;
  }
};

/// Of a model of `layers` layers with exits after `after` of them. A position
/// leaves at the first exit whose score is more than its threshold. As rows
/// that left are computed in the layers above before anything looks at them,
/// what one position does changes nothing for the others: the figures of a text
/// are exact for this text.
class ExitCalibration {
public:
  ExitCalibration(std::vector<uint32_t> after, uint32_t layers)
      : after(std::move(after)), layers(layers) {}

  void add(ExitPosition position) { positions.push_back(std::move(position)); }
  size_t size() const { return positions.size(); }
  const ExitPosition &operator[](size_t index) const {
    return positions[index];
  }
  size_t exits() const { return after.size(); }
  uint32_t layersBefore(size_t exit) const { return after[exit]; }
  uint32_t allLayers() const { return layers; }

  /// Over the positions [first, last).
  ExitQuality quality(const std::vector<double> &thresholds, size_t first,
                      size_t last) const;
  /// Thresholds that save much within `target` on the positions [first, last):
  /// from none leaving, step by step the one that saves most for what it costs.
  std::vector<double> choose(const ExitTarget &target, size_t first,
                             size_t last) const;

private:
  std::vector<std::vector<double>> candidates(size_t first, size_t last) const;

  std::vector<uint32_t> after;
  uint32_t layers;
  std::vector<ExitPosition> positions;
};

} // namespace sinter::tools

#endif
