// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// llm-eval: how good a plan is - perplexity on a text, and distance from stored
// logits or from another plan.
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/llm-eval/Evaluate.h"

#include <cstdio>

using namespace sinter;
using namespace sinter::tools;

bool Arguments::parse(int argc, char **argv) {
  OptionParser parser(
      "llm-eval",
      "PLAN (--perplexity FILE | --reference REF.npz | --against OTHER.plan | "
      "--calibrate-exit FILE)",
      "Measures how good a plan is; one line goes to standard output: "
      "'perplexity P +/- E tokens N', or 'max_abs A mean_kl K top1 T greedy "
      "n/N' (largest difference of a logit, mean KL divergence from the "
      "reference, share of equal likeliest tokens, equal leading tokens of "
      "the greedy continuation).");
  plan.declare(parser);
  parser.section("What to measure:");
  parser.text("--perplexity", "FILE", perplexity, "perplexity on a text");
  parser.text("--reference", "REF.npz", reference,
              "against stored arrays: prompt (ids), logits (positions x "
              "vocabulary, float32), tokens (greedy continuation)");
  parser.text("--against", "OTHER.plan", against,
              "against another plan, which is the reference");
  parser.text("--calibrate-exit", "FILE", calibrateExit,
              "choose thresholds for the exits of the plan on a text, as JSON "
              "for llm-compile --early-exit=token:FILE.json: chosen on its "
              "first half, worth what the second half says");
  parser.real("--kl", "X", kl, 0, 1000,
              "with it: the mean KL divergence that exits may cost");
  parser.real("--agreement", "Y", agreement, 0, 1,
              "with it: the share of likeliest tokens that exits must keep");
  parser.section("How:");
  parser.number("-c, --context", "N", context,
                "ids of a window (default: 512)");
  parser.custom("--score", "WHAT",
                "predictions that count: second-half of each whole window, as "
                "llama-perplexity does (the default), or all",
                [this](const std::string &option, std::string_view value) {
                  if (value != "all" && value != "second-half")
                    throw UsageError(option +
                                     " knows second-half and all, not '" +
                                     std::string(value) + "'");
                  scoreAll = value == "all";
                });
  parser.number("--tokens", "N", tokens, "only the first N ids of the text");
  parser.flag("--lines", lines,
              "tokenize line by line, line ends kept (default: the whole text "
              "at once)");
  parser.text("--text", "FILE", text,
              "text for --against (default: a short one that is built in)");
  parser.number("-n, --greedy", "N", greedy,
                "greedy tokens that --against compares (default: 64)");
  if (!parser.parse(argc, argv))
    return false;
  if (perplexity.has_value() + reference.has_value() + against.has_value() +
          calibrateExit.has_value() !=
      1)
    throw UsageError("give one of --perplexity, --reference, --against and "
                     "--calibrate-exit");
  if (calibrateExit.has_value() != (kl || agreement))
    throw UsageError(
        "--calibrate-exit goes with --kl or --agreement, which say "
        "what exits must keep");
  if (text && !against)
    throw UsageError("--text belongs to --against");
  if (context < 2)
    throw UsageError("--context wants at least 2");
  return true;
}

static void print(const PerplexitySum &sum) {
  char line[256];
  std::snprintf(line, sizeof(line), "perplexity %.4f +/- %.4f tokens %llu\n",
                sum.perplexity(), sum.error(),
                static_cast<unsigned long long>(sum.count()));
  writeOut(line, /*flush=*/true);
}

static void print(const Comparison &result) {
  const Distance &distance = result.distance;
  char line[256];
  std::snprintf(line, sizeof(line),
                "max_abs %.6g mean_kl %.6g top1 %.6f greedy %zu/%zu\n",
                distance.maxAbs(), distance.meanKl(), distance.top1(),
                result.sameGreedy, result.greedy);
  writeOut(line, /*flush=*/true);
}

static int run(int argc, char **argv) {
  Arguments arguments;
  if (!arguments.parse(argc, argv))
    return exitSuccess;
  Plan plan = arguments.plan.open();
  if (arguments.perplexity)
    print(perplexityOf(plan, *arguments.perplexity, arguments));
  if (arguments.reference)
    print(compareWithReference(plan, *arguments.reference));
  if (arguments.calibrateExit)
    writeOut(calibrateExits(plan, *arguments.calibrateExit, arguments),
             /*flush=*/true);
  if (arguments.against)
    print(compareWithPlan(plan, *arguments.against, arguments));
  return exitSuccess;
}

int main(int argc, char **argv) { return runTool("llm-eval", run, argc, argv); }
