// CodeObject.h - machine code of one CPU level, ready for a plan.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TARGET_X86_CODEOBJECT_H
#define SINTER_TARGET_X86_CODEOBJECT_H

#include "lib/Conversion/TileToVector/CpuLevel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <string>
#include <vector>

namespace llvm {
class Module;
}
namespace mlir {
class OpPassManager;
}

namespace sinter {

/// Bytes that are mapped as they are, read-only or executable.
struct CodeSegment {
  uint64_t address; // relative to the image base; a multiple of 4096
  bool executable;
  std::vector<char> bytes;
};

struct CodeObject {
  const CpuLevel *level = nullptr;
  uint64_t imageBytes = 0; // a multiple of 4096
  std::vector<CodeSegment> segments;
  /// Kernel (the name of its region) -> address of its entry, relative to the
  /// image base.
  llvm::StringMap<uint64_t> entries;
  /// The linked file that the segments were taken from.
  std::vector<char> elf;
};

using ObjectFile = llvm::SmallVector<char, 0>;

/// Compiles all functions of `module` that have the attribute `tile.region` to
/// one object file; whatever else is in the module is not looked at.
llvm::Expected<ObjectFile> compileRegions(mlir::ModuleOp module,
                                          const CpuLevel &level,
                                          mlir::TimingScope &timing);

/// Links object files, in their order, to a code object that has an entry for
/// each of `kernels` and no undefined symbol, relocation, thread-local or
/// writable data.
llvm::Expected<CodeObject> linkCodeObject(llvm::ArrayRef<ObjectFile> objects,
                                          llvm::ArrayRef<std::string> kernels,
                                          const CpuLevel &level);

/// Both for a module at once.
llvm::Expected<CodeObject> compileCodeObject(mlir::ModuleOp module,
                                             const CpuLevel &level);

//===----------------------------------------------------------------------===//
// Its steps
//===----------------------------------------------------------------------===//

/// Regions of `tile` to the LLVM dialect, with entries.
void buildTileToLLVM(mlir::OpPassManager &pm, llvm::StringRef level);
/// Makes the above known as `--tile-to-llvm=level=...`.
void registerTileToLLVMPipelines();

/// A module in the LLVM dialect to an object file.
llvm::Expected<ObjectFile> emitObject(mlir::ModuleOp module,
                                      const CpuLevel &level,
                                      mlir::TimingScope &timing);
/// The path, size and time of the linker; empty if there is none.
std::string linkerId();
/// Runs ld.lld on object files.
llvm::Expected<std::vector<char>>
linkObjects(llvm::ArrayRef<ObjectFile> objects);
/// Takes a linked file apart; refuses what cannot be mapped in place.
llvm::Expected<CodeObject> readCodeObject(std::vector<char> elf,
                                          const CpuLevel &level);

} // namespace sinter
#endif // SINTER_TARGET_X86_CODEOBJECT_H
