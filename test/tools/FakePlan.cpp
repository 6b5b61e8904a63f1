// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Status, plan and text of the double.
#include "test/tools/FakeRuntime.h"

#include <fstream>

namespace {
const char *const special[] = {"<bos>", "<eos>", "<user>", "<end>"};

// Each cost: a constant, then a row's.
const char ops[] = R"({"layer": [
  {"name": "norm", "stage": 0, "rows": 1, "position": 0, "weights": [64, 0, 0, 0],
   "activations": [0, 8, 0, 0], "f32": [0, 16, 0, 0]},
  {"name": "contract w", "stage": 1, "rows": 1, "position": 0, "weights": [1000, 0, 0, 0],
   "int8": [0, 5000, 0, 0]},
  {"name": "attention", "stage": 1, "rows": 1, "position": 0, "state": [0, 200, 0, 0],
   "f32": [0, 40, 0, 0]}]})";

// FAKE_POSITIONS: instead a byte for every position that a row sees.
const char sight[] = R"({"layer": [{"name": "attention", "stage": 0, "rows": 1,
  "position": 2, "state": [0, 0, 0, 1]}]})";
} // namespace

sinter_code sinter_status_code(const sinter_status *status) {
  return status ? status->code : SINTER_OK;
}
const char *sinter_status_message(const sinter_status *status) {
  return status ? status->message.c_str() : "";
}
void sinter_status_release(sinter_status *status) { delete status; }
const char *sinter_version(void) { return "0.0.0-fake"; }
uint32_t sinter_api_version(void) { return 1 << 16; }

void sinter_plan_options_initialize(sinter_plan_options *options) {
  *options = {};
  options->size = sizeof(*options);
  options->verify = SINTER_VERIFY_WEIGHTS;
}

sinter_status *sinter_plan_open(const char *path,
                                const sinter_plan_options *options,
                                sinter_plan **out) {
  sinter_plan_options defaults;
  sinter_plan_options_initialize(&defaults);
  options = options ? options : &defaults;
  std::ifstream file(path);
  std::string word;
  if (!file)
    return fail(SINTER_NOT_FOUND, std::string("cannot open '") + path + "'");
  file >> word;
  if (word != "FAKE")
    return fail(SINTER_CORRUPT, std::string("'") + path + "' is no plan");
  if (options->verify == SINTER_VERIFY_SHA256 && flag("FAKE_DAMAGED"))
    return fail(SINTER_CORRUPT, std::string("'") + path + "': SHA-256 differs");
  *out = new sinter_plan{options->cpu ? options->cpu : "fake-v1",
                         options->threads ? options->threads : 2};
  return nullptr;
}
void sinter_plan_release(sinter_plan *plan) { delete plan; }

uint64_t sinter_plan_number(const sinter_plan *plan, sinter_number what) {
  switch (what) {
  case SINTER_VOCABULARY:
    return vocabulary;
  case SINTER_MAX_CONTEXT:
    return maxContext;
  case SINTER_MAX_ROWS:
    return maxRows;
  case SINTER_THREADS:
    return plan->threads;
  default:
    return 1 << 20;
  }
}
const char *sinter_plan_property(const sinter_plan *plan, const char *key) {
  if (std::strcmp(key, "cpu") == 0)
    return plan->cpu.c_str();
  if (std::strcmp(key, "prefetch") == 0)
    return "code";
  if (std::strcmp(key, "ops") == 0 && !flag("FAKE_OLD"))
    return flag("FAKE_POSITIONS") ? sight : ops;
  if (std::strcmp(key, "lossy") == 0 && flag("FAKE_EARLY"))
    return "kv_window 64, early_exit fake";
  if (std::strcmp(key, "fidelity") == 0 && flag("FAKE_EARLY"))
    return "lossy";
  return std::strcmp(key, "name") == 0 ? "fake" : nullptr;
}
uint64_t sinter_plan_memory(const sinter_plan *, uint32_t, uint32_t) {
  return 1;
}
void sinter_sampling_initialize(sinter_sampling *sampling,
                                const sinter_plan *) {
  *sampling = {sizeof(*sampling), 0, 0, 1, 0, 1, 0, 0};
}

sinter_status *sinter_plan_tokenize(const sinter_plan *, const char *text,
                                    size_t bytes, uint32_t flags, int32_t *ids,
                                    size_t capacity, size_t *count) {
  std::vector<int32_t> out;
  const bool ends = (flags & SINTER_TEXT_BOS_EOS) && flag("FAKE_BOS");
  if (ends)
    out.push_back(bos);
  std::string_view rest(text, bytes);
  while (!rest.empty()) {
    size_t taken = 0;
    for (int32_t i = 0; i < 4 && (flags & SINTER_TEXT_SPECIAL); ++i)
      if (rest.starts_with(special[i])) {
        out.push_back(bos + i);
        taken = std::strlen(special[i]);
      }
    if (!taken)
      out.push_back(static_cast<unsigned char>(rest[taken++]));
    rest.remove_prefix(taken);
  }
  if (ends)
    out.push_back(eos);
  for (size_t i = 0; i < out.size() && i < capacity; ++i)
    ids[i] = out[i];
  *count = out.size();
  return nullptr;
}

sinter_status *sinter_plan_detokenize(const sinter_plan *, const int32_t *ids,
                                      size_t count, uint32_t flags, char *text,
                                      size_t capacity, size_t *bytes) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] >= vocabulary)
      return fail(SINTER_INVALID_ARGUMENT,
                  "id " + std::to_string(ids[i]) + " is not in the vocabulary");
    if (ids[i] < bos)
      out += static_cast<char>(ids[i]);
    else if (flags & SINTER_TEXT_SPECIAL)
      out += special[ids[i] - bos];
  }
  std::memcpy(text, out.data(), std::min(out.size(), capacity));
  *bytes = out.size();
  return nullptr;
}

// Content strings without escapes: <user>TEXT<end> for each message.
sinter_status *sinter_plan_render(const sinter_plan *, const char *json,
                                  size_t size, int prompt, char *text,
                                  size_t capacity, size_t *bytes) {
  std::string_view rest(json, size);
  const std::string_view key = "\"content\":\"";
  std::string out;
  for (size_t at; (at = rest.find(key)) != rest.npos;) {
    rest.remove_prefix(at + key.size());
    out += "<user>" + std::string(rest.substr(0, rest.find('"'))) + "<end>";
  }
  if (out.empty())
    return fail(SINTER_INVALID_ARGUMENT, "messages: expected a list");
  out += prompt ? "A" : "";
  std::memcpy(text, out.data(), std::min(out.size(), capacity));
  *bytes = out.size();
  return nullptr;
}

const char *sinter_plan_drafter(const sinter_plan *, uint32_t index) {
  return index == 0 && flag("FAKE_DRAFTS") ? "copy" : nullptr;
}

uint64_t sinter_plan_barrier_time(const sinter_plan *plan, uint32_t rounds) {
  return plan->threads > 1 ? 50 * uint64_t(rounds) : 0;
}

sinter_status *sinter_plan_selftest(sinter_plan *,
                                    sinter_report_callback callback,
                                    void *data) {
  callback(data, 1, "tokenizer: 3 vectors");
  callback(data, !flag("FAKE_DAMAGED"), "logits: 2 positions");
  return flag("FAKE_DAMAGED") ? fail(SINTER_MISMATCH, "the self-test failed")
                              : nullptr;
}
