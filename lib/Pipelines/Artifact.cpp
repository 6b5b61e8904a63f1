//===- Artifact.cpp - code objects, weights and the plan file
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Artifact.h"
#include "lib/Pipelines/Bigrams.h"

#include "dialects/Llm/Fidelity.h"
#include "dialects/Plan/PlanOps.h"
#include "dialects/Tile/TileOps.h"
#include "lib/Analysis/KernelOps.h"
#include "lib/Conversion/DecodeToPlan/DecodeToPlan.h"
#include "lib/Import/GGUF/MappedCheckpoint.h"
#include "lib/Pipelines/Cache.h"
#include "lib/Pipelines/CompileCode.h"
#include "lib/Pipelines/Golden.h"
#include "lib/Pipelines/Later.h"
#include "lib/Pipelines/MeasureCosts.h"
#include "lib/Pipelines/PackWeights.h"
#include "lib/Pipelines/PlanCache.h"
#include "lib/Pipelines/ReadText.h"
#include "lib/Target/Plan/PlanFile.h"
#include "lib/Target/Plan/PlanWriter.h"
#include "lib/Target/Plan/Sha256.h"
#include "lib/Transforms/Link/DraftFunctions.h"
#include "lib/Transforms/Outline/DropLayers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace sinter;

namespace {

llvm::Error error(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
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

void printSummary(const PlanFile &file, StringRef path, uint64_t context) {
  auto mib = [](uint64_t bytes) { return double(bytes) / (1 << 20); };
  uint64_t code = 0, weights = 0;
  for (const plan::Section *section : *file.tables().sections())
    (section->kind() == plan::SectionKind::Code ? code : weights) +=
        section->bytes();
  llvm::errs() << path
               << llvm::format(
                      ": %.1f MiB (weights %.1f, code %.2f, tables %.2f)",
                      mib(file.fileBytes()), mib(weights), mib(code),
                      mib(file.metaBytes()));
  const char *between = ", ";
  for (const plan::CodeObject *object : *file.tables().code()) {
    llvm::errs() << between << object->level()->string_view();
    between = " + ";
  }
  plan::MemoryT memory;
  file.tables().memory()->UnPackTo(&memory);
  auto kib = [](uint64_t bytes) { return double(bytes) / 1024; };
  llvm::errs() << llvm::format(
      "\npeak heap: %.2f MiB + sessions x (%.2f MiB + %.1f KiB x "
      "ceil(context / %u)",
      mib(memory.load_bytes), mib(memory.session_bytes),
      kib(memory.session_bytes_per_page), memory.page_tokens);
  if (memory.ring_pages)
    llvm::errs() << llvm::format(" + %.1f KiB x min(%llu, ceil(context / %u))",
                                 kib(memory.ring_bytes_per_page),
                                 (unsigned long long)memory.ring_pages,
                                 memory.page_tokens);
  llvm::errs() << llvm::format("); one session of %llu: %.1f MiB\n",
                               (unsigned long long)context,
                               mib(peakBytes(memory, 1, context, 1)));
  for (const plan::Property *property : *file.tables().quality())
    llvm::errs() << property->key()->string_view() << ": "
                 << property->value()->string_view() << "\n";
}

class ArtifactBuilder {
public:
  ArtifactBuilder(ModuleOp module, const CompileOptions &options,
                  TimingScope &timing)
      : module(module), options(options), timing(timing),
        cache(options.cache.folder, options.cache.limit),
        pool(llvm::hardware_concurrency(options.threads)) {}
  llvm::Error run();

private:
  llvm::Error openSource();
  llvm::Error chooseLevels();
  llvm::Error addText();
  void compileCode();
  llvm::Expected<std::string> digestSource();
  void addProvenance();
  void addQuality();
  std::string planKey() const;
  std::string forwardsAsText();
  llvm::Expected<bool> reuse(PlanCache &plans, StringRef key);
  llvm::Error build(PlanCache &plans, StringRef key);

  ModuleOp module, device;
  const CompileOptions &options;
  TimingScope &timing;
  Cache cache;
  MappedCheckpoint checkpoint;
  std::shared_ptr<gguf::File> file;
  std::string sourcePath, sourceSha256;
  std::string draftPath, draftSha256; // of the model that drafts, if any
  std::string storeSha256;            // of texts that know depths, if any
  SmallVector<int64_t> dropped;       // layers that the model lost
  std::string ops;                    // what kernels do
  std::vector<const CpuLevel *> levels;
  PlanInputs inputs;
  llvm::DefaultThreadPool pool;
  TimingScope codeScope;
  std::optional<CodeCompiler> compiler; // waits for its threads when it goes
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
  if (auto draft = device->getAttrOfType<StringAttr>(tile::kDraftSource))
    draftPath = draft.str();
  if (auto layers = device->getAttrOfType<DenseI64ArrayAttr>(kDroppedLayers))
    dropped.assign(layers.asArrayRef().begin(), layers.asArrayRef().end());
  // Before the threads work on the regions.
  ops = analysis::kernelOps(module, device);
  return llvm::Error::success();
}

/// Whether any region has products of bf16.
static bool usesBf16(ModuleOp device) {
  return device
      ->walk([](Operation *op) {
        auto contract = dyn_cast<tile::ContractOp>(op);
        auto attention = dyn_cast<tile::AttentionOp>(op);
        bool uses = (contract && contract.getX16()) ||
                    (attention && attention.getDots16());
        return uses ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

llvm::Error ArtifactBuilder::chooseLevels() {
  ArrayRef<std::string> asked = options.artifact.levels;
  auto byDefault = [&](const CpuLevel &level) {
    return !level.bf16 || usesBf16(device); // else as the level below it
  };
  for (const CpuLevel &level : cpuLevels()) // best first, whatever was asked
    if (asked.empty() ? byDefault(level)
                      : llvm::is_contained(asked, level.name))
      levels.push_back(&level);
  for (const std::string &name : asked)
    if (!findCpuLevel(name)) {
      std::string known;
      for (const CpuLevel &level : cpuLevels())
        known += (known.empty() ? "" : ", ") + level.name.str();
      return error("--target=" + name + " is no CPU level; levels are " +
                   known);
    }
  return llvm::Error::success();
}

llvm::Error ArtifactBuilder::addText() {
  TimingScope scope = timing.nest("text");
  auto text = readText(*file, options.artifact.chatTemplate);
  if (!text)
    return text.takeError();
  inputs.tokenizer = std::move(text->tokenizer);
  inputs.chatTemplate = std::move(text->chatTemplate);
  inputs.defaults = std::move(text->defaults);
  return llvm::Error::success();
}

void ArtifactBuilder::compileCode() {
  codeScope = timing.nest("code");
  compiler.emplace(device, levels, cache, pool, codeScope);
}

/// A checkpoint that is not known is digested while its regions are compiled:
/// it is hardly the source of a plan that was made before.
llvm::Expected<std::string> ArtifactBuilder::digestSource() {
  if (auto known = knownDigest(sourcePath, cache))
    return *known;
  Later<std::string> digest(pool, [&] {
    TimingScope scope = timing.nest("digest of the source");
    return sourceDigest(sourcePath, cache);
  });
  compileCode();
  return digest.take();
}

/// How many layers a model that drafts has.
static std::optional<int64_t> draftLayers(ModuleOp module) {
  std::string name = (tile::kDraftModule + ".kv").str();
  for (auto state : module.getOps<planir::StateOp>())
    if (state.getSymName() == name)
      return state.getLayers();
  return std::nullopt;
}

/// Whether the program makes ids of drafts itself, which takes time.
static bool asksModel(ModuleOp module) {
  return llvm::any_of(module.getOps<planir::DrafterOp>(),
                      [](planir::DrafterOp op) {
                        return op.getKind() == planir::DrafterKind::Model ||
                               op.getKind() == planir::DrafterKind::Heads;
                      });
}

void ArtifactBuilder::addProvenance() {
  auto add = [&](StringRef key, const std::string &value) {
    inputs.provenance.emplace_back(key.str(), value);
  };
  add("source", llvm::sys::path::filename(sourcePath).str());
  add("source.sha256", sourceSha256);
  if (!draftPath.empty()) {
    add("draft", llvm::sys::path::filename(draftPath).str());
    add("draft.sha256", draftSha256);
  } else if (auto layers = draftLayers(module)) {
    add("draft", "the model's first " + std::to_string(*layers) + " layers");
  }
  if (module.lookupSymbol(draftName("known")))
    add("draft.vocabulary", std::to_string(options.decode.draftVocabulary));
  add("compiler", "sinter 0.1.0");
  add("activations", options.tile.activations);
  add("attention", options.tile.attentionBf16() ? "bf16" : "f32");
  add("kv", options.tile.kvTypes());
  if (options.tile.kvWindow > 0) {
    add("kv_window", std::to_string(options.tile.kvWindow));
    add("kv_sinks", std::to_string(options.tile.kvSinks));
    add("kv_slack", std::to_string(options.tile.slack()));
  }
  if (!dropped.empty()) {
    std::string names;
    llvm::raw_string_ostream os(names);
    llvm::interleave(dropped, os, ",");
    add("drop_layers", names);
  }
  if (!storeSha256.empty())
    add("early_exit.store", storeSha256);
  if (!options.decode.exits.empty())
    add("early_exit", llvm::join(options.decode.exits, ",") +
                          (options.decode.exactExits ? ",verify=exact" : ""));
  if (!options.decode.exitQuality.empty())
    add("early_exit.quality", options.decode.exitQuality);
  if (!options.decode.exitChoice.empty())
    add("early_exit.auto", options.decode.exitChoice);
  if (!options.decode.choice.empty())
    add("speculate.auto", options.decode.choice);
  if (!options.decode.ruleQuality.empty())
    add(options.decode.switchesModels() ? "model_switch.quality"
                                        : "verify_rule.quality",
        options.decode.ruleQuality);
  add("max_rows", std::to_string(options.tile.maxRows));
  add("ops", ops);
}

/// What its tokens are worth beside those of plain decoding.
void ArtifactBuilder::addQuality() {
  Fidelity fidelity = fidelityOf(device);
  std::string name = fidelityName(fidelity).str();
  inputs.quality.emplace_back("fidelity", name);
  std::string knobs = fidelityKnobs(device);
  if (fidelity == Fidelity::Lossy) {
    bool measured = !options.artifact.quality.empty();
    for (const std::string &figures :
         {options.decode.exitQuality, options.decode.ruleQuality})
      if (!figures.empty()) {
        knobs += ", " + figures;
        measured = true;
      }
    if (!measured)
      knobs += ", not measured";
  }
  if (fidelity != Fidelity::Exact)
    inputs.quality.emplace_back(name, knobs);
  llvm::append_range(inputs.quality, options.artifact.quality);
}

/// Digest of all that a plan is made from: the program as text, which says
/// what the options of earlier phases did, the source, the options of this
/// phase, the compiler and the linker.
std::string ArtifactBuilder::planKey() const {
  Sha256 key;
  auto add = [&](const Twine &text) { key.update((text + "\n").str()); };
  std::string program;
  llvm::raw_string_ostream os(program);
  module->print(os);
  add(program);
  for (const auto &[name, value] : inputs.provenance)
    add(name + "=" + value);
  for (const auto &[name, value] : inputs.quality)
    add(name + "=" + value);
  for (const CpuLevel *level : levels)
    add(level->name);
  add(options.artifact.golden ? "golden" : "no golden");
  add(options.artifact.chatTemplate ? "chat" : "no chat");
  add(compilerId());
  add(linkerId());
  return key.final();
}

/// What the forwards of a batch compute: the source, its weights as they are
/// packed, and the regions that run. How drafts are made, how many, and what
/// becomes of them is no part of it.
std::string ArtifactBuilder::forwardsAsText() {
  std::string text = sourceSha256;
  llvm::raw_string_ostream os(text);
  for (int64_t layer : dropped)
    os << "-" << layer;
  os << "\n";
  llvm::StringSet<> kernels;
  for (auto function : module.getOps<planir::FuncOp>()) {
    if (!llvm::is_contained({"forward", "head", "step"}, function.getSymName()))
      continue;
    function.print(os);
    function.walk(
        [&](planir::DispatchOp op) { kernels.insert(op.getKernel()); });
  }
  for (Operation &op : *device.getBody()) {
    auto region = dyn_cast<func::FuncOp>(op);
    if (!region || !region->hasAttr(tile::kRegionAttr) ||
        kernels.contains(region.getSymName()))
      op.print(os);
  }
  return text;
}

/// Writes the plan that was made from the same before; false: there is none.
llvm::Expected<bool> ArtifactBuilder::reuse(PlanCache &plans, StringRef key) {
  TimingScope scope = timing.nest("cache");
  return plans.restore(key, options.output);
}

/// Code, the reference logits and packing share the threads of one pool, in
/// this order: code takes longest.
llvm::Error ArtifactBuilder::build(PlanCache &plans, StringRef key) {
  std::vector<CodeObject> objects;
  inputs.code = [&]() -> llvm::Expected<std::vector<PlanCode>> {
    auto compiled = compiler->finish();
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
      return cachedReferenceLogits(*file, checkpoint, sourceSha256, dropped,
                                   cache);
    });
  bool chat = inputs.chatTemplate != nullptr;
  if (reference)
    inputs.golden =
        [&](StringRef path) -> llvm::Expected<std::unique_ptr<plan::GoldenT>> {
      auto logits = reference->take();
      if (!logits)
        return logits.takeError();
      return buildGolden(path, chat, *logits);
    };

  // A model that wants no token before a text gets its first one there.
  const int32_t beginning = std::max(0, inputs.tokenizer->bos);
  inputs.bigrams = [&, beginning](StringRef path) {
    return cachedBigrams(path, beginning, pool.getMaxConcurrency(),
                         forwardsAsText(), cache);
  };

  if (options.artifact.measureCost)
    inputs.costs = [&](StringRef path) {
      return measureCosts(path, asksModel(module));
    };

  WeightPackers packers(device, checkpoint);
  inputs.divideWeight = [&](planir::WeightOp weight, uint64_t bytes) {
    return packers.divide(weight.getSymName(), bytes);
  };
  inputs.packed = &plans;
  // Another machine, or another hour, has other times.
  if (!options.artifact.measureCost)
    inputs.finished = [&](StringRef path) { plans.keepPlan(key, path); };
  inputs.program = module;
  inputs.pool = &pool;
  return writePlan(inputs, options.output, timing);
}

llvm::Error ArtifactBuilder::run() {
  if (auto failed = openSource())
    return failed;
  if (auto failed = chooseLevels())
    return failed;
  if (options.artifact.measureCost && module.getOps<planir::CostsOp>().empty())
    return error("--measure-cost: no drafts are verified in this plan, so that "
                 "it has no cost table; see --speculate");
  auto digest = digestSource();
  if (!digest)
    return digest.takeError();
  sourceSha256 = *digest;
  const std::string &measured = options.decode.exitModel;
  if (!measured.empty() && measured != sourceSha256)
    return error("--early-exit: the thresholds were chosen with another model, "
                 "whose file has the SHA-256 " +
                 measured + "; this one has " + sourceSha256 +
                 "; run llm-eval --calibrate-exit on a plan of it");
  if (!draftPath.empty()) {
    auto draft = sourceDigest(draftPath, cache);
    if (!draft)
      return draft.takeError();
    draftSha256 = *draft;
  }
  const std::string &store = options.decode.depthStore;
  if (!store.empty() && store != "empty") {
    auto digest = sha256OfFile(store);
    if (!digest)
      return digest.takeError();
    storeSha256 = *digest;
  }
  addProvenance();
  addQuality();
  std::string key = planKey();
  PlanCache plans(cache, module, device, sourceSha256, draftSha256, pool);
  bool reused = false;
  if (!options.artifact.measureCost) {
    auto found = reuse(plans, key);
    if (!found)
      return found.takeError();
    reused = *found;
  }
  if (!reused) {
    if (!compiler)
      compileCode();
    if (auto failed = addText())
      return failed;
    if (auto failed = build(plans, key))
      return failed;
  }
  if (options.quiet)
    return llvm::Error::success();
  auto written = PlanFile::open(options.output, /*verifyWeights=*/false);
  if (!written)
    return written.takeError();
  uint64_t context = 0;
  for (auto model : module.getOps<planir::ModelOp>())
    context = model.getMaxContext();
  printSummary(*written, options.output, context);
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
