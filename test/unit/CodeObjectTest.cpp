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
  int dots = 0, fmas = 0, vectorStores = 0;
};

/// The innermost loops that hold dots.
std::vector<LoopCounts> dotLoops(const Matrix &matrix, const CpuLevel &level) {
  int64_t starts = matrix.layout.scalesPerBlock(), cols = matrix.layout.cols;
  std::string text = formatv(
      "func.func @k({0}, %w: memref<{1}xi8>, %o: memref<16x64xf32>, "
      "%n: index) attributes {{tile.region} {{\n"
      "  tile.contract q8(%c, %s, %t, %u : {2}) %w : memref<{1}xi8> -> %o : "
      "memref<16x64xf32> rows(%n) {{weight = {3}}\n  return\n}\n",
      quantizedArguments(16, cols, starts), matrix.layout.totalBytes,
      quantizedTypes(16, cols, starts), textOf(matrix.packed));
  auto code = compileCodeObject(*parse(text), level);
  EXPECT_TRUE(bool(code));
  std::vector<LoopCounts> result;
  for (const auto &loop : innermostLoops(disassemble(*code))) {
    LoopCounts counts;
    for (StringRef line : loop) {
      counts.dots += line.contains("vpdpbusd") || line.contains("vpmaddubsw");
      counts.fmas += line.contains("vfmadd") || line.contains("vfnmadd");
      // AT&T syntax: the destination comes last.
      counts.vectorStores += line.contains("vmov") && line.ends_with(")") &&
                             (line.contains("%zmm") || line.contains("%ymm"));
    }
    if (counts.dots)
      result.push_back(counts);
  }
  return result;
}

class InnerLoop : public testing::TestWithParam<Preset> {};

// What a block costs, on every level, whether or not this machine has it.
TEST_P(InnerLoop, ComputesNothingTwiceAndKeepsItsValuesInRegisters) {
  Matrix matrix(GetParam(), 64, 768);
  const tile::StripLayout &layout = matrix.layout;
  for (const CpuLevel &level : cpuLevels()) {
    SCOPED_TRACE(level.name.str());
    std::vector<LoopCounts> loops = dotLoops(matrix, level);
    // Without the dot instruction the halves of 8-bit codes go apart.
    bool halves = layout.code == tile::StripCode::U8 && !level.vnni;
    int fmas = layout.scalesPerBlock() + layout.hasMin();
    // 32 registers hold everything; 16 do not hold the sums of four rows beside
    // their dots, but a sum is touched once a block. High bits take more.
    bool two = layout.scalesPerBlock() == 2;
    int spills = level.vectorBytes == 64 ? (two ? 4 : 0) : 12;
    if (!level.vnni)
      spills = level.vectorBytes == 64 ? (two ? 18 : 8) : 12;
    int most = 0;
    for (const LoopCounts &loop : loops) {
      EXPECT_EQ(loop.dots * fmas, (halves ? 16 : 8) * loop.fmas);
      int sums = loop.fmas / fmas;
      // Nor do 32 hold those of seven rows, two vectors each.
      EXPECT_LE(loop.vectorStores, spills + (sums > 8 ? 8 : 0));
      most = std::max(most, sums);
    }
    EXPECT_GE(most, level.dotTokens > 4 ? 2 * level.dotTokens : 4)
        << "so many rows in a pass";
    EXPECT_GE(loops.size(), size_t(level.dotTokens) + 1)
        << "and one copy each for fewer";
  }
}

INSTANTIATE_TEST_SUITE_P(Presets, InnerLoop, testing::ValuesIn(kCodedPresets),
                         [](const auto &info) {
                           return std::string(encoding::presetName(info.param));
                         });

} // namespace
