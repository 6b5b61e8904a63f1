//===- sinter-c/runtime.hpp - thin C++ wrapper of sinter-c/runtime.h ------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Header only, C++20.  Owners instead of handles, spans and strings instead of
// pointers with a count; nothing that the C API does not say.
//
// Errors are the caller's choice, call by call:
//  - every function that can fail returns a Result<T>; test it and read
//    .error(), as with std::expected:
//        auto plan = sinter::Plan::open("model.plan");
//        if (!plan)
//          return report(plan.error().message());
//        use(*plan);
//  - or ask for an exception: .orThrow() gives the value or throws
//    sinter::Exception.  It exists only where exceptions are enabled; without
//    them the header compiles just the same.
//        auto plan = sinter::Plan::open("model.plan").orThrow();
//
// An exception that leaves a callback (token, logits, report) is caught before
// it reaches the library and thrown again when the call has returned.
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_C_RUNTIME_HPP
#define SINTER_C_RUNTIME_HPP

#include "sinter-c/depth.h"
#include "sinter-c/exits.h"
#include "sinter-c/ffns.h"
#include "sinter-c/runtime.h"
#include "sinter-c/snapshot.h"
#include "sinter-c/speculation.h"
#include "sinter-c/switching.h"

#include <cassert>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sinter {
// A version of its own, so that symbols never meet those of the library.
inline namespace cpp1 {

/// What went wrong: a code for programs and a sentence for people.
class Error {
public:
  Error(sinter_code code, std::string message)
      : errorCode(code), text(std::move(message)) {}
  /// Takes over `status`, which is not NULL.
  explicit Error(sinter_status *status)
      : errorCode(sinter_status_code(status)),
        text(sinter_status_message(status)) {
    sinter_status_release(status);
  }
  sinter_code code() const { return errorCode; }
  const std::string &message() const { return text; }

private:
  sinter_code errorCode;
  std::string text;
};

/// What .orThrow() throws.
class Exception : public std::exception {
public:
  explicit Exception(Error error) : reason(std::move(error)) {}
  const char *what() const noexcept override {
    return reason.message().c_str();
  }
  const Error &error() const { return reason; }

private:
  Error reason;
};

/// A value or an Error.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state.index() == 0; }
  const Error &error() const {
    assert(!*this && "error() of a result that succeeded");
    return *std::get_if<1>(&state);
  }
  T &operator*() {
    assert(*this && "value of a result that failed");
    return *std::get_if<0>(&state);
  }
  const T &operator*() const {
    assert(*this && "value of a result that failed");
    return *std::get_if<0>(&state);
  }
  T *operator->() { return &**this; }
  const T *operator->() const { return &**this; }

#if defined(__cpp_exceptions)
  T orThrow() && {
    if (!*this)
      throw Exception(std::move(*std::get_if<1>(&state)));
    return std::move(**this);
  }
#endif

private:
  std::variant<T, Error> state;
};

/// Success or an Error.
template <> class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : failure(std::move(error)) {}
  /// NULL is success.
  explicit Result(sinter_status *status) {
    if (status)
      failure.emplace(status);
  }

  explicit operator bool() const { return !failure; }
  const Error &error() const {
    assert(failure && "error() of a result that succeeded");
    return *failure;
  }

#if defined(__cpp_exceptions)
  void orThrow() && {
    if (failure)
      throw Exception(std::move(*failure));
  }
#endif

private:
  std::optional<Error> failure;
};

namespace detail {
/// A callable that the C API may call: an exception is kept, the call stopped,
/// and the exception thrown again by finish().
template <typename Callable> struct Callback {
  Callable &callable;
  std::exception_ptr thrown;

  /// True: stop.
  template <typename... Args> bool operator()(Args &&...args) noexcept {
#if defined(__cpp_exceptions)
    if (thrown)
      return true;
    try {
      return call(std::forward<Args>(args)...);
    } catch (...) {
      thrown = std::current_exception();
      return true;
    }
#else
    return call(std::forward<Args>(args)...);
#endif
  }
  void finish() {
#if defined(__cpp_exceptions)
    if (thrown)
      std::rethrow_exception(std::exchange(thrown, nullptr));
#endif
  }

private:
  // A callable may return nothing (go on) or a bool (true: go on).
  template <typename... Args> bool call(Args &&...args) {
    using R = std::invoke_result_t<Callable &, Args...>;
    if constexpr (std::is_void_v<R>) {
      callable(std::forward<Args>(args)...);
      return false;
    } else {
      return !static_cast<bool>(callable(std::forward<Args>(args)...));
    }
  }
};

template <auto Release> struct Deleter {
  template <typename T> void operator()(T *handle) const { Release(handle); }
};
} // namespace detail

