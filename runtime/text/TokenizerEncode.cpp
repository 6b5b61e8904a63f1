// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text to ids.

#include "runtime/schema/text_generated.h"
#include "runtime/text/Tokenizer.h"

#include <algorithm>
#include <bit>
#include <functional>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <utf8proc.h>

using namespace sinter;
using namespace sinter::text;
using runtime::fail;
using runtime::outOfMemory;
using runtime::Status;

namespace {

size_t firstSlot(uint64_t key, size_t slots) {
  return (key * 0x9e3779b97f4a7c15u) >> (64 - std::countr_zero(slots));
}

struct Merge {
  uint32_t rank = UINT32_MAX; // UINT32_MAX: the pair does not merge
  uint32_t id = 0;
};

} // namespace

namespace sinter::text {

/// One call of encode: its working memory and where the ids go.
class Encoder {
public:
  Encoder(const Tokenizer &tokenizer, Sink<int32_t> &ids)
      : tokenizer(tokenizer), table(*tokenizer.table), ids(ids),
        symbols(tokenizer.allocator), heap(tokenizer.allocator),
        codes(tokenizer.allocator) {}
  ~Encoder() {
    for (pcre2_match_data *data : matches)
      pcre2_match_data_free(data);
  }
  Encoder(const Encoder &) = delete;
  Encoder &operator=(const Encoder &) = delete;

  Status prepare();
  Status run(std::string_view text, bool special);

private:
  struct Symbol {
    uint32_t id, rank, merged;
    int32_t previous, next;
  };

  size_t findSpecial(std::string_view text, size_t from, uint32_t &id) const;
  Status plain(std::string_view text);
  Status compose(std::string_view text, size_t &bytes);
  Status split(size_t level, std::string_view text);
  Status word(std::string_view bytes);
  bool hasSpecials() const {
    return table.special_ids() && table.special_ids()->size();
  }
  bool loadSymbols(std::string_view bytes);
  bool mergeByScan();
  bool mergeByHeap();
  bool offer(int32_t at);
  Merge find(uint32_t left, uint32_t right) const;
  bool findWhole(std::string_view bytes, uint32_t &id) const;

  const Tokenizer &tokenizer;
  const plan::Tokenizer &table;
  Sink<int32_t> &ids;
  pcre2_match_data *matches[Tokenizer::kMaxRegexes] = {};
  runtime::Vector<Symbol> symbols;
  runtime::Vector<uint64_t> heap;
  runtime::Vector<int32_t> codes; // characters, where text is normalized
};

} // namespace sinter::text

Merge Encoder::find(uint32_t left, uint32_t right) const {
  const auto &keys = *table.merge_keys();
  size_t slots = keys.size();
  uint64_t key = uint64_t(left) << 32 | right;
  size_t slot = firstSlot(key, slots);
  // A table from the compiler has free slots; a damaged one ends here too.
  for (size_t tries = 0; tries < slots;
       ++tries, slot = (slot + 1) & (slots - 1)) {
    uint64_t found = keys.Get(slot);
    if (found == key) {
      uint64_t value = table.merge_values()->Get(slot);
      Merge merge{static_cast<uint32_t>(value >> 32),
                  static_cast<uint32_t>(value)};
      return merge.id < tokenizer.tokens ? merge : Merge{};
    }
    if (found == UINT64_MAX)
      break;
  }
  return {};
}

