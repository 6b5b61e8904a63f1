// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/base/Status.h"

#include <cstdarg>
#include <cstdio>
#include <new>

struct sinter_status {
  sinter_code code;
  size_t bytes; // of the allocation; 0: static
  const char *message;
  sinter::runtime::Allocator allocator;
};

extern "C" {

sinter_code sinter_status_code(const sinter_status *status) {
  return status ? status->code : SINTER_OK;
}

const char *sinter_status_message(const sinter_status *status) {
  return status ? status->message : "";
}

void sinter_status_release(sinter_status *status) {
  if (!status || status->bytes == 0)
    return;
  sinter::runtime::Allocator allocator = status->allocator;
  allocator.release(status, status->bytes);
}
}

namespace sinter::runtime {

Status outOfMemory() {
  static sinter_status status{SINTER_OUT_OF_MEMORY, 0,
                              "out of memory: the allocator refused a request",
                              Allocator()};
  return Status(&status);
}

Status fail(const Allocator &allocator, sinter_code code, const char *format,
            ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int length = std::vsnprintf(nullptr, 0, format, args);
  va_end(args);
  size_t bytes = sizeof(sinter_status) + (length < 0 ? 0 : length) + 1;
  void *memory = allocator.allocate(bytes);
  if (!memory) {
    va_end(again);
    return outOfMemory();
  }
  char *text = static_cast<char *>(memory) + sizeof(sinter_status);
  text[0] = 0;
  if (length > 0)
    std::vsnprintf(text, length + 1, format, again);
  va_end(again);
  return Status(new (memory) sinter_status{code, bytes, text, allocator});
}

} // namespace sinter::runtime
