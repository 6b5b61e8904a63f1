// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about pools and steps of several sessions.
#include "runtime/capi/Objects.h"
#include "runtime/decode/BatchStep.h"

using namespace sinter::runtime;

PoolSize sinter::runtime::readPoolSize(const LoadedPlan &plan,
                                       const sinter_pool_options *given) {
  sinter_pool_options options;
  sinter_pool_options_initialize(&options);
  options = readOptions(given, options);
  return {.sessions = options.sessions,
          .context =
              options.context ? options.context : plan.tables().max_context(),
          .positions = options.positions,
          .batches = true};
}

namespace {

Status checkSize(const LoadedPlan &plan, const PoolSize &size) {
  // As many as there are page tables that a run can name.
  constexpr uint32_t kMaxSessions = 1 << 16;
  if (size.sessions == 0 || size.sessions > kMaxSessions)
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "a pool of %u sessions, expected 1 to %u", size.sessions,
                kMaxSessions);
  if (size.context > plan.tables().max_context())
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "a context of %u positions, the model has at most %u",
                size.context, plan.tables().max_context());
  return Status();
}

Status createPool(sinter_plan *plan, const sinter_pool_options *options,
                  sinter_pool **outPool) {
  const LoadedPlan &loaded = plan->loaded;
  PoolSize size = readPoolSize(loaded, options);
  SINTER_TRY(checkSize(loaded, size));
  auto pool = Owned<sinter_pool>::make(loaded.allocator(), plan);
  if (!pool)
    return outOfMemory();
  SINTER_TRY(pool->memory.create(size));
  *outPool = pool.release();
  return Status();
}

Status checkRow(const sinter_pool &pool, const sinter_row &row, size_t place) {
  const LoadedPlan &plan = pool.plan->loaded;
  if (!row.session || row.session->memory.sharedPool() != &pool.memory)
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "the session of row %zu is none of this pool", place);
  if (row.flags & ~SINTER_ROW_LOGITS)
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "row %zu has unknown flags %#x", place, row.flags);
  return checkId(plan, row.id, place);
}

Status step(sinter_pool &pool, std::span<const sinter_row> rows,
            sinter_row_callback callback, void *user) {
  const LoadedPlan &plan = pool.plan->loaded;
  int64_t found = plan.program().find("step");
  if (found < 0)
    return fail(plan.allocator(), SINTER_UNSUPPORTED,
                "the plan has no function 'step', which computes rows of "
                "several sessions; %s",
                plan.tables().model_switch()
                    ? "models that write in turns do so in one"
                    : "compile the model again");
  auto function = uint32_t(found);
  if (plan.program().functions[function].params != 0)
    return fail(plan.allocator(), SINTER_VERSION,
                "function 'step' of the plan wants parameters that this "
                "runtime does not know; use a newer runtime");
  if (rows.size() > plan.tables().max_rows())
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "%zu rows in one step, expected at most %u", rows.size(),
                plan.tables().max_rows());
  for (size_t i = 0; i < rows.size(); ++i)
    SINTER_TRY(checkRow(pool, rows[i], i));
  if (rows.empty())
    return Status();
  Batch batch(pool.memory);
  for (const sinter_row &row : rows)
    batch.add(row.session->memory, row.id, row.flags & SINTER_ROW_LOGITS);
  BatchStep host(plan, batch, callback, user);
  return executeBatch(plan, batch, function, host, pool.cancel,
                      pool.profiler.get());
}

} // namespace

extern "C" {

void sinter_pool_options_initialize(sinter_pool_options *options) {
  if (!options)
    return;
  *options = {};
  options->size = sizeof(*options);
  options->sessions = 1;
}

sinter_status *sinter_pool_create(sinter_plan *plan,
                                  const sinter_pool_options *options,
                                  sinter_pool **outPool) {
  Allocator host = plan ? plan->loaded.hostAllocator() : Allocator();
  if (!plan || !outPool)
    return notNull(host, "sinter_pool_create").release();
  return handOut(host, createPool(plan, options, outPool));
}

void sinter_pool_release(sinter_pool *pool) {
  if (pool)
    Owned<sinter_pool>::adopt(pool->plan->loaded.allocator(), pool);
}

uint64_t sinter_pool_room(const sinter_pool *pool) {
  if (!pool)
    return 0;
  uint64_t room = UINT64_MAX;
  const auto &states = *pool->plan->loaded.tables().states();
  for (uint32_t i = 0; i < states.size(); ++i) {
    const PagePool &pages = pool->memory.pages(i);
    uint64_t here = uint64_t(pages.available()) * pages.pageTokens();
    room = here < room ? here : room;
  }
  return room;
}

sinter_status *sinter_pool_step(sinter_pool *pool, const sinter_row *rows,
                                size_t count, sinter_row_callback callback,
                                void *user) {
  if (!pool || (!rows && count))
    return notNull(Allocator(), "sinter_pool_step").release();
  return handOut(pool->plan->loaded.hostAllocator(),
                 step(*pool, {rows, count}, callback, user));
}

void sinter_pool_cancel(sinter_pool *pool) {
  if (pool)
    pool->cancel.store(true, std::memory_order_relaxed);
}
}
