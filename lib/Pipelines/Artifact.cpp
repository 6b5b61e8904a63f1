//===- Artifact.cpp - code objects, weights and the plan file
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Artifact.h"

#include "dialects/Plan/PlanOps.h"
#include "lib/Conversion/DecodeToPlan/DecodeToPlan.h"
#include "lib/Import/GGUF/MappedCheckpoint.h"
#include "lib/Pipelines/Golden.h"
#include "lib/Pipelines/PackWeights.h"
#include "lib/Pipelines/ReadText.h"
#include "lib/Pipelines/Registration.h"
#include "lib/Target/Plan/PlanWriter.h"
#include "lib/Target/X86/CodeObject.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include <chrono>
#include <future>

using namespace mlir;
using namespace sinter;

namespace {

llvm::Error error(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// The regions of a module as text: contexts are not shared by threads.
std::string regionText(ModuleOp device) {
  OwningOpRef<ModuleOp> regions = ModuleOp::create(device.getLoc());
  for (auto function : device.getOps<func::FuncOp>())
    regions->push_back(function->clone());
  std::string text;
  llvm::raw_string_ostream os(text);
  regions->print(os);
  return text;
}

llvm::Expected<CodeObject> compileLevel(const std::string &text,
                                        const CpuLevel &level) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string said;
  context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
    said += (said.empty() ? "" : "; ") + diagnostic.str();
  });
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(&context));
  if (!module)
    return error("regions cannot be read back: " + said);
  auto code = compileCodeObject(*module, level);
  if (!code)
    return error(level.name + ": " + llvm::toString(code.takeError()) +
                 (said.empty() ? "" : ": " + said));
  return code;
}

llvm::Expected<std::vector<const CpuLevel *>>
chooseLevels(const ArtifactOptions &options) {
  std::vector<const CpuLevel *> levels;
  for (const CpuLevel &level : cpuLevels()) // best first, whatever was asked
    if (options.levels.empty() ||
        llvm::is_contained(options.levels, level.name))
      levels.push_back(&level);
  for (const std::string &name : options.levels)
    if (!findCpuLevel(name))
      return error("--target=" + name + " is no CPU level; levels are " +
                   cpuLevelNames());
  return levels;
}

PlanCode planCode(const CodeObject &object) {
  PlanCode code;
  code.level = object.level->name.str();
  for (StringRef feature : object.level->features)
    code.features.push_back(feature.str());
  code.imageBytes = object.imageBytes;
  for (const CodeSegment &segment : object.segments)
    code.segments.push_back(
        {segment.address, segment.executable, segment.bytes});
  code.entries = object.entries;
  return code;
}

/// Compiles every level; the first half of the job for each core.
llvm::Expected<std::vector<CodeObject>>
compileLevels(ModuleOp device, ArrayRef<const CpuLevel *> levels) {
  std::string text = regionText(device);
  std::vector<std::future<std::optional<CodeObject>>> jobs;
  std::vector<std::string> errors(levels.size());
  for (auto [index, level] : llvm::enumerate(levels))
    jobs.push_back(std::async(
        std::launch::async, [&, index, level]() -> std::optional<CodeObject> {
          auto code = compileLevel(text, *level);
          if (code)
            return std::move(*code);
          errors[index] = llvm::toString(code.takeError());
          return std::nullopt;
        }));
  std::vector<CodeObject> objects;
  std::string said;
  for (auto [index, job] : llvm::enumerate(jobs)) {
    std::optional<CodeObject> code = job.get();
    if (code)
      objects.push_back(std::move(*code));
    else
      said += (said.empty() ? "" : "; ") + errors[index];
  }
  if (!said.empty())
    return error(said);
  return objects;
}

void printSummary(const PlanSummary &summary, const PlanInputs &inputs,
                  const CompileOptions &options, uint64_t context) {
  auto mib = [](uint64_t bytes) { return double(bytes) / (1 << 20); };
  llvm::errs() << llvm::format(
      "%s: %.1f MiB (weights %.1f, code %.2f, tables %.2f)",
      options.output.c_str(), mib(summary.fileBytes), mib(summary.weightBytes),
      mib(summary.codeBytes), mib(summary.metaBytes));
  for (const PlanCode &code : inputs.code)
    llvm::errs() << (&code == inputs.code.data() ? ", " : " + ") << code.level;
  const plan::MemoryT &memory = summary.memory;
  llvm::errs() << llvm::format(
      "\npeak heap: %.2f MiB + sessions x (%.2f MiB + %.1f KiB x "
      "ceil(context / %u)); one session of %llu: %.1f MiB\n",
      mib(memory.load_bytes), mib(memory.session_bytes),
      double(memory.session_bytes_per_page) / 1024, memory.page_tokens,
      (unsigned long long)context, mib(peakBytes(memory, 1, context, 1)));
}

