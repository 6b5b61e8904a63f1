// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Up to the first NUL a Jinja template, behind it the messages as JSON: either
// text that is UTF-8 wherever the template is, or an error with a message.
#include "lib/Import/Text/Text.h"
#include "runtime/text/ChatTemplate.h"

#include <cstdlib>
#include <string>

using namespace sinter;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view all(reinterpret_cast<const char *>(data), size);
  std::string_view jinja = all.substr(0, all.find('\0'));
  std::string_view json = jinja.size() < all.size()
                              ? all.substr(jinja.size() + 1)
                              : R"([{"role": "user", "content": "a b"}])";
  import::Errors errors;
  auto built = import::buildChatTemplate(jinja, errors);
  if (!built) {
    if (errors.size() != 1 || !errors[0].starts_with("chat template, line "))
      std::abort();
    return 0;
  }
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(plan::CreateChatTemplate(builder, &*built));
  text::ChatTemplate chat;
  auto *table =
      flatbuffers::GetRoot<plan::ChatTemplate>(builder.GetBufferPointer());
  if (!chat.open(table, runtime::Allocator()).ok())
    std::abort();
  text::RenderInput input;
  input.json = json;
  input.bosToken = "<s>";
  text::RenderLimits limits;
  limits.steps = 20'000;
  limits.memory = 4 << 20;
  std::string out(1 << 16, 0);
  text::Sink<char> sink(out.data(), out.size());
  runtime::Status status = chat.render(input, sink, limits);
  if (!status.ok() && !*status.message())
    std::abort();
  if (status.ok() && sink.size() <= out.size() &&
      text::utf8ValidPrefix(jinja) == jinja.size() &&
      text::utf8ValidPrefix({out.data(), sink.size()}) != sink.size())
    std::abort();
  return 0;
}
