// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Probe.h"
#include "sinter-c/profile.h"
#include "tools/common/Failure.h"
#include "tools/common/ProbeKernels.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <sys/mman.h>
#include <thread>
#include <vector>

using namespace sinter;
using namespace sinter::tools;

struct Probe::Kernels {
  const char *dotName, *fmaName;
  ReadLoop read;
  PeakLoop dot, fma;
  double dotOps, fmaOps;   // of a chain in a round
  PeakLoop bf16 = nullptr; // code without bf16 dots takes FMAs
};

namespace {

constexpr uint64_t kLargest = uint64_t(512) << 20;
constexpr uint64_t kUnit = 4096; // shares are whole pages
constexpr uint64_t kRounds = 80'000;
constexpr int kPasses = 3; // the best of them counts
constexpr uint32_t kBarriers = 200;

/// Threads that begin together.  They spin: parking would be measured.
class Gate {
public:
  explicit Gate(uint32_t threads) : threads(threads) {}
  void pass() {
    const uint32_t old = phase.load();
    if (arrived.fetch_add(1) + 1 == threads) {
      arrived.store(0);
      phase.store(old + 1);
      return;
    }
    for (uint32_t spins = 0; phase.load() == old; ++spins)
      if (spins > 1000) // more threads than cores
        std::this_thread::yield();
  }

private:
  const uint32_t threads;
  std::atomic<uint32_t> arrived{0}, phase{0};
};

/// Seconds of the fastest pass, from the first thread's start to the last
/// one's end, of each task.
std::vector<double>
bestSeconds(uint32_t threads,
            const std::vector<std::function<void(uint32_t)>> &tasks) {
  using Clock = std::chrono::steady_clock;
  Gate gate(threads);
  std::vector<double> best(tasks.size(), 1e9);
  auto work = [&](uint32_t thread) {
    for (size_t i = 0; i < tasks.size(); ++i)
      for (int pass = 0; pass < kPasses; ++pass) {
        gate.pass();
        Clock::time_point start = Clock::now();
        tasks[i](thread);
        gate.pass();
        std::chrono::duration<double> time = Clock::now() - start;
        if (thread == 0)
          best[i] = std::min(best[i], time.count());
      }
  };
  std::vector<std::jthread> others;
  for (uint32_t thread = 1; thread < threads; ++thread)
    others.emplace_back(work, thread);
  work(0);
  return best;
}

} // namespace

const Probe::Kernels &Probe::kernelsFor(std::string_view level) {
#if defined(__x86_64__)
  // Of an instruction; a lane of 32 bits holds four 8-bit products.
  static constexpr Kernels vnni512{
      "vpdpbusd zmm", "vfmadd zmm", readZmm, dotZmm, fmaZmm, 128, 32};
  static constexpr Kernels bf16{"vpdpbusd zmm", "vfmadd zmm", readZmm, dotZmm,
                                fmaZmm,         128,          32,      bf16Zmm};
  static constexpr Kernels plain512{
      "vpmaddubsw zmm", "vfmadd zmm", readZmm, multiplyAddZmm, fmaZmm, 128, 32};
  static constexpr Kernels vnni256{
      "vpdpbusd ymm", "vfmadd ymm", readYmm, dotYmm, fmaYmm, 64, 16};
  static constexpr Kernels plain256{
      "vpmaddubsw ymm", "vfmadd ymm", readYmm, multiplyAddYmm, fmaYmm, 64, 16};
  const bool named = level.starts_with("x86-64-");
  const bool wide = !named || level.find("v4") != level.npos;
  const bool hasBf16 = level.find("bf16") != level.npos;
  const bool dots = !named || hasBf16 || level.find("vnni") != level.npos;
  if (hasBf16 && __builtin_cpu_supports("avx512bf16"))
    return bf16;
  if (wide && dots && __builtin_cpu_supports("avx512vnni"))
    return vnni512;
  if (wide && __builtin_cpu_supports("avx512bw"))
    return plain512;
  if (dots && __builtin_cpu_supports("avxvnni"))
    return vnni256;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return plain256;
#endif
  throw Failure("the probe knows no vector unit of this machine");
}

Probe::Probe(uint32_t threads, uint64_t bytes, std::string_view level)
    : threads(threads),
      size(std::max<uint64_t>(std::min(bytes, kLargest) / kUnit, threads) *
           kUnit),
      kernels(kernelsFor(level)) {
  void *pages = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED)
    throw Failure("no memory for a probe of " + std::to_string(size) +
                  " bytes");
  memory = static_cast<char *>(pages);
  madvise(memory, size, MADV_HUGEPAGE);
  std::memset(memory, 1, size);
}

