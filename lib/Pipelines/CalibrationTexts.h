//===- CalibrationTexts.h - texts that choices are made by -----*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_CALIBRATIONTEXTS_H
#define SINTER_LIB_PIPELINES_CALIBRATIONTEXTS_H

#include "sinter-c/speculation.h"
#include "sinter-c/switching.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace sinter {

/// Success, or the error that the status is, which is released.
llvm::Error taken(sinter_status *status);

/// Goes on with a prompt, greedily, by CalibrationTexts::kTokens ids: all
/// layers for every token, and no drafts.
llvm::Expected<std::vector<int32_t>> goOn(sinter_plan *plan,
                                          llvm::ArrayRef<int32_t> prompt);
/// The same with drafts, and what became of them.
struct Drafted {
  std::vector<int32_t> answer;
  sinter_speculation figures;
  sinter_switching turns; ///< where two models write
};
/// Drafts have `length` ids each, or, if that is 0, as many as the policy of
/// the plan chooses by its cost table.
llvm::Expected<Drafted> goOnDrafting(sinter_plan *plan,
                                     llvm::ArrayRef<int32_t> prompt,
                                     uint32_t length);
/// Two models write in turns, the large one from so many bits on.
llvm::Expected<Drafted> goOnInTurns(sinter_plan *plan,
                                    llvm::ArrayRef<int32_t> prompt, float bits);

/// The ids of a file of texts, one after another: of plain text as it stands,
/// of lines of JSON each prompt. Without a path: a short text that is built in.
llvm::Expected<std::vector<int32_t>> readCalibration(sinter_plan *plan,
                                                     const std::string &path);

/// Prompts, and what a model answers without drafts and exits.
class CalibrationTexts {
public:
  static constexpr uint32_t kTokens = 64;

  struct Text {
    std::vector<int32_t> prompt, answer;
  };

  /// Those of a file, a prompt a line: text, or JSON with `text` or `messages`;
  /// without a path some of our own. Texts whose answer falls into a loop are
  /// left out; it is an error if nothing is left.
  llvm::Error read(sinter_plan *plan, const std::string &path);
  /// "6 texts, 64 tokens each", and how many were left out.
  std::string summary() const;

  bool empty() const { return texts.empty(); }
  size_t size() const { return texts.size(); }
  auto begin() const { return texts.begin(); }
  auto end() const { return texts.end(); }

private:
  std::vector<Text> texts;
  size_t looping = 0;
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_CALIBRATIONTEXTS_H
