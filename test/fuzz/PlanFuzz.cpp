// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Opens arbitrary bytes as a plan.  Digests are put right first, so that
// mutations reach the tables behind them.  The plan's code is never run: it is
// native code, and a plan is trusted like a shared library.
#include "runtime/schema/PlanFile.h"
#include "runtime/schema/plan_generated.h"
#include "sinter-c/runtime.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace {

void fixSections(std::vector<uint8_t> &file, uint8_t *meta, uint64_t bytes) {
  flatbuffers::Verifier verifier(meta, bytes, 96);
  if (!sinter::plan::VerifyPlanBuffer(verifier))
    return;
  const sinter::plan::Plan *plan = sinter::plan::GetPlan(meta);
  if (!plan->sections())
    return;
  for (const sinter::plan::Section *section : *plan->sections()) {
    if (!section->digests() || section->offset() > file.size() ||
        section->bytes() > file.size() - section->offset())
      continue;
    auto *digests = const_cast<uint8_t *>(section->digests()->Data());
    for (uint64_t i = 0; i < section->digests()->size(); ++i) {
      uint64_t start = i * SINTER_PLAN_DIGEST_BLOCK;
      if (start >= section->bytes())
        break;
      uint64_t left = section->bytes() - start;
      uint64_t digest = XXH3_64bits(
          file.data() + section->offset() + start,
          left < SINTER_PLAN_DIGEST_BLOCK ? left : SINTER_PLAN_DIGEST_BLOCK);
      memcpy(digests + 8 * i, &digest, sizeof(digest));
    }
  }
}

void fixDigests(std::vector<uint8_t> &file) {
  sinter_plan_header header;
  if (file.size() < sizeof(header))
    return;
  memcpy(&header, file.data(), sizeof(header));
  memcpy(header.magic, SINTER_PLAN_MAGIC, sizeof(header.magic));
  header.file_bytes = file.size();
  if (header.meta_offset % 64 == 0 && header.meta_offset <= file.size() &&
      header.meta_bytes <= file.size() - header.meta_offset) {
    uint8_t *meta = file.data() + header.meta_offset;
    if (header.meta_bytes >= 16)
      fixSections(file, meta, header.meta_bytes);
    header.meta_digest = XXH3_64bits(meta, header.meta_bytes);
  }
  header.header_digest =
      XXH3_64bits(&header, offsetof(sinter_plan_header, header_digest));
  memcpy(file.data(), &header, sizeof(header));
}

/// What a forged size asks for must not fill the machine.
void *allocateLittle(void *, size_t bytes, size_t alignment) {
  void *pointer = nullptr;
  if (bytes > size_t(64) << 20 ||
      posix_memalign(&pointer, alignment < 16 ? 16 : alignment, bytes))
    return nullptr;
  return pointer;
}
void releaseLittle(void *, void *pointer, size_t, size_t) { free(pointer); }

void use(sinter_plan *plan) {
  sinter_session *session = nullptr;
  sinter_status_release(sinter_session_create(plan, nullptr, &session));
  sinter_session_release(session);
  int32_t ids[16];
  char text[64];
  size_t count = 0;
  sinter_status_release(
      sinter_plan_tokenize(plan, "a <end>\xff", 8, 3, ids, 16, &count));
  for (int32_t &id : ids)
    id = int32_t(&id - ids) * 17;
  sinter_status_release(
      sinter_plan_detokenize(plan, ids, 16, 1, text, sizeof(text), &count));
  const char *chat = R"([{"role": "user", "content": "x"}])";
  sinter_status_release(sinter_plan_render(plan, chat, strlen(chat), 1, text,
                                           sizeof(text), &count));
  sinter_plan_property(plan, "kv");
  sinter_plan_memory(plan, 2, 100);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int descriptor = memfd_create("plan", 0);
  std::vector<uint8_t> file(data, data + size);
  fixDigests(file);
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, file.data(), file.size(), 0) != ssize_t(file.size()))
    return 0;
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
  sinter_allocator allocator = {nullptr, allocateLittle, releaseLittle};
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.threads = 1;
  options.allocator = &allocator;
  sinter_plan *plan = nullptr;
  sinter_status *status = sinter_plan_open(path, &options, &plan);
  if (!status)
    use(plan);
  else if (sinter_status_code(status) == SINTER_INTERNAL ||
           !*sinter_status_message(status))
    abort();
  sinter_status_release(status);
  sinter_plan_release(plan);
  return 0;
}