Probe::Probe(const Plan &plan)
    : Probe(static_cast<uint32_t>(plan.number(SINTER_THREADS)),
            plan.number(SINTER_WEIGHT_BYTES),
            plan.property("cpu").value_or("")) {
  this->plan = plan.get();
}

Probe::~Probe() { munmap(memory, size); }

Roofs Probe::sample() const {
  const uint64_t units = size / kUnit;
  // A small plan is read several times, or the clock would decide.
  const uint64_t repeats = std::max<uint64_t>(1, (uint64_t(8) << 20) / size);
  auto read = [&](uint32_t thread) {
    const uint64_t first = units * thread / threads * kUnit;
    const uint64_t last = units * (thread + 1) / threads * kUnit;
    for (uint64_t i = 0; i < repeats; ++i)
      kernels.read(memory + first, last - first);
  };
  auto dot = [&](uint32_t) { kernels.dot(kRounds); };
  auto fma = [&](uint32_t) { kernels.fma(kRounds); };
  auto bf16 = [&](uint32_t) {
    if (kernels.bf16)
      kernels.bf16(kRounds);
  };
  const std::vector<double> seconds =
      bestSeconds(threads, {read, dot, fma, bf16});
  const double steps = static_cast<double>(kRounds) * kPeakChains * threads;
  // Last, when nobody but the plan's workers is left.
  const double barriers =
      plan ? static_cast<double>(sinter_plan_barrier_time(plan, kBarriers)) : 0;
  return {1e-9 * static_cast<double>(size * repeats) / seconds[0],
          1e-9 * steps * kernels.dotOps / seconds[1],
          1e-9 * steps * kernels.fmaOps / seconds[2],
          // Twice as many products as an f32 FMA has.
          kernels.bf16 ? 1e-9 * steps * 2 * kernels.fmaOps / seconds[3] : 0,
          barriers / kBarriers};
}

Spread sinter::tools::spreadOf(const std::vector<Roofs> &samples,
                               double Roofs::*number) {
  std::vector<double> values;
  for (const Roofs &sample : samples)
    if (sample.*number > 0)
      values.push_back(sample.*number);
  return spreadOf(std::move(values));
}

std::string sinter::tools::probeLine(uint32_t threads,
                                     const std::vector<Roofs> &samples) {
  const struct {
    const char *name, *unit;
    double Roofs::*number;
    int digits;
  } parts[] = {{"stream", "GB/s", &Roofs::stream, 1},
               {"dot", "Gop/s", &Roofs::dot, 0},
               {"fma", "Gflop/s", &Roofs::fma, 0},
               {"bf16", "Gflop/s", &Roofs::bf16, 0},
               {"barrier", "ns", &Roofs::barrierNs, 0}};
  std::string line = "probe, " + std::to_string(threads) +
                     (threads == 1 ? " thread:" : " threads:");
  const char *between = " ";
  for (const auto &[name, unit, number, digits] : parts) {
    const Spread spread = spreadOf(samples, number);
    if (spread.max == 0) // one worker has no barrier, some code no bf16 dots
      continue;
    char text[128];
    std::snprintf(text, sizeof(text), "%s%s %.*f %s (%.*f to %.*f)", between,
                  name, digits, spread.median, unit, digits, spread.min, digits,
                  spread.max);
    line += text;
    between = ", ";
  }
  return line + "\n";
}

std::string Probe::summary() const {
  char line[128];
  std::snprintf(line, sizeof(line),
                "probe: reads %.1f MiB; dots by %s, fma by %s\n",
                static_cast<double>(size) / (1 << 20), dotName(), fmaName());
  return line;
}

const char *Probe::dotName() const { return kernels.dotName; }
const char *Probe::fmaName() const { return kernels.fmaName; }

std::string sinter::tools::cpuFeatures() {
  std::string names;
#if defined(__x86_64__)
  auto add = [&](const char *name, bool has) {
    if (has)
      names += (names.empty() ? "" : " ") + std::string(name);
  };
  add("avx2", __builtin_cpu_supports("avx2"));
  add("fma", __builtin_cpu_supports("fma"));
  add("avxvnni", __builtin_cpu_supports("avxvnni"));
  add("avx512f", __builtin_cpu_supports("avx512f"));
  add("avx512bw", __builtin_cpu_supports("avx512bw"));
  add("avx512vbmi", __builtin_cpu_supports("avx512vbmi"));
  add("avx512vnni", __builtin_cpu_supports("avx512vnni"));
  add("avx512bf16", __builtin_cpu_supports("avx512bf16"));
  add("gfni", __builtin_cpu_supports("gfni"));
#endif
  return names;
}
