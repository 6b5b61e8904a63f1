// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Plan/PlanFile.h"
#include "lib/Target/Plan/PlanError.h"
#include "runtime/schema/KernelAbi.h"
#include "runtime/schema/PlanFile.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace sinter;

static llvm::Error bad(llvm::StringRef path, const llvm::Twine &what) {
  return planError(path + ": " + what);
}

/// Checks the fixed header against the file, without looking at the tables.
llvm::Error PlanFile::checkHeader(llvm::StringRef path) {
  sinter_plan_header header;
  llvm::StringRef bytes = buffer->getBuffer();
  llvm::StringRef magic(SINTER_PLAN_MAGIC, sizeof(header.magic));
  if (!bytes.starts_with(magic.take_front(bytes.size())) || bytes.empty())
    return bad(path, "is no plan: it does not start with SINTPLAN; make one "
                     "with llm-compile");
  if (bytes.size() < sizeof(header))
    return bad(path, "is truncated: " + llvm::Twine(bytes.size()) +
                         " bytes, the header alone has " +
                         llvm::Twine(sizeof(header)));
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.format_version != SINTER_PLAN_FORMAT_VERSION)
    return bad(path, "has plan format " + llvm::Twine(header.format_version) +
                         ", this program reads " +
                         llvm::Twine(SINTER_PLAN_FORMAT_VERSION));
  uint64_t digest = llvm::xxh3_64bits(llvm::ArrayRef(
      bytes.bytes_begin(), offsetof(sinter_plan_header, header_digest)));
  if (digest != header.header_digest)
    return bad(path, "is damaged: the digest of its header does not fit");
  if (header.file_bytes != bytes.size())
    return bad(path,
               "has " + llvm::Twine(bytes.size()) + " bytes, expected " +
                   llvm::Twine(header.file_bytes) +
                   (bytes.size() < header.file_bytes ? ": truncated" : ""));
  if (header.meta_offset % 64 != 0 || header.meta_offset < sizeof(header) ||
      header.meta_offset > bytes.size() ||
      header.meta_bytes > bytes.size() - header.meta_offset)
    return bad(path, "is damaged: its tables lie outside of the file");
  tableOffset = header.meta_offset;
  tableBytes = header.meta_bytes;
  version = header.format_version;
  runtime = header.min_runtime;
  auto tables =
      llvm::arrayRefFromStringRef(bytes.substr(tableOffset, tableBytes));
  if (llvm::xxh3_64bits(tables) != header.meta_digest)
    return bad(path, "is damaged: the digest of its tables does not fit");
  return llvm::Error::success();
}

llvm::Error PlanFile::checkSections(llvm::StringRef path,
                                    bool verifyWeights) const {
  if (!root->sections())
    return bad(path, "has no sections");
  for (const plan::Section *section : *root->sections()) {
    std::string name = section->name() ? section->name()->str() : "";
    uint64_t offset = section->offset(), bytes = section->bytes();
    if (offset % SINTER_PLAN_SECTION_ALIGN != 0 || offset > fileBytes() ||
        bytes > fileBytes() - offset)
      return bad(path, "section '" + name + "' at offset " +
                           llvm::Twine(offset) + " with " + llvm::Twine(bytes) +
                           " bytes lies outside of the file");
    if (!section->digests() ||
        section->digests()->size() !=
            llvm::divideCeil(bytes, SINTER_PLAN_DIGEST_BLOCK))
      return bad(path, "section '" + name + "' has not a digest a block");
    if (section->kind() == plan::SectionKind::Weights && !verifyWeights)
      continue;
    auto content =
        llvm::arrayRefFromStringRef(buffer->getBuffer().substr(offset, bytes));
    for (uint64_t digest : *section->digests()) {
      auto block = content.take_front(SINTER_PLAN_DIGEST_BLOCK);
      if (llvm::xxh3_64bits(block) != digest)
        return bad(
            path,
            "is damaged: section '" + name + "' in the block at file offset " +
                llvm::Twine(block.begin() - buffer->getBuffer().bytes_begin()));
      content = content.drop_front(block.size());
    }
  }
  return llvm::Error::success();
}

llvm::Expected<PlanFile> PlanFile::open(llvm::StringRef path,
                                        bool verifyWeights) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createStringError(
        buffer.getError(),
        path + ": cannot read: " + buffer.getError().message());
  return read(std::move(*buffer), verifyWeights);
}

llvm::Expected<PlanFile>
PlanFile::read(std::unique_ptr<llvm::MemoryBuffer> buffer, bool verifyWeights) {
  std::string path = buffer->getBufferIdentifier().str();
  PlanFile file;
  file.buffer = std::move(buffer);
  if (llvm::Error error = file.checkHeader(path))
    return error;
  const uint8_t *tables =
      file.buffer->getBuffer().bytes_begin() + file.tableOffset;
  // A nested block takes three tables; the default of 64 levels would be met
  // before the schema's limit of 24 blocks.
  flatbuffers::Verifier verifier(tables, file.tableBytes, /*max_depth=*/128);
  if (!plan::VerifyPlanBuffer(verifier))
    return bad(path, "is damaged: its tables are no plan tables");
  file.root = plan::GetPlan(tables);
  uint32_t abi = file.root->kernel_abi();
  if (abi < 1 || abi > SINTER_KERNEL_ABI)
    return bad(path, "has kernel ABI " + llvm::Twine(abi) +
                         ", this program knows 1 to " +
                         llvm::Twine(SINTER_KERNEL_ABI));
  if (llvm::Error error = file.checkSections(path, verifyWeights))
    return error;
  return file;
}
