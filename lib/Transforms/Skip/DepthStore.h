//===- DepthStore.h - texts, and what each depth makes of them --*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_SKIP_DEPTHSTORE_H
#define SINTER_LIB_TRANSFORMS_SKIP_DEPTHSTORE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace sinter {

/// How texts of a store choose a depth together.
struct RetrievalRule {
  int64_t nearest = 0;  ///< 0: kNearest, or all where there are fewer
  double similar = 0.5; ///< cosine that the nearest one must have
  double keep = 1;      ///< share of the best depth's chance that is enough

  static constexpr int64_t kNearest = 12;
};

/// What RAEE (Huang et al., 2024) looks depths up in. Depth 0 is the whole
/// model, depth i has percents[i - 1] percent of the layers.
struct DepthStore {
  /// An entry: the key of a text, of length 1, and of each depth how probable
  /// the right id is.
  struct Entry {
    std::vector<float> key, law;
  };
  /// A text that is not in the store: of each depth what it loses.
  struct Held {
    std::vector<float> key, kl, agreement;
  };
  struct Figures {
    double kl = 0, agreement = 0, layersSaved = 0;
    std::vector<size_t> chosen; ///< of each depth, by how many texts
  };

  size_t depths() const { return percents.size() + 1; }
  size_t width() const { return entries.empty() ? 0 : entries[0].key.size(); }

  /// What the plan's own code chooses, in the same arithmetic.
  size_t choose(llvm::ArrayRef<float> key, const RetrievalRule &rule) const;
  /// Over the texts that were held back; `skipped` layers go at each depth.
  Figures measure(const RetrievalRule &rule,
                  llvm::ArrayRef<int64_t> skipped) const;

  /// A safetensors file.
  llvm::Error write(llvm::StringRef path) const;
  static llvm::Expected<DepthStore> read(llvm::StringRef path);
  /// Why its depths are not what the same shares are now; empty: they are.
  std::string otherLayers() const;

  std::string model;                    ///< SHA-256 of its file
  int64_t layers = 0;                   ///< that it has
  std::vector<int64_t> percents, order; ///< order: layers, the first go first
  std::vector<Entry> entries;
  std::vector<Held> held;
  /// What each depth loses on a text, as the plan carries it.
  std::vector<std::pair<std::string, std::string>> quality;
};

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_SKIP_DEPTHSTORE_H
