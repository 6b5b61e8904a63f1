// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/PoolMemory.h"
#include "runtime/schema/plan_generated.h"

#include <unistd.h>

namespace sinter::runtime {

namespace {

/// Rounds up to whole lines, so that every part is 64-byte aligned.
bool lines(uint64_t &bytes, uint64_t unit = 64) {
  return !__builtin_add_overflow(bytes, unit - 1, &bytes) &&
         (bytes = bytes / unit * unit, true);
}

/// Adds `count` parts of `bytes` each.
bool grow(uint64_t &total, uint64_t bytes, uint64_t count = 1) {
  return lines(bytes) && !__builtin_mul_overflow(bytes, count, &bytes) &&
         !__builtin_add_overflow(total, bytes, &total);
}

uint64_t bytesOf(const LoadedPlan &plan, uint32_t buffer, uint32_t context) {
  const plan::Buffer &table = *plan.tables().buffers()->Get(buffer);
  return table.bytes() + table.bytes_per_position() * context +
         table.bytes_per_worker() * plan.workers().workers();
}

/// Of one session. Rows of a forward stand behind what a window keeps, which
/// may begin within a page.
uint64_t pagesOfSession(const plan::Plan &tables, const plan::State &table,
                        uint32_t context) {
  uint64_t all = PagePool::pagesFor(table, context);
  if (table.window() == 0)
    return all;
  uint64_t last = uint64_t(table.window()) + table.slack() + tables.max_rows();
  uint64_t ring = PagePool::pagesFor(table, table.sinks()) +
                  PagePool::pagesFor(table, last) + 1;
  return ring < all ? ring : all;
}

/// Sessions may use whole pages only, and never more than all of them together.
uint64_t pagesOf(const plan::Plan &tables, const plan::State &table,
                 const PoolSize &size) {
  uint64_t most = pagesOfSession(tables, table, size.context) * size.sessions;
  // A text costs nothing, and a ring beside it reads more than it keeps.
  if (table.kind() == plan::StateKind::Recurrent ||
      table.kind() == plan::StateKind::Text)
    return most;
  uint64_t wanted = PagePool::pagesFor(table, size.positions);
  return size.positions && wanted < most ? wanted : most;
}

/// What drafts that branch need.
struct Paths {
  uint32_t count = 0; // beside the first
  uint32_t rows = 0;  // of each
};
Paths pathsOf(const plan::Plan &tables) {
  Paths paths;
  for (uint32_t i = 0; tables.drafters() && i < tables.drafters()->size();
       ++i) {
    const plan::Drafter &drafter = *tables.drafters()->Get(i);
    if (drafter.branches() > paths.count)
      paths.count = drafter.branches();
    if (drafter.branches() && drafter.max_draft() > paths.rows)
      paths.rows = drafter.max_draft();
  }
  return paths;
}

/// Pages that the runs of a tree have for themselves. Trees stand in the first
/// state, which leads.
uint32_t sparesOf(const plan::Plan &tables, uint32_t state) {
  Paths paths = pathsOf(tables);
  uint32_t tokens = tables.states()->Get(state)->page_tokens();
  return state == 0 ? paths.count * ((paths.rows + tokens - 2) / tokens + 1)
                    : 0;
}

constexpr uint64_t kMaxScalars = 64; // of a kernel; verified

} // namespace

bool PoolLayout::compute(const LoadedPlan &plan, const PoolSize &size,
                         PoolLayout &layout) {
  const plan::Plan &tables = plan.tables();
  const Program &program = plan.program();
  uint64_t end = 0, pageEntries = 0;
  bool fits = true;
  for (uint32_t i = 0; i < tables.buffers()->size(); ++i)
    if (i != tables.history_buffer())
      fits &= grow(end, bytesOf(plan, i, size.context));
  layout.states = end;
  for (uint32_t i = 0; i < tables.states()->size(); ++i) {
    const plan::State &state = *tables.states()->Get(i);
    if (state.kind() == plan::StateKind::View)
      continue;
    uint64_t planes, freeList;
    fits = fits &&
           PagePool::bytes(state, pagesOf(tables, state, size),
                           sparesOf(tables, i), planes, freeList) &&
           grow(end, planes) && grow(end, freeList);
    uint64_t entries = PagePool::pagesFor(state, size.context);
    pageEntries = pageEntries > entries ? pageEntries : entries;
  }
  layout.historyBytes = bytesOf(plan, tables.history_buffer(), size.context);
  layout.tableBytes = pageEntries * sizeof(int32_t);
  layout.pointerBytes = program.bindings.size() * sizeof(void *);
  fits = fits && lines(layout.historyBytes) && lines(layout.tableBytes) &&
         lines(layout.pointerBytes);
  layout.histories = end;
  fits &= grow(end, layout.historyBytes, size.sessions);
  layout.tables = end;
  layout.paths = pathsOf(tables).count;
  fits &= grow(end, layout.tableBytes * tables.states()->size(),
               uint64_t(size.sessions) + layout.paths);
  layout.pointers = end;
  fits &=
      grow(end, layout.pointerBytes, uint64_t(size.sessions) + size.batches);
  layout.registers = end;
  fits &= grow(end, (program.maxRegisters + kMaxScalars) * sizeof(int64_t));
  layout.frames = end;
  fits &= grow(end, program.maxDepth * sizeof(PoolMemory::Frame));
  layout.rows = end;
  if (size.batches)
    fits &= grow(end, tables.max_rows() * sizeof(BatchRow));
  fits = fits && lines(end, kAlignment);
  layout.bytes = end;
  return fits && end < uint64_t(1) << 62;
}

PoolMemory::~PoolMemory() {
  if (memory)
    plan.allocator().release(memory, layout.bytes, PoolLayout::kAlignment);
}

/// Null: none recycles.
static const plan::Drafter *recycler(const plan::Plan &plan) {
  if (plan.drafters())
    for (const plan::Drafter *drafter : *plan.drafters())
      if (drafter->kind() == plan::DrafterKind::Recycle)
        return drafter;
  return nullptr;
}

Status PoolMemory::create(const PoolSize &wanted) {
  Allocator allocator = plan.allocator();
  PoolLayout computed;
  uint64_t machine =
      uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE));
  bool countable = PoolLayout::compute(plan, wanted, computed);
  if (!countable || computed.bytes > machine)
    return fail(allocator, SINTER_OUT_OF_MEMORY,
                "%u session(s) of %u positions need %llu MiB, this machine has "
                "%llu MiB; ask for a smaller context",
                wanted.sessions, wanted.context,
                static_cast<unsigned long long>(
                    (countable ? computed.bytes : UINT64_MAX) >> 20),
                static_cast<unsigned long long>(machine >> 20));
  bufferStarts = Vector<uint8_t *>(allocator);
  states = Vector<PagePool>(allocator);
  inUse = Vector<bool>(allocator);
  SINTER_NEED(bufferStarts.resize(plan.tables().buffers()->size()));
  SINTER_NEED(states.resize(plan.tables().states()->size()));
  SINTER_NEED(inUse.resize(wanted.sessions));
  memory = static_cast<uint8_t *>(
      allocator.allocate(computed.bytes, PoolLayout::kAlignment));
  if (!memory)
    return fail(allocator, SINTER_OUT_OF_MEMORY,
                "no memory for %u session(s) of %u positions (%llu bytes); ask "
                "for a smaller context",
                wanted.sessions, wanted.context,
                static_cast<unsigned long long>(computed.bytes));
  layout = computed;
  limits = wanted;
  placeParts();
  // A kernel may look at entries behind the last page.
  for (uint32_t state = 0; layout.paths > 0 && state < states.size(); ++state)
    memset(pathTables(state), 0, layout.tableBytes * layout.paths);
  // What a drafter learns begins with nothing.
  if (const plan::Drafter *drafter = recycler(plan.tables()))
    memset(buffer(drafter->buffer()), 0, bufferBytes(drafter->buffer()));
  for (uint32_t slot = 0; slot < limits.sessions + limits.batches; ++slot)
    resolveBindings(slot);
  return Status();
}

