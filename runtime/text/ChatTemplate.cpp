// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/text/ChatTemplate.h"
#include "runtime/text/TemplateEvaluator.h"

using namespace sinter;
using namespace sinter::text;
using runtime::Status;

/// After this the evaluator can follow every index; children lie before their
/// parents, so that the tree has no circle.
Status ChatTemplate::open(const plan::ChatTemplate *from,
                          const runtime::Allocator &memory) {
  allocator = memory;
  table = nullptr;
  size_t count = from->nodes() ? from->nodes()->size() : 0;
  auto bad = [&](size_t at, const char *what) {
    return runtime::fail(
        allocator, SINTER_CORRUPT,
        "chat template of the plan: node %zu %s; compile the model again", at,
        what);
  };
  if (from->root() >= count)
    return bad(from->root(), "does not exist");
  for (size_t i = 0; i < count; ++i) {
    const plan::TemplateNode *node = from->nodes()->Get(i);
    if (node->kind() >= static_cast<uint8_t>(NodeKind::Count_))
      return runtime::fail(allocator, SINTER_UNSUPPORTED,
                           "chat template of the plan: node kind %d is unknown "
                           "to this runtime; use a newer one",
                           node->kind());
    size_t children = node->children() ? node->children()->size() : 0;
    if (children < minChildren(static_cast<NodeKind>(node->kind())))
      return bad(i, "has too few children");
    for (size_t j = 0; j < children; ++j) {
      uint32_t child = node->children()->Get(j);
      if (child >= i)
        return bad(i, "lies before its children");
      bool parameter =
          node->kind() == static_cast<uint8_t>(NodeKind::Macro) && j > 0;
      if (parameter && from->nodes()->Get(child)->kind() !=
                           static_cast<uint8_t>(NodeKind::Parameter))
        return bad(i, "has a parameter of another kind");
    }
  }
  table = from;
  return {};
}

std::string_view ChatTemplate::source() const {
  return table && table->source() ? table->source()->string_view()
                                  : std::string_view();
}

/// The variables of the template.
static bool addVariables(Heap &heap, const RenderInput &input, Mapping *to) {
  auto add = [&](std::string_view name, const Value &value) {
    heap.set(to, Value::of(name), value);
  };
  add("add_generation_prompt", Value::of(input.addGenerationPrompt));
  // What `transformers` passes always, with or without a value.
  add("tools", Value::none());
  add("documents", Value::none());
  for (auto [name, token] : {std::pair<std::string_view, std::string_view>{
                                 "bos_token", input.bosToken},
                             {"eos_token", input.eosToken},
                             {"unk_token", input.unkToken},
                             {"pad_token", input.padToken}})
    if (!token.empty())
      add(name, Value::of(token));
  Value json = readJson(heap, input.json);
  if (heap.failed())
    return false;
  if (json.is(ValueKind::List)) {
    add("messages", json);
  } else if (json.isMapping()) {
    for (size_t i = 0; i < json.mapping->size; ++i)
      heap.set(to, json.mapping->entries[i].key,
               json.mapping->entries[i].value);
  } else {
    heap.fail("the messages must be a JSON list, or an object with 'messages'");
    return false;
  }
  Value *messages = find(to, "messages");
  if (!messages || !messages->is(ValueKind::List)) {
    heap.fail("the JSON object has no list 'messages'");
    return false;
  }
  for (size_t i = 0; i < messages->sequence->size; ++i)
    if (!messages->sequence->items[i].isMapping()) {
      heap.fail("message %zu is no JSON object with 'role' and 'content'", i);
      return false;
    }
  return !heap.failed();
}

Status ChatTemplate::render(const RenderInput &input, Sink<char> &text,
                            const RenderLimits &limits) const {
  Heap heap(allocator, limits.memory, limits.steps);
  Mapping variables;
  if (!addVariables(heap, input, &variables))
    return heap.take();
  Evaluator evaluator(*table, heap, limits.depth);
  if (Value *clock = find(&variables, "strftime_now");
      clock && clock->is(ValueKind::Integer)) {
    evaluator.now = clock->integer;
    *clock = Value::ofText(ValueKind::Function, "strftime_now");
  }
  evaluator.run(variables);
  if (heap.failed())
    return heap.take();
  text.append(heap.written().data(), heap.written().size());
  return {};
}