bool Encoder::findWhole(std::string_view bytes, uint32_t &id) const {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : bytes)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  const auto &ids = *table.piece_slots();
  size_t slots = ids.size(), slot = firstSlot(hash, slots);
  for (size_t tries = 0; tries < slots;
       ++tries, slot = (slot + 1) & (slots - 1)) {
    id = ids.Get(slot);
    if (id == UINT32_MAX)
      return false;
    if (id < tokenizer.tokens && tokenizer.piece(id) == bytes)
      return true;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Text to words
//===----------------------------------------------------------------------===//

Status Encoder::prepare() {
  auto *context = static_cast<pcre2_general_context *>(tokenizer.general);
  for (size_t i = 0; i < tokenizer.regexCount; ++i) {
    matches[i] = pcre2_match_data_create(1, context);
    if (!matches[i])
      return outOfMemory();
  }
  return {};
}

size_t Encoder::findSpecial(std::string_view text, size_t from,
                            uint32_t &id) const {
  const auto &specials = *table.special_ids();
  auto has = [](const uint64_t (&bits)[4], char c) {
    uint8_t byte = static_cast<uint8_t>(c);
    return bits[byte / 64] >> byte % 64 & 1;
  };
  for (size_t at = from; at < text.size(); ++at) {
    if (!has(tokenizer.specialStarts, text[at]))
      continue;
    if (at + 1 < text.size() && !has(tokenizer.specialSeconds, text[at + 1]))
      continue;
    for (uint32_t candidate : specials) {
      id = candidate;
      if (text.substr(at).starts_with(tokenizer.piece(candidate)))
        return at;
    }
  }
  return text.size();
}

Status Encoder::run(std::string_view text, bool special) {
  if (!special || !hasSpecials())
    return plain(text);
  size_t from = 0;
  while (true) {
    uint32_t id = 0;
    size_t at = findSpecial(text, from, id);
    SINTER_TRY(plain(text.substr(from, at - from)));
    if (at == text.size())
      return {};
    ids.push(static_cast<int32_t>(id));
    from = at + tokenizer.piece(id).size();
  }
}

/// Text that composition cannot change: characters below U+0300.
static bool isNfcAlready(std::string_view text) {
  for (char c : text)
    if (static_cast<uint8_t>(c) >= 0xcc)
      return false;
  return true;
}

Status Encoder::plain(std::string_view text) {
  if (text.empty())
    return {};
  if (table.normalizer() != plan::Normalizer::Nfc || isNfcAlready(text))
    return split(0, text);
  size_t bytes = 0;
  SINTER_TRY(compose(text, bytes));
  return split(0, {reinterpret_cast<const char *>(codes.data()), bytes});
}

/// Leaves the NFC form of `text` in the memory of `codes`.
Status Encoder::compose(std::string_view text, size_t &bytes) {
  auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  auto *from = reinterpret_cast<const utf8proc_uint8_t *>(text.data());
  utf8proc_ssize_t count =
      utf8proc_decompose(from, text.size(), nullptr, 0, options);
  if (count >= 0) {
    SINTER_NEED(
        codes.resize(count + 1)); // the re-encoder ends its text with a zero
    count = utf8proc_decompose(from, text.size(), codes.data(), count, options);
  }
  utf8proc_ssize_t written =
      count < 0 ? count : utf8proc_reencode(codes.data(), count, options);
  if (written < 0)
    return fail(tokenizer.allocator, SINTER_INTERNAL,
                "text cannot be normalized: %s", utf8proc_errmsg(written));
  bytes = written;
  return {};
}

Status Encoder::split(size_t level, std::string_view text) {
  if (level == tokenizer.regexCount)
    return word(text);
  auto *code = static_cast<pcre2_code *>(tokenizer.regexes[level]);
  PCRE2_SIZE *range = pcre2_get_ovector_pointer(matches[level]);
  size_t at = 0, search = 0;
  while (search < text.size()) {
    auto match = [&](uint32_t options) {
      return pcre2_match(
          code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), search,
          options, matches[level],
          static_cast<pcre2_match_context *>(tokenizer.matching));
    };
    int found = match(PCRE2_NO_UTF_CHECK);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
      found = match(PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT);
    if (found == PCRE2_ERROR_NOMATCH)
      break;
    if (found == PCRE2_ERROR_NOMEMORY)
      return outOfMemory();
    if (found < 0)
      return fail(
          tokenizer.allocator, SINTER_CORRUPT,
          "pre-tokenizer %zu failed (PCRE2 error %d) after %zu bytes of text",
          level, found, at);
    size_t begin = range[0], end = range[1];
    if (begin == end) { // an empty match splits nothing: on by a character
      search = end + (end < text.size() ? utf8Step(text.substr(end)).bytes : 1);
      continue;
    }
    if (begin > at)
      SINTER_TRY(split(level + 1, text.substr(at, begin - at)));
    SINTER_TRY(split(level + 1, text.substr(begin, end - begin)));
    at = search = end;
  }
  return at < text.size() ? split(level + 1, text.substr(at)) : Status();
}

//===----------------------------------------------------------------------===//
// Words to ids
//===----------------------------------------------------------------------===//

/// Above this many bytes a heap beats scanning for the lowest rank.
static constexpr size_t kScanLimit = 32;

