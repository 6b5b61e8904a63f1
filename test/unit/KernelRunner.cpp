// KernelRunner.cpp - compiles tile IR and runs it as the runtime would.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/KernelRunner.h"
#include "dialects/Encoding/EncodingDialect.h"
#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "runtime/schema/KernelAbi.h"
#include "llvm/TargetParser/Host.h"
#include <barrier>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <thread>

using namespace mlir;
using namespace sinter;
using namespace sinter::test;

MLIRContext &sinter::test::context() {
  static MLIRContext *shared = [] {
    DialectRegistry registry;
    registry.insert<encoding::EncodingDialect, tile::TileDialect,
                    arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                    vector::VectorDialect>();
    auto *made = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    made->loadAllAvailableDialects();
    return made;
  }();
  return *shared;
}

OwningOpRef<ModuleOp> sinter::test::parse(const std::string &text) {
  auto module = parseSourceString<ModuleOp>(text, &context());
  EXPECT_TRUE(module) << text;
  return module;
}

std::vector<const CpuLevel *> sinter::test::runnableLevels() {
  llvm::StringMap<bool> machine = llvm::sys::getHostCPUFeatures();
  std::vector<const CpuLevel *> result;
  for (const CpuLevel &level : cpuLevels())
    if (llvm::all_of(level.features, [&](llvm::StringRef feature) {
          return machine.lookup(feature);
        }))
      result.push_back(&level);
  return result;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Memory::Memory(size_t bytes) : bytes(bytes) {
  size_t used = (bytes + 4095) / 4096 * 4096;
  mapped = used + 4096;
  map = static_cast<char *>(mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mprotect(map + used, 4096, PROT_NONE);
  start = map + used - (bytes + 63) / 64 * 64;
  fill();
}

Memory::~Memory() { munmap(map, mapped); }

void Memory::fill() { std::memset(start, 0xff, bytes); }

//===----------------------------------------------------------------------===//
// Image
//===----------------------------------------------------------------------===//

Image::Image(const std::string &text, const CpuLevel &level) {
  OwningOpRef<ModuleOp> module = parse(text);
  if (!module)
    return;
  llvm::Expected<CodeObject> compiled = compileCodeObject(*module, level);
  if (!compiled) {
    ADD_FAILURE() << llvm::toString(compiled.takeError());
    return;
  }
  code = std::move(*compiled);
  base =
      static_cast<char *>(mmap(nullptr, code.imageBytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (const CodeSegment &segment : code.segments) {
    std::memcpy(base + segment.address, segment.bytes.data(),
                segment.bytes.size());
    mprotect(base + segment.address, segment.bytes.size(),
             segment.executable ? PROT_READ | PROT_EXEC : PROT_READ);
  }
}

Image::~Image() {
  if (base)
    munmap(base, code.imageBytes);
}

void Image::run(const std::string &kernel, const std::vector<void *> &buffers,
                const std::vector<int64_t> &scalars, unsigned workers) const {
  ASSERT_TRUE(code.entries.contains(kernel)) << kernel;
  auto entry = reinterpret_cast<sinter_entry>(
      reinterpret_cast<uintptr_t>(base) + code.entries.lookup(kernel));
  std::barrier<> meeting(workers);
  // A runtime of an older ABI has no traits behind its calls.
  Memory room(abi < SINTER_KERNEL_ABI_TRAITS ? offsetof(sinter_call, traits)
                                             : sizeof(sinter_call));
  sinter_call &call = *room.as<sinter_call>();
  call.abi = abi;
  if (abi >= SINTER_KERNEL_ABI_TRAITS)
    call.traits = traits;
  call.workers = workers;
  call.buffers = buffers.data();
  call.scalars = scalars.data();
  call.ctx = &meeting;
  call.barrier = [](void *ctx, uint32_t, uint32_t) {
    static_cast<std::barrier<> *>(ctx)->arrive_and_wait();
  };
  std::vector<std::thread> threads;
  for (unsigned worker = 1; worker < workers; ++worker)
    threads.emplace_back(entry, &call, worker);
  entry(&call, 0);
  for (std::thread &thread : threads)
    thread.join();
}
