// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the C API about layers that a sequence leaves out.
#include "sinter-c/depth.h"
#include "runtime/capi/Objects.h"
#include "runtime/state/ModelState.h"

using namespace sinter::runtime;
namespace plan = sinter::plan;

/// The words are made by the plan's program.
void sinter::runtime::keepNearest(sinter_session &session, uint32_t position) {
  const plan::Retrieval *store = session.plan->loaded.tables().retrieval();
  if (store && position == 0)
    memcpy(&session.nearest, session.memory.buffer(store->choice()),
           sizeof(session.nearest));
}

namespace {

Status checkEmpty(const sinter_session &session) {
  if (session.memory.position() == 0)
    return Status();
  return fail(session.plan->loaded.allocator(), SINTER_INVALID_ARGUMENT,
              "the session holds %u positions, and a sequence keeps its depth; "
              "truncate it to 0 first",
              session.memory.position());
}

Status setDepth(sinter_session &session, uint32_t percent) {
  SINTER_TRY(checkEmpty(session));
  if (percent == 0) {
    session.memory.forgetDepth();
    return Status();
  }
  const plan::Plan &tables = session.plan->loaded.tables();
  uint32_t count = tables.depths() ? tables.depths()->size() : 0;
  for (uint32_t i = 0; i < count; ++i)
    if (tables.depths()->Get(i)->percent() == percent) {
      session.memory.wishDepth(Depth::of(tables, i));
      return Status();
    }
  if (percent == 100) {
    session.memory.wishDepth(Depth());
    return Status();
  }
  if (count == 0)
    return fail(session.plan->loaded.allocator(), SINTER_INVALID_ARGUMENT,
                "a depth of %u %%, but the plan has none; it was compiled "
                "without --early-exit=sequence",
                percent);
  char known[512] = "100"; // of a hundred depths
  size_t length = 3;
  for (uint32_t i = 1; i < count && length < sizeof(known); ++i)
    length += size_t(snprintf(known + length, sizeof(known) - length, "%s%u",
                              i + 1 < count ? ", " : " and ",
                              tables.depths()->Get(i)->percent()));
  return fail(session.plan->loaded.allocator(), SINTER_INVALID_ARGUMENT,
              "a depth of %u %%, but the plan has depths %s %%", percent,
              known);
}

Status skipLayers(sinter_session &session, std::span<const uint32_t> layers) {
  SINTER_TRY(checkEmpty(session));
  Depth possible = Depth::shallowest(session.plan->loaded.tables());
  Depth depth;
  depth.percent = layers.empty() ? 100 : 0;
  for (uint32_t layer : layers) {
    if (layer >= Depth::kMostLayers || !possible.has(layer))
      return fail(session.plan->loaded.allocator(), SINTER_INVALID_ARGUMENT,
                  "layer %u is left out by no depth of the plan", layer);
    depth.add(layer);
  }
  session.memory.wishDepth(depth);
  return Status();
}

} // namespace

extern "C" {

sinter_status *sinter_session_set_depth(sinter_session *session,
                                        uint32_t percent) {
  if (!session)
    return notNull(Allocator(), "sinter_session_set_depth").release();
  return handOut(session->plan->loaded.hostAllocator(),
                 setDepth(*session, percent));
}

sinter_status *sinter_session_skip_layers(sinter_session *session,
                                          const uint32_t *layers,
                                          size_t count) {
  if (!session || (!layers && count))
    return notNull(Allocator(), "sinter_session_skip_layers").release();
  return handOut(session->plan->loaded.hostAllocator(),
                 skipLayers(*session, {layers, count}));
}

sinter_status *sinter_session_depth(const sinter_session *session,
                                    sinter_depth *out) {
  if (!session || !out)
    return notNull(Allocator(), "sinter_session_depth").release();
  const Depth &depth = session->memory.depth();
  const plan::Plan &tables = session->plan->loaded.tables();
  sinter_depth figures = {sizeof(figures), depth.percent,
                          modelState(tables).layers(), depth.skipped,
                          session->nearest};
  return handFigures(session->plan->loaded, figures, out,
                     "sinter_session_depth");
}

sinter_status *sinter_session_depth_key(const sinter_session *session,
                                        float *key, size_t capacity,
                                        size_t *count) {
  if (!session || !count || (!key && capacity))
    return notNull(Allocator(), "sinter_session_depth_key").release();
  const LoadedPlan &plan = session->plan->loaded;
  const plan::Retrieval *store = plan.tables().retrieval();
  if (!store)
    return fail(plan.hostAllocator(), SINTER_UNSUPPORTED,
                "the plan looks no depths up; compile it with "
                "--early-exit=sequence:retrieve")
        .release();
  *count = store->width();
  size_t known = capacity < *count ? capacity : *count;
  if (known)
    memcpy(key, session->memory.buffer(store->key()), known * sizeof(float));
  return nullptr;
}
}
