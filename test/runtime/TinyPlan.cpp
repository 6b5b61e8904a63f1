// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/runtime/TinyPlan.h"
#include "runtime/plan/Digest.h"
#include "runtime/schema/KernelAbi.h"
#include "test/runtime/TinyFunctions.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace sinter::test {

namespace {

std::vector<uint8_t> readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The load segments and the symbols of a shared object made by the system's
/// linker.
struct Elf {
  explicit Elf(const std::vector<uint8_t> &file) : file(file) {
    header = reinterpret_cast<const Elf64_Ehdr *>(file.data());
  }
  void segments(plan::CodeObjectT &object) const {
    auto *program =
        reinterpret_cast<const Elf64_Phdr *>(file.data() + header->e_phoff);
    for (int i = 0; i < header->e_phnum; ++i) {
      if (program[i].p_type != PT_LOAD || program[i].p_flags & PF_W)
        continue;
      auto segment = std::make_unique<plan::SegmentT>();
      segment->address = program[i].p_vaddr;
      segment->offset = program[i].p_offset;
      segment->bytes = program[i].p_filesz;
      segment->executable = program[i].p_flags & PF_X;
      uint64_t end = (segment->address + segment->bytes + 4095) / 4096 * 4096;
      object.image_bytes = std::max(object.image_bytes, end);
      object.segments.push_back(std::move(segment));
    }
  }
  uint64_t symbol(const char *name) const {
    auto *section =
        reinterpret_cast<const Elf64_Shdr *>(file.data() + header->e_shoff);
    for (int i = 0; i < header->e_shnum; ++i) {
      if (section[i].sh_type != SHT_DYNSYM)
        continue;
      auto *symbols = reinterpret_cast<const Elf64_Sym *>(file.data() +
                                                          section[i].sh_offset);
      const char *strings = reinterpret_cast<const char *>(
          file.data() + section[section[i].sh_link].sh_offset);
      for (size_t s = 0; s < section[i].sh_size / sizeof(Elf64_Sym); ++s)
        if (!strcmp(strings + symbols[s].st_name, name))
          return symbols[s].st_value;
    }
    ADD_FAILURE() << "no symbol " << name;
    return 0;
  }
  const std::vector<uint8_t> &file;
  const Elf64_Ehdr *header;
};

void addKernels(plan::PlanT &tables, const std::vector<uint8_t> &code) {
  struct Declaration {
    const char *name;
    std::vector<std::string> bindings, scalars;
  };
  const Declaration declarations[] = {
      {"tiny_forward",
       {"arena", "ids", "k", "v", "pages", "runs"},
       {"rows", "pos", "runs"}},
      {"tiny_head", {"arena", "script", "logits"}, {"first", "rows"}},
      {"tiny_sample",
       {"logits", "token", "history"},
       {"pos", "seed", "temperature"}},
      {"tiny_barrier", {"cells"}, {"n"}},
      {"tiny_mxcsr", {"cells"}, {}},
      {"tiny_recur",
       {"arena", "ids", "s", "inputs", "pages"},
       {"rows", "pos", "half", "unplayed"}},
  };
  Elf elf(code);
  auto object = std::make_unique<plan::CodeObjectT>();
  object->level = "x86-64";
  object->features = {"sse2"};
  object->section = 1;
  elf.segments(*object);
  for (const Declaration &declaration : declarations) {
    auto kernel = std::make_unique<plan::KernelT>();
    kernel->name = declaration.name;
    kernel->bindings = declaration.bindings;
    kernel->scalars = declaration.scalars;
    tables.kernels.push_back(std::move(kernel));
    object->entries.push_back(elf.symbol(declaration.name));
  }
  tables.code.push_back(std::move(object));
}

void addMemory(plan::PlanT &tables) {
  auto add = [&](const char *name, uint64_t bytes, uint64_t perPosition) {
    auto buffer = std::make_unique<plan::BufferT>();
    buffer->name = name;
    buffer->bytes = bytes;
    buffer->bytes_per_position = perPosition;
    tables.buffers.push_back(std::move(buffer));
  };
  add("arena", 64 * 64, 0);
  add("ids", TinyPlan::kRows * 4, 0);
  add("history", 0, 4);
  add("logits", TinyPlan::kLogitsRows * 288 * 4, 0);
  add("token", 4, 0);
  add("runs", TinyPlan::kRows * 16, 0);
  auto state = std::make_unique<plan::StateT>();
  state->name = "kv";
  state->layers = 1;
  state->page_tokens = 16;
  state->page_bytes = {64, 64};
  state->type = "i32";
  tables.states.push_back(std::move(state));
}

/// One token a byte and an end-of-text token.
std::unique_ptr<plan::TokenizerT> byteTokenizer() {
  auto tokenizer = std::make_unique<plan::TokenizerT>();
  for (uint32_t i = 0; i < 256; ++i) {
    tokenizer->piece_offsets.push_back(i);
    tokenizer->piece_bytes.push_back(uint8_t(i));
    tokenizer->token_types.push_back(1);
    tokenizer->byte_ids.push_back(i);
  }
  for (char c : std::string("<end>"))
    tokenizer->piece_bytes.push_back(uint8_t(c));
  tokenizer->piece_offsets.push_back(256);
  tokenizer->piece_offsets.push_back(261);
  tokenizer->token_types.push_back(3);
  tokenizer->special_ids = {TinyPlan::kEnd};
  tokenizer->merge_keys = {UINT64_MAX, UINT64_MAX};
  tokenizer->merge_values = {0, 0};
  tokenizer->eos = TinyPlan::kEnd;
  return tokenizer;
}

} // namespace

