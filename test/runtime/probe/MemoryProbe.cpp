// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// memory-probe PLAN bound|refuse: what a compiled plan asks of its allocator.
//   bound   a JSON list: measured peak beside the formula, for several sizes
//   refuse  refuses each request once; exit 1 when something leaks, crashes or
//           gives another status than "out of memory"
#include "sinter-c/runtime.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

struct Counter {
  size_t held = 0, peak = 0, requests = 0, refuse = 0;

  sinter_allocator callbacks() { return {this, allocate, release}; }
  static void *allocate(void *context, size_t bytes, size_t alignment) {
    Counter &self = *static_cast<Counter *>(context);
    if (++self.requests == self.refuse)
      return nullptr;
    self.held += bytes;
    self.peak = std::max(self.peak, self.held);
    return std::aligned_alloc(alignment,
                              (bytes + alignment - 1) / alignment * alignment);
  }
  static void release(void *context, void *pointer, size_t bytes, size_t) {
    static_cast<Counter *>(context)->held -= bytes;
    std::free(pointer);
  }
};

[[noreturn]] void quit(const char *what, sinter_status *status) {
  std::fprintf(stderr, "memory-probe: %s: %s\n", what,
               sinter_status_message(status));
  std::exit(1);
}

sinter_status *openPlan(const char *path, Counter &counter, sinter_plan **out) {
  sinter_allocator callbacks = counter.callbacks();
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.threads = 2;
  options.verify = SINTER_VERIFY_METADATA;
  options.allocator = &callbacks;
  return sinter_plan_open(path, &options, out);
}

sinter_status *createSession(sinter_plan *plan, uint32_t context,
                             sinter_session **out) {
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.context = context;
  return sinter_session_create(plan, &options, out);
}

sinter_status *generate(sinter_session *session, const sinter_plan *plan,
                        const std::vector<int32_t> &ids) {
  sinter_generation options;
  sinter_generation_initialize(&options, plan);
  options.max_tokens = 3;
  options.sampling.temperature = 1;
  const char *stop = "never";
  options.stop = &stop;
  options.stop_count = 1;
  return sinter_session_generate(session, ids.data(), ids.size(), &options,
                                 nullptr);
}

void measure(const char *path, uint32_t sessions, uint32_t context,
             const char *separator) {
  Counter counter;
  sinter_plan *plan = nullptr;
  if (sinter_status *status = openPlan(path, counter, &plan))
    quit("open", status);
  uint32_t most = uint32_t(sinter_plan_number(plan, SINTER_MAX_CONTEXT));
  if (context == 0 || context > most)
    context = most;
  std::vector<sinter_session *> open(sessions);
  for (sinter_session *&session : open) {
    if (sinter_status *status = createSession(plan, context, &session))
      quit("session", status);
    std::vector<int32_t> ids(std::min<uint32_t>(context, 8), 1);
    if (sinter_status *status = generate(session, plan, ids))
      quit("generate", status);
  }
  std::printf("%s{\"sessions\": %u, \"context\": %u, \"peak\": %zu, "
              "\"formula\": %llu}",
              separator, sessions, context, counter.peak,
              static_cast<unsigned long long>(
                  sinter_plan_memory(plan, sessions, context)));
  for (sinter_session *session : open)
    sinter_session_release(session);
  sinter_plan_release(plan);
  if (counter.held != 0)
    quit("memory is left", nullptr);
}

/// All that allocates, up to the first failure.
sinter_status *useAll(Counter &counter, const char *path, sinter_plan **plan,
                      sinter_session **session, sinter_session **fork) {
  if (sinter_status *status = openPlan(path, counter, plan))
    return status;
  int32_t ids[64];
  char text[1024];
  size_t count = 0;
  const char *chat = R"([{"role": "user", "content": "Hello there"}])";
  if (sinter_status *status = sinter_plan_render(*plan, chat, strlen(chat), 1,
                                                 text, sizeof(text), &count))
    return status;
  if (sinter_status *status = sinter_plan_tokenize(
          *plan, text, count, SINTER_TEXT_SPECIAL, ids, 64, &count))
    return status;
  std::vector<int32_t> prompt(ids, ids + std::min<size_t>(count, 64));
  if (sinter_status *status = createSession(*plan, 80, session))
    return status;
  if (sinter_status *status = generate(*session, *plan, prompt))
    return status;
  if (sinter_status *status = sinter_session_fork(*session, fork))
    return status;
  return generate(*fork, *plan, prompt);
}

int refuseEach(const char *path) {
  for (size_t refuse = 1;; ++refuse) {
    Counter counter;
    counter.refuse = refuse;
    sinter_plan *plan = nullptr;
    sinter_session *session = nullptr, *fork = nullptr;
    sinter_status *status = useAll(counter, path, &plan, &session, &fork);
    sinter_code code = sinter_status_code(status);
    bool refused = counter.requests >= refuse;
    // Optional memory may be missing without a failure (a compiled regular
    // expression is only faster than one that is not).
    if (status && (!refused || code != SINTER_OUT_OF_MEMORY))
      quit("unexpected status", status);
    sinter_status_release(status);
    // After a refusal the session goes on.
    counter.refuse = 0;
    if (session)
      if (sinter_status *again = generate(session, plan, {1, 2, 3}))
        quit("after a refusal", again);
    sinter_session_release(fork);
    sinter_session_release(session);
    sinter_plan_release(plan);
    if (counter.held != 0) {
      std::fprintf(stderr, "memory-probe: request %zu: %zu bytes leaked\n",
                   refuse, counter.held);
      return 1;
    }
    if (!refused) {
      std::printf("{\"requests\": %zu}\n", counter.requests);
      return 0;
    }
  }
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  if (!strcmp(argv[2], "refuse"))
    return refuseEach(argv[1]);
  const char *separator = "[";
  for (uint32_t sessions : {1u, 2u, 4u})
    for (uint32_t context : {16u, 100u, 1000u, 0u}) {
      measure(argv[1], sessions, context, separator);
      separator = ",\n ";
    }
  std::printf("]\n");
  return 0;
}