struct PlanOptions : sinter_plan_options {
  PlanOptions() { sinter_plan_options_initialize(this); }
};

struct SessionOptions : sinter_session_options {
  SessionOptions() { sinter_session_options_initialize(this); }
};

struct PoolOptions : sinter_pool_options {
  PoolOptions() { sinter_pool_options_initialize(this); }
};

/// Sampling with greedy defaults; Plan::sampling() gives the plan's.
struct Sampling : sinter_sampling {
  explicit Sampling(const sinter_plan *plan = nullptr) {
    sinter_sampling_initialize(this, plan);
  }
};

struct Generation {
  Sampling sampling;
  uint32_t maxTokens = 0; ///< 0: until the context is full
  bool ignoreStopIds = false;
  bool noSpeculation = false; ///< one token a forward, by the large model
  uint32_t draftTokens = 0;   ///< of every draft; 0: as the plan says
  bool noEarlyExit = false;   ///< all layers for every token
  float exitThreshold = 0;    ///< of every exit; 0: as the plan says
  float switchBits = 0;       ///< of two models; 0: as the plan says
  bool noTiming = false;      ///< drafts by the plan's cost table alone
  std::vector<std::string> stop;
};

using Statistics = sinter_statistics;
using Speculation = sinter_speculation;
/// Layers that a sequence leaves out.
using Depth = sinter_depth;
using Exits = sinter_exits;
/// Feed-forward blocks that tokens left out.
using Ffns = sinter_ffns;
using Switching = sinter_switching;

class Session;
class Pool;

/// A loaded plan.  Sessions hold on to it.
class Plan {
public:
  static Result<Plan> open(const std::string &path,
                           const PlanOptions &options = {}) {
    sinter_plan *plan = nullptr;
    if (sinter_status *status = sinter_plan_open(path.c_str(), &options, &plan))
      return Error(status);
    return Plan(plan);
  }

  sinter_plan *get() const { return handle.get(); }
  uint64_t number(sinter_number what) const {
    return sinter_plan_number(get(), what);
  }
  uint32_t vocabulary() const {
    return static_cast<uint32_t>(number(SINTER_VOCABULARY));
  }
  uint32_t maxContext() const {
    return static_cast<uint32_t>(number(SINTER_MAX_CONTEXT));
  }
  /// Nothing when the plan does not know the key.
  std::optional<std::string_view> property(const char *key) const {
    if (const char *value = sinter_plan_property(get(), key))
      return std::string_view(value);
    return std::nullopt;
  }
  /// The names of its drafters.
  std::vector<std::string> drafters() const {
    std::vector<std::string> names;
    while (const char *name =
               sinter_plan_drafter(get(), static_cast<uint32_t>(names.size())))
      names.emplace_back(name);
    return names;
  }
  uint64_t memory(uint32_t sessions, uint32_t context) const {
    return sinter_plan_memory(get(), sessions, context);
  }
  /// The plan's own sampling defaults.
  Sampling sampling() const { return Sampling(get()); }
  Generation generation() const;

  Result<std::vector<int32_t>>
  tokenize(std::string_view text, uint32_t flags = SINTER_TEXT_PLAIN) const {
    // A token has seldom less than a byte; a second call serves the rest.
    std::vector<int32_t> ids(text.size() + 8);
    return fill(ids, [&](int32_t *out, size_t capacity, size_t *count) {
      return sinter_plan_tokenize(get(), text.data(), text.size(), flags, out,
                                  capacity, count);
    });
  }
  Result<std::string> detokenize(std::span<const int32_t> ids,
                                 uint32_t flags = SINTER_TEXT_PLAIN) const {
    std::string text(ids.size() * 8 + 16, '\0');
    return fill(text, [&](char *out, size_t capacity, size_t *count) {
      return sinter_plan_detokenize(get(), ids.data(), ids.size(), flags, out,
                                    capacity, count);
    });
  }
  /// The chat template applied to a JSON list of messages.
  Result<std::string> render(std::string_view messagesJson,
                             bool addGenerationPrompt = true) const {
    std::string text(messagesJson.size() * 2 + 256, '\0');
    return fill(text, [&](char *out, size_t capacity, size_t *count) {
      return sinter_plan_render(get(), messagesJson.data(), messagesJson.size(),
                                addGenerationPrompt, out, capacity, count);
    });
  }

