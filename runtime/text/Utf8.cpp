// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/Utf8.h"

#include <algorithm>

namespace sinter::text {
namespace {

/// What the first byte of a character asks for: its length and the range of
/// the second byte (Unicode 3.9, table 3-7).  Length 0: no character starts so.
struct Lead {
  uint8_t length, low, high;
};

Lead leadOf(uint8_t byte) {
  if (byte < 0x80)
    return {1, 0, 0};
  if (byte < 0xc2)
    return {0, 0, 0};
  if (byte < 0xe0)
    return {2, 0x80, 0xbf};
  if (byte < 0xf0)
    return {3, uint8_t(byte == 0xe0 ? 0xa0 : 0x80),
            uint8_t(byte == 0xed ? 0x9f : 0xbf)};
  if (byte < 0xf5)
    return {4, uint8_t(byte == 0xf0 ? 0x90 : 0x80),
            uint8_t(byte == 0xf4 ? 0x8f : 0xbf)};
  return {0, 0, 0};
}

constexpr char kReplacement[] = "\xef\xbf\xbd";

} // namespace

Utf8Step utf8Step(std::string_view text) {
  auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  Lead lead = leadOf(at(0));
  if (lead.length == 1)
    return {1, at(0), false};
  if (lead.length == 0)
    return {1, kUtf8Invalid, false};
  char32_t point = at(0) & (0x7f >> lead.length);
  for (size_t i = 1; i < lead.length; ++i) {
    if (i == text.size())
      return {i, kUtf8Invalid, true};
    uint8_t low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xbf;
    if (at(i) < low || at(i) > high)
      return {i, kUtf8Invalid, false};
    point = point << 6 | (at(i) & 0x3f);
  }
  return {lead.length, point, false};
}

size_t utf8ValidPrefix(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    // Eight ASCII bytes at a time.
    uint64_t eight;
    if (text.size() - i >= 8) {
      std::memcpy(&eight, text.data() + i, 8);
      if (!(eight & 0x8080808080808080u)) {
        i += 8;
        continue;
      }
    }
    Utf8Step step = utf8Step(text.substr(i));
    if (step.point == kUtf8Invalid)
      return i;
    i += step.bytes;
  }
  return i;
}

size_t utf8CompletePrefix(std::string_view text) {
  size_t from = text.size() < 3 ? 0 : text.size() - 3;
  for (size_t i = from; i < text.size(); ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xc0) == 0x80)
      continue;
    if (utf8Step(text.substr(i)).cut)
      return i;
  }
  return text.size();
}

bool appendUtf8Lossy(std::string_view text, runtime::Vector<char> &out) {
  while (true) {
    size_t good = utf8ValidPrefix(text);
    if (!out.append(text.data(), good))
      return false;
    text.remove_prefix(good);
    if (text.empty())
      return true;
    text.remove_prefix(utf8Step(text).bytes);
    if (!out.append(kReplacement, 3))
      return false;
  }
}

size_t utf8Encode(char32_t point, char *out) {
  auto put = [&](size_t i, char32_t bits) { out[i] = static_cast<char>(bits); };
  auto tail = [&](int shift) { return 0x80 | (point >> shift & 0x3f); };
  if (point < 0x80)
    return put(0, point), 1;
  if (point < 0x800)
    return put(0, 0xc0 | point >> 6), put(1, tail(0)), 2;
  if (point < 0x10000)
    return put(0, 0xe0 | point >> 12), put(1, tail(6)), put(2, tail(0)), 3;
  return put(0, 0xf0 | point >> 18), put(1, tail(12)), put(2, tail(6)),
         put(3, tail(0)), 4;
}

size_t Utf8Stream::feed(std::string_view bytes, char *out) {
  size_t written = 0;
  auto emit = [&](const char *from, size_t n) {
    std::memcpy(out + written, from, n);
    written += n;
  };
  // Complete what is held back, byte by byte: it is at most three bytes.
  while (held && !bytes.empty()) {
    buffer[held] = bytes.front();
    Utf8Step step = utf8Step({buffer, held + 1});
    if (step.cut) {
      ++held;
    } else if (step.point != kUtf8Invalid) {
      emit(buffer, step.bytes);
      held = 0;
    } else { // the new byte does not continue it and is looked at afresh
      emit(kReplacement, 3);
      held = 0;
      continue;
    }
    bytes.remove_prefix(1);
  }
  while (!bytes.empty()) {
    size_t good = utf8ValidPrefix(bytes);
    emit(bytes.data(), good);
    bytes.remove_prefix(good);
    if (bytes.empty())
      break;
    Utf8Step step = utf8Step(bytes);
    if (step.cut) {
      std::memcpy(buffer, bytes.data(), step.bytes);
      held = step.bytes;
    } else {
      emit(kReplacement, 3);
    }
    bytes.remove_prefix(step.bytes);
  }
  return written;
}

size_t Utf8Stream::finish(char *out) {
  if (!held)
    return 0;
  held = 0;
  std::copy_n(kReplacement, 3, out);
  return 3;
}

} // namespace sinter::text
