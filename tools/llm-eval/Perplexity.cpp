// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/Terminal.h"
#include "tools/llm-eval/Evaluate.h"

#include <algorithm>

using namespace sinter;
using namespace sinter::tools;

std::vector<int32_t> sinter::tools::textIds(const Plan &plan,
                                            std::string_view text, bool lines,
                                            std::optional<uint32_t> limit) {
  std::vector<int32_t> ids;
  const size_t most = limit.value_or(UINT32_MAX);
  if (!lines)
    ids = plan.tokenize(text).orThrow();
  else
    for (std::string_view line : splitLines(text, /*keepEnds=*/true)) {
      if (ids.size() >= most)
        break;
      std::vector<int32_t> more = plan.tokenize(line).orThrow();
      ids.insert(ids.end(), more.begin(), more.end());
    }
  ids.resize(std::min(ids.size(), most));
  return ids;
}

namespace {
/// One window: its ids and the first row whose prediction counts.
struct Window {
  std::vector<int32_t> ids;
  size_t first;
};
} // namespace

// llama-perplexity's protocol: whole windows, their second halves count; BOS,
// where the model wants it, takes the place of the first id.
static std::vector<Window> secondHalves(const std::vector<int32_t> &ids,
                                        size_t context,
                                        std::optional<int32_t> bos) {
  std::vector<Window> windows;
  for (size_t at = 0; at + context <= ids.size(); at += context) {
    Window window{{ids.begin() + at, ids.begin() + at + context}, context / 2};
    if (bos)
      window.ids[0] = *bos;
    windows.push_back(std::move(window));
  }
  return windows;
}

// Every prediction counts, also in a shorter last window; BOS comes before.
static std::vector<Window> wholeWindows(const std::vector<int32_t> &ids,
                                        size_t context,
                                        std::optional<int32_t> bos) {
  std::vector<Window> windows;
  for (size_t at = 0; at + 1 < ids.size(); at += context) {
    Window window{
        {ids.begin() + at, ids.begin() + std::min(at + context, ids.size())},
        0};
    if (bos)
      window.ids.insert(window.ids.begin(), *bos);
    if (window.ids.size() > 1)
      windows.push_back(std::move(window));
  }
  return windows;
}

static void score(Session &session, const Window &window, PerplexitySum &sum,
                  size_t vocabulary) {
  session.truncate(0).orThrow();
  std::span<const int32_t> ids = window.ids;
  // The last id is predicted, never read.
  session
      .score(ids.first(ids.size() - 1),
             [&](uint32_t first, uint32_t rows, std::span<const float> logits) {
               for (uint32_t row = 0; row < rows; ++row)
                 if (first + row >= window.first)
                   sum.add(logits.subspan(row * vocabulary, vocabulary),
                           ids[first + row + 1]);
             })
      .orThrow();
}

PerplexitySum sinter::tools::perplexityOf(const Plan &plan,
                                          const std::string &path,
                                          const Arguments &arguments) {
  const std::optional<int32_t> bos = beginningOfText(plan);
  const std::vector<int32_t> ids =
      textIds(plan, readFile(path), arguments.lines, arguments.tokens);
  const std::vector<Window> windows =
      arguments.scoreAll ? wholeWindows(ids, arguments.context, bos)
                         : secondHalves(ids, arguments.context, bos);
  if (windows.empty())
    throw Failure("'" + path + "' has " + std::to_string(ids.size()) +
                  " tokens, too few for a window of " +
                  std::to_string(arguments.scoreAll ? 2 : arguments.context) +
                  "; give a longer text or a smaller --context");
  SessionOptions options;
  options.context = arguments.context + (bos && arguments.scoreAll);
  if (options.context > plan.maxContext())
    throw Failure("--context " + std::to_string(arguments.context) +
                  " is too much for the " + std::to_string(plan.maxContext()) +
                  " positions of the plan");
  Session session = plan.session(options).orThrow();
  Progress progress("window", windows.size());
  PerplexitySum sum;
  for (size_t i = 0; i < windows.size(); ++i) {
    score(session, windows[i], sum, plan.vocabulary());
    progress.update(i + 1, "perplexity " + std::to_string(sum.perplexity()));
  }
  return sum;
}
