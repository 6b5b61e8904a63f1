// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Plan/PlanWriter.h"
#include "lib/Target/Plan/MemoryFormula.h"
#include "lib/Target/Plan/OutputFile.h"
#include "lib/Target/Plan/PlanError.h"
#include "lib/Target/Plan/Sha256.h"
#include "lib/Target/Plan/Tables.h"
#include "mlir/IR/Verifier.h"
#include "runtime/schema/PlanFile.h"
#include "llvm/Support/xxhash.h"
#include <mutex>

using namespace mlir;
using namespace sinter;

namespace {

class Writer {
public:
  Writer(const PlanInputs &inputs, OutputFile &file, TimingScope &timing)
      : inputs(inputs), file(file), timing(timing), group(*inputs.pool) {}

  llvm::Error run(std::unique_ptr<plan::PlanT> encoded);

private:
  void place(plan::SectionT &section);
  llvm::Error mapWeights();
  llvm::Error loadSections();
  llvm::Error packWeights();
  llvm::Error packPanels(uint64_t offset, uint64_t bytes,
                         std::vector<WeightPanel> panels);
  void packPanel(const WeightPanel &panel);
  llvm::Error addCode();
  llvm::Error addCodeObject(const PlanCode &code);
  void digestSection(plan::SectionKind kind, ArrayRef<uint8_t> content,
                     SectionDigests &digests);
  void digestSections();
  void describe();
  void computeMemory();
  llvm::Error writeTables();
  llvm::Error addBigrams();
  llvm::Error addCosts();
  llvm::Error addGolden();

  const PlanInputs &inputs;
  OutputFile &file;
  TimingScope &timing;
  llvm::ThreadPoolTaskGroup group;
  std::unique_ptr<plan::PlanT> tables;
  MutableArrayRef<uint8_t> weights; // the file up to the end of the weights
  std::vector<std::vector<uint8_t>> code; // sections
  // By section; those that were packed before have theirs from the start.
  std::vector<SectionDigests> digests;
  uint64_t sectionsEnd = sizeof(sinter_plan_header);

  // The first panel that failed, in the order of the file: the message does
  // not depend on which thread was faster.
  std::mutex mutex;
  std::optional<std::pair<uint64_t, std::string>> problem;
};

} // namespace

/// Sections stand one behind the other.
void Writer::place(plan::SectionT &section) {
  section.offset = llvm::alignTo(sectionsEnd, SINTER_PLAN_SECTION_ALIGN);
  sectionsEnd = section.offset + section.bytes;
}

//===-- code --------------------------------------------------------------===//

llvm::Error Writer::addCodeObject(const PlanCode &from) {
  auto section = std::make_unique<plan::SectionT>();
  section->name = from.level;
  section->kind = plan::SectionKind::Code;
  auto object = std::make_unique<plan::CodeObjectT>();
  object->level = from.level;
  object->features = from.features;
  object->section = tables->sections.size();
  object->image_bytes = from.imageBytes;
  std::vector<uint8_t> &bytes = code.emplace_back();
  for (const PlanCode::Segment &segment : from.segments) {
    auto made = std::make_unique<plan::SegmentT>();
    made->address = segment.address;
    made->offset = llvm::alignTo(bytes.size(), SINTER_PLAN_SECTION_ALIGN);
    made->bytes = segment.bytes.size();
    made->executable = segment.executable;
    bytes.resize(made->offset);
    llvm::append_range(bytes, segment.bytes);
    object->segments.push_back(std::move(made));
  }
  for (const auto &kernel : tables->kernels) {
    auto entry = from.entries.find(kernel->name);
    if (entry == from.entries.end())
      return planError("code object " + from.level +
                       " has no entry for kernel '" + kernel->name + "'");
    object->entries.push_back(entry->second);
  }
  section->bytes = bytes.size();
  place(*section);
  llvm::Error error = file.write(section->offset, bytes.data(), section->bytes);
  tables->sections.push_back(std::move(section));
  tables->code.push_back(std::move(object));
  return error;
}

llvm::Error Writer::addCode() {
  auto objects = inputs.code();
  if (!objects)
    return objects.takeError();
  if (objects->empty())
    return planError("a plan needs at least one code object");
  for (const PlanCode &object : *objects)
    if (llvm::Error error = addCodeObject(object))
      return error;
  return llvm::Error::success();
}

