// CodeObject.cpp - takes a linked file apart and checks it.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Target/X86/CodeObject.h"
#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace sinter;
using llvm::Expected;
using File = llvm::object::ELFFile<llvm::object::ELF64LE>;

namespace {

constexpr uint64_t kPage = 4096;

llvm::Error refuse(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "the code object is refused: " + message);
}

llvm::Error readSegments(const File &file, CodeObject &code) {
  auto headers = file.program_headers();
  if (!headers)
    return headers.takeError();
  for (const auto &header : *headers) {
    if (header.p_type == llvm::ELF::PT_TLS)
      return refuse("it has thread-local data");
    if (header.p_type != llvm::ELF::PT_LOAD || header.p_memsz == 0)
      continue;
    if (header.p_flags & llvm::ELF::PF_W)
      return refuse("it has writable data at address " +
                    llvm::Twine(header.p_vaddr));
    if (header.p_vaddr % kPage != header.p_offset % kPage ||
        header.p_filesz != header.p_memsz)
      return refuse("a segment cannot be mapped as it is");
    // Segments begin on a page; what stands before the first byte in its page
    // is the file's own.
    uint64_t slack = header.p_vaddr % kPage;
    const char *start =
        reinterpret_cast<const char *>(file.base()) + header.p_offset - slack;
    CodeSegment segment{
        header.p_vaddr - slack, (header.p_flags & llvm::ELF::PF_X) != 0,
        std::vector<char>(start, start + slack + header.p_filesz)};
    code.imageBytes =
        std::max(code.imageBytes,
                 llvm::alignTo(segment.address + segment.bytes.size(), kPage));
    code.segments.push_back(std::move(segment));
  }
  for (size_t i = 1; i < code.segments.size(); ++i) {
    const CodeSegment &before = code.segments[i - 1];
    if (before.address + before.bytes.size() > code.segments[i].address)
      return refuse("two segments share a page");
  }
  return llvm::Error::success();
}

llvm::Error readSymbols(const File &file, const File::Elf_Shdr &section,
                        CodeObject &code) {
  auto symbols = file.symbols(&section);
  if (!symbols)
    return symbols.takeError();
  auto names = file.getStringTableForSymtab(section);
  if (!names)
    return names.takeError();
  for (const auto &symbol : symbols->drop_front()) {
    auto name = symbol.getName(*names);
    if (!name)
      return name.takeError();
    if (symbol.isUndefined())
      return refuse("it needs the symbol " + *name);
    StringRef kernel = *name;
    if (kernel.consume_back("_entry"))
      code.entries[kernel] = symbol.st_value;
  }
  return llvm::Error::success();
}

llvm::Error readSections(const File &file, CodeObject &code) {
  auto sections = file.sections();
  if (!sections)
    return sections.takeError();
  for (const auto &section : *sections) {
    bool relocations = section.sh_type == llvm::ELF::SHT_RELA ||
                       section.sh_type == llvm::ELF::SHT_REL ||
                       section.sh_type == llvm::ELF::SHT_RELR;
    if (relocations && section.sh_size != 0)
      return refuse("it has dynamic relocations");
    if (section.sh_type == llvm::ELF::SHT_INIT_ARRAY)
      return refuse("it has constructors");
    if (section.sh_type == llvm::ELF::SHT_DYNSYM)
      if (llvm::Error error = readSymbols(file, section, code))
        return error;
  }
  return llvm::Error::success();
}

/// A module of the regions alone.
OwningOpRef<ModuleOp> cloneRegions(ModuleOp module) {
  OwningOpRef<ModuleOp> clone = ModuleOp::create(module.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(clone->getBody());
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(tile::kRegionAttr))
      builder.clone(*function);
  return clone;
}

} // namespace

Expected<CodeObject> sinter::readCodeObject(std::vector<char> elf,
                                            const CpuLevel &level) {
  CodeObject code;
  code.level = &level;
  code.elf = std::move(elf);
  auto file = File::create(StringRef(code.elf.data(), code.elf.size()));
  if (!file)
    return file.takeError();
  if (llvm::Error error = readSegments(*file, code))
    return error;
  if (llvm::Error error = readSections(*file, code))
    return error;
  return code;
}

Expected<ObjectFile> sinter::compileRegions(ModuleOp module,
                                            const CpuLevel &level,
                                            TimingScope &timing) {
  OwningOpRef<ModuleOp> regions = cloneRegions(module);
  TimingScope lowering = timing.nest("lower");
  PassManager pm(module.getContext());
  buildTileToLLVM(pm, level.name);
  if (failed(pm.run(*regions)))
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        llvm::Twine("the kernels could not be lowered for ") + level.name);
  lowering.stop();
  return emitObject(*regions, level, timing);
}

Expected<CodeObject> sinter::linkCodeObject(ArrayRef<ObjectFile> objects,
                                            ArrayRef<std::string> kernels,
                                            const CpuLevel &level) {
  auto linked = linkObjects(objects);
  if (!linked)
    return linked.takeError();
  auto code = readCodeObject(std::move(*linked), level);
  if (!code)
    return code.takeError();
  for (const std::string &name : kernels)
    if (!code->entries.contains(name))
      return refuse("it has no entry for the kernel " + name);
  return code;
}

Expected<CodeObject> sinter::compileCodeObject(ModuleOp module,
                                               const CpuLevel &level) {
  std::vector<std::string> kernels;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(tile::kRegionAttr))
      kernels.push_back(function.getName().str());
  TimingScope untimed;
  auto object = compileRegions(module, level, untimed);
  if (!object)
    return object.takeError();
  return linkCodeObject(*object, kernels, level);
}
