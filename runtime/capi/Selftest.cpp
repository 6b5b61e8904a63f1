// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Runs the golden section of a plan on this machine.
#include "runtime/capi/Objects.h"
#include "runtime/decode/Scoring.h"
#include "sinter-c/depth.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>

using namespace sinter::runtime;
namespace plan = sinter::plan;

namespace {

class Selftest {
public:
  Selftest(sinter_plan *tested, sinter_report_callback callback, void *user)
      : tested(tested), loaded(tested->loaded), callback(callback), user(user) {
  }

  Status run() {
    const plan::Golden *golden = loaded.tables().golden();
    if (!golden)
      return fail(loaded.allocator(), SINTER_UNSUPPORTED,
                  "the plan holds no golden section");
    if (golden->texts())
      for (const plan::GoldenText *text : *golden->texts())
        SINTER_TRY(checkText(*text));
    if (golden->chats())
      for (const plan::GoldenChat *chat : *golden->chats())
        SINTER_TRY(checkChat(*chat));
    if (golden->logits())
      for (const plan::GoldenLogits *row : *golden->logits())
        SINTER_TRY(checkLogits(*row));
    if (failures == 0)
      return Status();
    return fail(loaded.allocator(), SINTER_MISMATCH,
                "%u of %u checks of the golden section failed with code for "
                "%s",
                failures, checks, loaded.level());
  }

private:
  void report(bool passed, const char *format, ...)
      __attribute__((format(printf, 3, 4))) {
    ++checks;
    failures += !passed;
    char line[256];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (callback)
      callback(user, passed, line);
  }

  /// Calls `fill(buffer, capacity, out_size)` twice: for the size, then all.
  template <typename T, typename Fill> Status sized(Vector<T> &out, Fill fill) {
    size_t size = 0;
    if (sinter_status *status = fill(nullptr, 0, &size))
      return Status(status);
    SINTER_NEED(out.resize(size));
    return Status(fill(out.data(), size, &size));
  }

  Status checkText(const plan::GoldenText &golden) {
    const flatbuffers::String &text = *golden.text();
    Vector<int32_t> ids(loaded.allocator());
    SINTER_TRY(sized(ids, [&](int32_t *out, size_t room, size_t *count) {
      return sinter_plan_tokenize(tested, text.c_str(), text.size(),
                                  SINTER_TEXT_SPECIAL, out, room, count);
    }));
    size_t expected = golden.ids() ? golden.ids()->size() : 0;
    size_t same = 0;
    while (same < ids.size() && same < expected &&
           ids[same] == golden.ids()->Get(uint32_t(same)))
      ++same;
    bool passed = same == expected && ids.size() == expected;
    report(passed, "text %u: %zu of %zu ids%s", texts++, same, expected,
           passed ? "" : " agree");
    return Status();
  }

  Status checkChat(const plan::GoldenChat &golden) {
    const flatbuffers::String &json = *golden.messages_json();
    String text(loaded.allocator());
    SINTER_TRY(sized(text, [&](char *out, size_t room, size_t *bytes) {
      return sinter_plan_render(tested, json.c_str(), json.size(), 1, out, room,
                                bytes);
    }));
    bool passed = text.view() == golden.rendered()->string_view();
    report(passed, "chat %u: %zu bytes, expected %u", chats++, text.size(),
           golden.rendered()->size());
    return Status();
  }

  struct LastRow {
    const plan::GoldenLogits &golden;
    float worst = 0;
    bool seen = false, order = true;

    void compare(const float *row, uint32_t vocabulary) {
      seen = true;
      for (uint32_t i = 0; i < golden.top_ids()->size(); ++i) {
        float value = row[golden.top_ids()->Get(i)];
        float difference = std::fabs(value - golden.top_logits()->Get(i));
        // NaN is the worst of all.
        if (!(difference <= worst))
          worst = difference;
      }
      // The first must still be the largest, within the tolerance.
      if (golden.top_ids()->size())
        for (uint32_t i = 0; i < vocabulary; ++i)
          order &= row[i] <= golden.top_logits()->Get(0) + golden.tolerance();
    }
  };

  Status checkLogits(const plan::GoldenLogits &golden) {
    sinter_session_options options;
    sinter_session_options_initialize(&options);
    options.context = golden.ids()->size();
    sinter_session *session = nullptr;
    SINTER_TRY(Status(sinter_session_create(tested, &options, &session)));
    struct Check {
      LastRow last;
      uint32_t wanted, vocabulary;
    } check{{golden}, golden.ids()->size() - 1, loaded.tables().vocabulary()};
    // They were computed by all layers.
    Status status(sinter_session_set_depth(session, 100));
    if (status.ok())
      status = Status(sinter_session_score(
          session, golden.ids()->data(), golden.ids()->size(),
          [](void *user, uint32_t first, uint32_t rows, const float *logits) {
            Check &check = *static_cast<Check *>(user);
            if (check.wanted >= first && check.wanted - first < rows)
              check.last.compare(logits + size_t(check.wanted - first) *
                                              check.vocabulary,
                                 check.vocabulary);
            return 0;
          },
          &check));
    sinter_session_release(session);
    if (!status.ok())
      return status;
    const LastRow &last = check.last;
    report(last.seen && last.order && last.worst <= golden.tolerance(),
           "logits %u: off by %g, allowed %g", rows++, double(last.worst),
           double(golden.tolerance()));
    return Status();
  }

  sinter_plan *tested;
  const LoadedPlan &loaded;
  sinter_report_callback callback;
  void *user;
  uint32_t checks = 0, failures = 0;
  uint32_t texts = 0, chats = 0, rows = 0;
};

} // namespace

extern "C" sinter_status *sinter_plan_selftest(sinter_plan *plan,
                                               sinter_report_callback callback,
                                               void *user) {
  if (!plan)
    return fail(Allocator(), SINTER_INVALID_ARGUMENT,
                "sinter_plan_selftest: plan must not be NULL")
        .release();
  return handOut(plan->loaded.hostAllocator(),
                 Selftest(plan, callback, user).run());
}
