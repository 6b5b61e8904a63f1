//===- PlanCache.cpp - plans that were made before
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/PlanCache.h"

#include "dialects/Llm/LlmOps.h"
#include "dialects/Tile/TileOps.h"
#include "lib/Target/Plan/PlanFile.h"
#include "lib/Target/Plan/Sha256.h"
#include "runtime/schema/PlanFile.h"
#include "llvm/Support/xxhash.h"
#include <atomic>

using namespace mlir;
using namespace sinter;

static constexpr llvm::StringLiteral kPlans = "plan", kWeights = "weights";

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// What the bytes of a weight depend on, but for the checkpoint's digest: how
/// it is packed, and where the checkpoint has it, whose own place does not
/// matter.
static void describe(llvm::raw_ostream &os, ModuleOp device, StringRef weight) {
  Operation *packed = SymbolTable::lookupSymbolIn(device, weight);
  if (!packed)
    return;
  packed->print(os, OpPrintingFlags().useLocalScope());
  auto sources = packed->getAttrOfType<ArrayAttr>("sources");
  if (!sources) // it says everything itself
    return;
  for (auto name : sources.getAsRange<FlatSymbolRefAttr>()) {
    auto op = dyn_cast_or_null<llm::WeightOp>(
        SymbolTable::lookupSymbolIn(device, name.getAttr()));
    if (!op)
      continue;
    os << op.getType();
    auto place = [&](llm::FileAttr file) {
      os << file.getOffset() << "+" << file.getBytes();
    };
    if (auto file = dyn_cast<llm::FileAttr>(op.getSource()))
      place(file);
    else if (auto quantized = dyn_cast<llm::QuantizedAttr>(op.getSource()))
      place(quantized.getFile());
    else if (auto selected = dyn_cast<llm::SelectedAttr>(op.getSource()))
      place(selected.getFile()), os << selected.getRows();
    else
      os << op.getSource();
  }
}

std::string PlanCache::keyOf(StringRef section) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << (section == tile::kDraftModule ? draftSha256 : sourceSha256)
     << compilerId();
  for (auto weight : program.getOps<planir::WeightOp>()) {
    if (weight.getSection() != section)
      continue;
    os << "\n" << weight.getOffset() << "+" << weight.getBytes() << " ";
    describe(os, device, weight.getSymName());
  }
  Sha256 key;
  key.update(text);
  return key.final();
}

/// An entry is the bytes of a section, the XXH3-64 of each of its blocks, and
/// its SHA-256 in hexadecimal.
static constexpr size_t kShaBytes = 64;

/// Those of an entry, if its tail is whole.
static std::optional<SectionDigests> digestsOf(const Cache::Entry &entry,
                                               uint64_t size) {
  SectionDigests digests;
  digests.blocks.resize(llvm::divideCeil(size, SINTER_PLAN_DIGEST_BLOCK));
  size_t blockBytes = sizeof(uint64_t) * digests.blocks.size();
  StringRef content = entry.bytes();
  if (content.size() != size + blockBytes + kShaBytes ||
      !entry.isMarkOf(content.drop_front(size)))
    return std::nullopt;
  std::memcpy(digests.blocks.data(), content.data() + size, blockBytes);
  digests.sha256 = content.take_back(kShaBytes).str();
  return digests;
}

static bool areDigestsOf(StringRef bytes, ArrayRef<uint64_t> blocks,
                         llvm::ThreadPoolInterface &pool) {
  constexpr size_t kAtOnce = 16;
  std::atomic<bool> right = true;
  llvm::ThreadPoolTaskGroup group(pool);
  for (size_t first = 0; first < blocks.size(); first += kAtOnce)
    group.async([&, first] {
      for (auto [index, digest] :
           llvm::enumerate(blocks.drop_front(first).take_front(kAtOnce))) {
        StringRef block =
            bytes.drop_front((first + index) * SINTER_PLAN_DIGEST_BLOCK)
                .take_front(SINTER_PLAN_DIGEST_BLOCK);
        if (llvm::xxh3_64bits(block) != digest)
          right = false;
      }
    });
  group.wait();
  return right;
}

