// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/TableVerifier.h"
#include "runtime/schema/KernelAbi.h"

#include <cstdarg>
#include <cstdio>

namespace sinter::runtime {

static constexpr uint64_t kPage = SINTER_PLAN_SECTION_ALIGN;
/// More than any machine has, small enough that sums never overflow.
static constexpr uint64_t kMaxBytes = uint64_t(1) << 46;
static constexpr uint32_t kMaxKernels = 65536;
static constexpr uint32_t kMaxSections = 256, kMaxSegments = 64;
static constexpr uint32_t kMaxBindings = 256, kMaxScalars = 64;
static constexpr uint32_t kMaxBuffers = 256, kMaxStates = 16, kMaxCode = 64;

static uint64_t roundUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

static bool overlap(uint64_t a, uint64_t aBytes, uint64_t b, uint64_t bBytes) {
  return a < b + bBytes && b < a + aBytes;
}

Status TableVerifier::bad(const char *format, ...) {
  char text[256];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  return fail(origin.allocator, SINTER_CORRUPT,
              "%s: %s; compile the model again", origin.path, text);
}

Status TableVerifier::run() {
  if (plan.kernel_abi() < 1 || plan.kernel_abi() > SINTER_KERNEL_ABI)
    return fail(origin.allocator, SINTER_VERSION,
                "%s: code for kernel interface %u, this runtime has 1 to %u; "
                "use a newer runtime or compile the model again",
                origin.path, plan.kernel_abi(), SINTER_KERNEL_ABI);
  SINTER_TRY(sections());
  SINTER_TRY(weights());
  SINTER_TRY(kernels());
  SINTER_TRY(code());
  SINTER_TRY(buffers());
  SINTER_TRY(states());
  SINTER_TRY(drafters());
  SINTER_TRY(costs());
  SINTER_TRY(depths());
  SINTER_TRY(retrieval());
  SINTER_TRY(exits());
  SINTER_TRY(ffns());
  SINTER_TRY(modelSwitch());
  SINTER_TRY(numbers());
  SINTER_TRY(properties());
  return golden();
}

Status TableVerifier::sections() {
  SINTER_TRY(some(plan.sections(), "sections", kMaxSections));
  sinter_plan_header header;
  memcpy(&header, file.data(), sizeof(header));
  for (uint32_t i = 0; i < plan.sections()->size(); ++i) {
    const plan::Section &section = *plan.sections()->Get(i);
    if (!section.name())
      return bad("section %u has no name", i);
    if (section.kind() > plan::SectionKind::MAX)
      return bad("section %u is of unknown kind %u", i,
                 unsigned(section.kind()));
    uint64_t offset = section.offset(), bytes = section.bytes();
    if (offset % kPage || offset < sizeof(header) || offset > file.size() ||
        bytes == 0 || bytes > file.size() - offset)
      return bad("section %u at [%llu, +%llu) of a file of %zu bytes, "
                 "expected a page-aligned range inside",
                 i, ull(offset), ull(bytes), file.size());
    if (overlap(offset, bytes, header.meta_offset, header.meta_bytes))
      return bad("section %u at offset %llu overlaps the tables", i,
                 ull(offset));
    for (uint32_t j = 0; j < i; ++j)
      if (overlap(offset, bytes, plan.sections()->Get(j)->offset(),
                  plan.sections()->Get(j)->bytes()))
        return bad("sections %u and %u overlap at offset %llu", j, i,
                   ull(offset));
    uint64_t blocks =
        roundUp(bytes, SINTER_PLAN_DIGEST_BLOCK) / SINTER_PLAN_DIGEST_BLOCK;
    if (!section.digests() || section.digests()->size() != blocks)
      return bad("section %u has %u digests, expected %llu", i,
                 section.digests() ? section.digests()->size() : 0,
                 ull(blocks));
  }
  return Status();
}

Status TableVerifier::weights() {
  if (!plan.weights())
    return Status();
  for (uint32_t i = 0; i < plan.weights()->size(); ++i) {
    const plan::Weight &weight = *plan.weights()->Get(i);
    const plan::Section *in =
        section(weight.section(), plan::SectionKind::Weights);
    if (!in)
      return bad("weight %u lies in section %u, which is no section of "
                 "weights",
                 i, weight.section());
    if (weight.offset() > in->bytes() ||
        weight.bytes() > in->bytes() - weight.offset())
      return bad("weight %u at [%llu, +%llu) of a section of %llu bytes", i,
                 ull(weight.offset()), ull(weight.bytes()), ull(in->bytes()));
  }
  return Status();
}

Status TableVerifier::kernels() {
  SINTER_TRY(some(plan.kernels(), "kernels", kMaxKernels));
  for (uint32_t i = 0; i < plan.kernels()->size(); ++i) {
    const plan::Kernel &kernel = *plan.kernels()->Get(i);
    if (kernel.bindings() && kernel.bindings()->size() > kMaxBindings)
      return bad("kernel %u has %u bindings, expected at most %u", i,
                 kernel.bindings()->size(), kMaxBindings);
    if (kernel.scalars() && kernel.scalars()->size() > kMaxScalars)
      return bad("kernel %u has %u scalars, expected at most %u", i,
                 kernel.scalars()->size(), kMaxScalars);
  }
  return Status();
}

Status TableVerifier::code() {
  SINTER_TRY(some(plan.code(), "code objects", kMaxCode));
  for (uint32_t i = 0; i < plan.code()->size(); ++i)
    SINTER_TRY(codeObject(i, *plan.code()->Get(i)));
  return Status();
}

Status TableVerifier::codeObject(uint32_t index,
                                 const plan::CodeObject &object) {
  const plan::Section *in = section(object.section(), plan::SectionKind::Code);
  if (!object.level() || !in)
    return bad("code object %u has no level or no section of code", index);
  if (object.image_bytes() == 0 || object.image_bytes() % kPage ||
      object.image_bytes() > uint64_t(1) << 32)
    return bad("code object %u has an image of %llu bytes, expected pages "
               "up to 2^32",
               index, ull(object.image_bytes()));
  SINTER_TRY(some(object.segments(), "segments of code", kMaxSegments));
  for (uint32_t i = 0; i < object.segments()->size(); ++i) {
    const plan::Segment &segment = *object.segments()->Get(i);
    if (segment.address() % kPage || segment.offset() % kPage ||
        segment.bytes() == 0 || segment.address() > object.image_bytes() ||
        segment.bytes() > object.image_bytes() - segment.address() ||
        segment.offset() > in->bytes() ||
        segment.bytes() > in->bytes() - segment.offset())
      return bad("code object %u: segment %u at address %llu, offset %llu, "
                 "%llu bytes lies outside of its image or section",
                 index, i, ull(segment.address()), ull(segment.offset()),
                 ull(segment.bytes()));
    for (uint32_t j = 0; j < i; ++j) {
      const plan::Segment &other = *object.segments()->Get(j);
      if (overlap(segment.address(), roundUp(segment.bytes(), kPage),
                  other.address(), roundUp(other.bytes(), kPage)))
        return bad("code object %u: segments %u and %u overlap", index, j, i);
    }
  }
  return entries(index, object);
}

Status TableVerifier::entries(uint32_t index, const plan::CodeObject &object) {
  uint32_t count = object.entries() ? object.entries()->size() : 0;
  if (count != plan.kernels()->size())
    return bad("code object %u has %u entries, expected one a kernel (%u)",
               index, count, plan.kernels()->size());
  for (uint32_t i = 0; i < count; ++i) {
    bool found = false;
    for (const plan::Segment *segment : *object.segments())
      found |= segment->executable() &&
               object.entries()->Get(i) >= segment->address() &&
               object.entries()->Get(i) - segment->address() < segment->bytes();
    if (!found)
      return bad("code object %u: the entry of kernel %u lies outside of "
                 "its code",
                 index, i);
  }
  return Status();
}

Status TableVerifier::buffers() {
  SINTER_TRY(some(plan.buffers(), "buffers", kMaxBuffers));
  for (uint32_t i = 0; i < plan.buffers()->size(); ++i) {
    const plan::Buffer &buffer = *plan.buffers()->Get(i);
    if (buffer.bytes() > kMaxBytes ||
        buffer.bytes_per_position() > kMaxBytes >> 24 ||
        buffer.bytes_per_worker() > kMaxBytes >> 16 ||
        buffer.bytes() + buffer.bytes_per_position() == 0)
      return bad("buffer %u has %llu + %llu per position bytes", i,
                 ull(buffer.bytes()), ull(buffer.bytes_per_position()));
  }
  return Status();
}

Status TableVerifier::states() {
  SINTER_TRY(some(plan.states(), "states", kMaxStates));
  for (uint32_t i = 0; i < plan.states()->size(); ++i) {
    const plan::State &state = *plan.states()->Get(i);
    if (state.layers() == 0 || state.layers() > 65536)
      return bad("state %u has %u layers, expected 1 to 65536", i,
                 state.layers());
    if (state.kind() > plan::StateKind::MAX)
      return bad("state %u is of unknown kind %u", i, unsigned(state.kind()));
    if (state.kind() == plan::StateKind::View &&
        (state.of() >= i ||
         plan.states()->Get(state.of())->kind() != plan::StateKind::Pages))
      return bad("state %u is a view of state %u, expected an earlier one that "
                 "has pages",
                 i, state.of());
    bool recurrent = state.kind() == plan::StateKind::Recurrent;
    if (recurrent && state.page_tokens() != plan.max_context())
      return bad("state %u is recurrent and has a page of %u positions, "
                 "expected %u",
                 i, state.page_tokens(), plan.max_context());
    if (!recurrent && (state.page_tokens() == 0 || state.page_tokens() > 4096))
      return bad("state %u has pages of %u positions, expected 1 to 4096", i,
                 state.page_tokens());
    if ((state.window() || state.sinks() || state.slack()) &&
        (state.kind() != plan::StateKind::Pages || state.window() == 0 ||
         state.slack() < plan.max_rows()))
      return bad("state %u keeps the last %u + %u positions and the first %u, "
                 "expected pages of a cache, a window, and at least the %u "
                 "rows of a forward behind it",
                 i, state.window(), state.slack(), state.sinks(),
                 plan.max_rows());
    if (!state.page_bytes() || state.page_bytes()->size() != 2)
      return bad("state %u: expected the bytes of a K page and a V page", i);
    const bool text = state.kind() == plan::StateKind::Text;
    if (text && i > 0)
      return bad("state %u is a text, which is the first state", i);
    for (uint64_t bytes : *state.page_bytes())
      if ((bytes == 0) != text || bytes % 64 || bytes > uint64_t(1) << 26)
        return bad("state %u has pages of %llu bytes, expected a multiple "
                   "of 64 up to 2^26, a text 0",
                   i, ull(bytes));
  }
  return Status();
}

Status TableVerifier::numbers() {
  if (plan.vocabulary() == 0 || plan.vocabulary() > 1u << 24)
    return bad("a vocabulary of %u tokens, expected 1 to 2^24",
               plan.vocabulary());
  if (plan.max_context() == 0 || plan.max_context() > 1u << 24)
    return bad("a context of %u positions, expected 1 to 2^24",
               plan.max_context());
  if (plan.max_rows() == 0 || plan.max_rows() > 1u << 20)
    return bad("forwards of %u rows, expected 1 to 2^20", plan.max_rows());
  if (plan.logits_rows() == 0 || plan.logits_rows() > plan.max_rows())
    return bad("%u rows of logits, expected 1 to %u", plan.logits_rows(),
               plan.max_rows());
  if (plan.input_buffer() >= plan.buffers()->size() ||
      plan.buffers()->Get(plan.input_buffer())->bytes() / 4 < plan.max_rows())
    return bad("the input buffer (%u) does not hold %u ids",
               plan.input_buffer(), plan.max_rows());
  if (plan.history_buffer() >= plan.buffers()->size() ||
      plan.buffers()->Get(plan.history_buffer())->bytes_per_position() < 4 ||
      plan.history_buffer() == plan.input_buffer())
    return bad("the history buffer (%u) does not hold an id a position",
               plan.history_buffer());
  return Status();
}

Status TableVerifier::properties() {
  for (auto *list : {plan.provenance(), plan.quality()})
    if (list)
      for (const plan::Property *property : *list)
        if (!property->key() || !property->value())
          return bad("a property without key or value");
  return Status();
}

Status TableVerifier::golden() {
  if (!plan.golden())
    return Status();
  if (auto *texts = plan.golden()->texts())
    for (const plan::GoldenText *text : *texts)
      if (!text->text())
        return bad("a golden text without text");
  if (auto *chats = plan.golden()->chats())
    for (const plan::GoldenChat *chat : *chats)
      if (!chat->messages_json() || !chat->rendered())
        return bad("a golden chat without messages or rendering");
  if (auto *logits = plan.golden()->logits())
    for (const plan::GoldenLogits *row : *logits) {
      if (!row->ids() || row->ids()->size() == 0 || !row->top_ids() ||
          !row->top_logits() ||
          row->top_ids()->size() != row->top_logits()->size())
        return bad("golden logits without ids or values");
      for (int32_t id : *row->top_ids())
        if (id < 0 || uint32_t(id) >= plan.vocabulary())
          return bad("golden logits of token %d", id);
    }
  return Status();
}

Status verifyTables(const Origin &origin, const plan::Plan &plan,
                    std::span<const uint8_t> file) {
  return TableVerifier(origin, plan, file).run();
}

} // namespace sinter::runtime
