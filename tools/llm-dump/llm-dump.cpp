// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// llm-dump - shows what is in a plan.

#include "dialects/Plan/PlanOps.h"
#include "mlir/IR/MLIRContext.h"
#include "tools/common/Failure.h"
#include "tools/common/Options.h"
#include "tools/llm-dump/Dump.h"
#include "tools/report/PlanReport.h"

using namespace sinter;

namespace {

struct Arguments {
  std::string plan;
  bool program = false, weights = false, json = false, trustWeights = false;
  bool roofline = false;
  uint32_t sessions = 1, context = 0, threads = 1, depth = 0;
  std::optional<tools::Machine> machine;
};

/// False: help was asked for and printed.
bool parse(int argc, char **argv, Arguments &arguments) {
  tools::OptionParser parser("llm-dump", "[options] PLAN",
                             "Shows what is in a plan that llm-compile made.");
  parser.positional("PLAN", arguments.plan, "the plan");
  parser.section("What to show (default: a summary):");
  parser.flag("--program", arguments.program, "the program as plan text");
  parser.flag("--weights", arguments.weights, "a line for each packed weight");
  parser.flag("--json", arguments.json, "the summary, with weights, as JSON");
  parser.flag("--roofline", arguments.roofline,
              "what ops of a token and of a prompt should take at least; with "
              "--json as JSON");
  parser.section("Rooflines are those of:");
  parser.custom("--machine", "DESCRIPTION",
                "stream:GB/s,dot:Gop/s,fma:Gflop/s and threads:N (1), as in "
                "stream:40,dot:1000,fma:250 (default: this machine, which is "
                "measured, with --threads workers)",
                [&](const std::string &option, std::string_view value) {
                  arguments.machine = tools::parseMachine(option, value);
                });
  parser.number("--depth", "N", arguments.depth,
                "after so many positions (default: 0)");
  parser.section("Peak memory is shown for:");
  parser.number("--sessions", "N", arguments.sessions,
                "so many sessions (default: 1)");
  parser.number("--context", "N", arguments.context,
                "of so many positions each (default: the longest)");
  parser.number("--threads", "N", arguments.threads,
                "with so many workers (default: 1)");
  parser.section("Checks:");
  parser.flag("--no-verify-weights", arguments.trustWeights,
              "do not compare the digests of the weights");
  return parser.parse(argc, argv);
}

/// LLVM reports errors as values, tools throw.
template <typename T>
T orThrow(llvm::Expected<T> value, const std::string &before = "") {
  if (!value)
    throw tools::Failure(before + llvm::toString(value.takeError()));
  return std::move(*value);
}

int run(int argc, char **argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments))
    return tools::exitSuccess;
  PlanFile file =
      orThrow(PlanFile::open(arguments.plan, !arguments.trustWeights));
  // Everything that is shown must hold: the program is read in any case.
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module =
      orThrow(file.program(&context), arguments.plan + ": is damaged: ");
  dump::Load load{.sessions = arguments.sessions,
                  .context = arguments.context,
                  .threads = arguments.threads};
  if (arguments.roofline) {
    tools::PlanReport report(file, arguments.plan,
                             {.machine = arguments.machine,
                              .threads = arguments.threads,
                              .depth = arguments.depth});
    llvm::outs() << (arguments.json ? report.json() : report.text());
  } else if (arguments.json)
    dump::printJson(file, load, llvm::outs());
  else if (arguments.program)
    llvm::outs() << *module << "\n";
  else if (arguments.weights)
    dump::printWeights(file, llvm::outs());
  else
    dump::printSummary(file, load, llvm::outs());
  return tools::exitSuccess;
}

} // namespace

int main(int argc, char **argv) {
  return tools::runTool("llm-dump", run, argc, argv);
}