  Result<Session> session(const SessionOptions &options = {}) const;
  Result<Pool> pool(const PoolOptions &options) const;
  uint64_t memory(const PoolOptions &options) const {
    return sinter_pool_memory(get(), &options);
  }

  /// report(bool passed, std::string_view line) for each check.
  template <typename Report> Result<void> selftest(Report &&report) const {
    detail::Callback<std::remove_reference_t<Report>> callback{report, nullptr};
    auto trampoline = [](void *user, int passed, const char *line) {
      (*static_cast<decltype(callback) *>(user))(passed != 0,
                                                 std::string_view(line));
    };
    Result<void> result(sinter_plan_selftest(get(), trampoline, &callback));
    callback.finish();
    return result;
  }

private:
  using Owner = std::shared_ptr<sinter_plan>;
  explicit Plan(sinter_plan *plan) : handle(plan, sinter_plan_release) {}

  // Calls with the capacity at hand, and once more when that was too small.
  template <typename Buffer, typename Call>
  static Result<Buffer> fill(Buffer &buffer, Call &&call) {
    size_t count = 0;
    if (sinter_status *status = call(buffer.data(), buffer.size(), &count))
      return Error(status);
    if (count > buffer.size()) {
      buffer.resize(count);
      if (sinter_status *status = call(buffer.data(), buffer.size(), &count))
        return Error(status);
    }
    buffer.resize(count);
    return std::move(buffer);
  }

  Owner handle;
};

/// A sequence and its state.  One thread at a time, except cancel().
class Session {
public:
  sinter_session *get() const { return handle.get(); }
  uint32_t position() const { return sinter_session_position(get()); }
  std::span<const int32_t> history() const {
    return {sinter_session_history(get()), position()};
  }
  Result<void> truncate(uint32_t position) {
    return Result<void>(sinter_session_truncate(get(), position));
  }
  void cancel() const { sinter_session_cancel(get()); }
  Result<Session> fork() const {
    sinter_session *copy = nullptr;
    if (sinter_status *status = sinter_session_fork(get(), &copy))
      return Error(status);
    return Session(plan, pool, copy);
  }
  /// The session as bytes, which belong to the plan.
  Result<std::vector<uint8_t>> snapshot() const {
    std::vector<uint8_t> bytes(sinter_session_snapshot_bytes(get()));
    if (sinter_status *status =
            sinter_session_snapshot(get(), bytes.data(), bytes.size()))
      return Error(status);
    return bytes;
  }
  /// Goes on from a snapshot; when that fails the session is as it was.
  Result<void> restore(std::span<const uint8_t> snapshot) {
    return Result<void>(
        sinter_session_restore(get(), snapshot.data(), snapshot.size()));
  }

  /// What drafting has learned, as bytes, which belong to the plan.
  Result<std::vector<uint8_t>> draftStore() {
    std::vector<uint8_t> bytes(sinter_session_draft_store_bytes(get()));
    bytes.reserve(1); // a pointer, even to nothing
    if (sinter_status *status =
            sinter_session_save_draft_store(get(), bytes.data(), bytes.size()))
      return Error(status);
    return bytes;
  }
  /// Drafts as the session did whose store it is; when that fails nothing has
  /// changed.
  Result<void> loadDraftStore(std::span<const uint8_t> store) {
    return Result<void>(
        sinter_session_load_draft_store(get(), store.data(), store.size()));
  }

