// AttentionBench.cpp - attention alone, as fractions of what the machine can
// do.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decode: one row over the caches of many layers, against a read of the same
// bytes and the FMA peak. Prefill: all rows of a prompt from an empty
// cache, causal work counted only, against the peak of f32 fused multiply-adds.
// What is compared takes turns.
//
//   attention-bench --type=f16,i8 --decode=8192,131072 --prefill=4096 --json
#include "dialects/Tile/AttentionWork.h"
#include "test/unit/Jit.h"
#include "tools/common/ProbeKernels.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <numeric>

using namespace sinter::test;
namespace cl = llvm::cl;

namespace {

cl::opt<unsigned> heads("heads", cl::init(9),
                        cl::desc("Of queries (default: "
                                 "9)"));
cl::opt<unsigned> kvHeads("kv-heads", cl::init(3),
                          cl::desc("Of keys and values (default: 3)"));
cl::opt<unsigned> headDim("head-dim", cl::init(64), cl::desc("Default: 64"));
cl::list<std::string> types("type", cl::CommaSeparated,
                            cl::desc("Of the caches: f32, f16 (the default), "
                                     "bf16, i8"));
cl::opt<std::string> level("level", cl::desc("CPU level (default: the best)"));
cl::opt<bool> dots16("bf16", cl::desc("Products of bf16"));
cl::list<unsigned> decodes("decode", cl::CommaSeparated,
                           cl::desc("Positions that one row sees (default: "
                                    "128,512,2048,8192)"));
cl::list<unsigned> prefills("prefill", cl::CommaSeparated,
                            cl::desc("Rows of a prompt (default: 512,4096; "
                                     "none with --decode)"));
cl::opt<unsigned> turns("r", cl::init(9), cl::desc("Turns (default: 9)"));
cl::opt<bool> asJson("json", cl::desc("A list of {kind, type, count, ...}"));

/// Rows of a call, as prompts are read.
constexpr size_t kChunk = 512;

struct Setting {
  size_t heads, kvHeads, dim;
  std::string type, level;
  bool bf16;        // products
  size_t positions; // at most
  size_t cols() const { return (heads * dim + 31) / 32 * 32; }
  size_t paddedDim() const { return (dim + 15) / 16 * 16; }
  size_t elementBytes() const {
    return type == "f32" ? 4 : type == "i8" ? 1 : 2;
  }
  // Rows of a page that hold scales, where there are any.
  size_t keyRows() const { return dim + (type == "i8" ? 4 : 0); }
  size_t valueRows() const {
    return 16 + (type == "i8" ? (63 + paddedDim()) / paddedDim() : 0);
  }
  size_t keyPage() const { return kvHeads * keyRows() * 16 * elementBytes(); }
  size_t valuePage() const {
    return kvHeads * valueRows() * paddedDim() * elementBytes();
  }
  size_t pages() const { return (positions + 15) / 16; }
  sinter::tile::AttentionWork work() const {
    return {int64_t(heads), int64_t(kvHeads), int64_t(dim)};
  }
  size_t workBytes() const {
    const sinter::tile::AttentionWork sizes = work();
    return sizes.bytes + sizes.bytesPerPosition * positions +
           sizes.bytesPerWorker;
  }
  std::string text() const {
    return llvm::formatv(
        R"mlir(
      func.func @k(%x: memref<{0}x{1}xf32>, %k: memref<{2}x{3}x{4}x16x{7}>,
          %v: memref<{2}x{3}x{5}x{6}x{7}>, %p: memref<{2}xi32>,
          %w: memref<{8}xi8>, %o: memref<{0}x{1}xf32>, %n: index, %at: index) {{
        tile.attention %x, %k, %v, %p work(%w) -> %o rows(%n) at(%at)
          {{q_col = 0, heads = {9}, kv_heads = {3}, head_dim = {10}, scale = 0.15 : f32{11}}
          : memref<{0}x{1}xf32>, memref<{2}x{3}x{4}x16x{7}>,
            memref<{2}x{3}x{5}x{6}x{7}>, memref<{2}xi32>, memref<{8}xi8> -> memref<{0}x{1}xf32>
        return
      })mlir",
        kChunk, cols(), pages(), kvHeads, keyRows(), valueRows(), paddedDim(),
        type, workBytes(), heads, dim, bf16 ? ", dots16" : "");
  }
};

double seconds(const std::function<void()> &run) {
  auto start = std::chrono::steady_clock::now();
  run();
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return time.count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Medians of seconds; runs take turns, and the first turn only warms up.
std::vector<double> inTurns(const std::vector<std::function<void()>> &runs) {
  std::vector<std::vector<double>> times(runs.size());
  for (unsigned turn = 0; turn <= turns; ++turn)
    for (size_t i = 0; i < runs.size(); ++i) {
      double time = seconds(runs[i]);
      if (turn > 0)
        times[i].push_back(time);
    }
  std::vector<double> result;
  for (auto &list : times)
    result.push_back(median(list));
  return result;
}

/// "decode" of one row that sees `count` positions, or "prefill" of so many.
struct Result {
  const char *kind;
  std::string type;
  size_t count;
  double seconds; // of a layer
  double bytes;   // read, of decode
  double flops;
  double ofStream; // of a read of the same bytes; of decode
  double ofPeak;   // of multiply-adds in f32

  std::string text() const {
    std::string line = llvm::formatv(
        "{0,-7} {1,6} {2,-4} {3,9:F1} us a layer, {4,6:F1} "
        "Gflop/s, {5:F2} of the FMA peak",
        kind, count, type, seconds * 1e6, flops / seconds * 1e-9, ofPeak);
    if (bytes != 0)
      line += llvm::formatv("; {0,5:F1} GB/s, {1:F2} of a read of the same "
                            "bytes",
                            bytes / seconds * 1e-9, ofStream);
    return line + "\n";
  }
  llvm::json::Object json() const {
    llvm::json::Object row{{"kind", kind},
                           {"type", type},
                           {"count", count},
                           {"us", seconds * 1e6},
                           {"of_peak", ofPeak}};
    if (bytes != 0)
      row["of_stream"] = ofStream;
    return row;
  }
};

class Bench {
public:
  explicit Bench(Setting s)
      : s(s), wide(s.level != "x86-64-v3"), kernel(s.text(), s.level),
        pages(s.pages()), x(randomFloats(kChunk * s.cols(), 1)),
        out(kChunk * s.cols()), work(s.workBytes()) {
    std::iota(pages.data, pages.data + pages.size, 0);
  }

  Result decode(size_t context) {
    size_t count = (context + 15) / 16;
    size_t layer = count * (s.keyPage() + s.valuePage());
    // More than caches hold, even where a layer is most of it.
    size_t layers = std::clamp<size_t>((size_t(192) << 20) / layer, 2, 512);
    Buffer<char> memory(layer * layers);
    for (size_t i = 0; i < layers; ++i)
      fill(memory.data + i * layer, count);
    auto step = [&] {
      for (size_t i = 0; i < layers; ++i) {
        char *keys = memory.data + i * layer;
        kernel.run({x.arg(), arg(keys), arg(keys + count * s.keyPage()),
                    pages.arg(), work.arg(), out.arg(), 1, context - 1});
      }
    };
    auto read = [&] {
      (wide ? sinter::tools::readZmm
            : sinter::tools::readYmm)(memory.data, layer * layers / 512 * 512);
    };
    auto time = inTurns({read, [&] { peak(); }, step});
    const double seconds = time[2] / double(layers);
    const double flops = 4.0 * s.dim * s.heads * context;
    return {"decode",          s.type,
            context,           seconds,
            double(layer),     flops,
            time[0] / time[2], flops / seconds / peakRate(time[1])};
  }

  Result prefill(size_t rows) {
    size_t count = (rows + 15) / 16;
    Buffer<char> memory(count * (s.keyPage() + s.valuePage()));
    fill(memory.data, count);
    char *values = memory.data + count * s.keyPage();
    auto step = [&] {
      for (size_t at = 0; at < rows; at += kChunk)
        kernel.run({x.arg(), memory.arg(), arg(values), pages.arg(), work.arg(),
                    out.arg(), std::min(kChunk, rows - at), at});
    };
    auto time = inTurns({[&] { peak(); }, step});
    const double flops = 4.0 * s.dim * s.heads * rows * (rows + 1) / 2;
    return {"prefill", s.type, rows, time[1],
            0,         flops,  0,    flops / time[1] / peakRate(time[0])};
  }

private:
  static constexpr uint64_t kPeakRounds = 2'000'000;
  void peak() const {
    (wide ? sinter::tools::fmaZmm : sinter::tools::fmaYmm)(kPeakRounds);
  }
  /// Flop/s, if peak() takes so long.
  double peakRate(double seconds) const {
    return 2.0 * (wide ? 16 : 8) * sinter::tools::kPeakChains * kPeakRounds /
           seconds;
  }
  /// Random numbers in the caches of a layer: `count` pages of keys, then of
  /// values.
  void fill(char *layer, size_t count) {
    std::vector<float> scales = randomFloats(16, 2);
    for (float &scale : scales)
      scale = 0.01f + 0.001f * scale;
    auto page = [&](char *heads, size_t rows, size_t scaleRow, size_t cols) {
      for (size_t head = 0; head < s.kvHeads; ++head) {
        char *first = heads + head * rows * cols * s.elementBytes();
        fillElements(first, rows * cols);
        if (s.type == "i8") // a scale for each position
          std::memcpy(first + scaleRow * cols, scales.data(), 64);
      }
    };
    for (size_t i = 0; i < count; ++i)
      page(layer + i * s.keyPage(), s.keyRows(), s.dim, 16);
    layer += count * s.keyPage();
    for (size_t i = 0; i < count; ++i)
      page(layer + i * s.valuePage(), s.valueRows(), 16, s.paddedDim());
  }
  /// All bits of integers; of floats sign and mantissa, with one exponent.
  void fillElements(char *bytes, size_t count) {
    const size_t size = s.elementBytes();
    const char top = s.type == "f16" ? 0x2c : 0x3d;
    for (size_t i = 0; i < count * size; ++i) {
      random = random * 6364136223846793005 + 1442695040888963407;
      bytes[i] = char(random >> 56);
      if (size > 1 && i % size == size - 1)
        bytes[i] = char((bytes[i] & 0x80) | top);
    }
  }

  Setting s;
  bool wide;
  Kernel kernel;
  Buffer<int32_t> pages;
  Buffer<float> x, out;
  Buffer<char> work;
  uint64_t random = 1;
};

std::vector<Result> measureAll() {
  std::vector<unsigned> contexts = decodes, prompts = prefills;
  if (contexts.empty() && prompts.empty()) {
    contexts = {128, 512, 2048, 8192};
    prompts = {512, 4096};
  }
  std::vector<std::string> caches = types;
  if (caches.empty())
    caches = {"f16"};
  size_t positions = 1;
  for (unsigned count : llvm::concat<unsigned>(contexts, prompts))
    positions = std::max<size_t>(positions, count);
  std::vector<Result> results;
  for (const std::string &type : caches) {
    Bench bench({heads, kvHeads, headDim, type,
                 level.empty() ? levels(dots16).back() : level.getValue(),
                 dots16, positions});
    for (unsigned count : contexts)
      results.push_back(bench.decode(count));
    for (unsigned count : prompts)
      results.push_back(bench.prefill(count));
  }
  return results;
}

} // namespace

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Speed of attention alone\n");
  llvm::json::Array list;
  for (const Result &result : measureAll()) {
    if (asJson)
      list.push_back(result.json());
    else
      llvm::outs() << result.text();
  }
  if (asJson)
    llvm::outs() << llvm::formatv("{0:2}\n",
                                  llvm::json::Value(std::move(list)));
  return 0;
}
