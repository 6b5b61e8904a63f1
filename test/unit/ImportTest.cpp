// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The importer on a whole small model and on damaged copies of it.
#include "lib/Import/Import.h"
#include "dialects/Llm/LlmOps.h"
#include "lib/Import/GGUF/MappedCheckpoint.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

using namespace sinter;

namespace {
std::string modelBytes() {
  auto buffer = llvm::MemoryBuffer::getFile(
      SINTER_SOURCE_DIR "/test/fuzz/corpus/GgufFuzz/llama.gguf");
  EXPECT_TRUE(bool(buffer));
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// What importing some bytes led to.
struct Outcome {
  bool ok = false;
  std::vector<std::string> messages;
};

Outcome import(mlir::MLIRContext &context, llvm::StringRef data) {
  Outcome outcome;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &diagnostic) {
        outcome.messages.push_back(diagnostic.str());
      });
  auto file = gguf::File::parse(
      llvm::MemoryBuffer::getMemBuffer(data, "model.gguf", false));
  if (!file) {
    outcome.messages.push_back(llvm::toString(file.takeError()));
    return outcome;
  }
  auto module = importGguf(**file, &context);
  outcome.ok =
      mlir::succeeded(module) && mlir::succeeded(mlir::verify(**module));
  return outcome;
}
} // namespace

TEST(Import, BuildsAModuleThatVerifies) {
  mlir::MLIRContext context;
  Outcome outcome = import(context, modelBytes());
  EXPECT_TRUE(outcome.ok);
  EXPECT_TRUE(outcome.messages.empty());
}

TEST(Import, DamagedModelsGiveOneMessage) {
  mlir::MLIRContext context;
  std::string whole = modelBytes();
  // Every bit of the head would take minutes; a stride that is prime to eight
  // meets every byte and each position in a byte.
  for (size_t bit = 0; bit < whole.size() * 8; bit += 7) {
    std::string copy = whole;
    copy[bit / 8] ^= 1 << (bit % 8);
    Outcome outcome = import(context, copy);
    EXPECT_EQ(outcome.messages.size(), outcome.ok ? 0u : 1u) << "bit " << bit;
  }
}

TEST(Import, TruncatedModelsGiveOneMessage) {
  mlir::MLIRContext context;
  std::string whole = modelBytes();
  for (size_t size = 0; size < whole.size(); size += 11) {
    Outcome outcome = import(context, llvm::StringRef(whole).take_front(size));
    EXPECT_FALSE(outcome.ok) << "cut at " << size;
    EXPECT_EQ(outcome.messages.size(), 1u) << "cut at " << size;
  }
}

TEST(WeightBytes, NoiseIsFiniteAndRepeats) {
  mlir::MLIRContext context;
  context.loadDialect<llm::LlmDialect>();
  mlir::OpBuilder builder(&context);
  MappedCheckpoint source;
  for (encoding::Preset preset : encoding::kPresets) {
    mlir::OwningOpRef<mlir::ModuleOp> module(
        mlir::ModuleOp::create(builder.getUnknownLoc()));
    builder.setInsertionPointToEnd(module->getBody());
    auto weight = llm::WeightOp::create(
        builder, builder.getUnknownLoc(), "w",
        encoding::weightType(&context, {8, 256}, preset),
        llm::SeedAttr::get(&context, 3, builder.getF32FloatAttr(0.25f)));
    auto first = llm::WeightBytes::get(weight, source);
    auto second = llm::WeightBytes::get(weight, source);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->bytes(), second->bytes());
    EXPECT_FALSE(bool(llm::checkFinite(weight, *first)));
    // The numbers spread over the range that was asked for.
    std::vector<float> row(256);
    float most = 0;
    for (int64_t r = 0; r < 8; ++r) {
      first->decodeRow(r, row.data());
      for (float value : row)
        most = std::max(most, std::abs(value));
    }
    EXPECT_GT(most, 0.1f) << encoding::presetName(preset);
    EXPECT_LT(most, 0.6f) << encoding::presetName(preset);
  }
}