Status Encoder::word(std::string_view bytes) {
  uint32_t whole;
  if (table.ignore_merges() && findWhole(bytes, whole)) {
    ids.push(static_cast<int32_t>(whole));
    return {};
  }
  SINTER_NEED(bytes.size() < INT32_MAX && loadSymbols(bytes));
  if (symbols.size() > 1)
    SINTER_NEED(symbols.size() <= kScanLimit ? mergeByScan() : mergeByHeap());
  for (int32_t at = symbols.empty() ? -1 : 0; at >= 0; at = symbols[at].next)
    ids.push(static_cast<int32_t>(symbols[at].id));
  return {};
}

/// One symbol a byte, linked; each knows how it merges with the next one.  A
/// byte without token is left out, as in the library we are equal to.
bool Encoder::loadSymbols(std::string_view bytes) {
  symbols.clear();
  if (!symbols.reserve(bytes.size()))
    return false;
  for (char c : bytes) {
    uint32_t id = table.byte_ids()->Get(static_cast<uint8_t>(c));
    if (id == UINT32_MAX)
      continue;
    int32_t at = static_cast<int32_t>(symbols.size());
    (void)symbols.push_back({id, UINT32_MAX, 0, at - 1, at + 1});
  }
  if (!symbols.empty())
    symbols.back().next = -1;
  for (size_t i = 0; i + 1 < symbols.size(); ++i) {
    Merge merge = find(symbols[i].id, symbols[i + 1].id);
    symbols[i].rank = merge.rank;
    symbols[i].merged = merge.id;
  }
  return true;
}

/// Merges symbol `at` with the next one and ranks the two pairs that arise.
static void mergeAt(auto &symbols, int32_t at, auto &&find) {
  auto &left = symbols[at];
  left.id = left.merged;
  int32_t dead = left.next;
  symbols[dead].rank = UINT32_MAX;
  left.next = symbols[dead].next;
  auto rank = [&](int32_t i) {
    auto &symbol = symbols[i];
    Merge merge =
        symbol.next < 0 ? Merge{} : find(symbol.id, symbols[symbol.next].id);
    symbol.rank = merge.rank;
    symbol.merged = merge.id;
  };
  if (left.next >= 0)
    symbols[left.next].previous = at;
  rank(at);
  if (left.previous >= 0)
    rank(left.previous);
}

bool Encoder::mergeByScan() {
  while (true) {
    int32_t best = 0;
    for (int32_t at = 0; at >= 0; at = symbols[at].next)
      if (symbols[at].rank < symbols[best].rank)
        best = at;
    if (symbols[best].rank == UINT32_MAX)
      return true;
    mergeAt(symbols, best, [&](uint32_t l, uint32_t r) { return find(l, r); });
  }
}

/// Puts the pair that starts at `at` into the heap; the lowest rank and then
/// the leftmost pair is on top.
bool Encoder::offer(int32_t at) {
  if (at < 0 || symbols[at].rank == UINT32_MAX)
    return true;
  if (!heap.push_back(uint64_t(symbols[at].rank) << 32 |
                      static_cast<uint32_t>(at)))
    return false;
  std::push_heap(heap.begin(), heap.end(), std::greater<>());
  return true;
}

bool Encoder::mergeByHeap() {
  heap.clear();
  for (size_t i = 0; i < symbols.size(); ++i)
    if (!offer(static_cast<int32_t>(i)))
      return false;
  while (!heap.empty()) {
    uint64_t top = heap[0];
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    heap.pop_back();
    int32_t at = static_cast<int32_t>(top & UINT32_MAX);
    // Ranks are unique: the same rank is the same pair, another one is stale.
    if (symbols[at].rank != top >> 32)
      continue;
    mergeAt(symbols, at, [&](uint32_t l, uint32_t r) { return find(l, r); });
    if (!offer(at) || !offer(symbols[at].previous))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// The call
//===----------------------------------------------------------------------===//

Status Tokenizer::encode(std::string_view text, uint32_t flags,
                         Sink<int32_t> &ids) const {
  Encoder encoder(*this, ids);
  SINTER_TRY(encoder.prepare());
  bool ends = flags & SINTER_TEXT_BOS_EOS;
  if (ends && table->add_bos() && table->bos() >= 0)
    ids.push(table->bos());
  bool special = flags & SINTER_TEXT_SPECIAL;
  if (utf8ValidPrefix(text) == text.size()) {
    SINTER_TRY(encoder.run(text, special));
  } else {
    runtime::Vector<char> valid(allocator);
    SINTER_NEED(appendUtf8Lossy(text, valid));
    SINTER_TRY(encoder.run({valid.data(), valid.size()}, special));
  }
  if (ends && table->add_eos() && table->eos() >= 0)
    ids.push(table->eos());
  return {};
}
