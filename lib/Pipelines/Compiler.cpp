//===- Compiler.cpp - from a checkpoint to a plan -------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Compiler.h"

#include "dialects/Llm/LlmOps.h"
#include "lib/Import/DraftHeads.h"
#include "lib/Import/Import.h"
#include "lib/Pipelines/Artifact.h"
#include "lib/Pipelines/ChooseDrafters.h"
#include "lib/Pipelines/DraftModel.h"
#include "lib/Pipelines/Pipelines.h"
#include "lib/Pipelines/Registration.h"
#include "lib/Pipelines/Timing.h"
#include "lib/Target/Plan/OutputFile.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace sinter;

/// One line a message, without source excerpts: inputs are checkpoints.
static void printDiagnostic(Diagnostic &diagnostic) {
  bool error = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  bool warning = diagnostic.getSeverity() == DiagnosticSeverity::Warning;
  llvm::errs() << "llm-compile: "
               << (error     ? "error: "
                   : warning ? "warning: "
                             : "note: ");
  if (auto at = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
    if (at.getLine() != 0)
      llvm::errs() << at.getFilename().getValue() << ':' << at.getLine() << ':'
                   << at.getColumn() << ": ";
  llvm::errs() << StringRef(diagnostic.str()).rtrim() << '\n';
}

namespace {

/// One compilation: the module as it goes through the phases.
class Compilation {
public:
  // Modules of layers are small: threads are for machine code.
  explicit Compilation(const CompileOptions &options)
      : options(options), context(MLIRContext::Threading::DISABLED) {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.getDiagEngine().registerHandler(printDiagnostic);
  }

  LogicalResult run(TimingScope &timing);

private:
  LogicalResult load();
  LogicalResult runPhase(Phase phase, TimingScope &timing);
  LogicalResult runPasses(Phase phase);
  LogicalResult writeText(StringRef path);
  LogicalResult dump(Phase phase);

  const CompileOptions &options;
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::optional<DraftModel> draft; // until the tile phase
};

} // namespace

LogicalResult Compilation::load() {
  if (options.from != Phase::Start) {
    module = parseSourceFile<ModuleOp>(options.input, &context);
    return success(bool(module));
  }
  FailureOr<OwningOpRef<ModuleOp>> imported =
      importGguf(options.input, &context);
  if (failed(imported))
    return failure();
  module = std::move(*imported);
  if (!options.decode.heads.empty() &&
      failed(importHeads(options.decode.heads, *module,
                         {options.decode.quantizeHeads})))
    return failure();
  if (options.decode.draftModel.empty())
    return success();
  FailureOr<DraftModel> second = DraftModel::load(*module, options);
  if (failed(second))
    return failure();
  draft = std::move(*second);
  return success();
}

LogicalResult Compilation::writeText(StringRef path) {
  std::string error;
  auto file = openOutputFile(path, &error);
  if (!file) {
    llvm::errs() << "llm-compile: error: " << error << '\n';
    return failure();
  }
  module->print(file->os());
  file->os() << '\n';
  file->keep();
  return success();
}

LogicalResult Compilation::dump(Phase phase) {
  if (options.dumpPhasesTo.empty() || phase == Phase::Artifact)
    return success();
  if (std::error_code code =
          llvm::sys::fs::create_directories(options.dumpPhasesTo)) {
    llvm::errs() << "llm-compile: error: cannot create " << options.dumpPhasesTo
                 << ": " << code.message() << '\n';
    return failure();
  }
  SmallString<128> path(options.dumpPhasesTo);
  llvm::sys::path::append(path, std::to_string(unsigned(phase)) + "-" +
                                    phaseName(phase) + ".mlir");
  return writeText(path);
}

LogicalResult Compilation::runPhase(Phase phase, TimingScope &timing) {
  TimingScope scope = timing.nest(phaseName(phase));
  if (phase == Phase::Import && failed(load()))
    return failure();
  if (phase == Phase::Artifact)
    return writeArtifact(*module, options, scope);
  return runPasses(phase);
}

/// The draft model goes the same way until it can be linked.
LogicalResult Compilation::runPasses(Phase phase) {
  PassManager manager(&context);
  buildPhase(manager, phase, options);
  if (failed(manager.run(*module)))
    return failure();
  if (!draft)
    return success();
  PassManager second(&context);
  buildPhase(second, phase, draft->options());
  if (failed(second.run(draft->module())))
    return failure();
  if (phase == Phase::Tile) {
    draft->nestIn(*module);
    draft.reset();
  }
  return success();
}

/// Asked before the work, which takes long: can the plan be written there?
static LogicalResult checkOutput(const CompileOptions &options) {
  if (options.to != Phase::Artifact)
    return success();
  llvm::Expected<OutputFile> file = OutputFile::create(options.output);
  if (file)
    return success();
  llvm::errs() << "llm-compile: error: " << llvm::toString(file.takeError())
               << '\n';
  return failure();
}

LogicalResult Compilation::run(TimingScope &timing) {
  if (failed(checkOutput(options)))
    return failure();
  if (options.from != Phase::Start && failed(load()))
    return failure();
  unsigned last = unsigned(options.to);
  for (unsigned at = unsigned(options.from) + 1; at <= last; ++at) {
    auto phase = Phase(at);
    if (options.progress)
      llvm::errs() << "[" << at << "/" << last << "] " << phaseName(phase)
                   << '\n';
    if (failed(runPhase(phase, timing)) || failed(dump(phase)))
      return failure();
  }
  if (options.to == Phase::Artifact)
    return success();
  return writeText(options.output);
}

LogicalResult sinter::compile(const CompileOptions &options) {
  if (options.decode.automatic) {
    llvm::Expected<CompileOptions> chosen = chooseDrafters(options);
    if (chosen)
      return compile(*chosen);
    llvm::errs() << "llm-compile: error: " << llvm::toString(chosen.takeError())
                 << '\n';
    return failure();
  }
  llvm::parallel::strategy = llvm::hardware_concurrency(options.threads);
  CompileTiming timing(options.timing);
  TimingScope scope = timing.getRootScope();
  LogicalResult result = Compilation(options).run(scope);
  scope.stop();
  timing.print(llvm::errs());
  return result;
}
