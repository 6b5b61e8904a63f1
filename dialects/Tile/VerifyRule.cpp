// VerifyRule.cpp
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Tile/VerifyRule.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace llvm;
using namespace sinter;

static Error wrong(const Twine &why) {
  return createStringError(inconvertibleErrorCode(), why);
}

static bool readNumber(StringRef text, float &number) {
  double value;
  if (text.trim().getAsDouble(value))
    return false;
  number = float(value);
  return !std::isnan(number);
}

static Error parseTypical(StringRef numbers, VerifyRule &rule) {
  auto [epsilon, delta] = numbers.split(',');
  if (!readNumber(epsilon, rule.epsilon) || !readNumber(delta, rule.delta))
    return wrong("typical:" + numbers + " does not say EPS,DELTA");
  if (rule.epsilon < 0 || rule.epsilon > 1)
    return wrong("typical:" + numbers + ": EPS must be between 0 and 1");
  if (rule.delta < 0)
    return wrong("typical:" + numbers + ": DELTA must not be negative");
  return Error::success();
}

static Error parseJudge(StringRef text, VerifyRule &rule) {
  auto [file, tau] = text.rsplit(',');
  rule.file = file.str();
  if (file.empty())
    return wrong("judge:FILE names the file with the judge's weights");
  if (tau.empty())
    return Error::success();
  if (!readNumber(tau, rule.tau) || !(rule.tau > 0 && rule.tau < 1))
    return wrong("judge:" + text + ": TAU must be between 0 and 1");
  return Error::success();
}

Expected<VerifyRule> VerifyRule::parse(StringRef text) {
  VerifyRule rule;
  auto [kind, rest] = text.split(':');
  rule.kind = kind.str();
  const bool more = text.contains(':');
  if (kind == "typical") {
    if (Error error = more ? parseTypical(rest, rule) : Error::success())
      return std::move(error);
  } else if (kind == "judge") {
    if (Error error = parseJudge(rest, rule))
      return std::move(error);
  } else if ((kind != "exact" && kind != "reject") || more) {
    return wrong(text + " is no rule; there are exact, reject, "
                        "typical[:EPS,DELTA] and judge:FILE[,TAU]");
  }
  return rule;
}

std::string VerifyRule::str() const {
  std::string text = kind;
  raw_string_ostream os(text);
  if (kind == "typical")
    os << format(":%g,%g", double(epsilon), double(delta));
  if (kind == "judge")
    os << format(":%g", double(tau));
  return text;
}

/// Numbers of a text file, between blanks; `what` names it in errors.
static Expected<std::vector<float>> readNumbers(const Twine &what,
                                                StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return wrong("cannot read " + what + " " + path + ": " +
                 buffer.getError().message());
  SmallVector<StringRef> words;
  SplitString((*buffer)->getBuffer(), words);
  std::vector<float> numbers(words.size());
  for (auto [word, number] : zip(words, numbers))
    if (!readNumber(word, number))
      return wrong(what + " " + path + " has '" + word.take_front(20) +
                   "' where a number is wanted");
  return numbers;
}

Expected<std::vector<float>> sinter::readJudge(StringRef path,
                                               int64_t columns) {
  auto numbers = readNumbers("the judge", path);
  if (numbers && int64_t(numbers->size()) != columns + 1)
    return wrong("the judge " + path + " has " + Twine(numbers->size()) +
                 " numbers; rows of the model have " + Twine(columns) +
                 " columns, so that it needs " + Twine(columns + 1) +
                 ": a weight each, and the bias");
  return numbers;
}

Expected<std::vector<float>> sinter::readClassifier(StringRef path) {
  auto numbers = readNumbers("the classifier", path);
  if (numbers && numbers->size() != 5)
    return wrong("the classifier " + path + " has " + Twine(numbers->size()) +
                 " numbers; it needs 5: a bias, and weights of entropy, first "
                 "and second probability and depth");
  return numbers;
}
