// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about sessions.
#include "runtime/capi/Objects.h"
#include "runtime/decode/Scoring.h"

using namespace sinter::runtime;
namespace plan = sinter::plan;

Status sinter::runtime::notNull(const Allocator &host, const char *function) {
  return fail(host, SINTER_INVALID_ARGUMENT, "%s: a pointer is NULL", function);
}

Status sinter::runtime::checkId(const LoadedPlan &plan, int32_t id,
                                size_t place) {
  if (id >= 0 && uint32_t(id) < plan.tables().vocabulary())
    return Status();
  return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
              "id %d at place %zu is no token; expected 0 to %u", id, place,
              plan.tables().vocabulary() - 1);
}

Result<uint32_t> sinter::runtime::findFunction(const LoadedPlan &plan,
                                               const char *name) {
  int64_t index = plan.program().find(name);
  if (index < 0)
    return fail(plan.allocator(), SINTER_UNSUPPORTED,
                "the plan has no function '%s'", name);
  return uint32_t(index);
}

namespace {

Status checkIds(const LoadedPlan &plan, std::span<const int32_t> ids) {
  for (size_t i = 0; i < ids.size(); ++i)
    SINTER_TRY(checkId(plan, ids[i], i));
  return Status();
}

/// `pool`: null for memory of its own.
Result<sinter_session *> createSession(sinter_plan *plan, PoolMemory *pool,
                                       uint32_t context, uint32_t chunk) {
  auto session = Owned<sinter_session>::make(plan->loaded.allocator(), plan);
  if (!session)
    return outOfMemory();
  session->chunk = chunk;
  SINTER_TRY(pool ? session->memory.create(*pool, context)
                  : session->memory.create(context));
  return session.release();
}

Status createSession(sinter_plan *plan, const sinter_session_options &options,
                     sinter_session **outSession) {
  const plan::Plan &tables = plan->loaded.tables();
  if (options.pool && options.pool->plan != plan)
    return fail(plan->loaded.allocator(), SINTER_INVALID_ARGUMENT,
                "the pool belongs to another plan");
  uint32_t most =
      options.pool ? options.pool->memory.size().context : tables.max_context();
  if (options.context > most)
    return fail(plan->loaded.allocator(), SINTER_INVALID_ARGUMENT,
                "a context of %u positions, the %s has at most %u",
                options.context, options.pool ? "pool" : "model", most);
  uint32_t chunk = options.chunk;
  if (chunk == 0 || chunk > tables.max_rows())
    chunk = tables.max_rows();
  SINTER_ASSIGN(*outSession,
                createSession(plan,
                              options.pool ? &options.pool->memory : nullptr,
                              options.context ? options.context : most, chunk));
  return Status();
}

Status forkSession(const sinter_session &session, sinter_session **outSession) {
  const SessionMemory &memory = session.memory;
  SINTER_ASSIGN(sinter_session * copy,
                createSession(session.plan, memory.sharedPool(),
                              memory.context(), session.chunk));
  Status status = copy->memory.copyFrom(memory);
  copy->nearest = session.nearest;
  if (status.ok())
    *outSession = copy;
  else
    sinter_session_release(copy);
  return status;
}

Status checkExits(const LoadedPlan &plan, const sinter_generation &options) {
  float threshold = options.exit_threshold;
  SINTER_TRY(checkThreshold(plan, threshold));
  if (threshold > 0 && !plan.tables().exits() && !plan.tables().ffns())
    return fail(plan.allocator(), SINTER_UNSUPPORTED,
                "exit_threshold is %g, but the plan has no exits; compile it "
                "with --early-exit",
                double(threshold));
  return Status();
}

Status checkSwitch(const LoadedPlan &plan, float bits) {
  const plan::ModelSwitch *models = plan.tables().model_switch();
  if (!(bits >= 0)) // no number is refused, too
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "switch_bits is %g, expected 0 or more", double(bits));
  if (bits > 0 && !models)
    return fail(plan.allocator(), SINTER_UNSUPPORTED,
                "switch_bits is %g, but one model writes; compile two with "
                "--spec-policy=switch:BITS",
                double(bits));
  // Such a plan says that it is exact.
  if (bits > 0 && models->threshold() == 0)
    return fail(plan.allocator(), SINTER_UNSUPPORTED,
                "switch_bits is %g, but the plan lets the large model write "
                "everything; compile it with --spec-policy=switch:BITS",
                double(bits));
  return Status();
}