  /// Appends ids; onLogits(uint32_t first, uint32_t rows,
  /// std::span<const float> logits) returns true, or nothing, to go on.
  template <typename OnLogits>
  Result<void> score(std::span<const int32_t> ids, OnLogits &&onLogits) {
    const size_t vocabulary = plan.vocabulary();
    auto adapter = [&](uint32_t first, uint32_t rows, const float *logits) {
      return onLogits(first, rows,
                      std::span<const float>(logits, rows * vocabulary));
    };
    detail::Callback<decltype(adapter)> callback{adapter, nullptr};
    auto trampoline = [](void *user, uint32_t first, uint32_t rows,
                         const float *logits) -> int {
      return (*static_cast<decltype(callback) *>(user))(first, rows, logits);
    };
    Result<void> result(sinter_session_score(get(), ids.data(), ids.size(),
                                             trampoline, &callback));
    callback.finish();
    return result;
  }

  /// Makes ids the history and generates; onToken(int32_t id,
  /// std::string_view text) returns true, or nothing, to go on.
  template <typename OnToken>
  Result<Statistics> generate(std::span<const int32_t> ids,
                              const Generation &generation, OnToken &&onToken) {
    auto adapter = [&](int32_t id, const char *text, size_t bytes) {
      return onToken(id, std::string_view(text, bytes));
    };
    detail::Callback<decltype(adapter)> callback{adapter, nullptr};
    std::vector<const char *> stop;
    for (const std::string &text : generation.stop)
      stop.push_back(text.c_str());

    sinter_generation request;
    sinter_generation_initialize(&request, plan.get());
    request.sampling = generation.sampling;
    request.max_tokens = generation.maxTokens;
    request.ignore_stop_ids = generation.ignoreStopIds;
    request.stop = stop.data();
    request.stop_count = stop.size();
    request.no_speculation = generation.noSpeculation;
    request.draft_tokens = generation.draftTokens;
    request.no_early_exit = generation.noEarlyExit;
    request.exit_threshold = generation.exitThreshold;
    request.switch_bits = generation.switchBits;
    request.no_timing = generation.noTiming;
    request.callback = [](void *user, int32_t id, const char *text,
                          size_t bytes) -> int {
      return (*static_cast<decltype(callback) *>(user))(id, text, bytes);
    };
    request.user = &callback;

    Statistics statistics{};
    statistics.size = sizeof(statistics);
    sinter_status *status = sinter_session_generate(
        get(), ids.data(), ids.size(), &request, &statistics);
    if (status && !callback.thrown)
      return Error(status);
    sinter_status_release(status);
    callback.finish();
    return statistics;
  }
  /// The share of layers of sequences to come; 0: the plan chooses.
  Result<void> setDepth(uint32_t percent) {
    return Result<void>(sinter_session_set_depth(get(), percent));
  }
  /// The layers that sequences to come leave out.
  Result<void> skipLayers(std::span<const uint32_t> layers) {
    return Result<void>(
        sinter_session_skip_layers(get(), layers.data(), layers.size()));
  }
  /// What the sequence leaves out.
  Result<Depth> depth() const {
    Depth figures{};
    figures.size = sizeof(figures);
    if (sinter_status *status = sinter_session_depth(get(), &figures))
      return Error(status);
    return figures;
  }
  /// Of the text whose depth was looked up last in the session's pool.
  Result<std::vector<float>> depthKey() const {
    size_t count = 0;
    if (sinter_status *status =
            sinter_session_depth_key(get(), nullptr, 0, &count))
      return Error(status);
    std::vector<float> key(count);
    if (sinter_status *status =
            sinter_session_depth_key(get(), key.data(), key.size(), &count))
      return Error(status);
    return key;
  }
  /// What became of the drafts of the last generate().
  Result<Speculation> speculation() {
    Speculation figures{};
    figures.size = sizeof(figures);
    if (sinter_status *status = sinter_session_speculation(get(), &figures))
      return Error(status);
    return figures;
  }

