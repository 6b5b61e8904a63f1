// AttentionBench.cpp - attention alone, as fractions of what the machine can
// do.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decode: one row over the caches of many layers, against a read of the same
// bytes with the same split. Prefill: all rows of a prompt from an empty cache,
// causal work counted only, against the peak of f32 fused multiply-adds. What
// is compared takes turns.
//
//   attention-bench [HEADS KV_HEADS HEAD_DIM [TYPE [LEVEL [bf16]]]]
#include "dialects/Tile/AttentionWork.h"
#include "test/unit/Jit.h"
#include "tools/common/ProbeKernels.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <numeric>

using namespace sinter::test;

namespace {

struct Setting {
  size_t heads = 9, kvHeads = 3, dim = 64;
  std::string type = "f16", level = levels().back();
  bool bf16 = false; // products
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
  std::string text() const {
    return llvm::formatv(
        R"mlir(
      func.func @k(%x: memref<8192x{0}xf32>, %k: memref<4096x{1}x{2}x16x{5}>,
          %v: memref<4096x{1}x{3}x{4}x{5}>, %p: memref<4096xi32>,
          %w: memref<65536xi8>, %o: memref<8192x{0}xf32>, %n: index, %at: index) {{
        tile.attention %x, %k, %v, %p work(%w) -> %o rows(%n) at(%at)
          {{q_col = 0, heads = {6}, kv_heads = {1}, head_dim = {7}, scale = 0.15 : f32{8}}
          : memref<8192x{0}xf32>, memref<4096x{1}x{2}x16x{5}>,
            memref<4096x{1}x{3}x{4}x{5}>, memref<4096xi32>, memref<65536xi8> -> memref<8192x{0}xf32>
        return
      })mlir",
        cols(), kvHeads, keyRows(), valueRows(), paddedDim(), type, heads, dim,
        bf16 ? ", dots16" : "");
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
std::vector<double> inTurns(const std::vector<std::function<void()>> &runs,
                            int turns) {
  std::vector<std::vector<double>> times(runs.size());
  for (int turn = 0; turn <= turns; ++turn)
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

class Bench {
public:
  explicit Bench(Setting s)
      : s(s), wide(s.level != "x86-64-v3"), kernel(s.text(), s.level),
        pages(4096), x(randomFloats(8192 * s.cols(), 1)), out(8192 * s.cols()) {
    std::iota(pages.data, pages.data + 4096, 0);
  }

  void decode(size_t context) {
    size_t count = context / 16;
    size_t layer = count * (s.keyPage() + s.valuePage());
    size_t layers = std::clamp<size_t>((size_t(192) << 20) / layer, 1, 512);
    Buffer<char> memory(layer * layers);
    fill(memory);
    Buffer<char> work(workBytes(context, 1));
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
    auto time = inTurns({read, step}, 9);
    double bytes = double(layer * layers);
    llvm::outs() << llvm::formatv(
        "decode at {0,5}: {1,6:F1} GB/s, {2:F2} of a read of the same bytes; "
        "{3:F1} us a layer\n",
        context, bytes / time[1] * 1e-9, time[0] / time[1],
        time[1] / double(layers) * 1e6);
  }

  void prefill(size_t rows) {
    Buffer<char> keys(rows / 16 * s.keyPage()),
        values(rows / 16 * s.valuePage());
    fill(keys);
    fill(values);
    Buffer<char> work(workBytes(rows, 1));
    // In chunks, as a prompt is read.
    auto step = [&] {
      for (size_t at = 0; at < rows; at += 512)
        kernel.run({x.arg(), keys.arg(), values.arg(), pages.arg(), work.arg(),
                    out.arg(), std::min<size_t>(512, rows - at), at});
    };
    const uint64_t rounds = 2'000'000;
    auto peak = [&] {
      (wide ? sinter::tools::fmaZmm : sinter::tools::fmaYmm)(rounds);
    };
    auto time = inTurns({peak, step}, 5);
    double flops = 4.0 * s.dim * s.heads * rows * (rows + 1) / 2;
    double best =
        2.0 * (wide ? 16 : 8) * sinter::tools::kPeakChains * rounds / time[0];
    llvm::outs() << llvm::formatv(
        "prefill of {0,5}: {1,6:F1} GFLOP/s, {2:F2} of the FMA peak\n", rows,
        flops / time[1] * 1e-9, flops / time[1] / best);
  }

private:
  size_t workBytes(size_t context, size_t workers) const {
    sinter::tile::AttentionWork sizes(s.heads, s.kvHeads, s.dim);
    return sizes.bytes + sizes.bytesPerPosition * context +
           sizes.bytesPerWorker * workers;
  }
  /// Small numbers in every type.
  void fill(Buffer<char> &buffer) const {
    for (size_t i = 0; i < buffer.size; ++i)
      buffer[i] =
          char(i % s.elementBytes() == s.elementBytes() - 1 ? 0x2c : i * 37);
  }

  Setting s;
  bool wide;
  Kernel kernel;
  Buffer<int32_t> pages;
  Buffer<float> x, out;
};

} // namespace

int main(int argc, char **argv) {
  Setting setting;
  if (argc > 3) {
    setting.heads = std::strtoul(argv[1], nullptr, 10);
    setting.kvHeads = std::strtoul(argv[2], nullptr, 10);
    setting.dim = std::strtoul(argv[3], nullptr, 10);
  }
  if (argc > 4)
    setting.type = argv[4];
  if (argc > 5)
    setting.level = argv[5];
  setting.bf16 = argc > 6;
  Bench bench(setting);
  for (size_t context : {128, 512, 2048, 8192})
    bench.decode(context);
  for (size_t rows : {512, 4096})
    bench.prefill(rows);
  return 0;
}
