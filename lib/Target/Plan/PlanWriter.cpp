// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Plan/PlanWriter.h"
#include "lib/Target/Plan/MemoryFormula.h"
#include "lib/Target/Plan/OutputFile.h"
#include "lib/Target/Plan/PlanError.h"
#include "lib/Target/Plan/Tables.h"
#include "mlir/IR/Verifier.h"
#include "runtime/schema/PlanFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/xxhash.h"
#include <mutex>

using namespace mlir;
using namespace sinter;

namespace {

class Writer {
public:
  Writer(const PlanInputs &inputs, OutputFile &file)
      : inputs(inputs), file(file),
        pool(llvm::hardware_concurrency(inputs.threads)) {}

  llvm::Expected<PlanSummary> run(std::unique_ptr<plan::PlanT> encoded);

private:
  llvm::Error addCode();
  llvm::Error addCodeObject(const PlanCode &code);
  void placeSections();
  llvm::Error fillSections();
  llvm::Error packWeights(MutableArrayRef<uint8_t> bytes);
  void copyCode(MutableArrayRef<uint8_t> bytes);
  void digestSections(MutableArrayRef<uint8_t> bytes);
  void describe();
  void computeMemory();
  llvm::Error writeTables();

  const PlanInputs &inputs;
  OutputFile &file;
  llvm::DefaultThreadPool pool;
  std::unique_ptr<plan::PlanT> tables;
  uint64_t sectionsEnd = 0;
  PlanSummary summary;
};

} // namespace

//===-- code --------------------------------------------------------------===//

llvm::Error Writer::addCodeObject(const PlanCode &code) {
  auto section = std::make_unique<plan::SectionT>();
  section->name = code.level;
  section->kind = plan::SectionKind::Code;
  auto object = std::make_unique<plan::CodeObjectT>();
  object->level = code.level;
  object->features = code.features;
  object->section = tables->sections.size();
  object->image_bytes = code.imageBytes;
  for (const PlanCode::Segment &segment : code.segments) {
    auto made = std::make_unique<plan::SegmentT>();
    made->address = segment.address;
    made->offset = llvm::alignTo(section->bytes, SINTER_PLAN_SECTION_ALIGN);
    made->bytes = segment.bytes.size();
    made->executable = segment.executable;
    section->bytes = made->offset + made->bytes;
    object->segments.push_back(std::move(made));
  }
  for (const auto &kernel : tables->kernels) {
    auto entry = code.entries.find(kernel->name);
    if (entry == code.entries.end())
      return planError("code object " + code.level +
                       " has no entry for kernel '" + kernel->name + "'");
    object->entries.push_back(entry->second);
  }
  tables->sections.push_back(std::move(section));
  tables->code.push_back(std::move(object));
  return llvm::Error::success();
}

llvm::Error Writer::addCode() {
  if (inputs.code.empty())
    return planError("a plan needs at least one code object");
  for (const PlanCode &code : inputs.code)
    if (llvm::Error error = addCodeObject(code))
      return error;
  return llvm::Error::success();
}

void Writer::copyCode(MutableArrayRef<uint8_t> bytes) {
  for (auto [object, code] : llvm::zip(tables->code, inputs.code))
    for (auto [segment, from] : llvm::zip(object->segments, code.segments))
      llvm::copy(from.bytes, bytes.begin() +
                                 tables->sections[object->section]->offset +
                                 segment->offset);
}

//===-- weights -----------------------------------------------------------===//

llvm::Error Writer::packWeights(MutableArrayRef<uint8_t> bytes) {
  auto ops =
      llvm::to_vector(ModuleOp(inputs.program).getOps<planir::WeightOp>());
  if (!ops.empty() && !inputs.packWeight)
    return planError("the plan has weights, but nothing packs them");
  std::mutex mutex;
  llvm::Error errors = llvm::Error::success();
  for (auto [op, weight] : llvm::zip(ops, tables->weights)) {
    uint64_t offset =
        tables->sections[weight->section]->offset + weight->offset;
    MutableArrayRef<uint8_t> target = bytes.slice(offset, weight->bytes);
    pool.async([&, op = op, target] {
      llvm::Error error = inputs.packWeight(op, target);
      // What is packed goes to the disk, not to our resident memory.
      file.drop(target);
      std::lock_guard<std::mutex> lock(mutex);
      errors = llvm::joinErrors(std::move(errors), std::move(error));
    });
  }
  pool.wait();
  return errors;
}

