// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Plan/MemoryFormula.h"
#include "lib/Target/Plan/PlanWriter.h"

using namespace sinter;

uint64_t sinter::peakBytes(const plan::MemoryT &memory, uint64_t sessions,
                           uint64_t context, uint64_t workers) {
  uint64_t pages = llvm::divideCeil(context, std::max(1u, memory.page_tokens));
  return memory.load_bytes +
         sessions *
             (memory.session_bytes + memory.session_bytes_per_page * pages +
              memory.ring_bytes_per_page * std::min(pages, memory.ring_pages) +
              memory.session_bytes_per_worker * workers) +
         memory.worker_bytes * workers;
}

namespace {

/// Size of the program, which the runtime keeps in a form of its own.
struct ProgramSize {
  uint64_t ops = 0, bindings = 0, operands = 0, registers = 0;

  void add(const plan::BlockT *block);
};

} // namespace

void ProgramSize::add(const plan::BlockT *block) {
  if (!block)
    return;
  for (const auto &op : block->ops) {
    ++ops;
    if (auto *dispatch = op->op.AsDispatch()) {
      bindings += dispatch->bindings.size();
      operands += dispatch->scalars.size();
    } else if (auto *call = op->op.AsCall()) {
      operands += call->args.size() + call->results.size();
    } else if (auto *branch = op->op.AsIf()) {
      add(branch->then_block.get());
      add(branch->else_block.get());
    } else if (auto *loop = op->op.AsWhile()) {
      add(loop->before.get());
      add(loop->body.get());
    }
  }
}

/// Bytes of the runtime itself, each a bound.
static constexpr uint64_t kPlanObject = 48 << 10; // with its tokenizer
static constexpr uint64_t kPerOp = 96, kPerBinding = 64, kPerOperand = 16;
static constexpr uint64_t kSessionObject = 20 << 10;
static constexpr uint64_t kPerWorker = 256;

/// Rows of a tree: a page table for each path beside the first, of every state,
/// and pages of the first state for the rows of each.
static void addTrees(const plan::PlanT &plan, plan::MemoryT &memory) {
  uint64_t paths = 0, rows = 0;
  for (const auto &drafter : plan.drafters)
    if (drafter->branches) {
      paths = std::max<uint64_t>(paths, drafter->branches);
      rows = std::max<uint64_t>(rows, drafter->max_draft);
    }
  if (paths == 0 || plan.states.empty())
    return;
  memory.session_bytes_per_page += 4 * paths * plan.states.size();
  memory.session_bytes += 64 * paths * plan.states.size();
  const plan::StateT &state = *plan.states.front();
  uint64_t pages =
      paths * ((rows + state.page_tokens - 2) / state.page_tokens + 1);
  for (uint64_t bytes : state.page_bytes)
    memory.session_bytes += pages * (bytes * state.layers + 4);
}

/// Its pages and their ids. A ring has them for its sinks, and for what stands
/// behind a window that may begin within a page, with the rows of a forward.
static void addState(const plan::PlanT &plan, const plan::StateT &state,
                     plan::MemoryT &memory) {
  uint64_t bytes = 0;
  for (uint64_t page : state.page_bytes)
    bytes += page * state.layers;
  if (state.kind == plan::StateKind::Recurrent) {
    memory.session_bytes += bytes + 4 + 64;
    return;
  }
  uint64_t pages = llvm::divideCeil(memory.page_tokens, state.page_tokens);
  memory.session_bytes_per_page += 4 * pages;
  if (state.kind == plan::StateKind::View)
    return;
  if (state.window == 0) {
    memory.session_bytes_per_page += bytes * pages;
    return;
  }
  uint64_t last = uint64_t(state.window) + state.slack + plan.max_rows;
  memory.ring_bytes_per_page += bytes * pages;
  memory.ring_pages = std::max(
      memory.ring_pages, llvm::divideCeil(state.sinks, memory.page_tokens) +
                             llvm::divideCeil(last, memory.page_tokens) + 1);
}

plan::MemoryT sinter::memoryOf(const plan::PlanT &plan) {
  ProgramSize size;
  for (const auto &function : plan.functions) {
    size.add(function->body.get());
    size.registers += function->registers;
  }
  plan::MemoryT memory;
  memory.load_bytes = kPlanObject + kPerOp * size.ops +
                      kPerBinding * size.bindings + kPerOperand * size.operands;
  memory.session_bytes = kSessionObject + 8 * (size.bindings + size.registers);
  memory.worker_bytes = kPerWorker;
  memory.page_tokens = 1;
  for (const auto &state : plan.states)
    if (state->kind == plan::StateKind::Pages)
      memory.page_tokens = std::max(memory.page_tokens, state->page_tokens);
  // Buffers stand on lines of 64 bytes, and positions are counted in pages.
  for (const auto &buffer : plan.buffers) {
    memory.session_bytes += llvm::alignTo(buffer->bytes, 64) + 64;
    memory.session_bytes_per_page +=
        buffer->bytes_per_position * memory.page_tokens;
    memory.session_bytes_per_worker += buffer->bytes_per_worker;
  }
  for (const auto &state : plan.states)
    addState(plan, *state, memory);
  addTrees(plan, memory);
  return memory;
}