//===-- weights -----------------------------------------------------------===//

void Writer::packPanel(const WeightPanel &panel) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (problem && problem->first < panel.offset)
      return;
  }
  MutableArrayRef<uint8_t> bytes = weights.slice(panel.offset, panel.bytes);
  file.allocate(bytes);
  llvm::Error error = panel.pack(bytes);
  // What is packed goes to the disk, not to our resident memory.
  file.drop(bytes);
  if (!error)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  std::string message = llvm::toString(std::move(error));
  if (!problem || panel.offset < problem->first)
    problem = {panel.offset, std::move(message)};
}

llvm::Error Writer::packPanels(uint64_t offset, uint64_t bytes,
                               std::vector<WeightPanel> panels) {
  for (WeightPanel &panel : panels) {
    if (panel.offset > bytes || panel.bytes > bytes - panel.offset)
      return planError("a panel leaves its weight");
    panel.offset += offset;
    group.async([this, panel = std::move(panel)] { packPanel(panel); });
  }
  return llvm::Error::success();
}

llvm::Error Writer::mapWeights() {
  for (auto &section : tables->sections)
    place(*section);
  auto mapped = file.map(sectionsEnd);
  if (!mapped)
    return mapped.takeError();
  weights = *mapped;
  return llvm::Error::success();
}

llvm::Error Writer::loadSections() {
  TimingScope scope = timing.nest("packed before");
  for (auto &section : tables->sections) {
    SectionDigests &known = digests.emplace_back();
    if (!inputs.packed)
      continue;
    auto loaded = inputs.packed->load(section->name, file, section->offset,
                                      section->bytes);
    if (!loaded)
      return loaded.takeError();
    if (loaded->has_value())
      known = std::move(**loaded);
  }
  return llvm::Error::success();
}

llvm::Error Writer::packWeights() {
  if (llvm::none_of(digests,
                    [](const auto &known) { return known.sha256.empty(); }))
    return llvm::Error::success();
  TimingScope scope = timing.nest("pack");
  auto ops =
      llvm::to_vector(ModuleOp(inputs.program).getOps<planir::WeightOp>());
  if (!ops.empty() && !inputs.divideWeight)
    return planError("the plan has weights, but nothing packs them");
  llvm::Error error = llvm::Error::success();
  for (auto [op, weight] : llvm::zip(ops, tables->weights)) {
    if (!digests[weight->section].sha256.empty())
      continue;
    uint64_t offset =
        tables->sections[weight->section]->offset + weight->offset;
    auto panels = inputs.divideWeight(op, weight->bytes);
    error = panels ? packPanels(offset, weight->bytes, std::move(*panels))
                   : panels.takeError();
    if (error)
      break;
  }
  group.wait();
  if (!error && problem)
    return planError(problem->second);
  return error;
}

//===-- digests -----------------------------------------------------------===//

void Writer::digestSection(plan::SectionKind kind, ArrayRef<uint8_t> content,
                           SectionDigests &digests) {
  Sha256 sum;
  for (uint64_t at = 0; at < content.size(); at += SINTER_PLAN_DIGEST_BLOCK) {
    auto block = content.drop_front(at).take_front(SINTER_PLAN_DIGEST_BLOCK);
    digests.blocks.push_back(llvm::xxh3_64bits(block));
    if (kind != plan::SectionKind::Weights)
      continue;
    sum.update(block);
    file.drop(block);
  }
  digests.sha256 = sum.final();
}

void Writer::digestSections() {
  digests.resize(tables->sections.size());
  auto nextCode = code.begin();
  for (auto [section, known] : llvm::zip(tables->sections, digests)) {
    bool isCode = section->kind == plan::SectionKind::Code;
    if (!known.sha256.empty())
      continue;
    ArrayRef<uint8_t> content;
    if (isCode)
      content = *nextCode++;
    else
      content = weights.slice(section->offset, section->bytes);
    group.async([this, content, &known = known, section = section.get()] {
      digestSection(section->kind, content, known);
      if (inputs.packed && section->kind == plan::SectionKind::Weights)
        inputs.packed->keep(section->name, content, known);
    });
  }
  group.wait();
  for (auto [section, known] : llvm::zip(tables->sections, digests)) {
    section->digests = known.blocks;
    if (section->kind != plan::SectionKind::Weights)
      continue;
    auto property = std::make_unique<plan::PropertyT>();
    property->key = "sha256:" + section->name;
    property->value = known.sha256;
    tables->provenance.push_back(std::move(property));
  }
}

