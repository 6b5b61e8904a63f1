// VerifyRule.h - which drafted ids become tokens, as an option.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_DIALECTS_TILE_VERIFYRULE_H
#define SINTER_DIALECTS_TILE_VERIFYRULE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace sinter {

/// The option `verify-rule`: "exact", "reject", "typical[:EPS,DELTA]" or
/// "judge:FILE[,TAU]".
struct VerifyRule {
  std::string kind = "exact";
  /// Of typical, as Medusa has them (Cai et al., 2024).
  float epsilon = 0.09f, delta = 0.3f;
  /// Of judge: where its weights are, and the chance of being good that an id
  /// needs to be kept.
  std::string file;
  float tau = 0.5f;

  /// What is wrong with `text` is an error that names it.
  static llvm::Expected<VerifyRule> parse(llvm::StringRef text);
  bool isExact() const { return kind == "exact"; }
  /// The rule with its numbers, for people: "typical:0.09,0.3".
  std::string str() const;
};

/// Marks a function that draws the token after a row for a verifier rule, and
/// says which one: as VerifyRule::str(); kProposalRule for one that drafts.
inline constexpr llvm::StringLiteral kRuleAttr = "tile.rule";
inline constexpr llvm::StringLiteral kProposalRule = "proposal";

/// Numbers in a text file, between blanks: weights of a linear head and, last,
/// its bias. An error if there are not `columns` weights.
llvm::Expected<std::vector<float>> readJudge(llvm::StringRef path,
                                             int64_t columns);
/// The same for the classifier of policy disco: bias, weights of entropy, first
/// and second probability, depth.
llvm::Expected<std::vector<float>> readClassifier(llvm::StringRef path);

} // namespace sinter
#endif // SINTER_DIALECTS_TILE_VERIFYRULE_H
