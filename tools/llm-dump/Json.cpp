// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The summary for programs.

#include "llvm/Support/JSON.h"
#include "tools/llm-dump/Dump.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace sinter;
using namespace sinter::dump;
namespace json = llvm::json;

/// Text of a file may be anything; JSON is UTF-8.
static json::Value string(const flatbuffers::String *from) {
  return json::fixUTF8(text(from));
}

static json::Array strings(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>> *all) {
  json::Array array;
  for (uint32_t i = 0; i < count(all); ++i)
    array.push_back(string(all->Get(i)));
  return array;
}

static json::Object properties(
    const flatbuffers::Vector<flatbuffers::Offset<plan::Property>> *all) {
  json::Object object;
  for (uint32_t i = 0; i < count(all); ++i)
    object[json::fixUTF8(text(all->Get(i)->key()))] =
        string(all->Get(i)->value());
  return object;
}

static json::Array sections(const plan::Plan &plan) {
  json::Array array;
  for (uint32_t i = 0; i < count(plan.sections()); ++i) {
    const plan::Section &section = *plan.sections()->Get(i);
    bool isCode = section.kind() == plan::SectionKind::Code;
    array.push_back(json::Object{{"name", string(section.name())},
                                 {"kind", isCode ? "code" : "weights"},
                                 {"offset", section.offset()},
                                 {"bytes", section.bytes()}});
  }
  return array;
}

static json::Array code(const plan::Plan &plan) {
  json::Array array;
  for (uint32_t i = 0; i < count(plan.code()); ++i) {
    const plan::CodeObject &object = *plan.code()->Get(i);
    array.push_back(json::Object{{"level", string(object.level())},
                                 {"features", strings(object.features())},
                                 {"image_bytes", object.image_bytes()}});
  }
  return array;
}

static json::Array weights(const plan::Plan &plan) {
  json::Array array;
  for (uint32_t i = 0; i < count(plan.weights()); ++i) {
    const plan::Weight &weight = *plan.weights()->Get(i);
    array.push_back(json::Object{{"name", string(weight.name())},
                                 {"offset", weight.offset()},
                                 {"bytes", weight.bytes()},
                                 {"rows", weight.rows()},
                                 {"cols", weight.cols()},
                                 {"encoding", string(weight.encoding())},
                                 {"sources", strings(weight.sources())}});
  }
  return array;
}

static json::Array kernels(const plan::Plan &plan) {
  json::Array array;
  for (uint32_t i = 0; i < count(plan.kernels()); ++i) {
    const plan::Kernel &kernel = *plan.kernels()->Get(i);
    array.push_back(json::Object{{"name", string(kernel.name())},
                                 {"bindings", strings(kernel.bindings())},
                                 {"scalars", strings(kernel.scalars())}});
  }
  return array;
}

static json::Object memory(const plan::Plan &plan, const Load &load) {
  const plan::Memory *memory = plan.memory();
  if (!memory)
    return {};
  return json::Object{
      {"load_bytes", memory->load_bytes()},
      {"session_bytes", memory->session_bytes()},
      {"session_bytes_per_page", memory->session_bytes_per_page()},
      {"session_bytes_per_worker", memory->session_bytes_per_worker()},
      {"ring_bytes_per_page", memory->ring_bytes_per_page()},
      {"ring_pages", memory->ring_pages()},
      {"page_tokens", memory->page_tokens()},
      {"worker_bytes", memory->worker_bytes()},
      {"sessions", load.sessions},
      {"context", load.context ? load.context : plan.max_context()},
      {"threads", load.threads},
      {"peak_bytes", peakBytes(plan, load)}};
}

static json::Value costs(const plan::Plan &plan) {
  const plan::Costs *from = plan.costs();
  if (!from)
    return nullptr;
  json::Array rows;
  for (uint32_t i = 0; i < count(from->rows()); ++i)
    rows.push_back(from->rows()->Get(i));
  return json::Object{{"rows", std::move(rows)},
                      {"id", from->id()},
                      {"measured", from->measured()}};
}

static json::Object defaults(const plan::Plan &plan) {
  const plan::GenerationDefaults *from = plan.defaults();
  if (!from)
    return {};
  json::Array stops;
  for (uint32_t i = 0; i < count(from->stop_ids()); ++i)
    stops.push_back(from->stop_ids()->Get(i));
  return json::Object{{"temperature", from->temperature()},
                      {"top_k", from->top_k()},
                      {"top_p", from->top_p()},
                      {"min_p", from->min_p()},
                      {"repetition_penalty", from->repetition_penalty()},
                      {"stop_ids", std::move(stops)}};
}

