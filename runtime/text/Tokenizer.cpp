// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/Tokenizer.h"
#include "runtime/schema/text_generated.h"

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

//===----------------------------------------------------------------------===//
// Memory for PCRE2, which releases without telling the size
//===----------------------------------------------------------------------===//

static constexpr size_t kSizePrefix = 16;

static void *regexAllocate(size_t bytes, void *context) {
  auto *memory = static_cast<runtime::Allocator *>(context);
  if (bytes > SIZE_MAX - kSizePrefix)
    return nullptr;
  auto *block = static_cast<char *>(memory->allocate(bytes + kSizePrefix));
  if (!block)
    return nullptr;
  std::memcpy(block, &bytes, sizeof bytes);
  return block + kSizePrefix;
}

static void regexRelease(void *pointer, void *context) {
  if (!pointer)
    return;
  auto *block = static_cast<char *>(pointer) - kSizePrefix;
  size_t bytes;
  std::memcpy(&bytes, block, sizeof bytes);
  static_cast<runtime::Allocator *>(context)->release(block,
                                                      bytes + kSizePrefix);
}

/// More steps than any text asks of the patterns we ship (they are linear);
/// a hostile pattern in a plan stops here.
static constexpr uint32_t kMatchLimit = 1'000'000'000;

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

Status Tokenizer::open(const plan::Tokenizer *from,
                       const runtime::Allocator &memory) {
  close();
  allocator = memory;
  table = from;
  Status status = check();
  if (status.ok())
    status = compileRegexes();
  if (!status.ok())
    close();
  return status;
}

void Tokenizer::close() {
  for (void *&code : regexes) {
    pcre2_code_free(static_cast<pcre2_code *>(code));
    code = nullptr;
  }
  pcre2_match_context_free(static_cast<pcre2_match_context *>(matching));
  pcre2_general_context_free(static_cast<pcre2_general_context *>(general));
  matching = general = nullptr;
  regexCount = 0;
  tokens = 0;
  table = nullptr;
  std::memset(specialStarts, 0, sizeof specialStarts);
}

template <typename V> static size_t sizeOf(const V *vector) {
  return vector ? vector->size() : 0;
}

/// Sizes and ids: after this no lookup can leave its table.
Status Tokenizer::check() {
  auto bad = [&](const char *what) {
    return fail(allocator, SINTER_CORRUPT,
                "tokenizer of the plan: %s; compile the model again", what);
  };
  if (table->kind() != plan::TokenizerKind::ByteLevelBpe)
    return fail(allocator, SINTER_UNSUPPORTED,
                "tokenizer of the plan: kind %d is unknown to this runtime (it "
                "knows 0, byte-level "
                "BPE); use a newer runtime",
                static_cast<int>(table->kind()));
  size_t offsets = sizeOf(table->piece_offsets());
  if (offsets < 2 || offsets > INT32_MAX)
    return bad("no pieces");
  tokens = static_cast<uint32_t>(offsets - 1);
  if (sizeOf(table->token_types()) != tokens)
    return bad("token types and pieces differ in number");
  if (sizeOf(table->byte_ids()) != 256)
    return bad("byte_ids must have 256 entries");
  size_t slots = sizeOf(table->merge_keys());
  if (slots < 2 || !std::has_single_bit(slots) ||
      sizeOf(table->merge_values()) != slots)
    return bad("merge table: not a power of two of slots");
  slots = sizeOf(table->piece_slots());
  if (table->ignore_merges() && (slots < 2 || !std::has_single_bit(slots)))
    return bad("piece table: not a power of two of slots");
  for (uint32_t id : *table->byte_ids())
    if (id != UINT32_MAX && id >= tokens)
      return bad("id of a byte is out of range");
  for (int32_t id : {table->bos(), table->eos(), table->unk(), table->pad()})
    if (id < -1 || id >= static_cast<int64_t>(tokens))
      return bad("id of BOS, EOS, UNK or PAD is out of range");
  if (table->normalizer() > plan::Normalizer::Nfc)
    return bad("unknown normalizer");
  for (size_t i = 0; i < sizeOf(table->special_ids()); ++i) {
    uint32_t id = table->special_ids()->Get(i);
    if (id >= tokens || piece(id).empty())
      return bad("special token without text");
    uint8_t first = static_cast<uint8_t>(piece(id).front());
    specialStarts[first / 64] |= uint64_t(1) << first % 64;
  }
  return {};
}

