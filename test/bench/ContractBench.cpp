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
//   x4, x8   time of 4 and 8 rows (--x), weights from memory, over that of 1
//   row
// Where there is a kernel written by hand (ReferenceKernels.cpp), it takes
// turns too; its outputs must have the same bits.
//   hand     its time over the generated kernel's: at 1 row, and at `m` rows
#include "runtime/device/cpu/Features.h"
#include "test/bench/ReferenceKernels.h"
#include "test/unit/KernelCases.h"
#include "tools/common/Probe.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>
#include <cstring>
#include <sys/mman.h>

using namespace sinter;
using namespace sinter::test;
using encoding::Preset;
namespace cl = llvm::cl;

namespace {

cl::opt<int64_t> matrixRows("n", cl::desc("outputs"), cl::init(1536));
cl::opt<int64_t> matrixCols("k", cl::desc("columns"), cl::init(768));
cl::opt<int64_t> rowCount("m", cl::desc("rows of prefill"), cl::init(512));
cl::list<int64_t> fewRows("x", cl::CommaSeparated,
                          cl::desc("rows over 1 row, weights from memory"),
                          cl::list_init<int64_t>({4, 8}));
cl::opt<int> rounds("r", cl::desc("rounds"), cl::init(7));
cl::opt<bool> exact("f32", cl::desc("f32 activations for all encodings"));
cl::opt<bool> bf16("bf16", cl::desc("bf16 activations for all encodings; as "
                                    "fractions of the f32 peak"));
cl::list<std::string> presets("type", cl::CommaSeparated,
                              cl::desc("encodings (default: all)"));
cl::list<std::string> levels("level", cl::CommaSeparated,
                             cl::desc("CPU levels (default: all that run)"));

cl::opt<bool> cpuFetches("cpu-fetches", cl::desc("no prefetches, whatever the "
                                                 "CPU is like"));
cl::opt<bool> codeFetches("code-fetches", cl::desc("prefetches likewise"));

cl::opt<std::string> saveTo("save", cl::desc("write code objects to a folder"));
cl::opt<bool> asJson("json", cl::desc("print JSON"));

cl::opt<uint64_t> coldMiB("mib",
                          cl::desc("weights of few rows (default: "
                                   "beyond any cache)"),
                          cl::init(160));

uint64_t coldBytes() { return coldMiB << 20; }

bool chosen(const cl::list<std::string> &names, llvm::StringRef name) {
  return names.empty() || llvm::is_contained(names, name);
}

double seconds(llvm::function_ref<void()> work) {
  auto since = std::chrono::steady_clock::now();
  work();
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - since;
  return time.count();
}

/// Weights beyond any cache: copies of a matrix in large pages.
class ColdCopies {
public:
  explicit ColdCopies(const Memory &matrix)
      : each(matrix.size()),
        number(std::max<uint64_t>(1, coldBytes() / matrix.size())),
        map(mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (map == MAP_FAILED)
      llvm::report_fatal_error("no memory for the weights");
    madvise(map, bytes(), MADV_HUGEPAGE);
    for (uint64_t i = 0; i < number; ++i)
      std::memcpy((*this)[i], matrix.as<void>(), each);
  }
  ~ColdCopies() { munmap(map, bytes()); }
  ColdCopies(const ColdCopies &) = delete;
  ColdCopies &operator=(const ColdCopies &) = delete;

