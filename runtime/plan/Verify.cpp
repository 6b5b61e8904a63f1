// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Verify.h"
#include "runtime/decode/Bandit.h"
#include "runtime/schema/KernelAbi.h"
#include "runtime/schema/plan_generated.h"
#include "runtime/state/Depth.h"
#include "sinter-c/exits.h"
#include "sinter-c/speculation.h"

#include <cstdarg>
#include <cstdio>

namespace sinter::runtime {

namespace {

using ull = unsigned long long;
template <typename T>
using Tables = flatbuffers::Vector<flatbuffers::Offset<T>>;

constexpr uint64_t kPage = SINTER_PLAN_SECTION_ALIGN;
/// More than any machine has, small enough that sums never overflow.
constexpr uint64_t kMaxBytes = uint64_t(1) << 46;
constexpr uint32_t kMaxSections = 256, kMaxSegments = 64, kMaxKernels = 65536;
constexpr uint32_t kMaxBindings = 256, kMaxScalars = 64, kMaxBuffers = 256;
constexpr uint32_t kMaxStates = 16, kMaxCode = 64, kMaxDrafters = 64;
constexpr uint32_t kMaxMatch = 64, kMaxExits = SINTER_EXITS;

uint64_t roundUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

class TableVerifier {
public:
  TableVerifier(const Origin &origin, const plan::Plan &plan,
                std::span<const uint8_t> file)
      : origin(origin), plan(plan), file(file) {}

  Status run() {
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
    SINTER_TRY(numbers());
    SINTER_TRY(properties());
    return golden();
  }

private:
  Status bad(const char *format, ...) __attribute__((format(printf, 2, 3))) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return fail(origin.allocator, SINTER_CORRUPT,
                "%s: %s; compile the model again", origin.path, text);
  }
  template <typename T>
  Status some(const Tables<T> *tables, const char *what, uint32_t most) {
    if (!tables || tables->size() == 0)
      return bad("no %s, expected at least one", what);
    if (tables->size() > most)
      return bad("%u %s, expected at most %u", tables->size(), what, most);
    return Status();
  }