static json::Object tokenizer(const plan::Plan &plan) {
  const plan::Tokenizer *from = plan.tokenizer();
  if (!from)
    return {};
  uint32_t offsets = count(from->piece_offsets());
  return json::Object{{"kind", plan::EnumNameTokenizerKind(from->kind())},
                      {"tokens", offsets ? offsets - 1 : 0},
                      {"special", count(from->special_ids())},
                      {"pre_tokenizers", strings(from->pre_tokenizers())},
                      {"bos", from->bos()},
                      {"eos", from->eos()}};
}

static json::Object golden(const plan::Plan &plan) {
  const plan::Golden *from = plan.golden();
  if (!from)
    return {};
  return json::Object{{"texts", count(from->texts())},
                      {"chats", count(from->chats())},
                      {"logits", count(from->logits())}};
}

static json::Array depths(const plan::Plan &plan) {
  json::Array all;
  for (uint32_t i = 0; i < count(plan.depths()); ++i) {
    const plan::Depth &depth = *plan.depths()->Get(i);
    json::Array skips;
    for (uint32_t j = 0; j < count(depth.skips()); ++j)
      skips.push_back(depth.skips()->Get(j));
    all.push_back(json::Object{{"percent", depth.percent()},
                               {"skips", std::move(skips)}});
  }
  return all;
}

/// JSON knows no infinity.
static json::Value number(float from) {
  if (std::isfinite(from))
    return from;
  return json::Value(llvm::formatv("{0}", from).str());
}

static json::Object ffns(const plan::Ffns &from) {
  json::Array layers;
  for (uint32_t i = 0; i < count(from.layers()); ++i)
    layers.push_back(from.layers()->Get(i));
  return json::Object{{"layers", std::move(layers)},
                      {"threshold", from.threshold()},
                      {"warm_up", from.warm_up()}};
}

static json::Object retrieval(const plan::Retrieval &from) {
  return json::Object{{"entries", from.entries()},
                      {"nearest", from.nearest()},
                      {"similar", from.similar()},
                      {"keep", from.keep()},
                      {"width", from.width()}};
}

void sinter::dump::printJson(const PlanFile &file, const Load &load,
                             llvm::raw_ostream &out) {
  const plan::Plan &plan = file.tables();
  json::Array functions;
  for (uint32_t i = 0; i < count(plan.functions()); ++i)
    functions.push_back(
        json::Object{{"name", string(plan.functions()->Get(i)->name())},
                     {"params", strings(plan.functions()->Get(i)->params())},
                     {"results", plan.functions()->Get(i)->results()}});
  json::Object object{{"name", string(plan.name())},
                      {"architecture", string(plan.architecture())},
                      {"format_version", file.formatVersion()},
                      {"min_runtime", file.minRuntime()},
                      {"file_bytes", file.fileBytes()},
                      {"table_bytes", file.metaBytes()},
                      {"vocabulary", plan.vocabulary()},
                      {"max_context", plan.max_context()},
                      {"max_rows", plan.max_rows()},
                      {"logits_rows", plan.logits_rows()},
                      {"sections", sections(plan)},
                      {"code", code(plan)},
                      {"weights", weights(plan)},
                      {"kernels", kernels(plan)},
                      {"functions", std::move(functions)},
                      {"costs", costs(plan)},
                      {"memory", memory(plan, load)},
                      {"defaults", defaults(plan)},
                      {"provenance", properties(plan.provenance())},
                      {"quality", properties(plan.quality())},
                      {"tokenizer", tokenizer(plan)},
                      {"golden", golden(plan)}};
  if (count(plan.depths()))
    object["depths"] = depths(plan);
  if (plan.retrieval())
    object["retrieval"] = retrieval(*plan.retrieval());
  if (const plan::ModelSwitch *models = plan.model_switch())
    object["model_switch"] =
        json::Object{{"threshold", number(models->threshold())},
                     {"window", models->window()},
                     {"least", models->least()}};
  if (plan.ffns())
    object["ffns"] = ffns(*plan.ffns());
  if (plan.chat_template())
    object["chat_template"] = string(plan.chat_template()->source());
  out << llvm::formatv("{0:2}\n", json::Value(std::move(object)));
}