void PoolMemory::placeParts() {
  const plan::Plan &tables = plan.tables();
  uint64_t end = 0;
  for (uint32_t i = 0; i < bufferStarts.size(); ++i) {
    bool isHistory = i == tables.history_buffer();
    bufferStarts[i] = memory + (isHistory ? layout.histories : end);
    if (!isHistory)
      grow(end, bufferBytes(i));
  }
  end = layout.states;
  for (uint32_t i = 0; i < states.size(); ++i) {
    const plan::State &table = *tables.states()->Get(i);
    if (table.kind() == plan::StateKind::View)
      continue;
    uint64_t pages = pagesOf(tables, table, limits), planes, freeList;
    uint32_t spares = sparesOf(tables, i);
    PagePool::bytes(table, pages, spares, planes, freeList);
    uint64_t list = end;
    grow(list, planes);
    states[i].place(table, uint32_t(pages), spares, memory + end,
                    memory + list);
    end = list;
    grow(end, freeList);
  }
}

/// Slot `sessions` is the batch: its page tables begin with those of slot 0.
void PoolMemory::resolveBindings(uint32_t slot) {
  const plan::Plan &tables = plan.tables();
  uint32_t own = slot == limits.sessions ? 0 : slot;
  auto **pointer = at<void *>(layout.pointers + slot * layout.pointerBytes);
  for (const BindingSource &source : plan.program().bindings) {
    uint8_t *start = nullptr;
    switch (plan::BindingKind(source.kind)) {
    case plan::BindingKind::Buffer:
      start = source.index == tables.history_buffer()
                  ? reinterpret_cast<uint8_t *>(history(own))
                  : bufferStarts[source.index];
      break;
    case plan::BindingKind::Section:
      // Kernels only read weights; the mapping is read-only.
      start = const_cast<uint8_t *>(
          plan.file().data() + tables.sections()->Get(source.index)->offset());
      break;
    case plan::BindingKind::StatePlane:
      start = states[source.index].plane(source.layer, source.plane);
      break;
    case plan::BindingKind::StatePages:
      start = reinterpret_cast<uint8_t *>(pageTable(own, source.index));
      break;
    }
    *pointer++ = start + source.offset;
  }
}

const PagePool &PoolMemory::pages(uint32_t state) const {
  const plan::State &table = *plan.tables().states()->Get(state);
  return states[table.kind() == plan::StateKind::View ? table.of() : state];
}

uint64_t PoolMemory::bufferBytes(uint32_t index) const {
  return bytesOf(plan, index, limits.context);
}

Recycled PoolMemory::recycled() const {
  const plan::Drafter *drafter = recycler(plan.tables());
  if (!drafter)
    return {};
  return {reinterpret_cast<uint32_t *>(buffer(drafter->buffer())),
          drafter->keeps() ? drafter->keeps() : 1, drafter->keeps() == 0};
}

uint32_t PoolMemory::takeSlot() {
  for (uint32_t slot = 0; slot < inUse.size(); ++slot)
    if (!inUse[slot]) {
      inUse[slot] = true;
      return slot;
    }
  return kNoSlot;
}

} // namespace sinter::runtime
