//===- CompilerId.cpp - which compiler this is
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Cache.h"

#include "lib/Target/Plan/Sha256.h"
#include <cstring>
#include <elf.h>
#include <link.h>

using namespace sinter;

/// The build id that a linker has put into a loaded file; empty if none.
static llvm::StringRef buildId(const dl_phdr_info &info) {
  for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr) &header = info.dlpi_phdr[i];
    if (header.p_type != PT_NOTE)
      continue;
    const char *at =
        reinterpret_cast<const char *>(info.dlpi_addr) + header.p_vaddr;
    const char *end = at + header.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      std::memcpy(&note, at, sizeof(note));
      const char *name = at + sizeof(note);
      const char *value = name + (note.n_namesz + 3) / 4 * 4;
      if (note.n_type == NT_GNU_BUILD_ID &&
          llvm::StringRef(name, note.n_namesz) == llvm::StringRef("GNU", 4))
        return llvm::StringRef(value, note.n_descsz);
      at = value + (note.n_descsz + 3) / 4 * 4;
    }
  }
  return "";
}

/// Files without a build id, as ours may be, are digested.
static int addFile(dl_phdr_info *info, size_t, void *digest) {
  auto &id = *static_cast<Sha256 *>(digest);
  llvm::StringRef build = buildId(*info), path = info->dlpi_name;
  if (!build.empty()) {
    id.update(build);
  } else if (auto sum = sha256OfFile(path.empty() ? "/proc/self/exe" : path)) {
    id.update(*sum);
  } else {
    llvm::consumeError(sum.takeError()); // the kernel's page has no file
  }
  return 0;
}

const std::string &sinter::compilerId() {
  static const std::string id = [] {
    Sha256 digest;
    ::dl_iterate_phdr(addFile, &digest);
    return digest.final();
  }();
  return id;
}
