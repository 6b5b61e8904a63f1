// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ask PLAN QUESTION...: a conversation; each question is a turn of it. The
// session keeps the state, so a turn costs its own tokens only.
#include <sinter-c/runtime.hpp>

#include <iostream>
#include <string>

// A JSON string; real programs use a JSON library.
static std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto code = static_cast<unsigned char>(c);
    const char digits[] = "0123456789abcdef";
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (code < 0x20)
      out += {'\\', 'u', '0', '0', digits[code >> 4], digits[code & 15]};
    else
      out += c;
  }
  return out + "\"";
}

static std::string message(std::string_view role, std::string_view text) {
  return "{\"role\":" + quoted(role) + ",\"content\":" + quoted(text) + "}";
}

// Errors as exceptions: .orThrow().
static void converse(const sinter::Plan &plan, std::span<char *> questions) {
  sinter::Session session = plan.session().orThrow();
  sinter::Generation generation = plan.generation();
  generation.sampling.temperature = 0; // greedy
  generation.maxTokens = 48;
  std::string messages;
  for (const char *question : questions) {
    messages += (messages.empty() ? "" : ",") + message("user", question);
    std::string prompt = plan.render("[" + messages + "]").orThrow();
    std::vector<int32_t> ids =
        plan.tokenize(prompt, SINTER_TEXT_SPECIAL).orThrow();
    std::string answer;
    sinter::Statistics statistics =
        session
            .generate(ids, generation,
                      [&](int32_t, std::string_view text) {
                        std::cout << text << std::flush;
                        answer += text;
                      })
            .orThrow();
    std::cout << std::endl;
    std::cerr << statistics.prompt_tokens << " tokens computed, "
              << statistics.reused_tokens << " reused\n";
    messages += "," + message("assistant", answer);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) {
    std::cerr << "usage: ask PLAN QUESTION...\n";
    return 2;
  }
  // Errors as values: a Result that is tested.
  auto plan = sinter::Plan::open(argv[1]);
  if (!plan) {
    std::cerr << "ask: " << plan.error().message() << "\n";
    return 1;
  }
  try {
    converse(*plan, std::span(argv, static_cast<size_t>(argc)).subspan(2));
  } catch (const std::exception &error) {
    std::cerr << "ask: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