class ArtifactBuilder {
public:
  ArtifactBuilder(ModuleOp module, const CompileOptions &options)
      : module(module), options(options) {}
  llvm::Error run();

private:
  llvm::Error openSource();
  void addProvenance(PlanInputs &inputs);

  ModuleOp module, device;
  const CompileOptions &options;
  MappedCheckpoint checkpoint;
  std::shared_ptr<gguf::File> file;
  std::string sourcePath;
};

} // namespace

llvm::Error ArtifactBuilder::openSource() {
  for (auto nested : module.getOps<ModuleOp>())
    if (nested.getSymName() == kDeviceModule)
      device = nested;
  if (!device)
    return error("the module has no nested module @device with the regions");
  auto source = device->getAttrOfType<StringAttr>(llm::LlmDialect::kSource);
  if (!source)
    return error("the module does not say which checkpoint it came from "
                 "(llm.source)");
  sourcePath = source.str();
  auto opened = checkpoint.file(sourcePath);
  if (!opened)
    return opened.takeError();
  file = *opened;
  return llvm::Error::success();
}

void ArtifactBuilder::addProvenance(PlanInputs &inputs) {
  auto add = [&](StringRef key, const std::string &value) {
    inputs.provenance.emplace_back(key.str(), value);
  };
  llvm::SHA256 digest;
  digest.update(file->contents());
  auto bytes = digest.final();
  add("source", llvm::sys::path::filename(sourcePath).str());
  add("source.sha256", llvm::toHex(bytes, /*LowerCase=*/true));
  add("compiler", "sinter 0.1.0");
  add("activations", options.tile.activations);
  std::string kv = options.tile.kv;
  if (kv.empty())
    kv = options.tile.activations == "f32" ? "f32" : "f16";
  add("kv", kv);
  add("max_rows", std::to_string(options.tile.maxRows));
}

llvm::Error ArtifactBuilder::run() {
  if (auto failed = openSource())
    return failed;
  auto levels = chooseLevels(options.artifact);
  if (!levels)
    return levels.takeError();

  PlanInputs inputs;
  inputs.program = module;
  auto text = readText(*file, options.artifact.chatTemplate);
  if (!text)
    return text.takeError();
  inputs.tokenizer = std::move(text->tokenizer);
  inputs.chatTemplate = std::move(text->chatTemplate);
  inputs.defaults = std::move(text->defaults);

  // The interpreter runs beside the code generator.
  std::string goldenError;
  std::future<std::optional<ReferenceLogits>> reference;
  if (options.artifact.golden)
    reference =
        std::async(std::launch::async, [&]() -> std::optional<ReferenceLogits> {
          auto logits = referenceLogits(sourcePath);
          if (logits)
            return std::move(*logits);
          goldenError = llvm::toString(logits.takeError());
          return std::nullopt;
        });

  auto objects = compileLevels(device, *levels);
  if (!objects)
    return objects.takeError();
  for (const CodeObject &object : *objects)
    inputs.code.push_back(planCode(object));

  WeightPackers packers(device, checkpoint);
  inputs.packWeight = [&](planir::WeightOp weight,
                          MutableArrayRef<uint8_t> out) {
    return packers.pack(weight.getSymName(), out);
  };
  addProvenance(inputs);
  bool chat = inputs.chatTemplate != nullptr;
  if (options.artifact.golden)
    inputs.golden =
        [&](StringRef path) -> llvm::Expected<std::unique_ptr<plan::GoldenT>> {
      auto logits = reference.get();
      if (!logits)
        return error(goldenError);
      return buildGolden(path, chat, *logits);
    };

  auto summary = writePlan(inputs, options.output);
  if (!summary)
    return summary.takeError();
  if (!options.quiet) {
    uint64_t context = 0;
    for (auto model : module.getOps<planir::ModelOp>())
      context = model.getMaxContext();
    printSummary(*summary, inputs, options, context);
  }
  return llvm::Error::success();
}

LogicalResult sinter::writeArtifact(ModuleOp module,
                                    const CompileOptions &options) {
  if (auto failed = ArtifactBuilder(module, options).run()) {
    llvm::errs() << "llm-compile: error: " << llvm::toString(std::move(failed))
                 << '\n';
    return failure();
  }
  return success();
}
