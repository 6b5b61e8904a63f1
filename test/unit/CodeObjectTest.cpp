// CodeObjectTest.cpp - what a code object holds and what it may not hold.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/unit/KernelCases.h"
#include "llvm-c/Disassembler.h"
#include "llvm-c/Target.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::test;
using encoding::Preset;
using llvm::formatv;
using llvm::StringRef;

namespace {

//===----------------------------------------------------------------------===//
// Layout and refusals
//===----------------------------------------------------------------------===//

constexpr const char *kTwoStages =
    "func.func @two(%x: memref<4x32xf32>, %y: memref<4x32xf32>, %n: index) "
    "attributes {tile.region} {\n"
    "  tile.add %x, %x -> %y rows(%n) {cols = 32 : i64} : memref<4x32xf32>, "
    "memref<4x32xf32> -> memref<4x32xf32>\n"
    "  tile.barrier\n"
    "  tile.add %y, %y -> %x rows(%n) {cols = 32 : i64} : memref<4x32xf32>, "
    "memref<4x32xf32> -> memref<4x32xf32>\n"
    "  return\n}\n";

TEST(CodeObject, SegmentsArePagesAndNothingIsWritable) {
  for (const CpuLevel &level : cpuLevels()) {
    Image image(kTwoStages, level);
    const CodeObject &code = image.code;
    EXPECT_EQ(code.level, &level);
    EXPECT_EQ(code.imageBytes % 4096, 0u);
    ASSERT_GE(code.segments.size(), 2u);
    int executable = 0;
    for (const CodeSegment &segment : code.segments) {
      EXPECT_EQ(segment.address % 4096, 0u);
      EXPECT_LE(segment.address + segment.bytes.size(), code.imageBytes);
      executable += segment.executable;
    }
    EXPECT_EQ(executable, 1);
    EXPECT_EQ(code.entries.size(), 1u);
  }
}

TEST(CodeObject, SameInputGivesSameBytes) {
  for (const CpuLevel &level : cpuLevels())
    EXPECT_EQ(Image(kTwoStages, level).code.elf,
              Image(kTwoStages, level).code.elf);
}

TEST(CodeObject, BarrierSeparatesStages) {
  for (const CpuLevel *level : runnableLevels()) {
    Image image(kTwoStages, *level);
    Memory x(512), y(512);
    for (int i = 0; i < 128; ++i)
      x.as<float>()[i] = float(i);
    image.run("two", {x.as<void>(), y.as<void>()}, {4}, 3);
    for (int i = 0; i < 128; ++i)
      EXPECT_EQ(x.as<float>()[i], 4.0f * float(i));
  }
}

/// Object and link of a module in the LLVM dialect.
std::string linkMessage(const char *text) {
  auto module = parse(text);
  const CpuLevel &level = cpuLevels().back();
  mlir::TimingScope untimed;
  auto object = emitObject(*module, level, untimed);
  if (!object)
    return llvm::toString(object.takeError());
  auto linked = linkObjects(*object);
  if (!linked)
    return llvm::toString(linked.takeError());
  auto code = readCodeObject(std::move(*linked), level);
  return code ? "" : llvm::toString(code.takeError());
}

TEST(CodeObject, RefusesImports) {
  std::string message =
      linkMessage("llvm.func @memset(!llvm.ptr)\n"
                  "llvm.func @k_entry(%a: !llvm.ptr, %b: i32) {\n"
                  "  llvm.call @memset(%a) : (!llvm.ptr) -> ()\n"
                  "  llvm.return\n}\n");
  EXPECT_NE(message.find("undefined symbol: memset"), std::string::npos)
      << message;
}

TEST(CodeObject, RefusesWritableData) {
  std::string message =
      linkMessage("llvm.mlir.global internal @g(1 : i32) : i32\n"
                  "llvm.func @k_entry(%a: !llvm.ptr, %b: i32) {\n"
                  "  %p = llvm.mlir.addressof @g : !llvm.ptr\n"
                  "  %v = llvm.load volatile %p : !llvm.ptr -> i32\n"
                  "  llvm.store volatile %v, %p : i32, !llvm.ptr\n"
                  "  llvm.return\n}\n");
  EXPECT_NE(message.find("writable data"), std::string::npos) << message;
}

TEST(CodeObject, MathematicsOfALibraryIsAnError) {
  auto module = parse("func.func @k(%x: memref<4xf32>, %n: index) "
                      "attributes {tile.region} {\n"
                      "  %0 = memref.load %x[%n] : memref<4xf32>\n"
                      "  %1 = math.tan %0 : f32\n"
                      "  memref.store %1, %x[%n] : memref<4xf32>\n"
                      "  return\n}\n");
  mlir::ScopedDiagnosticHandler quiet(
      &context(), [](mlir::Diagnostic &) { return mlir::success(); });
  auto code = compileCodeObject(*module, cpuLevels().back());
  ASSERT_FALSE(bool(code));
  EXPECT_NE(llvm::toString(code.takeError()).find("x86-64-v3"),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// Inner loops, by disassembly
//===----------------------------------------------------------------------===//

struct Instruction {
  uint64_t address;
  std::string text;
};

std::vector<Instruction> disassemble(const CodeObject &code) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  LLVMDisasmContextRef context = LLVMCreateDisasmCPUFeatures(
      "x86_64-unknown-linux-gnu", code.level->cpu.data(),
      code.level->llvmFeatures.data(), nullptr, 0, nullptr, nullptr);
  std::vector<Instruction> result;
  for (const CodeSegment &segment : code.segments) {
    if (!segment.executable)
      continue;
    for (size_t at = 0; at < segment.bytes.size();) {
      char text[256];
      auto *bytes = reinterpret_cast<uint8_t *>(
          const_cast<char *>(segment.bytes.data() + at));
      size_t size =
          LLVMDisasmInstruction(context, bytes, segment.bytes.size() - at,
                                segment.address + at, text, 256);
      if (size == 0) {
        ++at;
        continue;
      }
      result.push_back({segment.address + at, text});
      at += size;
    }
  }
  LLVMDisasmDispose(context);
  return result;
}

/// The instructions of each innermost loop.
std::vector<std::vector<std::string>>
innermostLoops(const std::vector<Instruction> &code) {
  std::vector<std::pair<size_t, size_t>> loops;
  for (size_t i = 0; i < code.size(); ++i) {
    StringRef text = StringRef(code[i].text).trim();
    auto [mnemonic, operand] = text.split('\t');
    int64_t distance;
    if (!mnemonic.starts_with("j") || operand.getAsInteger(10, distance) ||
        distance >= 0 || i + 1 == code.size())
      continue;
    uint64_t target = code[i + 1].address + distance;
    size_t first = i;
    while (first > 0 && code[first].address > target)
      --first;
    // A loop around another one is not innermost.
    if (loops.empty() || loops.back().first < first)
      loops.push_back({first, i});
  }
  std::vector<std::vector<std::string>> result;
  for (auto [first, last] : loops) {
    result.emplace_back();
    for (size_t i = first; i <= last; ++i)
      result.back().push_back(code[i].text);
  }
  return result;
}

struct LoopCounts {
  int dots = 0, converts = 0, vectorStores = 0;
};

/// The innermost loops that hold dots.
std::vector<LoopCounts> dotLoops(Preset preset) {
  Matrix matrix(preset, 64, 576);
  std::string text = formatv(
      "func.func @k(%c: memref<4x18x4x32xi8>, %s: memref<4x18x4xf32>, "
      "%t: memref<4x18x4xi32>, %u: memref<4x18x4xf32>, %w: memref<{0}xi8>, "
      "%o: memref<16x64xf32>, %n: index) attributes {{tile.region} {{\n"
      "  tile.contract q8(%c, %s, %t, %u : {1}) %w : memref<{0}xi8> -> %o : "
      "memref<16x64xf32> rows(%n) {{weight = {2}}\n  return\n}\n",
      matrix.layout.totalBytes, quantizedTypes(16, 576), textOf(matrix.packed));
  Image image(text, *findCpuLevel("x86-64-v4-vnni"));
  std::vector<LoopCounts> result;
  for (const auto &loop : innermostLoops(disassemble(image.code))) {
    LoopCounts counts;
    for (StringRef line : loop) {
      counts.dots += line.contains("vpdpbusd");
      counts.converts += line.contains("vcvtdq2ps");
      // AT&T syntax: the destination comes last.
      counts.vectorStores +=
          line.contains("vmov") && line.ends_with(")") && line.contains("%zmm");
    }
    if (counts.dots)
      result.push_back(counts);
  }
  return result;
}

class InnerLoop : public testing::TestWithParam<Preset> {};

TEST_P(InnerLoop, HasNoSpillsAndComputesNothingTwice) {
  std::vector<LoopCounts> loops = dotLoops(GetParam());
  int full = 0;
  for (const LoopCounts &loop : loops) {
    EXPECT_EQ(loop.dots, 8 * loop.converts);
    EXPECT_EQ(loop.vectorStores, 0);
    full += loop.dots % 64 == 0;
  }
  EXPECT_GE(full, 2) << "two copies serve four rows";
  EXPECT_GE(loops.size(), 5u) << "and one each serves 1, 2 and 3 rows";
}

INSTANTIATE_TEST_SUITE_P(Presets, InnerLoop,
                         testing::Values(Preset::Q4_0, Preset::Q4_1,
                                         Preset::Q8_0),
                         [](const auto &info) {
                           return std::string(encoding::presetName(info.param));
                         });

} // namespace