//===-- tables ------------------------------------------------------------===//

static void addProperties(ArrayRef<std::pair<std::string, std::string>> from,
                          std::vector<std::unique_ptr<plan::PropertyT>> &to) {
  for (const auto &[key, value] : from) {
    auto property = std::make_unique<plan::PropertyT>();
    property->key = key;
    property->value = value;
    to.push_back(std::move(property));
  }
  llvm::sort(to, [](const auto &a, const auto &b) { return a->key < b->key; });
}

void Writer::describe() {
  if (inputs.tokenizer)
    tables->tokenizer = std::make_unique<plan::TokenizerT>(*inputs.tokenizer);
  if (inputs.chatTemplate)
    tables->chat_template =
        std::make_unique<plan::ChatTemplateT>(*inputs.chatTemplate);
  tables->defaults =
      inputs.defaults
          ? std::make_unique<plan::GenerationDefaultsT>(*inputs.defaults)
          : std::make_unique<plan::GenerationDefaultsT>();
  addProperties(inputs.provenance, tables->provenance);
  addProperties(inputs.quality, tables->quality);
}

void Writer::computeMemory() {
  tables->memory = std::make_unique<plan::MemoryT>(memoryOf(*tables));
}

using Wanted = llvm::function_ref<bool(plan::ServiceKind)>;

/// Whether a program asks the runtime for such a service.
static bool asksFor(const plan::BlockT *block, Wanted wanted) {
  return block && llvm::any_of(block->ops, [&](const auto &holder) {
           const plan::OpKindUnion &op = holder->op;
           if (auto *service = op.AsService())
             return wanted(service->kind);
           if (auto *branch = op.AsIf())
             return asksFor(branch->then_block.get(), wanted) ||
                    asksFor(branch->else_block.get(), wanted);
           if (auto *loop = op.AsWhile())
             return asksFor(loop->before.get(), wanted) ||
                    asksFor(loop->body.get(), wanted);
           return false;
         });
}

static bool asksFor(const plan::PlanT &tables, Wanted wanted) {
  return llvm::any_of(tables.functions, [&](const auto &function) {
    return asksFor(function->body.get(), wanted);
  });
}

/// The lowest runtime that knows all that the tables ask for.
static uint32_t minRuntimeOf(const plan::PlanT &tables) {
  if (tables.model_switch || llvm::any_of(tables.states, [](const auto &state) {
        return state->kind == plan::StateKind::Text;
      }))
    return 9;
  if (llvm::any_of(tables.states,
                   [](const auto &state) { return state->window > 0; }))
    return 8;
  if (llvm::any_of(tables.states, [](const auto &state) {
        return state->kind == plan::StateKind::View;
      }))
    return 7;
  if (!tables.depths.empty() || tables.ffns ||
      llvm::any_of(tables.states, [](const auto &state) {
        return state->kind == plan::StateKind::Recurrent;
      }))
    return 6;
  auto latest = plan::DrafterKind::MIN;
  auto policy = plan::PolicyKind::MIN;
  bool trees = false;
  for (const auto &drafter : tables.drafters) {
    latest = std::max(latest, drafter->kind);
    policy = std::max(policy, drafter->policy);
    trees |= drafter->branches > 0;
  }
  if (trees || !tables.exits.empty() || policy > plan::PolicyKind::Goodput ||
      asksFor(tables, [](plan::ServiceKind kind) {
        return kind > plan::ServiceKind::Observe;
      }))
    return 6;
  if (!tables.drafters.empty())
    return latest > plan::DrafterKind::Recycle    ? 6
           : latest > plan::DrafterKind::Model    ? 5
           : latest > plan::DrafterKind::Priority ? 4
                                                  : 3;
  bool batches = asksFor(tables, [](plan::ServiceKind kind) {
    return kind == plan::ServiceKind::TakeRows;
  });
  bool perWorker = llvm::any_of(tables.buffers, [](const auto &buffer) {
    return buffer->bytes_per_worker > 0;
  });
  return batches || perWorker ? 2 : 1;
}

