// ContractBench.cpp - the speed of contractions, by encoding and CPU level.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One thread. All kernels take turns with the probes of tools/common, so that a
// machine that slows down slows all; figures are medians of what each round
// gives, as fractions of the probe of the same round:
//   prefill  512 rows, of the peak of 8-bit dots (f32 weights: of f32 FMAs) of
//            the best level in the run
//   decode   1 row, weights from memory, of a read of the same bytes
#include "test/unit/KernelCases.h"
#include "tools/common/Probe.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>
#include <cstring>

using namespace sinter;
using namespace sinter::test;
using encoding::Preset;
namespace cl = llvm::cl;

namespace {

cl::opt<int64_t> matrixRows("n", cl::desc("outputs"), cl::init(1536));
cl::opt<int64_t> matrixCols("k", cl::desc("columns"), cl::init(768));
cl::opt<int64_t> rowCount("m", cl::desc("rows of prefill"), cl::init(512));
cl::opt<int> rounds("r", cl::desc("rounds"), cl::init(7));
cl::opt<bool> exact("f32", cl::desc("f32 activations for all encodings"));
cl::list<std::string> presets("type", cl::CommaSeparated,
                              cl::desc("encodings (default: all)"));
cl::list<std::string> levels("level", cl::CommaSeparated,
                             cl::desc("CPU levels (default: all that run)"));

cl::opt<std::string> saveTo("save", cl::desc("write code objects to a folder"));

constexpr uint64_t kColdBytes = uint64_t(160) << 20; // beyond any cache

bool chosen(const cl::list<std::string> &names, llvm::StringRef name) {
  return names.empty() || llvm::is_contained(names, name);
}

double seconds(llvm::function_ref<void()> work) {
  auto since = std::chrono::steady_clock::now();
  work();
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - since;
  return time.count();
}

/// One encoding: copies of a matrix, and inputs for it.
struct Operands {
  explicit Operands(Preset preset)
      : preset(preset),
        quantized(encoding::blockElements(preset) > 1 && !exact),
        matrix(preset, matrixRows, matrixCols),
        starts(matrix.layout.scalesPerBlock()),
        input(quantized ? 0 : rowCount * padded(matrixCols) * 4),
        codes(rowCount, matrixCols, starts),
        out(rowCount * padded(matrixRows) * 4),
        copies(std::max<uint64_t>(1, kColdBytes / matrix.bytes->size())),
        cold(copies * matrix.bytes->size()) {
    Random random(5);
    for (size_t i = 0; i < input.size() / 4; ++i)
      input.as<float>()[i] = random.real();
    for (size_t i = 0; i < codes.codes.size(); ++i)
      codes.codes.as<int8_t>()[i] = int8_t(random.real() * 127);
    for (const Memory *side : {&codes.scale, &codes.start, &codes.ssum})
      std::memset(side->as<void>(), 0, side->size());
    for (uint64_t i = 0; i < copies; ++i)
      std::memcpy(cold.as<char>() + i * matrix.bytes->size(),
                  matrix.bytes->as<void>(), matrix.bytes->size());
  }

  std::string text() const {
    std::string floats =
        llvm::formatv("memref<{0}x{1}xf32>", rowCount, padded(matrixCols));
    std::string use = llvm::formatv(
        quantized ? "q8(%c, %s, %t, %u : {0})" : "f32(%x : {0})",
        quantized ? quantizedTypes(rowCount, matrixCols, starts) : floats);
    return llvm::formatv(
        "func.func @k({0}, %w: memref<{1}xi8>, %o: memref<{2}x{3}xf32>, "
        "%n: index) attributes {{tile.region} {{\n  tile.contract {4} %w : "
        "memref<{1}xi8> -> %o : memref<{2}x{3}xf32> rows(%n) "
        "{{weight = {5}}\n  return\n}\n",
        quantized ? quantizedArguments(rowCount, matrixCols, starts)
                  : "%x: " + floats,
        matrix.layout.totalBytes, rowCount, padded(matrixRows), use,
        textOf(matrix.packed));
  }

  void run(const Image &image, char *weights, int64_t rows) {
    std::vector<void *> buffers =
        quantized ? codes.buffers() : std::vector<void *>{input.as<void>()};
    buffers.push_back(weights);
    buffers.push_back(out.as<void>());
    image.run("k", buffers, {rows});
  }

  Preset preset;
  bool quantized;
  Matrix matrix;
  int64_t starts;
  Memory input;
  Quantized codes;
  Memory out;
  uint64_t copies;
  Memory cold;
};

/// One encoding at one level.
struct Variant {
  Variant(Operands &operands, const CpuLevel &level)
      : operands(operands), level(level), image(operands.text(), level) {
    if (!saveTo.empty())
      save();
  }

  Operands &operands;
  const CpuLevel &level;
  Image image;
  std::vector<double> prefill, decode, gops, bytes;

  /// For a disassembler.
  void save() const {
    std::string path = saveTo + "/" +
                       std::string(encoding::presetName(operands.preset)) +
                       "." + level.name.str() + ".so";
    std::error_code problem;
    llvm::raw_fd_ostream file(path, problem);
    file.write(image.code.elf.data(), image.code.elf.size());
  }

  void measure(const tools::Probe &probe) {
    char *weights = operands.matrix.bytes->as<char>();
    tools::ProbeSample peak = probe.sample();
    double time = seconds([&] { operands.run(image, weights, rowCount); });
    double rate = 2e-9 * rowCount * matrixRows * matrixCols / time;
    gops.push_back(rate);
    prefill.push_back(rate / (operands.quantized ? peak.dot : peak.fma));
    time = seconds([&] {
      for (uint64_t i = 0; i < operands.copies; ++i)
        operands.run(
            image, operands.cold.as<char>() + i * operands.matrix.bytes->size(),
            1);
    });
    bytes.push_back(1e-9 * operands.cold.size() / time);
    decode.push_back(bytes.back() / peak.stream);
  }
};

double median(std::vector<double> values) {
  llvm::sort(values);
  return values[values.size() / 2];
}

} // namespace

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Speed of contraction kernels\n");
  std::vector<std::unique_ptr<Operands>> operands;
  std::vector<std::unique_ptr<Variant>> variants;
  for (Preset preset : encoding::kPresets) {
    if (!chosen(presets, encoding::presetName(preset)))
      continue;
    operands.push_back(std::make_unique<Operands>(preset));
    for (const CpuLevel *level : runnableLevels())
      if (chosen(levels, level->name))
        variants.push_back(std::make_unique<Variant>(*operands.back(), *level));
  }
  if (variants.empty()) {
    llvm::errs() << "contract-bench: nothing to measure\n";
    return 1;
  }
  tools::Probe probe(1, kColdBytes, runnableLevels().front()->name.str());
  for (int round = 0; round < rounds; ++round)
    for (auto &variant : variants)
      variant->measure(probe);
  llvm::outs() << llvm::formatv("{0} x {1}, {2} rows; peak of {3}\n",
                                matrixRows, matrixCols, rowCount,
                                probe.dotName())
               << "encoding level            prefill      Gop/s  decode    "
                  "GB/s\n";
  for (auto &v : variants)
    llvm::outs() << llvm::format(
        "%-8s %-16s %8.3f %10.0f %7.3f %7.1f\n",
        std::string(encoding::presetName(v->operands.preset)).c_str(),
        v->level.name.data(), median(v->prefill), median(v->gops),
        median(v->decode), median(v->bytes));
  return 0;
}
