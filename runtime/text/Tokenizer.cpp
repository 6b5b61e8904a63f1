// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/Tokenizer.h"
#include "runtime/schema/text_generated.h"

#include <bit>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

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
  std::memset(specialSeconds, 0, sizeof specialSeconds);
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
    uint8_t second = piece(id).size() > 1 ? piece(id)[1] : 0;
    specialSeconds[second / 64] |= uint64_t(1) << second % 64;
    if (piece(id).size() == 1) // anything may follow
      std::memset(specialSeconds, 0xff, sizeof specialSeconds);
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
