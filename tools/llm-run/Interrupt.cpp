// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-run/Interrupt.h"

#include <csignal>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <unistd.h>

using namespace sinter::tools;

// What the waiting thread and the main thread share.
static std::mutex mutex;
static const sinter::Session *active;
static bool cancelled;

static sigset_t watched() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&signals, signal);
  return signals;
}

void sinter::tools::watchSignals() {
  sigset_t signals = watched();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([] {
    sigset_t signals = watched();
    for (int signal = 0; sigwait(&signals, &signal) == 0;) {
      std::lock_guard lock(mutex);
      if (!active)
        _exit(128 + signal);
      cancelled = true;
      active->cancel();
    }
  }).detach();
}

Interruptible::Interruptible(const Session &session) {
  std::lock_guard lock(mutex);
  active = &session;
  cancelled = false;
}

Interruptible::~Interruptible() {
  std::lock_guard lock(mutex);
  active = nullptr;
}

bool Interruptible::interrupted() const {
  std::lock_guard lock(mutex);
  return cancelled;
}
