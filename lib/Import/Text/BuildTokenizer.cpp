// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Text/PreTokenizers.h"
#include "lib/Import/Text/Text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>

using namespace sinter;
using namespace sinter::import;

namespace {

/// Errors of one kind: the first few in full, then how many more there are.
class Complaints {
public:
  explicit Complaints(Errors &errors) : errors(errors) {}
  ~Complaints() {
    if (count > kShown)
      errors.push_back("tokenizer: ... and " + std::to_string(count - kShown) +
                       " more of these");
  }
  void add(std::string text) {
    if (count++ < kShown)
      errors.push_back("tokenizer: " + std::move(text));
  }

private:
  static constexpr size_t kShown = 3;
  Errors &errors;
  size_t count = 0;
};

/// The byte-level alphabet: a byte that prints stands for itself, the others
/// stand for U+0100 and up, in order.
struct ByteAlphabet {
  std::array<uint16_t, 256> charOf;
  std::array<int16_t, 512> byteOf;

  ByteAlphabet() {
    byteOf.fill(-1);
    uint16_t next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) {
      bool prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
      charOf[byte] = prints ? byte : next++;
      byteOf[charOf[byte]] = byte;
    }
  }

  std::string spell(uint8_t byte) const {
    uint16_t point = charOf[byte];
    if (point < 0x80)
      return std::string(1, static_cast<char>(point));
    return {static_cast<char>(0xc0 | point >> 6),
            static_cast<char>(0x80 | (point & 0x3f))};
  }

  /// Bytes that `token` spells; false when it has other characters.
  bool read(std::string_view token, std::string &bytes) const {
    bytes.clear();
    for (size_t i = 0; i < token.size(); ++i) {
      unsigned point = static_cast<uint8_t>(token[i]);
      if (point >= 0xc2 && point <= 0xc7 &&
          i + 1 < token.size()) // two bytes, below U+0200
        point = (point & 0x1f) << 6 | (static_cast<uint8_t>(token[++i]) & 0x3f);
      else if (point >= 0x80)
        return false;
      if (point >= byteOf.size() || byteOf[point] < 0)
        return false;
      bytes += static_cast<char>(byteOf[point]);
    }
    return true;
  }
};

enum TokenType {
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6
};

class Builder {
public:
  Builder(const TokenizerSource &source, Errors &errors)
      : source(source), errors(errors) {}
  std::optional<plan::TokenizerT> run();

private:
  void checkKind();
  void addPieces();
  void addMerges();
  void addSpecials();
  void addWholes();
  void addIds();
  int typeOf(size_t id) const {
    return source.types.empty() ? int(Normal) : source.types[id];
  }
  bool isLiteral(size_t id) const {
    return typeOf(id) == Control || typeOf(id) == UserDefined;
  }
  void error(std::string text) {
    errors.push_back("tokenizer: " + std::move(text));
  }

  const TokenizerSource &source;
  Errors &errors;
  const PreTokenizer *pre = nullptr;
  plan::TokenizerT out;
  std::unordered_map<std::string_view, uint32_t> idOf;
  ByteAlphabet alphabet;
};

} // namespace

/// Text as it may stand in a message: short, printable.
static std::string quote(std::string_view text) {
  std::string out = "'";
  for (char c : text.substr(0, 60)) {
    if (static_cast<uint8_t>(c) >= 0x20)
      out += c;
    else
      out += '?';
  }
  return out + (text.size() > 60 ? "...'" : "'");
}

static size_t firstSlot(uint64_t key, size_t slots) {
  return (key * 0x9e3779b97f4a7c15u) >> (64 - std::countr_zero(slots));
}
static size_t slotsFor(size_t entries) {
  return std::bit_ceil(std::max<size_t>(2 * entries, 2));
}

std::vector<std::string_view> import::knownPreTokenizers() {
  std::vector<std::string_view> names;
  for (const PreTokenizer &entry : preTokenizers())
    names.push_back(entry.name);
  return names;
}

void Builder::checkKind() {
  if (source.model != "gpt2")
    error("tokenizer.ggml.model is " + quote(source.model) +
          "; only 'gpt2' (byte-level BPE) is supported");
  std::string name = source.pre.empty() ? "default" : source.pre;
  for (const PreTokenizer &entry : preTokenizers())
    if (entry.name == name)
      pre = &entry;
  if (!pre) {
    std::string list;
    for (std::string_view known : knownPreTokenizers())
      (list += list.empty() ? "" : ", ") += known;
    error("tokenizer.ggml.pre is " + quote(name) + "; known are: " + list);
    return;
  }
  for (std::string_view pattern : pre->patterns)
    out.pre_tokenizers.push_back(toPcre2(pattern));
}