/// Written, not copied into a map: that would take the pages of the file one by
/// one.
llvm::Expected<std::optional<SectionDigests>>
PlanCache::copyWeights(StringRef key, OutputFile &out, uint64_t offset,
                       uint64_t size) {
  auto entry = cache.findUnchecked(kWeights, key);
  if (!entry)
    return std::nullopt;
  auto digests = digestsOf(*entry, size);
  StringRef bytes = entry->bytes().take_front(size);
  if (!digests || !areDigestsOf(bytes, digests->blocks, pool)) {
    cache.remove(kWeights, key);
    return std::nullopt;
  }
  if (llvm::Error failed = out.write(offset, bytes.data(), size))
    return std::move(failed);
  return digests;
}

llvm::Expected<std::optional<SectionDigests>> PlanCache::load(StringRef section,
                                                              OutputFile &out,
                                                              uint64_t offset,
                                                              uint64_t bytes) {
  return copyWeights(keyOf(section), out, offset, bytes);
}

void PlanCache::keep(StringRef section, ArrayRef<uint8_t> bytes,
                     const SectionDigests &digests) {
  std::string tail(8 * digests.blocks.size(), '\0');
  std::memcpy(tail.data(), digests.blocks.data(), tail.size());
  tail += digests.sha256;
  cache.storeMarked(kWeights, keyOf(section), llvm::toStringRef(bytes), tail);
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

namespace {

/// Where a plan has weights, and the key of their entry.
struct Cut {
  uint64_t offset, bytes;
  char key[64];
};

} // namespace

/// An entry is what the plan has between the cuts, the cuts, and their number.
void PlanCache::keepPlan(StringRef key, StringRef path) {
  auto file = PlanFile::open(path, /*verifyWeights=*/false);
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!file || !buffer)
    return llvm::consumeError(file.takeError());
  StringRef bytes = (*buffer)->getBuffer();
  std::vector<Cut> cuts;
  for (const plan::Section *section : *file->tables().sections())
    if (section->kind() == plan::SectionKind::Weights) {
      Cut &cut =
          cuts.emplace_back(Cut{section->offset(), section->bytes(), {}});
      std::string name = keyOf(section->name()->string_view());
      std::memcpy(cut.key, name.data(), sizeof(cut.key));
    }
  std::string kept;
  uint64_t at = 0;
  for (const Cut &cut : cuts) {
    kept += bytes.slice(at, cut.offset);
    at = cut.offset + cut.bytes;
  }
  kept += bytes.drop_front(at);
  kept.append(reinterpret_cast<const char *>(cuts.data()),
              cuts.size() * sizeof(Cut));
  uint64_t count = cuts.size();
  kept.append(reinterpret_cast<const char *>(&count), sizeof(count));
  cache.store(kPlans, key, kept);
}

llvm::Expected<bool> PlanCache::restore(StringRef key, StringRef path) {
  auto entry = cache.find(kPlans, key);
  if (!entry)
    return false;
  StringRef kept = entry->bytes();
  uint64_t count = 0;
  std::memcpy(&count, kept.take_back(sizeof(count)).data(), sizeof(count));
  kept = kept.drop_back(sizeof(count));
  std::vector<Cut> cuts(count);
  std::memcpy(cuts.data(), kept.take_back(count * sizeof(Cut)).data(),
              count * sizeof(Cut));
  kept = kept.drop_back(count * sizeof(Cut));
  auto output = OutputFile::create(path);
  if (!output)
    return output.takeError();
  uint64_t at = 0;
  auto writeUpTo = [&](uint64_t end) {
    llvm::Error failed = output->write(at, kept.data(), end - at);
    kept = kept.drop_front(end - at);
    return failed;
  };
  for (const Cut &cut : cuts) {
    if (llvm::Error failed = writeUpTo(cut.offset))
      return std::move(failed);
    at = cut.offset + cut.bytes;
    auto copied = copyWeights(StringRef(cut.key, sizeof(cut.key)), *output,
                              cut.offset, cut.bytes);
    if (!copied)
      return copied.takeError();
    if (!*copied)
      return false;
  }
  if (llvm::Error failed = writeUpTo(at + kept.size()))
    return std::move(failed);
  if (llvm::Error failed = output->keep())
    return std::move(failed);
  return true;
}
