//===- Timing.cpp - where the time of a compile goes
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Timing.h"

#include "llvm/Support/Format.h"
#include <chrono>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

using namespace sinter;
using Clock = std::chrono::steady_clock;

struct CompileTiming::Node {
  std::string name;
  double seconds = 0;
  uint64_t peak = 0; // anonymous bytes
  Clock::time_point since;
  // A timer runs on the thread that asked for it, so that a thread that comes
  // back to a phase finds its own.
  std::map<std::pair<const void *, std::thread::id>, Node *> byThread;
  std::vector<std::unique_ptr<Node>> children; // in the order of their start

  /// Adds a node of the same name that ran on another thread.
  void merge(std::unique_ptr<Node> other);
  /// Merges children of one name.
  void gather();
  void print(llvm::raw_ostream &os, double total, unsigned indent) const;
};

static constexpr std::chrono::milliseconds kBetweenLooks(2);

/// Resident bytes that are no part of a file.
static uint64_t anonymousBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0, resident = 0, shared = 0;
  file >> total >> resident >> shared;
  return (resident - shared) * uint64_t(::sysconf(_SC_PAGESIZE));
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

CompileTiming::CompileTiming(bool enabled) {
  if (!enabled)
    return;
  root = std::make_unique<Node>();
  watcher = std::thread([this] { watchMemory(); });
}

CompileTiming::~CompileTiming() {
  if (!watcher.joinable())
    return;
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  done.notify_one();
  watcher.join();
}

void CompileTiming::watchMemory() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!done.wait_for(lock, kBetweenLooks, [this] { return stopping; })) {
    uint64_t bytes = anonymousBytes();
    for (Node *node : open)
      node->peak = std::max(node->peak, bytes);
  }
}

std::optional<void *> CompileTiming::rootTimer() {
  if (!root)
    return std::nullopt;
  return root.get();
}

void CompileTiming::startTimer(void *handle) {
  std::lock_guard<std::mutex> lock(mutex);
  auto *node = static_cast<Node *>(handle);
  node->since = Clock::now();
  open.push_back(node);
}

void CompileTiming::stopTimer(void *handle) {
  std::lock_guard<std::mutex> lock(mutex);
  auto *node = static_cast<Node *>(handle);
  node->seconds +=
      std::chrono::duration<double>(Clock::now() - node->since).count();
  // A short scope may fall between two looks.
  node->peak = std::max(node->peak, anonymousBytes());
  llvm::erase(open, node);
}

void *CompileTiming::nestTimer(void *handle, const void *id,
                               llvm::function_ref<std::string()> nameBuilder) {
  std::lock_guard<std::mutex> lock(mutex);
  auto *parent = static_cast<Node *>(handle);
  Node *&child = parent->byThread[{id, std::this_thread::get_id()}];
  if (!child) {
    parent->children.push_back(std::make_unique<Node>());
    child = parent->children.back().get();
    child->name = nameBuilder();
  }
  return child;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

void CompileTiming::Node::merge(std::unique_ptr<Node> other) {
  seconds += other->seconds;
  peak = std::max(peak, other->peak);
  llvm::append_range(
      children, llvm::make_range(std::move_iterator(other->children.begin()),
                                 std::move_iterator(other->children.end())));
}

void CompileTiming::Node::gather() {
  std::vector<std::unique_ptr<Node>> gathered;
  for (std::unique_ptr<Node> &child : children) {
    auto same =
        llvm::find_if(gathered, [&](const std::unique_ptr<Node> &other) {
          return other->name == child->name;
        });
    if (same == gathered.end())
      gathered.push_back(std::move(child));
    else
      (*same)->merge(std::move(child));
  }
  children = std::move(gathered);
  for (std::unique_ptr<Node> &child : children)
    child->gather();
}

void CompileTiming::Node::print(llvm::raw_ostream &os, double total,
                                unsigned indent) const {
  os << llvm::format("%9.4f (%5.1f%%) %10.1f MiB  ", seconds,
                     100 * seconds / total, double(peak) / (1 << 20));
  os.indent(indent) << name << '\n';
  for (const std::unique_ptr<Node> &child : children)
    child->print(os, total, indent + 2);
}

void CompileTiming::print(llvm::raw_ostream &os) {
  if (!root)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  root->gather();
  rusage self = {}, children = {};
  ::getrusage(RUSAGE_SELF, &self);
  ::getrusage(RUSAGE_CHILDREN, &children);
  auto seconds = [](const timeval &time) {
    return double(time.tv_sec) + double(time.tv_usec) * 1e-6;
  };
  double cpu = seconds(self.ru_utime) + seconds(self.ru_stime) +
               seconds(children.ru_utime) + seconds(children.ru_stime);
  std::string line = "===" + std::string(73, '-') + "===\n";
  os << line << std::string(25, ' ') << "... Compile time report ...\n" << line;
  os << llvm::format("  Total: %.4f s, %.4f s of CPU; peak %.1f MiB resident, "
                     "%.1f MiB anonymous\n\n",
                     root->seconds, cpu, double(self.ru_maxrss) / 1024,
                     double(root->peak) / (1 << 20));
  os << "  ---Wall Time---   --Anonymous-  ----Name----\n";
  for (const std::unique_ptr<Node> &child : root->children)
    child->print(os, root->seconds, 0);
}