  char *operator[](uint64_t i) const {
    return static_cast<char *>(map) + i * each;
  }
  uint64_t count() const { return number; }
  uint64_t bytes() const { return number * each; }

private:
  uint64_t each, number;
  void *map;
};

/// Codes with scales, and what belongs to them.
void fill(Quantized &codes, int64_t zero, Random &random) {
  for (size_t i = 0; i < codes.codes.size(); ++i)
    codes.codes.as<int8_t>()[i] = int8_t(random.real() * 127);
  int64_t parts = codes.starts;
  for (int64_t group = 0; group < codes.groups; ++group)
    for (int64_t block = 0; block < codes.blocks; ++block)
      for (int64_t row = 0; row < 4; ++row) {
        int64_t at = (group * codes.blocks + block) * 4 + row;
        const int8_t *code = codes.codes.as<int8_t>() + 32 * at;
        int32_t sum = 0;
        for (int64_t part = 0; part < parts; ++part) {
          int32_t partSum = 0;
          for (int64_t i = 0; i < 32 / parts; ++i)
            partSum += code[32 / parts * part + i];
          int64_t start = (at - row) * parts + 4 * part + row;
          codes.start.as<int32_t>()[start] = int32_t(-zero) * partSum;
          sum += partSum;
        }
        float scale = 1 + random.real() / 2;
        codes.scale.as<float>()[at] = scale;
        codes.ssum.as<float>()[at] = scale * float(sum);
      }
}

/// One encoding: copies of a matrix, and inputs for it.
struct Operands {
  explicit Operands(Preset preset)
      : preset(preset),
        quantized(encoding::blockElements(preset) > 1 && !exact && !bf16),
        matrix(preset, matrixRows, matrixCols),
        starts(matrix.layout.scalesPerBlock()),
        input(quantized ? 0 : rowCount * padded(matrixCols) * 4),
        codes(rowCount, matrixCols, starts),
        out(rowCount * padded(matrixRows) * 4), cold(*matrix.bytes),
        byHand(quantized ? referenceKernel(preset) : nullptr) {
    Random random(5);
    for (size_t i = 0; i < input.size() / 4; ++i)
      input.as<float>()[i] = random.real();
    for (size_t i = 0; bf16 && i < input.size() / 2; ++i)
      input.as<uint16_t>()[i] = encoding::floatToBfloat(random.real());
    fill(codes, matrix.layout.zero, random);
  }

