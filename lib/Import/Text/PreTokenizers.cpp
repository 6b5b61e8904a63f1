// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Text/PreTokenizers.h"

using namespace sinter::import;

//===----------------------------------------------------------------------===//
// Patterns, as published in the tokenizer.json of the models named by the keys
//===----------------------------------------------------------------------===//

static constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
/// A digit is what Rust's char::is_numeric says, which knows Unicode 17.
static constexpr std::string_view kDigit =
    R"([\p{N}\x{1246f}\x{12475}-\x{1247f}\x{12550}-\x{12686}])";
static constexpr std::string_view kThreeDigits = R"(\p{N}{1,3})";
static constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kQwen35 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+)"
    R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kSeedCoder =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kDeepSeekV3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)"
    R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kCjkKana = "[一-龥\u3040-ゟ゠-ヿ]+";
static constexpr std::string_view kCjkHangul = R"([一-龥ࠀ-一가-\x{d7ff}]+)";
static constexpr std::string_view kLineBreak = R"([\r\n])";
static constexpr std::string_view kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";

const std::vector<PreTokenizer> &sinter::import::preTokenizers() {
  static const std::vector<PreTokenizer> known = {
      {"default", {kGpt2}},
      {"gpt-2", {kGpt2}},
      {"phi-2", {kGpt2}},
      {"mpt", {kGpt2}},
      {"olmo", {kGpt2}},
      {"smollm", {kDigit, kGpt2}},
      {"starcoder", {kDigit, kGpt2}},
      {"refact", {kDigit, kGpt2}},
      {"command-r", {kDigit, kGpt2}},
      {"codeshell", {kDigit, kGpt2}},
      {"exaone", {kDigit, kGpt2}},
      {"minerva-7b", {kDigit, kGpt2}},
      {"qwen2", {kQwen2}},
      {"deepseek-r1-qwen", {kQwen2}},
      {"stablelm2", {kQwen2}},
      {"hunyuan", {kQwen2}},
      {"grok-2", {kQwen2}},
      {"qwen35", {kQwen35}},
      {"llama-bpe", {kLlama3}, true, true},
      {"llama3", {kLlama3}, true, true},
      {"llama-v3", {kLlama3}, true, true},
      {"falcon3", {kLlama3}, true, true},
      {"lfm2", {kLlama3}, true, true},
      {"dbrx", {kLlama3}},
      {"smaug-bpe", {kLlama3}},
      {"glm4", {kLlama3}},
      {"chatglm-bpe", {kLlama3}},
      {"seed-coder", {kSeedCoder}},
      {"tekken", {kTekken}, true},
      {"gpt-4o", {kGpt4o}},
      {"llama4", {kGpt4o}},
      {"deepseek-coder",
       {kLineBreak, R"(\s?\p{L}+)", R"(\s?\p{P}+)", kCjkHangul, kDigit}},
      {"deepseek-v3", {kThreeDigits, kCjkKana, kDeepSeekV3}},
      {"hunyuan-dense", {kThreeDigits, kCjkKana, kDeepSeekV3}},
      {"falcon", {R"([\p{P}$+<=>^~|`]+)", kGpt2, "[0-9][0-9][0-9]"}},
      {"bloom", {kBloom}},
      {"poro-chat", {kBloom}},
      {"gpt3-finnish", {kBloom}},
      {"viking", {kBloom, kDigit}},
  };
  return known;
}

std::string sinter::import::toPcre2(std::string_view pattern) {
  std::string out;
  bool inClass = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '[' || c == ']')
      inClass = c == '[';
    if (c != '\\' || i + 1 == pattern.size()) {
      out += c;
      continue;
    }
    char next = pattern[++i];
    if (next == 's')
      out += R"(\p{White_Space})";
    else if (next == 'S')
      out += R"(\P{White_Space})";
    else
      (out += '\\') += next;
    if (next != 'p')
      continue;
    size_t close = pattern.find('}', i);
    std::string_view name = pattern.substr(i + 2, close - i - 2);
    std::string item = R"(\p{)" + std::string(name) + "}";
    out.resize(out.size() - 2);
    item += newCharacters(name);
    out += inClass ? item : "[" + item + "]";
    i = close;
  }
  return out;
}
