// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans that were altered by someone who knows the digests: reading ends in an
// error or in a program that verifies, never in a crash.

#include "lib/Target/Plan/PlanFile.h"
#include "dialects/Plan/PlanOps.h"
#include "lib/Target/Plan/PlanWriter.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "runtime/schema/PlanFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"
#include "gtest/gtest.h"
#include <random>

using namespace sinter;

namespace {

constexpr const char *kProgram = R"(
plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@ids) history(@history)
plan.section @weights weights bytes(128)
plan.buffer @ids bytes(32)
plan.buffer @history bytes(0) per_position(4)
plan.state @kv layers(2) page_tokens(16) page_bytes([512, 1024]) type("f16")
plan.state @draft.kv of(@kv) layers(1) page_tokens(16) page_bytes([512, 1024]) type("f16")
plan.weight @w in(@weights) at(64) bytes(64) shape(1, 16) encoding("f32") sources(["w"])
plan.kernel @k bindings(["a", "b"]) scalars(["n"])
plan.func @loop(%n: i64) -> i64 attributes {params = ["n"]} {
  %zero = plan.const 0
  %one = plan.const 1
  %r:2 = plan.while init(%zero, %one) {
  ^bb0(%i: i64, %j: i64):
    %rows = plan.take_input %n, @ids at(0)
    plan.condition %rows, %rows, %j
  } do {
  ^bb0(%rows: i64, %j: i64):
    %length = plan.length @kv
    plan.reserve @kv, %rows
    plan.dispatch @k bindings([#plan.weight<@w>, #plan.plane<@kv, 1, 1>]) scalars(%length)
    %x = plan.if %j -> i64 {
      %sum = plan.arith add %j, %rows
      plan.yield %sum
    } else {
      plan.yield %zero
    }
    plan.commit @kv, %rows
    plan.yield %x, %rows
  } -> i64, i64
  plan.emit_logits %r#0, @ids at(4)
  plan.return %r#1
}
plan.func @main(%n: i64) -> i64 attributes {params = ["n"]} {
  %r = plan.call @loop(%n) -> i64
  %stop = plan.emit_token %r
  plan.store_i32 %stop, @ids at(8)
  plan.return %r
}
)";

/// A file that the test removes.
struct TemporaryFile {
  llvm::SmallString<128> path;

  TemporaryFile() {
    llvm::sys::fs::createTemporaryFile("sinter-test", "plan", path);
  }
  ~TemporaryFile() { llvm::sys::fs::remove(path); }
};

class PlanFileTest : public testing::Test {
protected:
  void SetUp() override {
    context.loadDialect<planir::PlanDialect>();
    auto module = mlir::parseSourceString<mlir::ModuleOp>(kProgram, &context);
    ASSERT_TRUE(module);
    std::vector<char> code(16, '\xc3');
    PlanInputs inputs;
    inputs.program = *module;
    inputs.divideWeight = [](planir::WeightOp, uint64_t) {
      return std::vector<WeightPanel>(); // zeros
    };
    llvm::DefaultThreadPool pool;
    inputs.pool = &pool;
    PlanCode object;
    object.level = "x86-64-v3";
    object.imageBytes = 4096;
    object.segments = {{.address = 0, .executable = true, .bytes = code}};
    object.entries["k"] = 0;
    inputs.code = [&] { return std::vector{object}; };
    mlir::TimingScope untimed;
    llvm::Error failed = writePlan(inputs, file.path, untimed);
    ASSERT_FALSE(bool(failed)) << llvm::toString(std::move(failed));
    auto buffer = llvm::MemoryBuffer::getFile(file.path);
    ASSERT_TRUE(bool(buffer));
    bytes.assign((*buffer)->getBufferStart(), (*buffer)->getBufferEnd());
  }

  sinter_plan_header header() const {
    sinter_plan_header header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    return header;
  }

  /// Writes `altered` with digests that fit and reads it; true: it was taken.
  bool read(std::vector<uint8_t> altered) {
    sinter_plan_header header = this->header();
    header.meta_digest = llvm::xxh3_64bits(
        llvm::ArrayRef(altered).slice(header.meta_offset, header.meta_bytes));
    header.header_digest = llvm::xxh3_64bits(
        llvm::ArrayRef(reinterpret_cast<const uint8_t *>(&header),
                       offsetof(sinter_plan_header, header_digest)));
    std::memcpy(altered.data(), &header, sizeof(header));
    auto opened = PlanFile::read(llvm::MemoryBuffer::getMemBuffer(
        llvm::StringRef(reinterpret_cast<const char *>(altered.data()),
                        altered.size()),
        "altered.plan", /*RequiresNullTerminator=*/false));
    if (!opened) {
      llvm::consumeError(opened.takeError());
      return false;
    }
    auto module = opened->program(&context);
    if (!module) {
      llvm::consumeError(module.takeError());
      return false;
    }
    EXPECT_TRUE(mlir::succeeded(mlir::verify(**module)));
    return true;
  }

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  TemporaryFile file;
  std::vector<uint8_t> bytes;
};

} // namespace

TEST_F(PlanFileTest, TakesWhatWasWritten) { EXPECT_TRUE(read(bytes)); }

TEST_F(PlanFileTest, SurvivesEveryByteOfTheTables) {
  sinter_plan_header where = header();
  unsigned refused = 0;
  for (uint64_t i = 0; i < where.meta_bytes; ++i) {
    std::vector<uint8_t> altered = bytes;
    altered[where.meta_offset + i] ^= 1 << (i % 8);
    refused += !read(altered);
  }
  // Most bytes say something that is checked.
  EXPECT_GT(refused, where.meta_bytes / 10);
}

TEST_F(PlanFileTest, SurvivesRandomBytes) {
  sinter_plan_header where = header();
  std::mt19937 random(7);
  for (unsigned round = 0; round < 30000; ++round) {
    std::vector<uint8_t> altered = bytes;
    for (unsigned i = 0, n = 1 + random() % 4; i < n; ++i) {
      uint8_t *byte = &altered[where.meta_offset + random() % where.meta_bytes];
      *byte = random() % 4 ? random() % 8 : random();
    }
    read(altered);
  }
}
