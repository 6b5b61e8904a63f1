//===- CalibrationTexts.cpp - texts that choices are made by
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/CalibrationTexts.h"

#include "sinter/JsonDepth.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace sinter;
namespace json = llvm::json;

/// What people ask, in the form of a line of a workload.
static constexpr llvm::StringLiteral kTexts = R"json(
{"messages":[{"role":"user","content":"Why is the sky blue? Answer in a few sentences."}]}
{"messages":[{"role":"user","content":"Correct the spelling and repeat the whole text: The old harbor was quiet that mornning. Three boats lay at the pier, and a man in a blue coat painted the rail of the smallest one. Nobody spoke. The gulls had gone to the feilds behind the town."}]}
{"messages":[{"role":"user","content":"Write a Python function that returns the n-th Fibonacci number, and explain it."}]}
{"messages":[{"role":"user","content":"Summarize, quoting the text: The council of Westbury decided on Tuesday to keep the library open on Sundays. The mayor said that more than four hundred people had come on the first Sunday alone. The costs are paid by a gift of the Hartley foundation for two years."}]}
{"messages":[{"role":"user","content":"Give me a list of ten things to pack for a week in the mountains."}]}
{"messages":[{"role":"user","content":"Tell me a short story about a lighthouse keeper."}]}
)json";

/// What a model is measured on where the user gives no text: prose, a
/// dialogue, code and a list.
static constexpr llvm::StringLiteral kText =
    "The lighthouse stood at the end of a long spit of sand, and for most of "
    "the year nobody came there but the keeper and the birds. In winter the "
    "storms took away a piece of the road, and in spring the village put it "
    "back, stone by stone, without anyone having asked for it.\n\n"
    "Question: A train leaves at 9:40 and arrives at 13:05. How long is the "
    "journey?\nAnswer: From 9:40 to 13:05 it is 3 hours and 25 minutes.\n\n"
    "def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b "
    "= b, a + b\n    return a\n\n"
    "Water boils at a lower temperature on a mountain because the pressure of "
    "the air is lower there. This is why it takes longer to cook an egg at a "
    "great height, although the water seems to boil as strongly as at sea.\n\n"
    "Things to bring: a warm coat, two pairs of socks, a map of the valley, a "
    "torch with fresh batteries, bread and cheese for two days.";

static llvm::Error error(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

llvm::Error sinter::taken(sinter_status *status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error failed = error(sinter_status_message(status));
  sinter_status_release(status);
  return failed;
}

/// Up to where the model is to answer.
static llvm::Expected<std::string> render(sinter_plan *plan,
                                          const json::Array &messages) {
  json::Array known;
  for (const json::Value &message : messages) {
    const json::Object *object = message.getAsObject();
    if (!object || !object->getString("role"))
      return error("a message has no role");
    if (!object->getString("content"))
      break;
    known.push_back(message);
  }
  std::string text = llvm::formatv("{0}", json::Value(std::move(known)));
  std::string rendered(1 << 16, '\0');
  size_t bytes = 0;
  if (auto failed =
          taken(sinter_plan_render(plan, text.data(), text.size(), 1,
                                   rendered.data(), rendered.size(), &bytes)))
    return std::move(failed);
  if (bytes > rendered.size())
    return error("a prompt of " + llvm::Twine(bytes) + " bytes");
  rendered.resize(bytes);
  return rendered;
}

static llvm::Expected<std::vector<int32_t>>
tokenize(sinter_plan *plan, llvm::StringRef text, uint32_t flags) {
  std::vector<int32_t> ids(text.size() + 8);
  size_t count = 0;
  if (auto failed =
          taken(sinter_plan_tokenize(plan, text.data(), text.size(), flags,
                                     ids.data(), ids.size(), &count)))
    return std::move(failed);
  ids.resize(count);
  return ids;
}

/// The ids of a line.
static llvm::Expected<std::vector<int32_t>> readLine(sinter_plan *plan,
                                                     llvm::StringRef line) {
  std::string text = line.str();
  if (line.starts_with("{")) {
    if (nestsDeeper(line))
      return error("more than " + llvm::Twine(kMostJsonLevels) + " levels");
    auto parsed = json::parse(line);
    if (!parsed)
      return parsed.takeError();
    const json::Object *object = parsed->getAsObject();
    if (auto given = object->getString("text")) {
      text = given->str();
    } else if (const json::Array *messages = object->getArray("messages")) {
      auto rendered = render(plan, *messages);
      if (!rendered)
        return rendered.takeError();
      text = std::move(*rendered);
    } else {
      return error("has neither text nor messages");
    }
  }
  return tokenize(plan, text, SINTER_TEXT_SPECIAL | SINTER_TEXT_BOS_EOS);
}

static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
openTexts(llvm::StringRef path) {
  auto opened = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!opened)
    return error(path + ": " + opened.getError().message());
  return std::move(*opened);
}

