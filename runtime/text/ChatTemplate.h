//===- ChatTemplate.h - Renders a model's chat template ---------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluates the tree that the compiler parsed from the model's own Jinja
// template (runtime/schema/text.fbs, runtime/text/TemplateNodes.h), with the
// results that `transformers` gives.  What cannot be rendered is an error with
// the line of the template; no other template is ever used instead.
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_RUNTIME_TEXT_CHATTEMPLATE_H
#define SINTER_RUNTIME_TEXT_CHATTEMPLATE_H

#include "runtime/base/Status.h"
#include "runtime/text/Utf8.h"

namespace sinter::plan {
struct ChatTemplate;
}

namespace sinter::text {

/// What a rendering starts from.
struct RenderInput {
  /// A JSON list of messages, or an object with "messages" and any other
  /// variables ("tools", "documents", "enable_thinking", ...).  An integer
  /// "strftime_now" stops the clock at that many seconds since the epoch, UTC.
  std::string_view json;
  /// Value of `add_generation_prompt` unless the JSON object has its own.
  bool addGenerationPrompt = true;
  /// Text of the model's tokens; an empty one is left undefined.
  std::string_view bosToken, eosToken, unkToken, padToken;
};

/// Bounds of one rendering; beyond them it fails with a message.
struct RenderLimits {
  uint64_t steps = 20'000'000;       // nodes evaluated
  uint32_t depth = 600;              // nesting of nodes, macros and values
  size_t memory = size_t(256) << 20; // bytes of values and text
};

class ChatTemplate {
public:
  /// Checks the tree; `from` lives in the mapped plan and must outlive this.
  runtime::Status open(const plan::ChatTemplate *from,
                       const runtime::Allocator &memory);
  bool isOpen() const { return table; }

  /// Any thread; working memory is released before returning.
  runtime::Status render(const RenderInput &input, Sink<char> &text,
                         const RenderLimits &limits = {}) const;
  /// The Jinja source; empty when closed.
  std::string_view source() const;

private:
  const plan::ChatTemplate *table = nullptr;
  runtime::Allocator allocator;
};

} // namespace sinter::text

#endif // SINTER_RUNTIME_TEXT_CHATTEMPLATE_H