//===-- bytes -------------------------------------------------------------===//

void Writer::placeSections() {
  uint64_t end = sizeof(sinter_plan_header);
  for (auto &section : tables->sections) {
    section->offset = llvm::alignTo(end, SINTER_PLAN_SECTION_ALIGN);
    end = section->offset + section->bytes;
  }
  sectionsEnd = end;
}

void Writer::digestSections(MutableArrayRef<uint8_t> bytes) {
  std::vector<std::string> sums(tables->sections.size());
  for (auto [index, pointer] : llvm::enumerate(tables->sections)) {
    plan::SectionT &section = *pointer;
    auto content = bytes.slice(section.offset, section.bytes);
    section.digests.resize(
        llvm::divideCeil(section.bytes, SINTER_PLAN_DIGEST_BLOCK));
    for (uint64_t block = 0; block < section.digests.size(); ++block)
      pool.async([&section, content, block] {
        auto part = content.drop_front(block * SINTER_PLAN_DIGEST_BLOCK)
                        .take_front(SINTER_PLAN_DIGEST_BLOCK);
        section.digests[block] = llvm::xxh3_64bits(part);
      });
    if (section.kind == plan::SectionKind::Weights)
      pool.async([&sums, content, index = index] {
        sums[index] = llvm::toHex(llvm::SHA256::hash(content), true);
      });
  }
  pool.wait();
  for (auto [section, sum] : llvm::zip(tables->sections, sums)) {
    if (sum.empty())
      continue;
    auto property = std::make_unique<plan::PropertyT>();
    property->key = "sha256:" + section->name;
    property->value = sum;
    tables->provenance.push_back(std::move(property));
    if (summary.weightSha256.empty())
      summary.weightSha256 = sum;
  }
}

llvm::Error Writer::fillSections() {
  auto bytes = file.map(sectionsEnd);
  if (!bytes)
    return bytes.takeError();
  if (llvm::Error error = packWeights(*bytes))
    return error;
  copyCode(*bytes);
  digestSections(*bytes);
  file.unmap();
  return llvm::Error::success();
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

/// The lowest runtime that knows all that the tables ask for.
static uint32_t minRuntimeOf(const plan::PlanT &tables) {
  bool perWorker = llvm::any_of(tables.buffers, [](const auto &buffer) {
    return buffer->bytes_per_worker > 0;
  });
  return perWorker ? 2 : 1;
}

void Writer::computeMemory() {
  tables->memory = std::make_unique<plan::MemoryT>(memoryOf(*tables));
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
  summary.fileBytes = header.file_bytes;
  summary.metaBytes = header.meta_bytes;
  if (llvm::Error error = file.truncate(header.file_bytes))
    return error;
  return file.write(0, &header, sizeof(header));
}

llvm::Expected<PlanSummary> Writer::run(std::unique_ptr<plan::PlanT> encoded) {
  tables = std::move(encoded);
  if (llvm::Error error = addCode())
    return error;
  placeSections();
  if (llvm::Error error = fillSections())
    return error;
  describe();
  computeMemory();
  if (llvm::Error error = writeTables())
    return error;
  if (inputs.golden) {
    auto golden = inputs.golden(file.temporaryPath());
    if (!golden)
      return golden.takeError();
    tables->golden = std::move(*golden);
    if (llvm::Error error = writeTables())
      return error;
  }
  for (const auto &section : tables->sections)
    (section->kind == plan::SectionKind::Code ? summary.codeBytes
                                              : summary.weightBytes) +=
        section->bytes;
  summary.memory = *tables->memory;
  return std::move(summary);
}

llvm::Expected<PlanSummary> sinter::writePlan(const PlanInputs &inputs,
                                              StringRef path) {
  if (failed(verify(inputs.program)))
    return planError("the program of the plan is not valid");
  auto tables = encodeTables(inputs.program);
  if (!tables)
    return tables.takeError();
  llvm::Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  auto summary = Writer(inputs, *file).run(std::move(*tables));
  if (!summary)
    return summary.takeError();
  if (llvm::Error error = file->keep())
    return error;
  return summary;
}