/// The ids of each line that is not empty, with its number.
static llvm::Error
readLines(sinter_plan *plan, llvm::StringRef path, llvm::StringRef text,
          llvm::function_ref<llvm::Error(std::vector<int32_t>)> use) {
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n');
  for (auto [number, line] : llvm::enumerate(lines)) {
    if (line.trim().empty())
      continue;
    auto ids = readLine(plan, line);
    llvm::Error failed = ids ? use(std::move(*ids)) : ids.takeError();
    if (failed && path.empty())
      return error("the compiler's own texts do not suit this model: " +
                   llvm::toString(std::move(failed)) +
                   "; --calibration=FILE takes others");
    if (failed)
      return error(path + ":" + llvm::Twine(number + 1) + ": " +
                   llvm::toString(std::move(failed)));
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<int32_t>>
sinter::readCalibration(sinter_plan *plan, const std::string &path) {
  if (path.empty())
    return tokenize(plan, kText, SINTER_TEXT_PLAIN);
  auto file = openTexts(path);
  if (!file)
    return file.takeError();
  llvm::StringRef text = (*file)->getBuffer();
  std::vector<int32_t> ids;
  if (!text.ltrim().starts_with("{")) {
    auto plain = tokenize(plan, text, SINTER_TEXT_PLAIN);
    if (!plain)
      return plain.takeError();
    ids = std::move(*plain);
  } else if (auto failed =
                 readLines(plan, path, text, [&](std::vector<int32_t> prompt) {
                   llvm::append_range(ids, prompt);
                   return llvm::Error::success();
                 })) {
    return std::move(failed);
  }
  if (ids.empty())
    return error(path + ": the text is empty");
  return ids;
}

static llvm::Expected<std::vector<int32_t>>
generate(sinter_plan *plan, llvm::ArrayRef<int32_t> prompt,
         llvm::function_ref<void(sinter_generation &)> setUp,
         Drafted *drafted) {
  sinter_session_options size;
  sinter_session_options_initialize(&size);
  size.context = uint32_t(prompt.size()) + CalibrationTexts::kTokens + 1;
  sinter_session *session = nullptr;
  if (auto failed = taken(sinter_session_create(plan, &size, &session)))
    return std::move(failed);
  llvm::scope_exit release([&] { sinter_session_release(session); });
  std::vector<int32_t> tokens;
  sinter_generation generation;
  sinter_generation_initialize(&generation, plan);
  generation.sampling.temperature = 0;
  generation.sampling.repetition_penalty = 1;
  generation.max_tokens = CalibrationTexts::kTokens;
  generation.ignore_stop_ids = 1;
  generation.callback = [](void *user, int32_t id, const char *, size_t) {
    if (id >= 0)
      static_cast<std::vector<int32_t> *>(user)->push_back(id);
    return 0;
  };
  generation.user = &tokens;
  setUp(generation);
  if (auto failed = taken(sinter_session_generate(
          session, prompt.data(), prompt.size(), &generation, nullptr)))
    return std::move(failed);
  if (!drafted)
    return tokens;
  drafted->figures.size = sizeof(drafted->figures);
  drafted->turns.size = sizeof(drafted->turns);
  if (auto failed =
          taken(sinter_session_speculation(session, &drafted->figures)))
    return std::move(failed);
  if (auto failed = taken(sinter_session_switching(session, &drafted->turns)))
    return std::move(failed);
  return tokens;
}

llvm::Expected<std::vector<int32_t>>
sinter::goOn(sinter_plan *plan, llvm::ArrayRef<int32_t> prompt) {
  auto plain = [](sinter_generation &generation) {
    generation.no_speculation = generation.no_early_exit = 1;
  };
  return generate(plan, prompt, plain, nullptr);
}

static llvm::Expected<Drafted>
generateWithFigures(sinter_plan *plan, llvm::ArrayRef<int32_t> prompt,
                    llvm::function_ref<void(sinter_generation &)> setUp) {
  Drafted drafted;
  auto tokens = generate(plan, prompt, setUp, &drafted);
  if (!tokens)
    return tokens.takeError();
  drafted.answer = std::move(*tokens);
  return drafted;
}

llvm::Expected<Drafted> sinter::goOnDrafting(sinter_plan *plan,
                                             llvm::ArrayRef<int32_t> prompt,
                                             uint32_t length) {
  return generateWithFigures(plan, prompt, [&](sinter_generation &generation) {
    generation.draft_tokens = length;
    generation.no_timing = 1;
  });
}

llvm::Expected<Drafted> sinter::goOnInTurns(sinter_plan *plan,
                                            llvm::ArrayRef<int32_t> prompt,
                                            float bits) {
  return generateWithFigures(plan, prompt, [&](sinter_generation &generation) {
    generation.switch_bits = bits;
  });
}

/// Drafts are right in loops, and nobody wants them: fewer than 32 ids, three
/// times in a row, over at least 32 ids.
static bool loops(llvm::ArrayRef<int32_t> tokens) {
  for (size_t period = 1; period < 32; ++period) {
    size_t same = 0, needed = std::max<size_t>(32, 3 * period) - period;
    for (size_t i = period; i < tokens.size(); ++i) {
      same = tokens[i] == tokens[i - period] ? same + 1 : 0;
      if (same >= needed)
        return true;
    }
  }
  return false;
}

llvm::Error CalibrationTexts::read(sinter_plan *plan, const std::string &path) {
  std::unique_ptr<llvm::MemoryBuffer> file =
      llvm::MemoryBuffer::getMemBuffer(kTexts);
  if (!path.empty()) {
    auto opened = openTexts(path);
    if (!opened)
      return opened.takeError();
    file = std::move(*opened);
  }
  auto add = [&](std::vector<int32_t> prompt) -> llvm::Error {
    auto answer = goOn(plan, prompt);
    if (!answer)
      return answer.takeError();
    if (loops(*answer))
      ++looping;
    else
      texts.push_back({std::move(prompt), std::move(*answer)});
    return llvm::Error::success();
  };
  if (auto failed = readLines(plan, path, file->getBuffer(), add))
    return failed;
  if (texts.empty())
    return error((path.empty() ? std::string("the texts") : path) +
                 ": no text to choose by");
  return llvm::Error::success();
}

std::string CalibrationTexts::summary() const {
  std::string text =
      llvm::formatv("{0} texts, {1} tokens each", texts.size(), kTokens);
  if (looping > 0)
    text +=
        llvm::formatv(", {0} left out, whose answers fall into loops", looping);
  return text;
}
