//===- ChooseDrafters.cpp - --speculate=auto
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/ChooseDrafters.h"

#include "lib/Pipelines/Compiler.h"
#include "lib/Target/Plan/PlanFile.h"
#include "sinter-c/speculation.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace sinter;
namespace json = llvm::json;

/// A plan that promises less is not worth its drafts.
static constexpr double kLeastGain = 1.02;
static constexpr uint32_t kTokens = 64;
static constexpr uint32_t kLengths[] = {1, 2, 4, 8};

/// What people ask, in the form of a line of a workload.
static constexpr llvm::StringLiteral kTexts = R"json(
{"messages":[{"role":"user","content":"Why is the sky blue? Answer in a few sentences."}]}
{"messages":[{"role":"user","content":"Correct the spelling and repeat the whole text: The old harbor was quiet that mornning. Three boats lay at the pier, and a man in a blue coat painted the rail of the smallest one. Nobody spoke. The gulls had gone to the feilds behind the town."}]}
{"messages":[{"role":"user","content":"Write a Python function that returns the n-th Fibonacci number, and explain it."}]}
{"messages":[{"role":"user","content":"Summarize, quoting the text: The council of Westbury decided on Tuesday to keep the library open on Sundays. The mayor said that more than four hundred people had come on the first Sunday alone. The costs are paid by a gift of the Hartley foundation for two years."}]}
{"messages":[{"role":"user","content":"Give me a list of ten things to pack for a week in the mountains."}]}
{"messages":[{"role":"user","content":"Tell me a short story about a lighthouse keeper."}]}
)json";

namespace {

llvm::Error error(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

llvm::Error take(sinter_status *status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error failed =
      error(llvm::Twine("--speculate=auto: ") + sinter_status_message(status));
  sinter_status_release(status);
  return failed;
}

/// What drafts of one length did, over all texts.
struct Counted {
  uint64_t rounds = 0, drafted = 0, accepted = 0;
  double cost = 0; // in forwards of one row

  double gain() const { return double(rounds + accepted) / cost; }
};

/// A plan with some drafters, tried on texts.
class Trial {
public:
  ~Trial() { sinter_plan_release(plan); }
  llvm::Error open(const std::string &path);
  /// The ids of a prompt: text, or JSON with `text` or `messages`.
  llvm::Expected<std::vector<int32_t>> read(llvm::StringRef line);
  /// Goes on with a prompt. `length`: of the drafts; 0: none are made.
  llvm::Expected<std::vector<int32_t>> run(llvm::ArrayRef<int32_t> prompt,
                                           uint32_t length, Counted &counted);

private:
  llvm::Expected<std::string> render(const json::Array &messages);
  void count(const sinter_speculation &figures, Counted &counted) const;

  sinter_plan *plan = nullptr;
  /// Of the plan's table. An id costs as much where a drafter of the text found
  /// it: a list of both may look worse than it is, never better.
  std::vector<float> rowCosts;
  float idCost = 0;
};

} // namespace

llvm::Error Trial::open(const std::string &path) {
  auto file = PlanFile::open(path, /*verifyWeights=*/false);
  if (!file)
    return file.takeError();
  const plan::Costs *costs = file->tables().costs();
  if (!costs || costs->rows()->size() < SINTER_SPECULATION_ROWS)
    return error("--speculate=auto: a candidate has no table of costs");
  rowCosts.assign(costs->rows()->begin(), costs->rows()->end());
  idCost = costs->id();
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.verify = SINTER_VERIFY_METADATA; // it was written a moment ago
  return take(sinter_plan_open(path.c_str(), &options, &plan));
}

/// Up to where the model is to answer.
llvm::Expected<std::string> Trial::render(const json::Array &messages) {
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
          take(sinter_plan_render(plan, text.data(), text.size(), 1,
                                  rendered.data(), rendered.size(), &bytes)))
    return std::move(failed);
  if (bytes > rendered.size())
    return error("a prompt of " + llvm::Twine(bytes) + " bytes");
  rendered.resize(bytes);
  return rendered;
}

