// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cpu/Features.h"
#include "runtime/schema/KernelAbi.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace sinter::runtime {

#if defined(__x86_64__)
namespace {

enum Register : uint8_t { Eax, Ebx, Ecx, Edx };
/// What the operating system must have enabled in XCR0.
enum Needs : uint32_t { Nothing = 0, Ymm = 0x6, Zmm = 0xe6, Tiles = 0x60000 };

struct Feature {
  std::string_view name;
  uint32_t leaf, subleaf;
  Register where;
  uint8_t bit;
  Needs needs;
};

constexpr Feature kFeatures[] = {
    {"sse3", 1, 0, Ecx, 0, Nothing},
    {"pclmul", 1, 0, Ecx, 1, Nothing},
    {"ssse3", 1, 0, Ecx, 9, Nothing},
    {"fma", 1, 0, Ecx, 12, Ymm},
    {"cx16", 1, 0, Ecx, 13, Nothing},
    {"sse4.1", 1, 0, Ecx, 19, Nothing},
    {"sse4.2", 1, 0, Ecx, 20, Nothing},
    {"movbe", 1, 0, Ecx, 22, Nothing},
    {"popcnt", 1, 0, Ecx, 23, Nothing},
    {"xsave", 1, 0, Ecx, 26, Nothing},
    {"avx", 1, 0, Ecx, 28, Ymm},
    {"f16c", 1, 0, Ecx, 29, Ymm},
    {"sse", 1, 0, Edx, 25, Nothing},
    {"sse2", 1, 0, Edx, 26, Nothing},
    {"bmi", 7, 0, Ebx, 3, Nothing},
    {"avx2", 7, 0, Ebx, 5, Ymm},
    {"bmi2", 7, 0, Ebx, 8, Nothing},
    {"avx512f", 7, 0, Ebx, 16, Zmm},
    {"avx512dq", 7, 0, Ebx, 17, Zmm},
    {"avx512ifma", 7, 0, Ebx, 21, Zmm},
    {"avx512cd", 7, 0, Ebx, 28, Zmm},
    {"avx512bw", 7, 0, Ebx, 30, Zmm},
    {"avx512vl", 7, 0, Ebx, 31, Zmm},
    {"avx512vbmi", 7, 0, Ecx, 1, Zmm},
    {"avx512vbmi2", 7, 0, Ecx, 6, Zmm},
    {"gfni", 7, 0, Ecx, 8, Nothing},
    {"vaes", 7, 0, Ecx, 9, Ymm},
    {"vpclmulqdq", 7, 0, Ecx, 10, Ymm},
    {"avx512vnni", 7, 0, Ecx, 11, Zmm},
    {"avx512bitalg", 7, 0, Ecx, 12, Zmm},
    {"avx512vpopcntdq", 7, 0, Ecx, 14, Zmm},
    {"amx-bf16", 7, 0, Edx, 22, Tiles},
    {"avx512fp16", 7, 0, Edx, 23, Zmm},
    {"amx-tile", 7, 0, Edx, 24, Tiles},
    {"amx-int8", 7, 0, Edx, 25, Tiles},
    {"avxvnni", 7, 1, Eax, 4, Ymm},
    {"avx512bf16", 7, 1, Eax, 5, Zmm},
    {"avxifma", 7, 1, Eax, 23, Ymm},
    {"avxvnniint8", 7, 1, Edx, 4, Ymm},
    {"lzcnt", 0x80000001, 0, Ecx, 5, Nothing},
};

/// What CPUID says, asked once: under a hypervisor each question costs
/// microseconds.
struct Cpu {
  uint32_t vendor[4] = {}, basic[4] = {}, extended7[4] = {}, extended71[4] = {},
           amd[4] = {};
  uint64_t enabled = 0; // XCR0

  Cpu() {
    ask(0, 0, vendor);
    ask(1, 0, basic);
    if (basic[Ecx] >> 27 & 1) // OSXSAVE: else XGETBV would fault
      enabled = readXcr0();
    ask(7, 0, extended7);
    if (extended7[Eax] >= 1) // the highest sub-leaf
      ask(7, 1, extended71);
    ask(0x80000001, 0, amd);
  }
  static void ask(uint32_t leaf, uint32_t subleaf, uint32_t (&out)[4]) {
    if (!__get_cpuid_count(leaf, subleaf, &out[Eax], &out[Ebx], &out[Ecx],
                           &out[Edx]))
      for (uint32_t &value : out)
        value = 0;
  }
  static uint64_t readXcr0() {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t(high) << 32 | low;
  }
  bool isAmd() const { // "AuthenticAMD"
    return vendor[Ebx] == 0x68747541 && vendor[Edx] == 0x69746e65 &&
           vendor[Ecx] == 0x444d4163;
  }
  uint32_t family() const {
    const uint32_t base = basic[Eax] >> 8 & 0xf;
    return base < 0xf ? base : base + (basic[Eax] >> 20 & 0xff);
  }
  bool has(const Feature &feature) const {
    const uint32_t *registers = feature.leaf == 1   ? basic
                                : feature.leaf != 7 ? amd
                                : feature.subleaf   ? extended71
                                                    : extended7;
    return (registers[feature.where] >> feature.bit & 1) &&
           (enabled & feature.needs) == feature.needs;
  }
};

const Cpu &thisCpu() {
  static const Cpu cpu;
  return cpu;
}

} // namespace

bool cpuHasFeature(std::string_view name) {
  for (const Feature &feature : kFeatures)
    if (feature.name == name)
      return thisCpu().has(feature);
  return false;
}

/// Zen 4 reads a stream at 0.97 of what memory gives where code fetches
/// nothing, and at 0.72 where it does; Zen 5 is faster with fetches
/// (docs/architecture.md).
uint32_t cpuTraits() {
  constexpr uint32_t kZen3And4 = 0x19;
  const bool zen4 = thisCpu().isAmd() && thisCpu().family() == kZen3And4 &&
                    cpuHasFeature("avx512f");
  return zen4 ? SINTER_TRAIT_STREAMS : 0;
}
#else
bool cpuHasFeature(std::string_view) { return false; }
uint32_t cpuTraits() { return 0; }
#endif

} // namespace sinter::runtime
