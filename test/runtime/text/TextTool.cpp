// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the Python comparisons drive: builds the tables from a JSON file and
// answers one line of standard input with one line of JSON.
//
//   text-tool tokenize SOURCE.json     line: hex bytes of a text
//   text-tool detokenize SOURCE.json   line: JSON list of ids -> hex bytes
//   text-tool render                   line: {"template", "input",
//                                      "bos", "eos", "generate"}
//                                      -> {"text"} or {"error"}
//   text-tool time SOURCE.json         open and encode times, to stderr

#include "runtime/text/ChatTemplate.h"
#include "runtime/text/Tokenizer.h"
#include "test/runtime/text/TextSource.h"

#include <chrono>
#include <fstream>
#include <iostream>

using namespace sinter;

static std::string fromHex(const std::string &hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

static std::string toHex(const std::string &bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char c : bytes)
    (out += digits[c >> 4]) += digits[c & 15];
  return out;
}

static int fail(const runtime::Status &status) {
  std::cerr << "error: " << status.message() << "\n";
  return 1;
}

/// Calls `call` with a sink that is large enough for its answer.
template <typename T, typename F>
static runtime::Status collect(std::vector<T> &out, F call) {
  text::Sink<T> first(out.data(), out.size());
  SINTER_TRY(call(first));
  if (first.size() <= out.size()) {
    out.resize(first.size());
    return {};
  }
  out.resize(first.size());
  text::Sink<T> second(out.data(), out.size());
  return call(second);
}

static int tokenize(const text::Tokenizer &tokenizer) {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::string bytes = fromHex(line);
    std::vector<int32_t> ids(bytes.size() + 8);
    auto status = collect(ids, [&](text::Sink<int32_t> &sink) {
      return tokenizer.encode(bytes, SINTER_TEXT_SPECIAL | SINTER_TEXT_BOS_EOS,
                              sink);
    });
    if (!status.ok())
      return fail(status);
    std::cout << nlohmann::json(ids).dump() << "\n";
  }
  return 0;
}

static int detokenize(const text::Tokenizer &tokenizer) {
  std::string line;
  while (std::getline(std::cin, line)) {
    auto ids = nlohmann::json::parse(line).get<std::vector<int32_t>>();
    std::vector<char> bytes(ids.size() * 4);
    auto status = collect(bytes, [&](text::Sink<char> &sink) {
      return tokenizer.decode(ids.data(), ids.size(), SINTER_TEXT_SPECIAL,
                              sink);
    });
    if (!status.ok())
      return fail(status);
    std::cout << toHex({bytes.begin(), bytes.end()}) << "\n";
  }
  return 0;
}

static nlohmann::json renderOne(const nlohmann::ordered_json &job) {
  import::Errors errors;
  auto tree =
      import::buildChatTemplate(job["template"].get<std::string>(), errors);
  if (!tree)
    return {{"error", errors.front()}};
  test::Table<plan::ChatTemplate> table;
  test::pack(*tree, table);
  text::ChatTemplate chat;
  runtime::Status status = chat.open(table.get(), runtime::Allocator());
  if (!status.ok())
    return {{"error", status.message()}};
  std::string input = job["input"].dump(), bos = job.value("bos", ""),
              eos = job.value("eos", "");
  if (job.contains("raw"))
    input = job["raw"].get<std::string>();
  text::RenderInput in;
  in.json = input;
  in.addGenerationPrompt = job.value("generate", true);
  in.bosToken = bos;
  in.eosToken = eos;
  std::vector<char> out(4096);
  status = collect(
      out, [&](text::Sink<char> &sink) { return chat.render(in, sink); });
  if (!status.ok())
    return {{"error", status.message()}};
  return {{"text", std::string(out.begin(), out.end())}};
}

static int render() {
  std::string line;
  while (std::getline(std::cin, line))
    std::cout << renderOne(nlohmann::ordered_json::parse(line))
                     .dump(-1, ' ', false,
                           nlohmann::json::error_handler_t::replace)
              << "\n";
  return 0;
}

static int time(const plan::Tokenizer *table) {
  auto now = [] { return std::chrono::steady_clock::now(); };
  auto us = [](auto span) {
    return std::chrono::duration_cast<std::chrono::microseconds>(span).count();
  };
  for (int round = 0; round < 3; ++round) {
    auto start = now();
    text::Tokenizer tokenizer;
    auto status = tokenizer.open(table, runtime::Allocator());
    if (!status.ok())
      return fail(status);
    std::cerr << "open " << us(now() - start) << " us\n";
    std::string prose;
    while (prose.size() < 1'000'000)
      prose += "The quick brown fox, aged 27, doesn't jump over the lazy "
               "dog.\n  It's late. ";
    for (auto &[name, text] :
         std::initializer_list<std::pair<const char *, std::string>>{
             {"prose", prose},
             {"one letter", std::string(100'000, 'a')},
             {"spaces", std::string(100'000, ' ') + "x"},
             {"line breaks", std::string(100'000, '\n')},
             {"upper case", std::string(100'000, 'A')},
             {"punctuation", std::string(100'000, '<')}}) {
      start = now();
      text::Sink<int32_t> sink(nullptr, 0);
      status = tokenizer.encode(text, SINTER_TEXT_SPECIAL, sink);
      if (!status.ok())
        return fail(status);
      std::cerr << name << ": " << text.size() << " bytes, " << sink.size()
                << " ids, " << us(now() - start) << " us\n";
    }
  }
  return 0;
}

int main(int argc, char **argv) {
  std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "render")
    return render();
  if (argc < 3) {
    std::cerr
        << "usage: text-tool tokenize|detokenize|time SOURCE.json | render\n";
    return 2;
  }
  std::ifstream file(argv[2]);
  test::OwnedSource source;
  test::readSource(nlohmann::json::parse(file), source);
  import::Errors errors;
  auto built = import::buildTokenizer(source.source, errors);
  for (const std::string &error : errors)
    std::cerr << "error: " << error << "\n";
  if (!built)
    return 1;
  test::Table<plan::Tokenizer> table;
  test::pack(*built, table);
  if (mode == "time")
    return time(table.get());
  text::Tokenizer tokenizer;
  runtime::Status status = tokenizer.open(table.get(), runtime::Allocator());
  if (!status.ok())
    return fail(status);
  return mode == "tokenize" ? tokenize(tokenizer) : detokenize(tokenizer);
}