Status checkSampling(const LoadedPlan &plan, const sinter_sampling &sampling) {
  const char *wrong = nullptr;
  // Written so that NaN is refused, too.
  if (!(sampling.temperature >= 0))
    wrong = "temperature, expected at least 0";
  else if (sampling.top_k < 0)
    wrong = "top_k, expected at least 0";
  else if (!(sampling.top_p >= 0 && sampling.top_p <= 1))
    wrong = "top_p, expected 0 to 1";
  else if (!(sampling.min_p >= 0 && sampling.min_p <= 1))
    wrong = "min_p, expected 0 to 1";
  else if (!(sampling.repetition_penalty > 0))
    wrong = "repetition_penalty, expected more than 0";
  if (!wrong)
    return Status();
  return fail(plan.allocator(), SINTER_INVALID_ARGUMENT, "sampling: bad %s",
              wrong);
}

/// The state must hold all but the last of `ids`' own beginning: at least one
/// id is computed, for its logits.
uint32_t commonPrefix(const sinter_session &session,
                      std::span<const int32_t> ids) {
  const int32_t *history = session.memory.history();
  uint32_t most = session.memory.position(), same = 0;
  if (most > ids.size() - 1)
    most = uint32_t(ids.size() - 1);
  while (same < most && history[same] == ids[same])
    ++same;
  return same;
}

/// A plan that drafts, whose models take turns, or that has exits, has the
/// program without them, too.
Result<uint32_t> generator(const LoadedPlan &plan,
                           const sinter_generation &options) {
  if ((options.no_speculation &&
       (plan.tables().drafters() || plan.tables().model_switch())) ||
      (options.no_early_exit && plan.tables().exits()))
    return findFunction(plan, "generate_plain");
  return findFunction(plan, "generate");
}

Status generate(sinter_session &session, std::span<const int32_t> ids,
                const sinter_generation &options,
                sinter_statistics &statistics) {
  const LoadedPlan &plan = session.plan->loaded;
  if (ids.empty())
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "the prompt is empty; expected at least one id");
  SINTER_TRY(checkIds(plan, ids));
  SINTER_TRY(checkSampling(plan, options.sampling));
  SINTER_TRY(checkExits(plan, options));
  SINTER_TRY(checkSwitch(plan, options.switch_bits));
  uint32_t context = session.memory.context();
  if (ids.size() > context)
    return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                "the prompt has %zu ids, the session has room for %u; ask for "
                "a larger context or shorten the prompt",
                ids.size(), context);
  SINTER_ASSIGN(uint32_t function, generator(plan, options));
  // The last token handed out needs no position.
  uint32_t room = context - uint32_t(ids.size()) + 1;
  bool cut = options.max_tokens == 0 || options.max_tokens > room;
  uint32_t limit = cut ? room : options.max_tokens;
  int64_t arguments[kMaxArguments];
  SINTER_TRY(generationArguments(plan, function, options, limit, session.chunk,
                                 arguments));
  uint32_t reused = commonPrefix(session, ids);
  if (!session.memory.state(0).canTruncate(reused))
    reused = 0;
  Generation host(plan, options, ids.subspan(reused), limit, cut,
                  session.speculation, session.exits, session.models);
  SINTER_TRY(host.open());
  (void)session.memory.truncate(reused); // no more than it holds
  Status status =
      execute(plan, session.memory, function,
              {arguments, plan.program().functions[function].params}, host,
              session.cancel, session.profiler.get());
  keepFfns(session);
  keepNearest(session, reused);
  SINTER_TRY(std::move(status));
  statistics.reused_tokens = reused;
  host.report(statistics);
  return Status();
}

Status cannotForget(const sinter_session &session, uint32_t position) {
  const KvCache &state = session.memory.state(0);
  const Allocator &allocator = session.plan->loaded.hostAllocator();
  if (state.isRecurrent())
    return fail(allocator, SINTER_UNSUPPORTED,
                "truncation from position %u to %u: a recurrent state forgets "
                "the last %u positions, or all; fork or save the session "
                "before",
                session.memory.position(), position,
                state.recurrence().unplayed);
  return fail(allocator, SINTER_UNSUPPORTED,
              "truncation from position %u to %u: of what a row there sees, "
              "positions before %u are given back; forget all and compute "
              "them again, fork or save the session before, or compile with a "
              "larger --kv-slack",
              session.memory.position(), position,
              state.extent().from *
                  session.memory.pool().pages(0).pageTokens());
}

} // namespace

Status sinter::runtime::checkThreshold(const LoadedPlan &plan,
                                       float threshold) {
  if (threshold >= 0 && threshold <= 1) // NaN is refused, too
    return Status();
  return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
              "exit_threshold is %g, expected 0 to 1", double(threshold));
}