/// Tables after the sections, then the header, so that a file with a header is
/// a whole file.
llvm::Error Writer::writeTables() {
  flatbuffers::FlatBufferBuilder builder(1 << 20);
  plan::FinishPlanBuffer(builder, plan::Plan::Pack(builder, tables.get()));
  uint64_t offset = llvm::alignTo(sectionsEnd, 64);
  if (llvm::Error error =
          file.write(offset, builder.GetBufferPointer(), builder.GetSize()))
    return error;

  sinter_plan_header header = {};
  std::memcpy(header.magic, SINTER_PLAN_MAGIC, sizeof(header.magic));
  header.format_version = SINTER_PLAN_FORMAT_VERSION;
  header.header_bytes = sizeof(header);
  header.file_bytes = offset + builder.GetSize();
  header.meta_offset = offset;
  header.meta_bytes = builder.GetSize();
  header.meta_digest = llvm::xxh3_64bits(
      ArrayRef(builder.GetBufferPointer(), builder.GetSize()));
  header.min_runtime = minRuntimeOf(*tables);
  header.header_digest =
      llvm::xxh3_64bits(ArrayRef(reinterpret_cast<const uint8_t *>(&header),
                                 offsetof(sinter_plan_header, header_digest)));
  if (llvm::Error error = file.truncate(header.file_bytes))
    return error;
  return file.write(0, &header, sizeof(header));
}

static bool wantsBigrams(const plan::PlanT &tables) {
  return llvm::any_of(tables.drafters, [](const auto &drafter) {
    return drafter->kind == plan::DrafterKind::Ngram ||
           drafter->kind == plan::DrafterKind::Trigram;
  });
}

/// Asks a plan whose bigrams are all unknown, and writes its tables again.
llvm::Error Writer::addBigrams() {
  TimingScope scope = timing.nest("bigrams");
  auto bigrams = inputs.bigrams(file.temporaryPath());
  if (!bigrams)
    return bigrams.takeError();
  tables->bigrams = std::move(*bigrams);
  return writeTables();
}

/// Times the finished plan, and writes its tables again.
llvm::Error Writer::addCosts() {
  TimingScope scope = timing.nest("costs");
  auto costs = inputs.costs(file.temporaryPath());
  if (!costs)
    return costs.takeError();
  tables->costs = std::move(*costs);
  return writeTables();
}

/// Asks the finished plan, and writes its tables again.
llvm::Error Writer::addGolden() {
  TimingScope scope = timing.nest("golden");
  auto golden = inputs.golden(file.temporaryPath());
  if (!golden)
    return golden.takeError();
  tables->golden = std::move(*golden);
  return writeTables();
}

llvm::Error Writer::run(std::unique_ptr<plan::PlanT> encoded) {
  tables = std::move(encoded);
  if (llvm::Error error = mapWeights())
    return error;
  if (llvm::Error error = loadSections())
    return error;
  if (llvm::Error error = packWeights())
    return error;
  TimingScope scope = timing.nest("await code");
  if (llvm::Error error = addCode())
    return error;
  scope = timing.nest("digest");
  digestSections();
  file.unmap();
  scope = timing.nest("tables");
  describe();
  computeMemory();
  if (wantsBigrams(*tables)) {
    tables->bigrams = std::make_unique<plan::BigramsT>();
    tables->bigrams->next.assign(tables->vocabulary, -1);
    tables->bigrams->chance.assign(tables->vocabulary, 0);
  }
  if (llvm::Error error = writeTables())
    return error;
  scope.stop();
  if (tables->bigrams)
    if (llvm::Error error = addBigrams())
      return error;
  if (tables->costs && inputs.costs)
    if (llvm::Error error = addCosts())
      return error;
  if (inputs.golden)
    return addGolden();
  return llvm::Error::success();
}

llvm::Error sinter::writePlan(const PlanInputs &inputs, StringRef path,
                              TimingScope &timing) {
  if (failed(verify(inputs.program)))
    return planError("the program of the plan is not valid");
  auto tables = encodeTables(inputs.program);
  if (!tables)
    return tables.takeError();
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (llvm::Error error = Writer(inputs, *file, timing).run(std::move(*tables)))
    return error;
  TimingScope scope = timing.nest("write");
  if (inputs.finished)
    inputs.finished(file->temporaryPath());
  return file->keep();
}
