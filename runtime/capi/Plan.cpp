// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about plans and their text.
#include "runtime/capi/Objects.h"
#include "runtime/state/ModelState.h"

#include <cstring>

using namespace sinter::runtime;
namespace plan = sinter::plan;

sinter_status *sinter::runtime::handOut(const Allocator &host, Status status) {
  if (status.ok())
    return nullptr;
  return fail(host, status.code(), "%s", status.message()).release();
}

extern "C" {

const char *sinter_version(void) { return SINTER_VERSION_STRING; }
uint32_t sinter_api_version(void) {
  return SINTER_API_MAJOR << 16 | SINTER_API_MINOR;
}

void sinter_plan_options_initialize(sinter_plan_options *options) {
  if (!options)
    return;
  *options = {};
  options->size = sizeof(*options);
  options->verify = SINTER_VERIFY_WEIGHTS;
}

sinter_status *sinter_plan_open(const char *path,
                                const sinter_plan_options *given,
                                sinter_plan **outPlan) {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options = readOptions(given, options);
  Allocator host =
      options.allocator ? Allocator(*options.allocator) : Allocator();
  if (!path || !outPlan)
    return fail(host, SINTER_INVALID_ARGUMENT,
                "sinter_plan_open: path and out_plan must not be NULL")
        .release();
  auto opened = Owned<sinter_plan>::make(host, host);
  if (!opened)
    return outOfMemory().release();
  Status status = opened->loaded.open(path, options);
  if (!status.ok())
    return handOut(host, std::move(status));
  *outPlan = opened.release();
  return nullptr;
}

void sinter_plan_release(sinter_plan *plan) {
  if (plan)
    Owned<sinter_plan>::adopt(plan->loaded.hostAllocator(), plan);
}

uint64_t sinter_plan_number(const sinter_plan *plan, sinter_number what) {
  if (!plan)
    return 0;
  const plan::Plan &tables = plan->loaded.tables();
  switch (what) {
  case SINTER_VOCABULARY:
    return tables.vocabulary();
  case SINTER_MAX_CONTEXT:
    return tables.max_context();
  case SINTER_MAX_ROWS:
    return tables.max_rows();
  case SINTER_THREADS:
    return plan->loaded.workers().workers();
  case SINTER_FILE_BYTES:
    return plan->loaded.file().size();
  case SINTER_WEIGHT_BYTES: {
    uint64_t bytes = 0;
    for (const plan::Section *section : *tables.sections())
      if (section->kind() == plan::SectionKind::Weights)
        bytes += section->bytes();
    return bytes;
  }
  }
  return 0;
}

const char *sinter_plan_property(const sinter_plan *plan, const char *key) {
  if (!plan || !key)
    return nullptr;
  const plan::Plan &tables = plan->loaded.tables();
  auto text = [](const flatbuffers::String *string) {
    return string ? string->c_str() : nullptr;
  };
  if (!strcmp(key, "name"))
    return text(tables.name());
  if (!strcmp(key, "architecture"))
    return text(tables.architecture());
  if (!strcmp(key, "cpu"))
    return plan->loaded.level();
  if (!strcmp(key, "prefetch"))
    return plan->loaded.prefetch();
  for (auto *list : {tables.provenance(), tables.quality()})
    if (list)
      for (const plan::Property *property : *list)
        if (!strcmp(property->key()->c_str(), key))
          return property->value()->c_str();
  if (!strcmp(key, "kv"))
    return text(modelState(tables).type());
  return nullptr;
}

sinter_status *sinter_plan_tokenize(const sinter_plan *plan, const char *text,
                                    size_t bytes, uint32_t flags, int32_t *ids,
                                    size_t capacity, size_t *outCount) {
  Allocator host = plan ? plan->loaded.hostAllocator() : Allocator();
  if (!plan || (!text && bytes) || (!ids && capacity) || !outCount)
    return fail(host, SINTER_INVALID_ARGUMENT,
                "sinter_plan_tokenize: a pointer is NULL")
        .release();
  if (!plan->loaded.tokenizer.isOpen())
    return fail(host, SINTER_UNSUPPORTED, "the plan holds no tokenizer")
        .release();
  sinter::text::Sink<int32_t> sink(ids, capacity);
  Status status = plan->loaded.tokenizer.encode({text, bytes}, flags, sink);
  if (status.ok())
    *outCount = sink.size();
  return handOut(host, std::move(status));
}

sinter_status *sinter_plan_detokenize(const sinter_plan *plan,
                                      const int32_t *ids, size_t count,
                                      uint32_t flags, char *text,
                                      size_t capacity, size_t *outBytes) {
  Allocator host = plan ? plan->loaded.hostAllocator() : Allocator();
  if (!plan || (!ids && count) || (!text && capacity) || !outBytes)
    return fail(host, SINTER_INVALID_ARGUMENT,
                "sinter_plan_detokenize: a pointer is NULL")
        .release();
  if (!plan->loaded.tokenizer.isOpen())
    return fail(host, SINTER_UNSUPPORTED, "the plan holds no tokenizer")
        .release();
  sinter::text::Sink<char> sink(text, capacity);
  Status status = plan->loaded.tokenizer.decode(ids, count, flags, sink);
  if (status.ok())
    *outBytes = sink.size();
  return handOut(host, std::move(status));
}

sinter_status *sinter_plan_render(const sinter_plan *plan, const char *json,
                                  size_t bytes, int addGenerationPrompt,
                                  char *text, size_t capacity,
                                  size_t *outBytes) {
  Allocator host = plan ? plan->loaded.hostAllocator() : Allocator();
  if (!plan || (!json && bytes) || (!text && capacity) || !outBytes)
    return fail(host, SINTER_INVALID_ARGUMENT,
                "sinter_plan_render: a pointer is NULL")
        .release();
  const LoadedPlan &loaded = plan->loaded;
  if (!loaded.chatTemplate.isOpen())
    return fail(host, SINTER_UNSUPPORTED,
                "the plan holds no chat template; send the prompt as text")
        .release();
  sinter::text::RenderInput input;
  input.json = {json, bytes};
  input.addGenerationPrompt = addGenerationPrompt != 0;
  if (loaded.tokenizer.isOpen()) {
    input.bosToken = loaded.tokenizer.piece(loaded.tokenizer.bos());
    input.eosToken = loaded.tokenizer.piece(loaded.tokenizer.eos());
    input.unkToken = loaded.tokenizer.piece(loaded.tokenizer.unk());
    input.padToken = loaded.tokenizer.piece(loaded.tokenizer.pad());
  }
  sinter::text::Sink<char> sink(text, capacity);
  Status status = loaded.chatTemplate.render(input, sink);
  if (status.ok())
    *outBytes = sink.size();
  return handOut(host, std::move(status));
}
}
