// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A double of libsinter_runtime.so for tests of the tools: a model whose logits
// are a formula, so that a test can say what each tool must print. Tokens are
// bytes, and four more. Preloaded, it takes the place of the real library.
#ifndef SINTER_TEST_TOOLS_FAKERUNTIME_H
#define SINTER_TEST_TOOLS_FAKERUNTIME_H

#include "sinter-c/ffns.h"
#include "sinter-c/profile.h"
#include "sinter-c/runtime.h"
#include "sinter-c/speculation.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

constexpr int32_t vocabulary = 260, bos = 256, eos = 257;
constexpr uint32_t maxContext = 4096, maxRows = 7;

inline bool flag(const char *name) { return std::getenv(name) != nullptr; }

// FAKE_EARLY: what the plan leaves out: "sequence" half of the layers, "ffn" a
// quarter of the blocks, "stop" with exits all but the first token.
inline bool early(const char *what) {
  const char *value = std::getenv("FAKE_EARLY");
  return value && std::strcmp(value, what) == 0;
}

struct sinter_status {
  sinter_code code;
  std::string message;
};
struct sinter_plan {
  std::string cpu;
  uint32_t threads;
};
struct sinter_pool {
  sinter_pool_options options;
  sinter_profile_callback profile = nullptr;
  void *profileUser = nullptr;
};
struct sinter_session {
  uint32_t context, chunk;
  std::vector<int32_t> history;
  std::atomic<bool> cancelled{false};
  uint32_t threads = 1;
  sinter_profile_callback profile = nullptr;
  void *profileUser = nullptr;
  sinter_speculation speculation = {};
  uint32_t learned = 0;
  bool whole = !early("sequence");
  sinter_ffns ffns = {};
};

inline sinter_status *fail(sinter_code code, std::string message) {
  return new sinter_status{code, std::move(message)};
}

#endif