llvm::Expected<std::vector<int32_t>> Trial::read(llvm::StringRef line) {
  std::string text = line.str();
  if (line.starts_with("{")) {
    auto parsed = json::parse(line);
    if (!parsed)
      return parsed.takeError();
    const json::Object *object = parsed->getAsObject();
    if (auto given = object->getString("text")) {
      text = given->str();
    } else if (const json::Array *messages = object->getArray("messages")) {
      auto rendered = render(*messages);
      if (!rendered)
        return rendered.takeError();
      text = std::move(*rendered);
    } else {
      return error("has neither text nor messages");
    }
  }
  std::vector<int32_t> ids(text.size() + 8);
  size_t count = 0;
  if (auto failed =
          take(sinter_plan_tokenize(plan, text.data(), text.size(),
                                    SINTER_TEXT_SPECIAL | SINTER_TEXT_BOS_EOS,
                                    ids.data(), ids.size(), &count)))
    return std::move(failed);
  ids.resize(count);
  return ids;
}

/// Adds a call to the sum. Rounds without a draft have one row.
void Trial::count(const sinter_speculation &figures, Counted &counted) const {
  counted.rounds += figures.rounds;
  counted.drafted += figures.drafted;
  counted.accepted += figures.accepted;
  counted.cost += idCost * double(figures.drafted);
  uint64_t longer = figures.rounds; // rounds with at least so many ids
  for (uint32_t ids = 0; ids < SINTER_SPECULATION_ROWS; ++ids) {
    uint64_t next = figures.drafted_at[ids];
    counted.cost += double(longer - next) * rowCosts[ids];
    longer = next;
  }
}