Status Tokenizer::compileRegexes() {
  general =
      pcre2_general_context_create(regexAllocate, regexRelease, &allocator);
  if (!general)
    return outOfMemory();
  auto *context = static_cast<pcre2_general_context *>(general);
  matching = pcre2_match_context_create(context);
  pcre2_compile_context *compile = pcre2_compile_context_create(context);
  if (!matching || !compile) {
    pcre2_compile_context_free(compile);
    return outOfMemory();
  }
  pcre2_set_match_limit(static_cast<pcre2_match_context *>(matching),
                        kMatchLimit);
  Status status;
  size_t count = sizeOf(table->pre_tokenizers());
  if (count > kMaxRegexes)
    status = fail(
        allocator, SINTER_UNSUPPORTED,
        "tokenizer of the plan: %zu pre-tokenizers, this runtime takes %zu",
        count, kMaxRegexes);
  for (size_t i = 0; i < count && status.ok(); ++i) {
    const flatbuffers::String *pattern = table->pre_tokenizers()->Get(i);
    int error = 0;
    PCRE2_SIZE offset = 0;
    regexes[i] = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern->data()),
                               pattern->size(), PCRE2_UTF | PCRE2_UCP, &error,
                               &offset, compile);
    if (regexes[i]) {
      regexCount = i + 1;
      // Four times as fast for a tenth of a millisecond.  Where the system
      // forbids it the interpreter gives the same answers.
      (void)pcre2_jit_compile(static_cast<pcre2_code *>(regexes[i]),
                              PCRE2_JIT_COMPLETE);
    } else if (error == PCRE2_ERROR_NOMEMORY ||
               error == PCRE2_ERROR_HEAP_FAILED) {
      status = outOfMemory();
    } else {
      char reason[120] = "";
      pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR *>(reason),
                              sizeof reason);
      status = fail(allocator, SINTER_CORRUPT,
                    "tokenizer of the plan: pre-tokenizer %zu, at %zu: %s", i,
                    static_cast<size_t>(offset), reason);
    }
  }
  pcre2_compile_context_free(compile);
  return status;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

std::string_view Tokenizer::piece(int32_t id) const {
  if (id < 0 || static_cast<uint32_t>(id) >= tokens)
    return {};
  uint32_t begin = table->piece_offsets()->Get(id),
           end = table->piece_offsets()->Get(id + 1);
  if (begin > end || end > sizeOf(table->piece_bytes()))
    return {};
  return {reinterpret_cast<const char *>(table->piece_bytes()->data()) + begin,
          end - begin};
}

bool Tokenizer::isControl(int32_t id) const {
  return id >= 0 && static_cast<uint32_t>(id) < tokens &&
         table->token_types()->Get(id) == 3;
}

int32_t Tokenizer::bos() const { return table->bos(); }
int32_t Tokenizer::eos() const { return table->eos(); }
int32_t Tokenizer::unk() const { return table->unk(); }
int32_t Tokenizer::pad() const { return table->pad(); }

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
  for (size_t at = from; at < text.size(); ++at) {
    uint8_t first = static_cast<uint8_t>(text[at]);
    if (!(tokenizer.specialStarts[first / 64] >> first % 64 & 1))
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
  if (!special || !sizeOf(table.special_ids()))
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
// The calls
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

Status Tokenizer::decode(const int32_t *ids, size_t count, uint32_t flags,
                         Sink<char> &text) const {
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] < 0 || static_cast<uint32_t>(ids[i]) >= tokens)
      return fail(allocator, SINTER_INVALID_ARGUMENT,
                  "token %zu is %d, but the vocabulary has ids 0 to %u", i,
                  ids[i], tokens - 1);
    if (isControl(ids[i]) && !(flags & SINTER_TEXT_SPECIAL))
      continue;
    std::string_view bytes = piece(ids[i]);
    text.append(bytes.data(), bytes.size());
  }
  return {};
}