TinyPlan::TinyPlan(std::vector<int32_t> script) : code(readFile(TINY_KERNELS)) {
  tables.kernel_abi = SINTER_KERNEL_ABI;
  tables.name = "tiny";
  tables.architecture = "hash";
  tables.vocabulary = kVocabulary;
  tables.max_context = kContext;
  tables.max_rows = kRows;
  tables.logits_rows = kLogitsRows;
  tables.input_buffer = Ids;
  tables.history_buffer = History;
  addKernels(tables, code);
  addMemory(tables);
  addFunctions(tables);
  tables.tokenizer = byteTokenizer();
  auto property = std::make_unique<plan::PropertyT>();
  property->key = "activations";
  property->value = "int8";
  tables.provenance.push_back(std::move(property));
  script.insert(script.begin(), int32_t(script.size()));
  weights.resize(std::max<size_t>(256, script.size() * 4));
  memcpy(weights.data(), script.data(), script.size() * 4);
  auto weight = std::make_unique<plan::WeightT>();
  weight->name = "script";
  weight->bytes = weights.size();
  tables.weights.push_back(std::move(weight));
}

std::vector<uint8_t> TinyPlan::bytes() {
  std::vector<uint8_t> file(4096);
  tables.sections.clear();
  auto append = [&](const char *name, plan::SectionKind kind,
                    const std::vector<uint8_t> &contents) {
    auto section = std::make_unique<plan::SectionT>();
    section->name = name;
    section->kind = kind;
    section->offset = file.size();
    section->bytes = contents.size();
    for (size_t i = 0; i < contents.size(); i += SINTER_PLAN_DIGEST_BLOCK)
      section->digests.push_back(runtime::digestBytes(
          contents.data() + i,
          std::min<size_t>(contents.size() - i, SINTER_PLAN_DIGEST_BLOCK)));
    tables.sections.push_back(std::move(section));
    file.insert(file.end(), contents.begin(), contents.end());
    file.resize((file.size() + 4095) / 4096 * 4096);
  };
  append("weights", plan::SectionKind::Weights, weights);
  append("code", plan::SectionKind::Code, code);
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(plan::Plan::Pack(builder, &tables), plan::PlanIdentifier());
  sinter_plan_header header = {};
  memcpy(header.magic, SINTER_PLAN_MAGIC, 8);
  header.format_version = SINTER_PLAN_FORMAT_VERSION;
  header.header_bytes = sizeof(header);
  header.meta_offset = file.size();
  header.meta_bytes = builder.GetSize();
  header.min_runtime = 2;
  file.insert(file.end(), builder.GetBufferPointer(),
              builder.GetBufferPointer() + builder.GetSize());
  header.file_bytes = file.size();
  memcpy(file.data(), &header, sizeof(header));
  fixDigests(file);
  return file;
}

void fixDigests(std::vector<uint8_t> &file) {
  sinter_plan_header header;
  if (file.size() < sizeof(header))
    return;
  memcpy(&header, file.data(), sizeof(header));
  if (header.meta_offset <= file.size() &&
      header.meta_bytes <= file.size() - header.meta_offset)
    header.meta_digest = runtime::digestBytes(file.data() + header.meta_offset,
                                              header.meta_bytes);
  header.header_digest = runtime::digestBytes(
      &header, offsetof(sinter_plan_header, header_digest));
  memcpy(file.data(), &header, sizeof(header));
}