  Status sections() {
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
  static bool overlap(uint64_t a, uint64_t aBytes, uint64_t b,
                      uint64_t bBytes) {
    return a < b + bBytes && b < a + aBytes;
  }
  const plan::Section *section(uint32_t index, plan::SectionKind kind) {
    if (index >= plan.sections()->size())
      return nullptr;
    const plan::Section *found = plan.sections()->Get(index);
    return found->kind() == kind ? found : nullptr;
  }

  Status weights() {
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

  Status kernels() {
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

  Status code() {
    SINTER_TRY(some(plan.code(), "code objects", kMaxCode));
    for (uint32_t i = 0; i < plan.code()->size(); ++i)
      SINTER_TRY(codeObject(i, *plan.code()->Get(i)));
    return Status();
  }
  Status codeObject(uint32_t index, const plan::CodeObject &object) {
    const plan::Section *in =
        section(object.section(), plan::SectionKind::Code);
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
  Status entries(uint32_t index, const plan::CodeObject &object) {
    uint32_t count = object.entries() ? object.entries()->size() : 0;
    if (count != plan.kernels()->size())
      return bad("code object %u has %u entries, expected one a kernel (%u)",
                 index, count, plan.kernels()->size());
    for (uint32_t i = 0; i < count; ++i) {
      bool found = false;
      for (const plan::Segment *segment : *object.segments())
        found |=
            segment->executable() &&
            object.entries()->Get(i) >= segment->address() &&
            object.entries()->Get(i) - segment->address() < segment->bytes();
      if (!found)
        return bad("code object %u: the entry of kernel %u lies outside of "
                   "its code",
                   index, i);
    }
    return Status();
  }

  Status buffers() {
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

  Status states() {
    SINTER_TRY(some(plan.states(), "states", kMaxStates));
    for (uint32_t i = 0; i < plan.states()->size(); ++i) {
      const plan::State &state = *plan.states()->Get(i);
      if (state.layers() == 0 || state.layers() > 65536)
        return bad("state %u has %u layers, expected 1 to 65536", i,
                   state.layers());
      if (state.kind() > plan::StateKind::MAX)
        return bad("state %u is of unknown kind %u", i, unsigned(state.kind()));
      bool recurrent = state.kind() == plan::StateKind::Recurrent;
      if (recurrent && state.page_tokens() != plan.max_context())
        return bad("state %u is recurrent and has a page of %u positions, "
                   "expected %u",
                   i, state.page_tokens(), plan.max_context());
      if (!recurrent &&
          (state.page_tokens() == 0 || state.page_tokens() > 4096))
        return bad("state %u has pages of %u positions, expected 1 to 4096", i,
                   state.page_tokens());
      if (!state.page_bytes() || state.page_bytes()->size() != 2)
        return bad("state %u: expected the bytes of a K page and a V page", i);
      for (uint64_t bytes : *state.page_bytes())
        if (bytes == 0 || bytes % 64 || bytes > uint64_t(1) << 26)
          return bad("state %u has pages of %llu bytes, expected a multiple "
                     "of 64 up to 2^26",
                     i, ull(bytes));
    }
    return Status();
  }

  Status drafters() {
    uint32_t count = plan.drafters() ? plan.drafters()->size() : 0;
    if (count > kMaxDrafters)
      return bad("%u drafters, expected at most %u", count, kMaxDrafters);
    for (uint32_t i = 0; i < count; ++i) {
      const plan::Drafter &drafter = *plan.drafters()->Get(i);
      if (drafter.kind() > plan::DrafterKind::MAX ||
          drafter.policy() > plan::PolicyKind::MAX)
        return bad("drafter %u is of unknown kind %u or policy %u", i,
                   unsigned(drafter.kind()), unsigned(drafter.policy()));
      if (!drafter.name())
        return bad("drafter %u has no name", i);
      bool merges = drafter.kind() == plan::DrafterKind::Merge;
      bool chooses = drafter.kind() == plan::DrafterKind::Bandit;
      bool combines =
          merges || chooses || drafter.kind() == plan::DrafterKind::Priority;
      bool matches = drafter.kind() == plan::DrafterKind::Copy ||
                     drafter.kind() == plan::DrafterKind::Lookup;
      if (matches && (drafter.min_match() == 0 ||
                      drafter.max_match() < drafter.min_match() ||
                      drafter.max_match() > kMaxMatch))
        return bad("drafter %u matches %u to %u ids, expected 1 to %u", i,
                   drafter.min_match(), drafter.max_match(), kMaxMatch);
      if (drafter.max_draft() == 0 || drafter.max_draft() >= plan.max_rows())
        return bad("drafter %u drafts %u ids, expected 1 to %u", i,
                   drafter.max_draft(), plan.max_rows() - 1);
      // A place for each row of each path.
      uint64_t places =
          (drafter.branches() + uint64_t(1)) * (drafter.max_draft() + 1);
      bool branches = merges || drafter.kind() == plan::DrafterKind::Model;
      if (drafter.branches() && (!branches || places > plan.max_rows()))
        return bad("drafter %u of kind %s has %u branches of %u rows, expected "
                   "none, or places for all of them",
                   i, EnumNameDrafterKind(drafter.kind()), drafter.branches(),
                   drafter.max_draft() + 1);
      uint32_t parts = drafter.parts() ? drafter.parts()->size() : 0;
      if (combines != (parts > 0) || (chooses && parts > Bandit::kArms))
        return bad("drafter %u of kind %s has %u parts", i,
                   EnumNameDrafterKind(drafter.kind()), parts);
      for (uint32_t j = 0; j < parts; ++j) {
        uint32_t part = drafter.parts()->Get(j);
        if (part >= i)
          return bad("drafter %u has the part %u, expected an earlier one", i,
                     part);
        plan::DrafterKind kind = plan.drafters()->Get(part)->kind();
        if (!chooses && (kind == plan::DrafterKind::Model ||
                         kind == plan::DrafterKind::Heads))
          return bad("drafter %u has the part %u of kind %s, which the program "
                     "asks itself",
                     i, part, EnumNameDrafterKind(kind));
      }
      SINTER_TRY(policy(i, drafter));
      if (drafter.kind() == plan::DrafterKind::Recycle)
        SINTER_TRY(recycleBuffer(i, drafter));
      if (drafter.kind() == plan::DrafterKind::Ngram ||
          drafter.kind() == plan::DrafterKind::Trigram)
        SINTER_TRY(bigrams());
    }
    return Status();
  }

  Status depths() {
    uint32_t count = plan.depths() ? plan.depths()->size() : 0;
    uint32_t layers = plan.states() && plan.states()->size()
                          ? plan.states()->Get(0)->layers()
                          : 0;
    if (count && layers > Depth::kMostLayers)
      return bad("depths of %u layers, expected at most %u", layers,
                 Depth::kMostLayers);
    for (uint32_t i = 0; i < count; ++i) {
      const plan::Depth &depth = *plan.depths()->Get(i);
      uint32_t skips = depth.skips() ? depth.skips()->size() : 0;
      if (i == 0 ? depth.percent() != 100 || skips != 0
                 : depth.percent() == 0 ||
                       depth.percent() >= plan.depths()->Get(i - 1)->percent())
        return bad("depth %u is of %u %% without %u layers; the first is whole,"
                   " and they fall",
                   i, depth.percent(), skips);
      for (uint32_t j = 0; j < skips; ++j)
        if (depth.skips()->Get(j) >= layers)
          return bad("depth %u leaves out layer %u of %u", i,
                     depth.skips()->Get(j), layers);
    }
    return Status();
  }

  /// A store that fits the model and its depths.
  Status retrieval() {
    const plan::Retrieval *store = plan.retrieval();
    if (!store)
      return Status();
    uint32_t depths = plan.depths() ? plan.depths()->size() : 0;
    if (depths == 0)
      return bad("depths are looked up, but the plan has none");
    auto holds = [&](uint32_t index, uint64_t bytes) {
      return index < plan.buffers()->size() &&
             plan.buffers()->Get(index)->bytes() >= bytes;
    };
    if (store->width() == 0 || !holds(store->key(), 4 * store->width()) ||
        !holds(store->choice(), kChoiceOffset + sizeof(int32_t)))
      return bad("the store of texts has keys of %u numbers, for which buffers "
                 "%u and %u have no room",
                 store->width(), store->key(), store->choice());
    uint32_t entries = store->entries();
    if (entries == 0)
      return Status();
    if (store->nearest() == 0 || store->nearest() > entries)
      return bad("the nearest %u of %u texts choose the depth",
                 store->nearest(), entries);
    SINTER_TRY(rowsOf("keys", store->keys(), entries, store->width()));
    return rowsOf("laws", store->laws(), entries, depths);
  }

  /// A weight of the store: rows of f32, padded to 32 numbers at the end.
  Status rowsOf(const char *what, uint32_t index, uint32_t rows,
                uint64_t cols) {
    uint32_t count = plan.weights() ? plan.weights()->size() : 0;
    const plan::Weight *weight =
        index < count ? plan.weights()->Get(index) : nullptr;
    uint64_t wanted = rows * cols;
    uint64_t numbers = weight ? weight->rows() * weight->cols() : 0;
    if (numbers == wanted &&
        weight->bytes() >= (wanted + 31) / 32 * 32 * sizeof(float))
      return Status();
    return bad("%s of the store of texts are %llu numbers, expected %llu: %u "
               "rows of %llu; it was made for another model, or other depths",
               what, ull(numbers), ull(wanted), rows, ull(cols));
  }

  Status exits() {
    uint32_t count = plan.exits() ? plan.exits()->size() : 0;
    if (count > kMaxExits)
      return bad("%u exits, expected at most %u", count, kMaxExits);
    uint32_t above = 0;
    for (uint32_t i = 0; i < count; ++i) {
      const plan::Exit &exit = *plan.exits()->Get(i);
      if (exit.probe() > plan::ProbeKind::MAX)
        return bad("exit %u has a probe of unknown kind %u", i,
                   unsigned(exit.probe()));
      if (exit.tokens() == 1 || exit.tokens() > plan.vocabulary())
        return bad("exit %u has a head of %u tokens, expected 2 to %u", i,
                   exit.tokens(), plan.vocabulary());
      if (exit.after() <= above ||
          exit.after() >= plan.states()->Get(0)->layers())
        return bad("exit %u is after %u layers, expected %u to %u", i,
                   exit.after(), above + 1,
                   plan.states()->Get(0)->layers() - 1);
      above = exit.after();
      if (!(exit.threshold() >= 0 && exit.threshold() <= 1) ||
          !(exit.decay() >= 0) || !(exit.stop() <= exit.threshold()))
        return bad("exit %u has the threshold %g and the decay %g", i,
                   double(exit.threshold()), double(exit.decay()));
    }
    return Status();
  }

  Status ffns() {
    const plan::Ffns *ffns = plan.ffns();
    if (!ffns)
      return Status();
    uint32_t count = plan.buffers()->size(), buffer = ffns->buffer();
    if (buffer >= count ||
        plan.buffers()->Get(buffer)->bytes() < kFfnWords * sizeof(int32_t))
      return bad("blocks that are left out are counted in buffer %u of %u, "
                 "which needs %zu bytes",
                 buffer, count, kFfnWords * sizeof(int32_t));
    if (!(ffns->threshold() >= 0 && ffns->threshold() <= 1))
      return bad("blocks are left out over %g, expected 0 to 1",
                 double(ffns->threshold()));
    uint32_t all = plan.states()->Get(0)->layers();
    uint32_t layers = ffns->layers() ? ffns->layers()->size() : 0;
    for (uint32_t i = 0; i < layers; ++i) {
      uint32_t layer = ffns->layers()->Get(i);
      if (layer >= all || (i && layer <= ffns->layers()->Get(i - 1)))
        return bad("the block of layer %u of %u is left out, expected rising "
                   "layers",
                   layer, all);
    }
    return Status();
  }

  Status policy(uint32_t index, const plan::Drafter &drafter) {
    uint32_t wanted = drafter.policy() == plan::PolicyKind::Entropy ? 3
                      : drafter.policy() == plan::PolicyKind::Disco ? 5
                                                                    : 0;
    uint32_t given = drafter.settings() ? drafter.settings()->size() : 0;
    if (given < wanted)
      return bad("drafter %u has %u settings, policy %s takes %u", index, given,
                 EnumNamePolicyKind(drafter.policy()), wanted);
    return Status();
  }

  /// Entries of each id, whose counts of repetitions need their highest bytes.
  Status recycleBuffer(uint32_t index, const plan::Drafter &drafter) {
    uint32_t count = plan.buffers() ? plan.buffers()->size() : 0;
    if (drafter.buffer() >= count)
      return bad("drafter %u keeps what it learns in buffer %u of %u", index,
                 drafter.buffer(), count);
    uint64_t bytes = plan.buffers()->Get(drafter.buffer())->bytes();
    uint64_t each = drafter.keeps() ? drafter.keeps() : 1;
    uint64_t wanted = each * plan.vocabulary() * sizeof(int32_t);
    if (bytes < wanted)
      return bad("drafter %u needs %llu bytes in buffer %u, which has %llu",
                 index, ull(wanted), drafter.buffer(), ull(bytes));
    return Status();
  }

  Status bigrams() {
    const plan::Bigrams *bigrams = plan.bigrams();
    uint32_t next = bigrams && bigrams->next() ? bigrams->next()->size() : 0;
    uint32_t chance =
        bigrams && bigrams->chance() ? bigrams->chance()->size() : 0;
    if (next != plan.vocabulary() || chance != plan.vocabulary())
      return bad("bigrams of %u and %u ids, expected %u", next, chance,
                 plan.vocabulary());
    for (uint32_t id = 0; id < next; ++id)
      if (int32_t to = bigrams->next()->Get(id);
          to < -1 || to >= int64_t(plan.vocabulary()))
        return bad("the bigram of id %u goes to %d, which is no id", id, to);
    return Status();
  }

  Status costs() {
    constexpr uint32_t kRows = SINTER_SPECULATION_ROWS;
    const plan::Costs *costs = plan.costs();
    if (!costs)
      return Status();
    uint32_t count = costs->rows() ? costs->rows()->size() : 0;
    if (count != kRows)
      return bad("costs of %u numbers of rows, expected %u", count, kRows);
    if (costs->rows()->Get(0) != 1)
      return bad("a row costs %g, which is the unit",
                 double(costs->rows()->Get(0)));
    // Written so that NaN is refused, too.
    auto sensible = [](float cost) { return cost >= 0 && cost <= 1000; };
    for (uint32_t i = 1; i < kRows; ++i)
      if (float now = costs->rows()->Get(i), before = costs->rows()->Get(i - 1);
          !sensible(now) || now < before)
        return bad("%u rows cost %g and %u rows %g; expected rising costs up "
                   "to 1000",
                   i + 1, double(now), i, double(before));
    if (!sensible(costs->id()))
      return bad("an id of a draft costs %g, expected 0 to 1000",
                 double(costs->id()));
    return Status();
  }

  Status numbers() {
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

  Status properties() {
    for (auto *list : {plan.provenance(), plan.quality()})
      if (list)
        for (const plan::Property *property : *list)
          if (!property->key() || !property->value())
            return bad("a property without key or value");
    return Status();
  }

  Status golden() {
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

  const Origin &origin;
  const plan::Plan &plan;
  std::span<const uint8_t> file;
};

} // namespace

Status verifyTables(const Origin &origin, const plan::Plan &plan,
                    std::span<const uint8_t> file) {
  return TableVerifier(origin, plan, file).run();
}

} // namespace sinter::runtime