  std::string text() const {
    std::string floats =
        llvm::formatv("memref<{0}x{1}x{2}>", rowCount, padded(matrixCols),
                      bf16 ? "bf16" : "f32");
    std::string use = llvm::formatv(
        quantized ? "q8(%c, %s, %t, %u : {0})"
        : bf16    ? "bf16(%x : {0})"
                  : "f32(%x : {0})",
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

  void runByHand(const char *weights, int64_t rows) {
    byHand({codes.codes.as<int8_t>(), codes.scale.as<float>(),
            codes.start.as<int32_t>(), codes.ssum.as<float>(), weights,
            out.as<float>()},
           matrix.layout, rows);
  }

  Preset preset;
  bool quantized;
  Matrix matrix;
  int64_t starts;
  Memory input;
  Quantized codes;
  Memory out;
  ColdCopies cold;
  ReferenceKernel byHand; // or null
};

/// One encoding at one level.
class Variant {
public:
  Variant(Operands &operands, const CpuLevel &level)
      : level(level), operands(operands), image(operands.text(), level) {
    image.traits = cpuFetches    ? SINTER_TRAIT_STREAMS
                   : codeFetches ? 0
                                 : runtime::cpuTraits();
    if (!saveTo.empty())
      save();
    if (level.vectorBytes != 64 || !level.vnni)
      byHand = false;
    if (byHand)
      compare();
  }

  void measure(const tools::Probe &probe) {
    tools::Roofs peak = probe.sample();
    double many = seconds([&] { generated(hot(), rowCount); });
    double rate = 2e-9 * rowCount * matrixRows * matrixCols / many;
    note("gops", rate);
    note("prefill", rate / (operands.quantized ? peak.dot : peak.fma));
    double one = cold([&](char *weights) { generated(weights, 1); });
    double speed = 1e-9 * operands.cold.bytes() / one;
    note("gb_s", speed);
    note("decode", speed / peak.stream);
    for (int64_t rows : fewRows)
      note("x" + std::to_string(rows),
           cold([&](char *weights) { generated(weights, rows); }) / one);
    if (!byHand)
      return;
    double hand = cold([&](char *weights) { operands.runByHand(weights, 1); });
    note("hand_decode", hand / one);
    hand = seconds([&] { operands.runByHand(hot(), rowCount); });
    note("hand_prefill", hand / many);
  }

  /// The median; 0 if there is no such figure.
  double operator[](llvm::StringRef figure) const {
    auto found = figures.find(figure);
    return found == figures.end() ? 0 : tools::spreadOf(found->second).median;
  }
  std::string encoding() const {
    return std::string(encoding::presetName(operands.preset));
  }
  llvm::json::Object json() const {
    llvm::json::Object row{{"encoding", encoding()}, {"level", level.name}};
    for (const auto &figure : figures)
      row[figure.first()] = (*this)[figure.first()];
    return row;
  }

  const CpuLevel &level;

private:
  char *hot() { return operands.matrix.bytes->as<char>(); }
  void generated(char *weights, int64_t rows) {
    operands.run(image, weights, rows);
  }
  /// Seconds for all copies.
  double cold(llvm::function_ref<void(char *)> kernel) {
    return seconds([&] {
      for (uint64_t i = 0; i < operands.cold.count(); ++i)
        kernel(operands.cold[i]);
    });
  }
  void note(llvm::StringRef figure, double value) {
    figures[figure].push_back(value);
  }

  /// Both kernels must agree: else one of them does not do the work.
  void compare() {
    for (int64_t rows : {int64_t(1), int64_t(3), int64_t(8), +rowCount}) {
      size_t bytes = rows * padded(matrixRows) * 4;
      operands.out.fill();
      generated(hot(), rows);
      std::string expected(operands.out.as<char>(), bytes);
      operands.out.fill();
      operands.runByHand(hot(), rows);
      if (std::memcmp(expected.data(), operands.out.as<char>(), bytes) != 0)
        llvm::report_fatal_error(
            llvm::Twine(encoding()) + ", " + llvm::Twine(rows) +
            " rows: the kernel written by hand gives other bits");
    }
  }

  /// For a disassembler.
  void save() const {
    std::string path =
        saveTo + "/" + encoding() + "." + level.name.str() + ".so";
    std::error_code problem;
    llvm::raw_fd_ostream file(path, problem);
    file.write(image.code.elf.data(), image.code.elf.size());
  }

  Operands &operands;
  Image image;
  bool byHand = operands.byHand;
  llvm::StringMap<std::vector<double>> figures;
};

void print(llvm::ArrayRef<std::unique_ptr<Variant>> variants,
           const tools::Probe &probe) {
  llvm::outs() << llvm::formatv("{0} x {1}, {2} rows; peak of {3}\n",
                                matrixRows, matrixCols, rowCount,
                                probe.dotName())
               << "encoding level            prefill      Gop/s  decode    "
                  "GB/s";
  for (int64_t rows : fewRows)
    llvm::outs() << llvm::formatv("{0,7}", "x" + std::to_string(rows));
  llvm::outs() << "  hand: 1 row  many\n";
  for (const auto &v : variants) {
    llvm::outs() << llvm::format("%-8s %-16s %8.3f %10.0f %7.3f %7.1f",
                                 v->encoding().c_str(), v->level.name.data(),
                                 (*v)["prefill"], (*v)["gops"], (*v)["decode"],
                                 (*v)["gb_s"]);
    for (int64_t rows : fewRows)
      llvm::outs() << llvm::format(" %6.2f", (*v)["x" + std::to_string(rows)]);
    if (double hand = (*v)["hand_decode"])
      llvm::outs() << llvm::format(" %12.3f %5.3f", hand, (*v)["hand_prefill"]);
    llvm::outs() << "\n";
  }
}

} // namespace

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Speed of contraction kernels\n");
  std::vector<std::unique_ptr<Operands>> operands;
  std::vector<std::unique_ptr<Variant>> variants;
  for (Preset preset : encoding::kPresets) {
    if (!chosen(presets, encoding::presetName(preset)))
      continue;
    if (matrixCols % encoding::blockElements(preset) != 0) {
      llvm::errs() << "contract-bench: " << encoding::presetName(preset)
                   << " has no rows of " << matrixCols << " columns\n";
      return 1;
    }
    operands.push_back(std::make_unique<Operands>(preset));
    for (const CpuLevel *level : runnableLevels())
      if (chosen(levels, level->name))
        variants.push_back(std::make_unique<Variant>(*operands.back(), *level));
  }
  if (variants.empty()) {
    llvm::errs() << "contract-bench: nothing to measure\n";
    return 1;
  }
  tools::Probe probe(1, coldBytes(), runnableLevels().front()->name.str());
  for (int round = 0; round < rounds; ++round)
    for (auto &variant : variants)
      variant->measure(probe);
  if (!asJson) {
    print(variants, probe);
    return 0;
  }
  llvm::json::Array list;
  for (const auto &variant : variants)
    list.push_back(variant->json());
  llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(list)));
  return 0;
}
