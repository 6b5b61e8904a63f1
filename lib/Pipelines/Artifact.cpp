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
#include "lib/Pipelines/CompileCode.h"
#include "lib/Pipelines/Golden.h"
#include "lib/Pipelines/PackWeights.h"
#include "lib/Pipelines/ReadText.h"
#include "lib/Target/Plan/PlanWriter.h"
#include "lib/Target/Plan/Sha256.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace sinter;

namespace {

llvm::Error error(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
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

void printSummary(const PlanSummary &summary, const CompileOptions &options,
                  uint64_t context) {
  auto mib = [](uint64_t bytes) { return double(bytes) / (1 << 20); };
  llvm::errs() << llvm::format(
      "%s: %.1f MiB (weights %.1f, code %.2f, tables %.2f)",
      options.output.c_str(), mib(summary.fileBytes), mib(summary.weightBytes),
      mib(summary.codeBytes), mib(summary.metaBytes));
  for (auto [index, level] : llvm::enumerate(summary.levels))
    llvm::errs() << (index == 0 ? ", " : " + ") << level;
  const plan::MemoryT &memory = summary.memory;
  llvm::errs() << llvm::format(
      "\npeak heap: %.2f MiB + sessions x (%.2f MiB + %.1f KiB x "
      "ceil(context / %u)); one session of %llu: %.1f MiB\n",
      mib(memory.load_bytes), mib(memory.session_bytes),
      double(memory.session_bytes_per_page) / 1024, memory.page_tokens,
      (unsigned long long)context, mib(peakBytes(memory, 1, context, 1)));
}

/// A value that a task of the pool computes.
template <typename T> class Later {
public:
  Later(llvm::ThreadPoolInterface &pool,
        std::function<llvm::Expected<T>()> compute)
      : group(pool) {
    group.async([this, compute = std::move(compute)] {
      auto computed = compute();
      if (computed)
        value = std::move(*computed);
      else
        problem = llvm::toString(computed.takeError());
    });
  }

  /// Waits.
  llvm::Expected<T> take() {
    group.wait();
    if (!value)
      return error(problem);
    return std::move(*value);
  }

private:
  std::optional<T> value;
  std::string problem;
  llvm::ThreadPoolTaskGroup group; // waits when it goes, so it goes first
};

class ArtifactBuilder {
public:
  ArtifactBuilder(ModuleOp module, const CompileOptions &options,
                  TimingScope &timing)
      : module(module), options(options), timing(timing),
        pool(llvm::hardware_concurrency(options.threads)) {}
  llvm::Error run();

private:
  llvm::Error openSource();
  llvm::Error addText(PlanInputs &inputs);
  void addProvenance(PlanInputs &inputs, const std::string &sourceSha256);

  ModuleOp module, device;
  const CompileOptions &options;
  TimingScope &timing;
  MappedCheckpoint checkpoint;
  std::shared_ptr<gguf::File> file;
  std::string sourcePath;
  llvm::DefaultThreadPool pool;
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

void ArtifactBuilder::addProvenance(PlanInputs &inputs,
                                    const std::string &sourceSha256) {
  auto add = [&](StringRef key, const std::string &value) {
    inputs.provenance.emplace_back(key.str(), value);
  };
  add("source", llvm::sys::path::filename(sourcePath).str());
  add("source.sha256", sourceSha256);
  add("compiler", "sinter 0.1.0");
  add("activations", options.tile.activations);
  std::string kv = options.tile.kv;
  if (kv.empty())
    kv = options.tile.activations == "f32" ? "f32" : "f16";
  add("kv", kv);
  add("max_rows", std::to_string(options.tile.maxRows));
}

llvm::Error ArtifactBuilder::addText(PlanInputs &inputs) {
  TimingScope scope = timing.nest("text");
  auto text = readText(*file, options.artifact.chatTemplate);
  if (!text)
    return text.takeError();
  inputs.tokenizer = std::move(text->tokenizer);
  inputs.chatTemplate = std::move(text->chatTemplate);
  inputs.defaults = std::move(text->defaults);
  return llvm::Error::success();
}

/// The digest of the source, code, the reference logits and packing share the
/// threads of one pool, in this order: code takes longest.
llvm::Error ArtifactBuilder::run() {
  if (auto failed = openSource())
    return failed;
  auto levels = chooseLevels(options.artifact);
  if (!levels)
    return levels.takeError();
  PlanInputs inputs;
  inputs.program = module;
  inputs.pool = &pool;
  if (auto failed = addText(inputs))
    return failed;

  Later<std::string> digest(pool, [&] {
    TimingScope scope = timing.nest("digest of the source");
    return sha256OfFile(sourcePath);
  });
  TimingScope codeScope = timing.nest("code");
  CodeCompiler compiler(device, *levels, pool, codeScope);
  std::vector<CodeObject> objects;
  inputs.code = [&]() -> llvm::Expected<std::vector<PlanCode>> {
    auto compiled = compiler.finish();
    codeScope.stop();
    if (!compiled)
      return compiled.takeError();
    objects = std::move(*compiled);
    std::vector<PlanCode> code;
    for (const CodeObject &object : objects)
      code.push_back(planCode(object));
    return code;
  };

  std::optional<Later<ReferenceLogits>> reference;
  if (options.artifact.golden)
    reference.emplace(pool, [&] {
      TimingScope scope = timing.nest("reference logits");
      return referenceLogits(sourcePath);
    });

  WeightPackers packers(device, checkpoint);
  inputs.divideWeight = [&](planir::WeightOp weight, uint64_t bytes) {
    return packers.divide(weight.getSymName(), bytes);
  };
  bool chat = inputs.chatTemplate != nullptr;
  if (reference)
    inputs.golden =
        [&](StringRef path) -> llvm::Expected<std::unique_ptr<plan::GoldenT>> {
      auto logits = reference->take();
      if (!logits)
        return logits.takeError();
      return buildGolden(path, chat, *logits);
    };
  auto sum = digest.take();
  if (!sum)
    return sum.takeError();
  addProvenance(inputs, *sum);

  auto summary = writePlan(inputs, options.output, timing);
  if (!summary)
    return summary.takeError();
  if (!options.quiet) {
    uint64_t context = 0;
    for (auto model : module.getOps<planir::ModelOp>())
      context = model.getMaxContext();
    printSummary(*summary, options, context);
  }
  return llvm::Error::success();
}

LogicalResult sinter::writeArtifact(ModuleOp module,
                                    const CompileOptions &options,
                                    TimingScope &timing) {
  if (auto failed = ArtifactBuilder(module, options, timing).run()) {
    llvm::errs() << "llm-compile: error: " << llvm::toString(std::move(failed))
                 << '\n';
    return failure();
  }
  return success();
}
