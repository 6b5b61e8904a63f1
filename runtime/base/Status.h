// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_BASE_STATUS_H
#define SINTER_RUNTIME_BASE_STATUS_H

#include "runtime/base/Allocator.h"

#include <utility>

namespace sinter::runtime {

/// Success is the null pointer; a failure carries a code and a message.
class [[nodiscard]] Status {
public:
  Status() = default;
  explicit Status(sinter_status *taken) : impl(taken) {}
  Status(Status &&other) noexcept : impl(std::exchange(other.impl, nullptr)) {}
  Status &operator=(Status &&other) noexcept {
    std::swap(impl, other.impl);
    return *this;
  }
  ~Status() { sinter_status_release(impl); }

  bool ok() const { return impl == nullptr; }
  sinter_code code() const { return sinter_status_code(impl); }
  const char *message() const { return sinter_status_message(impl); }
  /// Gives the C object away.
  [[nodiscard]] sinter_status *release() {
    return std::exchange(impl, nullptr);
  }

private:
  sinter_status *impl = nullptr;
};

/// A failure with a printf-style message.  When there is no memory for the
/// message the result is the static out-of-memory status.
Status fail(const Allocator &allocator, sinter_code code, const char *format,
            ...) __attribute__((format(printf, 3, 4)));

/// Needs no memory.
Status outOfMemory();

/// A value or the reason why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : held(std::move(value)) {}
  Result(Status why) : status(std::move(why)) {}
  bool ok() const { return status.ok(); }
  T &operator*() { return held; }
  T *operator->() { return &held; }
  Status takeStatus() { return std::move(status); }

private:
  T held{};
  Status status;
};

} // namespace sinter::runtime

/// Returns early with the failure of a Status expression.
#define SINTER_TRY(expression)                                                 \
  do {                                                                         \
    if (::sinter::runtime::Status sinterStatus = (expression);                 \
        !sinterStatus.ok())                                                    \
      return sinterStatus;                                                     \
  } while (false)

#define SINTER_CONCAT_(a, b) a##b
#define SINTER_CONCAT(a, b) SINTER_CONCAT_(a, b)
/// `target = value of a Result`, or returns early with its failure.
#define SINTER_ASSIGN(target, expression)                                      \
  auto SINTER_CONCAT(sinterResult, __LINE__) = (expression);                   \
  if (!SINTER_CONCAT(sinterResult, __LINE__).ok())                             \
    return SINTER_CONCAT(sinterResult, __LINE__).takeStatus();                 \
  target = std::move(*SINTER_CONCAT(sinterResult, __LINE__))
/// Returns early when something that needs memory said false.
#define SINTER_NEED(condition)                                                 \
  do {                                                                         \
    if (!(condition))                                                          \
      return ::sinter::runtime::outOfMemory();                                 \
  } while (false)

#endif