Status sinter::runtime::score(sinter_session &session, const char *program,
                              float ffnThreshold, std::span<const int32_t> ids,
                              sinter_logits_callback callback, void *user) {
  const LoadedPlan &plan = session.plan->loaded;
  SINTER_TRY(checkIds(plan, ids));
  uint32_t position = session.memory.position();
  uint32_t room = session.memory.context() - position;
  if (ids.size() > room)
    return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                "%zu ids after %u positions, the session has room for %u; "
                "ask for a larger context or truncate",
                ids.size(), position, session.memory.context());
  SINTER_ASSIGN(uint32_t function, findFunction(plan, program));
  int64_t arguments[kMaxArguments];
  SINTER_TRY(
      scoringArguments(plan, function, session.chunk, ffnThreshold, arguments));
  Scoring host(plan, ids, position, callback, user);
  Status status =
      execute(plan, session.memory, function,
              {arguments, plan.program().functions[function].params}, host,
              session.cancel, session.profiler.get());
  keepNearest(session, position);
  return status;
}

extern "C" {

void sinter_sampling_initialize(sinter_sampling *sampling,
                                const sinter_plan *plan) {
  if (!sampling)
    return;
  *sampling = {};
  sampling->size = sizeof(*sampling);
  sampling->top_p = 1;
  sampling->repetition_penalty = 1;
  if (!plan || !plan->loaded.tables().defaults())
    return;
  const plan::GenerationDefaults &defaults = *plan->loaded.tables().defaults();
  sampling->temperature = defaults.temperature();
  sampling->top_k = defaults.top_k();
  sampling->top_p = defaults.top_p();
  sampling->min_p = defaults.min_p();
  sampling->repetition_penalty = defaults.repetition_penalty();
}

void sinter_session_options_initialize(sinter_session_options *options) {
  if (!options)
    return;
  *options = {};
  options->size = sizeof(*options);
}

sinter_status *sinter_session_create(sinter_plan *plan,
                                     const sinter_session_options *given,
                                     sinter_session **outSession) {
  Allocator host = plan ? plan->loaded.hostAllocator() : Allocator();
  if (!plan || !outSession)
    return notNull(host, "sinter_session_create").release();
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options = readOptions(given, options);
  return handOut(host, createSession(plan, options, outSession));
}

void sinter_session_release(sinter_session *session) {
  if (session)
    Owned<sinter_session>::adopt(session->plan->loaded.allocator(), session);
}

sinter_status *sinter_session_fork(const sinter_session *session,
                                   sinter_session **outSession) {
  if (!session || !outSession)
    return notNull(Allocator(), "sinter_session_fork").release();
  return handOut(session->plan->loaded.hostAllocator(),
                 forkSession(*session, outSession));
}

uint32_t sinter_session_position(const sinter_session *session) {
  return session ? session->memory.position() : 0;
}

const int32_t *sinter_session_history(const sinter_session *session) {
  return session ? session->memory.history() : nullptr;
}

sinter_status *sinter_session_truncate(sinter_session *session,
                                       uint32_t position) {
  if (!session)
    return notNull(Allocator(), "sinter_session_truncate").release();
  if (session->memory.truncate(position))
    return nullptr;
  if (position <= session->memory.position())
    return cannotForget(*session, position).release();
  return fail(session->plan->loaded.hostAllocator(), SINTER_INVALID_ARGUMENT,
              "truncation to position %u, the session holds %u", position,
              session->memory.position())
      .release();
}

void sinter_session_cancel(sinter_session *session) {
  if (session)
    session->cancel.store(true, std::memory_order_relaxed);
}

sinter_status *sinter_session_score(sinter_session *session, const int32_t *ids,
                                    size_t count,
                                    sinter_logits_callback callback,
                                    void *user) {
  if (!session || (!ids && count))
    return notNull(Allocator(), "sinter_session_score").release();
  return handOut(session->plan->loaded.hostAllocator(),
                 score(*session, "score", /*ffnThreshold=*/0, {ids, count},
                       callback, user));
}

void sinter_generation_initialize(sinter_generation *generation,
                                  const sinter_plan *plan) {
  if (!generation)
    return;
  *generation = {};
  generation->size = sizeof(*generation);
  sinter_sampling_initialize(&generation->sampling, plan);
}

sinter_status *sinter_session_generate(sinter_session *session,
                                       const int32_t *ids, size_t count,
                                       const sinter_generation *given,
                                       sinter_statistics *out) {
  if (!session || (!ids && count))
    return notNull(Allocator(), "sinter_session_generate").release();
  sinter_generation options;
  sinter_generation_initialize(&options, session->plan);
  options = readOptions(given, options);
  sinter_statistics statistics = {};
  Status status = generate(*session, {ids, count}, options, statistics);
  if (status.ok() && out) {
    size_t size =
        out->size < sizeof(statistics) ? out->size : sizeof(statistics);
    statistics.size = out->size;
    memcpy(out, &statistics, size);
  }
  return handOut(session->plan->loaded.hostAllocator(), std::move(status));
}
}
