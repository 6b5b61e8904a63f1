// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Plan/Sha256.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <cstring>
#include <vector>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

using namespace sinter;
using llvm::ArrayRef;
using llvm::StringRef;

// FIPS 180-4, 4.2.2 and 5.3.3.
alignas(16) static constexpr uint32_t kRounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

//===-- blocks ------------------------------------------------------------===//

static void compressPlainly(uint32_t *state, const uint8_t *block) {
  uint32_t w[64];
  for (int t = 0; t < 16; ++t)
    w[t] = llvm::support::endian::read32be(block + 4 * t);
  for (int t = 16; t < 64; ++t) {
    uint32_t a = w[t - 15], b = w[t - 2];
    w[t] = w[t - 16] + w[t - 7] +
           (llvm::rotr(a, 7) ^ llvm::rotr(a, 18) ^ a >> 3) +
           (llvm::rotr(b, 17) ^ llvm::rotr(b, 19) ^ b >> 10);
  }
  uint32_t s[8];
  std::copy_n(state, 8, s);
  for (int t = 0; t < 64; ++t) {
    uint32_t e = s[4], a = s[0];
    uint32_t first =
        s[7] + (llvm::rotr(e, 6) ^ llvm::rotr(e, 11) ^ llvm::rotr(e, 25)) +
        ((e & s[5]) ^ (~e & s[6])) + kRounds[t] + w[t];
    uint32_t second =
        (llvm::rotr(a, 2) ^ llvm::rotr(a, 13) ^ llvm::rotr(a, 22)) +
        ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    std::copy_backward(s, s + 7, s + 8);
    s[4] += first;
    s[0] = first + second;
  }
  for (int i = 0; i < 8; ++i)
    state[i] += s[i];
}

#if defined(__x86_64__)
static bool hasInstructions() {
  static const bool found = [] {
    unsigned a, b, c, d;
    bool sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
    return sha && __get_cpuid(1, &a, &b, &c, &d) && (c >> 19 & 1); // SSE4.1
  }();
  return found;
}

__attribute__((target("sha,sse4.1"))) static void
compressByInstructions(uint32_t *state, const uint8_t *block) {
  const __m128i bigEndian =
      _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  auto *words = reinterpret_cast<__m128i *>(state);
  // The instructions want the words as (a, b, e, f) and (c, d, g, h).
  __m128i low = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
  __m128i high = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
  __m128i abef = _mm_alignr_epi8(low, high, 8);
  __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
  const __m128i abefBefore = abef, cdghBefore = cdgh;
  __m128i w[4]; // the last sixteen words of the schedule
#pragma GCC unroll 16
  for (int t = 0; t < 16; ++t) {
    __m128i &now = w[t % 4];
    const __m128i &last = w[(t + 3) % 4];
    if (t < 4) {
      now = _mm_shuffle_epi8(
          _mm_loadu_si128(reinterpret_cast<const __m128i *>(block) + t),
          bigEndian);
    } else {
      now = _mm_sha256msg1_epu32(now, w[(t + 1) % 4]);
      now = _mm_add_epi32(now, _mm_alignr_epi8(last, w[(t + 2) % 4], 4));
      now = _mm_sha256msg2_epu32(now, last);
    }
    __m128i sum = _mm_add_epi32(
        now, _mm_load_si128(reinterpret_cast<const __m128i *>(kRounds) + t));
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
  }
  low = _mm_shuffle_epi32(_mm_add_epi32(abef, abefBefore), 0x1b);
  high = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdghBefore), 0xb1);
  _mm_storeu_si128(words, _mm_blend_epi16(low, high, 0xf0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(high, low, 8));
}
#endif

#if !defined(__x86_64__)
static constexpr auto compressByInstructions = compressPlainly;
static bool hasInstructions() { return false; }
#endif

Sha256::Sha256(bool plainly)
    : instructions(!plainly && hasInstructions()),
      state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::compress(const uint8_t *blocks, size_t count) {
  auto one = instructions ? compressByInstructions : compressPlainly;
  for (size_t i = 0; i < count; ++i)
    one(state, blocks + 64 * i);
}

//===-- bytes -------------------------------------------------------------===//

void Sha256::update(ArrayRef<uint8_t> bytes) {
  size_t held = total % 64;
  total += bytes.size();
  if (held != 0) {
    size_t taken = std::min(64 - held, bytes.size());
    std::memcpy(rest + held, bytes.data(), taken);
    bytes = bytes.drop_front(taken);
    if (held + taken < 64)
      return;
    compress(rest, 1);
  }
  compress(bytes.data(), bytes.size() / 64);
  bytes = bytes.take_back(bytes.size() % 64);
  llvm::copy(bytes, rest);
}

void Sha256::update(StringRef text) {
  update(llvm::arrayRefFromStringRef(text));
}

std::string Sha256::final() {
  uint8_t padding[72] = {0x80};
  uint64_t bits = 8 * total;
  size_t zeros = (119 - total % 64) % 64;
  llvm::support::endian::write64be(padding + 1 + zeros, bits);
  update(ArrayRef(padding, 1 + zeros + 8));
  uint8_t digest[32];
  for (int i = 0; i < 8; ++i)
    llvm::support::endian::write32be(digest + 4 * i, state[i]);
  return llvm::toHex(digest, /*LowerCase=*/true);
}

std::string sinter::sha256(ArrayRef<uint8_t> bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.final();
}

llvm::Expected<std::string> sinter::sha256OfFile(StringRef path) {
  auto file = llvm::sys::fs::openNativeFileForRead(path);
  if (!file)
    return file.takeError();
  Sha256 digest;
  std::vector<char> piece(1 << 20);
  llvm::Error failed = llvm::Error::success();
  while (true) {
    auto count = llvm::sys::fs::readNativeFile(*file, piece);
    if (!count)
      failed = count.takeError();
    if (failed || *count == 0)
      break;
    digest.update(StringRef(piece.data(), *count));
  }
  (void)llvm::sys::fs::closeFile(*file);
  if (failed)
    return std::move(failed);
  return digest.final();
}