llvm::Expected<std::vector<int32_t>>
Trial::run(llvm::ArrayRef<int32_t> prompt, uint32_t length, Counted &counted) {
  sinter_session_options size;
  sinter_session_options_initialize(&size);
  size.context = uint32_t(prompt.size()) + kTokens + 1;
  sinter_session *session = nullptr;
  if (auto failed = take(sinter_session_create(plan, &size, &session)))
    return std::move(failed);
  llvm::scope_exit release([&] { sinter_session_release(session); });
  std::vector<int32_t> tokens;
  sinter_generation generation;
  sinter_generation_initialize(&generation, plan);
  generation.sampling.temperature = 0;
  generation.sampling.repetition_penalty = 1;
  generation.max_tokens = kTokens;
  generation.ignore_stop_ids = 1;
  generation.no_speculation = length == 0;
  generation.draft_tokens = length;
  generation.callback = [](void *user, int32_t id, const char *, size_t) {
    if (id >= 0)
      static_cast<std::vector<int32_t> *>(user)->push_back(id);
    return 0;
  };
  generation.user = &tokens;
  if (auto failed = take(sinter_session_generate(
          session, prompt.data(), prompt.size(), &generation, nullptr)))
    return std::move(failed);
  sinter_speculation figures;
  figures.size = sizeof(figures);
  if (auto failed = take(sinter_session_speculation(session, &figures)))
    return std::move(failed);
  count(figures, counted);
  return tokens;
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

namespace {

using Drafters = std::vector<std::string>;

class Choice {
public:
  explicit Choice(const CompileOptions &options) : options(options) {}
  llvm::Expected<CompileOptions> make();

private:
  std::vector<Drafters> candidates() const;
  llvm::Error readTexts(Trial &trial);
  llvm::Error tryOut(const Drafters &drafters, const std::string &path);
  llvm::Error runAll(Trial &trial, const Drafters &drafters);
  void say(const llvm::Twine &line) const {
    if (!options.quiet)
      llvm::errs() << line << '\n';
  }

  const CompileOptions &options;
  std::vector<std::vector<int32_t>> prompts;
  size_t looping = 0;
  std::string tried;
  Drafters best;
  double bestGain = 0;
};

} // namespace

/// Drafters that need no table, and the one that was named, alone and behind
/// them.
std::vector<Drafters> Choice::candidates() const {
  std::vector<Drafters> list = {{"copy"},
                                {"lookup"},
                                {"recycle"},
                                {"copy", "lookup"},
                                {"copy", "lookup", "recycle"}};
  for (const std::string &named : options.decode.speculate) {
    list.push_back({named});
    list.push_back({"copy", named});
    list.push_back({"copy", "lookup", named});
  }
  return list;
}

/// Prompts whose plain answer does not fall into a loop.
llvm::Error Choice::readTexts(Trial &trial) {
  std::unique_ptr<llvm::MemoryBuffer> file =
      llvm::MemoryBuffer::getMemBuffer(kTexts);
  std::string path = options.decode.calibration;
  if (!path.empty()) {
    auto opened = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
    if (!opened)
      return error(path + ": " + opened.getError().message());
    file = std::move(*opened);
  }
  llvm::SmallVector<llvm::StringRef> lines;
  file->getBuffer().split(lines, '\n');
  for (auto [number, line] : llvm::enumerate(lines)) {
    if (line.trim().empty())
      continue;
    Counted plain;
    auto prompt = trial.read(line);
    auto tokens = prompt ? trial.run(*prompt, 0, plain) : prompt.takeError();
    if (!tokens)
      return error(path + ":" + llvm::Twine(number + 1) + ": " +
                   llvm::toString(tokens.takeError()));
    if (loops(*tokens))
      ++looping;
    else
      prompts.push_back(std::move(*prompt));
  }
  say("speculate=auto: " + llvm::Twine(prompts.size()) + " texts, " +
      llvm::Twine(kTokens) + " tokens each" +
      (looping ? ", " + llvm::Twine(looping) +
                     " left out, whose answers fall into loops"
               : llvm::Twine()));
  if (prompts.empty())
    return error("--speculate=auto: no text to choose by");
  return llvm::Error::success();
}

llvm::Error Choice::runAll(Trial &trial, const Drafters &drafters) {
  Counted found;
  uint32_t foundLength = 0;
  for (uint32_t length : kLengths) {
    Counted counted;
    for (const auto &prompt : prompts)
      if (auto tokens = trial.run(prompt, length, counted); !tokens)
        return tokens.takeError();
    if (foundLength == 0 || counted.gain() > found.gain()) {
      found = counted;
      foundLength = length;
    }
  }
  std::string name = llvm::join(drafters, ",");
  say(llvm::formatv("  {0,-24} {1:f2}x: drafts of {2}, {3} of {4} ids right, "
                    "{5:f2} tokens a forward",
                    name, found.gain(), foundLength, found.accepted,
                    found.drafted,
                    double(found.rounds + found.accepted) / found.rounds));
  tried += llvm::formatv("{0}{1} {2:f2}", tried.empty() ? "" : "; ", name,
                         found.gain());
  if (found.gain() > bestGain) {
    bestGain = found.gain();
    best = drafters;
  }
  return llvm::Error::success();
}

llvm::Error Choice::tryOut(const Drafters &drafters, const std::string &path) {
  CompileOptions candidate = options;
  candidate.decode.automatic = false;
  candidate.decode.speculate = drafters;
  if (!llvm::is_contained(drafters, "heads"))
    candidate.decode.heads.clear();
  if (!llvm::is_contained(drafters, "model"))
    candidate.decode.draftModel.clear();
  candidate.artifact.golden = false;
  candidate.output = path;
  candidate.dumpPhasesTo.clear();
  candidate.timing = candidate.progress = false;
  candidate.quiet = true;
  if (mlir::failed(compile(candidate)))
    return error("--speculate=auto: a candidate cannot be compiled");
  Trial trial;
  if (auto failed = trial.open(path))
    return failed;
  if (prompts.empty())
    if (auto failed = readTexts(trial))
      return failed;
  return runAll(trial, drafters);
}

llvm::Expected<CompileOptions> Choice::make() {
  std::string path = options.output + ".candidate";
  llvm::scope_exit remove([&] { llvm::sys::fs::remove(path); });
  for (const Drafters &drafters : candidates())
    if (auto failed = tryOut(drafters, path))
      return std::move(failed);
  CompileOptions chosen = options;
  chosen.decode.automatic = false;
  bool pays = bestGain >= kLeastGain;
  chosen.decode.speculate = pays ? best : Drafters();
  if (!pays || !llvm::is_contained(best, "heads"))
    chosen.decode.heads.clear();
  if (!pays || !llvm::is_contained(best, "model"))
    chosen.decode.draftModel.clear();
  std::string name = pays ? llvm::join(best, ",") : "off";
  chosen.decode.choice = name + " of " + tried;
  say("chosen: " + name + (pays ? "" : ", as nothing pays on these texts"));
  return chosen;
}

llvm::Expected<CompileOptions>
sinter::chooseDrafters(const CompileOptions &options) {
  return Choice(options).make();
}