TemporaryFile::TemporaryFile(const std::vector<uint8_t> &contents) {
  path = testing::TempDir() + "sinter-XXXXXX";
  int file = mkstemp(path.data());
  EXPECT_GE(file, 0);
  EXPECT_EQ(::write(file, contents.data(), contents.size()),
            ssize_t(contents.size()));
  close(file);
}
TemporaryFile::~TemporaryFile() { unlink(path.c_str()); }

const std::string &TinyPlan::write() {
  if (!path.empty())
    unlink(path.c_str());
  TemporaryFile file(bytes());
  path.swap(file.path);
  return path;
}

TinyPlan::~TinyPlan() {
  if (!path.empty())
    unlink(path.c_str());
}

CountingAllocator::CountingAllocator() {
  callbacks.context = this;
  callbacks.allocate = [](void *context, size_t bytes,
                          size_t alignment) -> void * {
    auto &self = *static_cast<CountingAllocator *>(context);
    if (++self.requests == self.refuse)
      return nullptr;
    self.held += bytes;
    self.peak = std::max(self.peak, self.held);
    return std::aligned_alloc(alignment,
                              (bytes + alignment - 1) / alignment * alignment);
  };
  callbacks.release = [](void *context, void *pointer, size_t bytes, size_t) {
    static_cast<CountingAllocator *>(context)->held -= bytes;
    std::free(pointer);
  };
}

std::string messageOf(sinter_status *status) {
  StatusOwner owner(status);
  return sinter_status_message(status);
}

PlanOwner openPlan(const std::string &path, uint32_t threads) {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.threads = threads;
  sinter_plan *plan = nullptr;
  EXPECT_EQ(messageOf(sinter_plan_open(path.c_str(), &options, &plan)), "");
  return PlanOwner(plan);
}

SessionOwner openSession(const PlanOwner &plan, uint32_t context,
                         uint32_t chunk) {
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.context = context;
  options.chunk = chunk;
  sinter_session *session = nullptr;
  EXPECT_EQ(messageOf(sinter_session_create(plan.get(), &options, &session)),
            "");
  return SessionOwner(session);
}

PoolOwner openPool(const PlanOwner &plan, const sinter_pool_options &options) {
  sinter_pool *pool = nullptr;
  EXPECT_EQ(messageOf(sinter_pool_create(plan.get(), &options, &pool)), "");
  return PoolOwner(pool);
}

SessionOwner sessionIn(const PlanOwner &plan, const PoolOwner &pool) {
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.pool = pool.get();
  sinter_session *session = nullptr;
  EXPECT_EQ(messageOf(sinter_session_create(plan.get(), &options, &session)),
            "");
  return SessionOwner(session);
}

sinter_generation greedy(uint32_t maxTokens) {
  sinter_generation options;
  sinter_generation_initialize(&options, nullptr);
  options.max_tokens = maxTokens;
  return options;
}

Generated generate(const SessionOwner &session, const std::vector<int32_t> &ids,
                   sinter_generation options) {
  Generated result;
  options.user = &result;
  options.callback = [](void *user, int32_t id, const char *text,
                        size_t bytes) {
    auto &result = *static_cast<Generated *>(user);
    result.ids.push_back(id);
    result.pieces.emplace_back(text, bytes);
    result.text.append(text, bytes);
    return 0;
  };
  result.statistics.size = sizeof(result.statistics);
  StatusOwner status(sinter_session_generate(
      session.get(), ids.data(), ids.size(), &options, &result.statistics));
  result.code = sinter_status_code(status.get());
  result.message = sinter_status_message(status.get());
  return result;
}

std::vector<float> score(const SessionOwner &session,
                         const std::vector<int32_t> &ids) {
  std::vector<float> logits;
  StatusOwner status(sinter_session_score(
      session.get(), ids.data(), ids.size(),
      [](void *user, uint32_t, uint32_t rows, const float *values) {
        auto &logits = *static_cast<std::vector<float> *>(user);
        logits.insert(logits.end(), values,
                      values + size_t(rows) * TinyPlan::kVocabulary);
        return 0;
      },
      &logits));
  EXPECT_STREQ(sinter_status_message(status.get()), "");
  return logits;
}

} // namespace sinter::test