void Builder::addPieces() {
  if (source.tokens.empty())
    error("tokenizer.ggml.tokens is missing or empty");
  if (!source.types.empty() && source.types.size() != source.tokens.size()) {
    error("tokenizer.ggml.token_type has " +
          std::to_string(source.types.size()) + " entries, but there are " +
          std::to_string(source.tokens.size()) + " tokens");
    return;
  }
  Complaints twice(errors), types(errors);
  std::string bytes;
  out.piece_offsets.push_back(0);
  idOf.reserve(source.tokens.size());
  for (size_t id = 0; id < source.tokens.size(); ++id) {
    std::string_view token = source.tokens[id];
    auto [where, fresh] = idOf.try_emplace(token, id);
    if (!fresh)
      twice.add("tokens " + std::to_string(where->second) + " and " +
                std::to_string(id) + " are the same text " + quote(token));
    if (typeOf(id) < 0 || typeOf(id) > Byte)
      types.add("token " + std::to_string(id) + " has type " +
                std::to_string(typeOf(id)) + ", expected 1 to 6");
    if (isLiteral(id) || !alphabet.read(token, bytes))
      bytes = token;
    out.piece_bytes.insert(out.piece_bytes.end(), bytes.begin(), bytes.end());
    out.piece_offsets.push_back(out.piece_bytes.size());
    out.token_types.push_back(typeOf(id));
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    auto found = idOf.find(alphabet.spell(byte));
    out.byte_ids.push_back(found == idOf.end() ? UINT32_MAX : found->second);
  }
}

void Builder::addMerges() {
  if (source.merges.empty()) {
    error("tokenizer.ggml.merges is missing or empty; byte-level BPE cannot "
          "work without it: "
          "convert the model again with a converter that writes merges");
    return;
  }
  size_t slots = slotsFor(source.merges.size());
  out.merge_keys.assign(slots, UINT64_MAX);
  out.merge_values.assign(slots, 0);
  Complaints complaints(errors);
  std::string text;
  for (size_t rank = 0; rank < source.merges.size(); ++rank) {
    std::string_view merge = source.merges[rank];
    // A piece is not empty, so the space between comes after the first byte.
    size_t space = merge.find(' ', 1);
    std::string where = "merge " + std::to_string(rank) + " " + quote(merge);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      complaints.add(where + " is not two pieces with a space between");
      continue;
    }
    std::string_view left = merge.substr(0, space),
                     right = merge.substr(space + 1);
    text.assign(left).append(right);
    auto l = idOf.find(left), r = idOf.find(right), both = idOf.find(text);
    auto missing = l == idOf.end()   ? left
                   : r == idOf.end() ? right
                                     : std::string_view(text);
    if (l == idOf.end() || r == idOf.end() || both == idOf.end()) {
      complaints.add(where + " needs the token " + quote(missing) +
                     ", which is not in the vocabulary");
      continue;
    }
    uint64_t key = uint64_t(l->second) << 32 | r->second;
    size_t slot = firstSlot(key, slots);
    while (out.merge_keys[slot] != UINT64_MAX && out.merge_keys[slot] != key)
      slot = (slot + 1) & (slots - 1);
    // A merge that is listed twice has the rank of its last place.
    out.merge_keys[slot] = key;
    out.merge_values[slot] = uint64_t(rank) << 32 | both->second;
  }
}

void Builder::addSpecials() {
  auto length = [&](uint32_t id) {
    return out.piece_offsets[id + 1] - out.piece_offsets[id];
  };
  for (uint32_t id = 0; id < source.tokens.size(); ++id)
    if (isLiteral(id) && length(id))
      out.special_ids.push_back(id);
  std::sort(out.special_ids.begin(), out.special_ids.end(),
            [&](uint32_t a, uint32_t b) {
              return length(a) != length(b) ? length(a) > length(b) : a < b;
            });
}

void Builder::addWholes() {
  out.ignore_merges = pre->ignoreMerges;
  if (!out.ignore_merges)
    return;
  size_t slots = slotsFor(source.tokens.size());
  out.piece_slots.assign(slots, UINT32_MAX);
  for (uint32_t id = 0; id < source.tokens.size(); ++id) {
    if (isLiteral(id))
      continue;
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t i = out.piece_offsets[id]; i < out.piece_offsets[id + 1]; ++i)
      hash = (hash ^ out.piece_bytes[i]) * 0x100000001b3u;
    size_t slot = firstSlot(hash, slots);
    while (out.piece_slots[slot] != UINT32_MAX)
      slot = (slot + 1) & (slots - 1);
    out.piece_slots[slot] = id;
  }
}

void Builder::addIds() {
  auto take = [&](const char *name, int64_t id) -> int32_t {
    if (id < 0)
      return -1;
    if (id < static_cast<int64_t>(source.tokens.size()))
      return static_cast<int32_t>(id);
    error("tokenizer.ggml." + std::string(name) + "_token_id is " +
          std::to_string(id) + ", but the vocabulary has ids 0 to " +
          std::to_string(source.tokens.size() - 1));
    return -1;
  };
  out.bos = take("bos", source.bos);
  out.eos = take("eos", source.eos);
  out.unk = take("unknown", source.unk);
  out.pad = take("padding", source.pad);
  out.add_bos = source.addBos.value_or(pre->addBos) && out.bos >= 0;
  out.add_eos = source.addEos.value_or(false) && out.eos >= 0;
}

std::optional<plan::TokenizerT> Builder::run() {
  checkKind();
  // With another kind of tokenizer the rest would only add noise.
  if (source.model != "gpt2")
    return std::nullopt;
  addPieces();
  addMerges();
  if (!errors.empty())
    return std::nullopt;
  addSpecials();
  addWholes();
  addIds();
  out.normalizer = source.normalizer;
  if (!errors.empty())
    return std::nullopt;
  return std::move(out);
}

std::optional<plan::TokenizerT>
import::buildTokenizer(const TokenizerSource &source, Errors &errors) {
  Errors mine;
  auto result = Builder(source, mine).run();
  errors.insert(errors.end(), mine.begin(), mine.end());
  return result;
}