  /// Which tokens of the last generate() left the layers early.
  Result<Exits> exits() {
    Exits figures{};
    figures.size = sizeof(figures);
    if (sinter_status *status = sinter_session_exits(get(), &figures))
      return Error(status);
    return figures;
  }
  /// Blocks that the tokens of the last generate() left out.
  Result<Ffns> ffns() const {
    Ffns figures{};
    figures.size = sizeof(figures);
    if (sinter_status *status = sinter_session_ffns(get(), &figures))
      return Error(status);
    return figures;
  }
  /// Which of two models wrote the tokens of the last generate().
  Result<Switching> switching() const {
    Switching figures{};
    figures.size = sizeof(figures);
    if (sinter_status *status = sinter_session_switching(get(), &figures))
      return Error(status);
    return figures;
  }
  /// Appends ids and asks every exit about each of them; onExit(uint32_t
  /// position, uint32_t exit, float score, std::span<const float> logits)
  /// returns true, or nothing, to go on. See sinter_session_measure_exits.
  template <typename OnExit>
  Result<void> measureExits(std::span<const int32_t> ids, OnExit &&onExit) {
    const size_t vocabulary = plan.vocabulary();
    auto adapter = [&](uint32_t position, uint32_t exit, float score,
                       const float *logits) {
      return onExit(position, exit, score,
                    std::span<const float>(logits, vocabulary));
    };
    detail::Callback<decltype(adapter)> callback{adapter, nullptr};
    auto trampoline = [](void *user, uint32_t position, uint32_t exit,
                         float score, const float *logits) -> int {
      return (*static_cast<decltype(callback) *>(user))(position, exit, score,
                                                        logits);
    };
    Result<void> result(sinter_session_measure_exits(
        get(), ids.data(), ids.size(), trampoline, &callback));
    callback.finish();
    return result;
  }

private:
  friend class Plan;
  friend class Pool;
  Session(Plan owner, std::shared_ptr<sinter_pool> home,
          sinter_session *session)
      : plan(std::move(owner)), pool(std::move(home)), handle(session) {}

  Plan plan;                         // released after the pool,
  std::shared_ptr<sinter_pool> pool; // and that after the session
  std::unique_ptr<sinter_session, detail::Deleter<sinter_session_release>>
      handle;
};

/// A token to append to a session of a pool.
struct Row {
  const Session &session;
  int32_t id;
  bool wantsLogits = true;
};

/// Sessions that share memory, and whose rows can be computed together.
/// Sessions hold on to it.  One thread at a time, except cancel().
class Pool {
public:
  sinter_pool *get() const { return handle.get(); }
  /// Positions for which there are free pages.
  uint64_t room() const { return sinter_pool_room(get()); }
  void cancel() const { sinter_pool_cancel(get()); }

  /// A session in this pool.
  Result<Session> session(SessionOptions options = {}) const {
    options.pool = get();
    sinter_session *session = nullptr;
    if (sinter_status *status =
            sinter_session_create(plan.get(), &options, &session))
      return Error(status);
    return Session(plan, handle, session);
  }

  /// One forward over all rows; onLogits(size_t row, std::span<const float>
  /// logits) returns true, or nothing, to go on.
  template <typename OnLogits>
  Result<void> step(std::span<const Row> rows, OnLogits &&onLogits) {
    const size_t vocabulary = plan.vocabulary();
    auto adapter = [&](size_t row, const float *logits) {
      return onLogits(row, std::span<const float>(logits, vocabulary));
    };
    detail::Callback<decltype(adapter)> callback{adapter, nullptr};
    auto trampoline = [](void *user, size_t row, const float *logits) -> int {
      return (*static_cast<decltype(callback) *>(user))(row, logits);
    };
    std::vector<sinter_row> list;
    for (const Row &row : rows)
      list.push_back(
          {row.session.get(), row.id, row.wantsLogits ? SINTER_ROW_LOGITS : 0});
    Result<void> result(sinter_pool_step(get(), list.data(), list.size(),
                                         trampoline, &callback));
    callback.finish();
    return result;
  }

private:
  friend class Plan;
  Pool(Plan owner, sinter_pool *pool)
      : plan(std::move(owner)), handle(pool, sinter_pool_release) {}

  Plan plan; // released after the pool
  std::shared_ptr<sinter_pool> handle;
};

inline Result<Pool> Plan::pool(const PoolOptions &options) const {
  sinter_pool *pool = nullptr;
  if (sinter_status *status = sinter_pool_create(get(), &options, &pool))
    return Error(status);
  return Pool(*this, pool);
}

inline Generation Plan::generation() const {
  Generation generation;
  generation.sampling = sampling();
  return generation;
}

inline Result<Session> Plan::session(const SessionOptions &options) const {
  sinter_session *session = nullptr;
  if (sinter_status *status = sinter_session_create(get(), &options, &session))
    return Error(status);
  return Session(*this, nullptr, session);
}

} // namespace cpp1
} // namespace sinter

#endif
