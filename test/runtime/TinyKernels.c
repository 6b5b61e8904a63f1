// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels of the tiny plan: a "language model" that hashes its history.  Every
// logit depends on all ids up to its position, through the paged cache, so that
// a mistake in chunking, truncation, forks or page tables shows in the output.
//
// Bindings and scalars of each entry are declared in TinyPlan.cpp.
#include "runtime/schema/KernelAbi.h"

#define EXPORT __attribute__((visibility("default")))
// Stage: what the barrier of tiny_forward ends (TinyPlan::kStage).
enum { PageTokens = 16, Vocabulary = 257, Stride = 288, Stage = 4 };

// A read-only table makes the image have more than one segment.
static const uint32_t Primes[4] = {2654435761u, 2246822519u, 3266489917u,
                                   668265263u};

static uint32_t mix(uint32_t hash, uint32_t value) {
  hash = (hash ^ value) * Primes[value & 3];
  return hash ^ hash >> 15;
}

static int32_t *slot(void *plane, const int32_t *pages, int64_t position) {
  return (int32_t *)plane + (int64_t)pages[position / PageTokens] * PageTokens +
         position % PageTokens;
}

// Where row i stands: in the table, or behind the first row.
typedef struct Place {
  int32_t first, rows, position, pages;
} Place;

static Place placeOf(const sinter_call *call, int64_t row) {
  Place place = {0, 0, (int32_t)(call->scalars[1] + row), 0};
  return call->scalars[2] ? ((const Place *)call->buffers[5])[row] : place;
}

// arena, ids, k, v, pages, runs; rows, position, runs
EXPORT void tiny_forward(const sinter_call *call, uint32_t worker) {
  uint32_t *hidden = call->buffers[0];
  const int32_t *ids = call->buffers[1];
  const int32_t *tables = call->buffers[4];
  int64_t rows = call->scalars[0];
  int64_t first = rows * worker / call->workers;
  int64_t last = rows * (worker + 1) / call->workers;
  for (int64_t i = first; i < last; ++i) {
    Place place = placeOf(call, i);
    const int32_t *pages = tables + place.pages;
    *slot(call->buffers[2], pages, place.position) = ids[i];
    *slot(call->buffers[3], pages, place.position) = ~ids[i];
  }
  call->barrier(call->ctx, worker, Stage);
  for (int64_t i = first; i < last; ++i) {
    Place place = placeOf(call, i);
    const int32_t *pages = tables + place.pages;
    uint32_t hash = 1;
    for (int64_t p = 0; p <= place.position; ++p)
      hash = mix(hash, *slot(call->buffers[2], pages, p) -
                           ~*slot(call->buffers[3], pages, p));
    hidden[2 * i] = hash;
    hidden[2 * i + 1] = (uint32_t)place.position;
  }
}

// arena, script, logits; first, rows
// The script says which token follows a position (its length, then the ids);
// with length 0 the history does.
EXPORT void tiny_head(const sinter_call *call, uint32_t worker) {
  const uint32_t *hidden = call->buffers[0];
  const int32_t *script = call->buffers[1];
  float *logits = call->buffers[2];
  int64_t first = call->scalars[0], rows = call->scalars[1];
  for (int64_t i = 0; i < rows; ++i) {
    uint32_t hash = hidden[2 * (first + i)];
    uint32_t position = hidden[2 * (first + i) + 1];
    int32_t winner = script[0] ? script[1 + (position + 1) % script[0]]
                               : (int32_t)(hash % (Vocabulary - 1));
    for (int32_t v = worker; v < Stride; v += call->workers) {
      float value = (float)(mix(hash, v) >> 8) * 0x1p-24f;
      logits[i * Stride + v] = v == winner ? value + 4.0f : value;
    }
  }
}

// logits, token, history; position, seed, temperature
EXPORT void tiny_sample(const sinter_call *call, uint32_t worker) {
  const float *logits = call->buffers[0];
  const int32_t *history = call->buffers[2];
  int64_t position = call->scalars[0];
  if (worker != 0)
    return;
  int32_t best = 0;
  for (int32_t v = 1; v < Vocabulary; ++v)
    if (logits[v] > logits[best])
      best = v;
  if (call->scalars[2] != 0) // warm: the seed and the last id choose
    best = (int32_t)(mix((uint32_t)call->scalars[1],
                         history[position - 1] + (uint32_t)position) %
                     (Vocabulary - 1));
  *(int32_t *)call->buffers[1] = best;
}

// out: 64 counters; n.  Counts what goes wrong between barriers.
EXPORT void tiny_barrier(const sinter_call *call, uint32_t worker) {
  volatile int32_t *cells = call->buffers[0];
  int32_t wrong = 0;
  for (int64_t round = 1; round <= call->scalars[0]; ++round) {
    cells[16 * worker] = (int32_t)round;
    call->barrier(call->ctx, worker, 0);
    for (uint32_t other = 0; other < call->workers; ++other)
      wrong += cells[16 * other] != (int32_t)round;
    call->barrier(call->ctx, worker, 0);
  }
  cells[16 * worker + 1] = wrong;
}

// out: the control register of vector arithmetic, as each worker sees it.
EXPORT void tiny_mxcsr(const sinter_call *call, uint32_t worker) {
  uint32_t value;
  __asm__ volatile("stmxcsr %0" : "=m"(value));
  ((uint32_t *)call->buffers[0])[16 * worker] = value;
}

// A recurrence s = a * s + x with random decays and inputs: what each position
// adds stays in S, so that a replay in another order shows.
enum { Channels = 16, MaxRows = 8 };
static const uint32_t Decays[Channels] = {90, 71, 99, 13, 45, 68, 27, 82,
                                          95, 5,  38, 77, 61, 50, 86, 33};

static void advance(float *s, const float *x) {
  for (int c = 0; c < Channels; ++c) {
    float decayed = (float)Decays[c] * 0x1p-7f * s[c];
    s[c] = decayed + x[c];
  }
}

// arena, ids, s, inputs, pages; rows, position, half, unplayed
EXPORT void tiny_recur(const sinter_call *call, uint32_t worker) {
  uint32_t *hidden = call->buffers[0];
  const int32_t *ids = call->buffers[1];
  int64_t page = ((const int32_t *)call->buffers[4])[0];
  int64_t half = call->scalars[2], unplayed = call->scalars[3];
  if (worker != 0)
    return;
  float *s = (float *)call->buffers[2] + page * 2 * Channels;
  float *inputs = (float *)call->buffers[3] + page * 2 * MaxRows * Channels;
  const float *played = inputs + half * MaxRows * Channels;
  float *made = inputs + (1 - half) * MaxRows * Channels;
  float now[Channels];
  for (int c = 0; c < Channels; ++c)
    now[c] = s[half * Channels + c];
  for (int64_t row = 0; row < unplayed; ++row)
    advance(now, played + row * Channels);
  for (int c = 0; c < Channels; ++c)
    s[(1 - half) * Channels + c] = now[c];
  for (int64_t row = 0; row < call->scalars[0]; ++row) {
    float *x = made + row * Channels;
    uint32_t hash = 1;
    for (int c = 0; c < Channels; ++c)
      x[c] =
          (float)(int32_t)mix((uint32_t)ids[row] + 1, (uint32_t)c) * 0x1p-31f;
    advance(now, x);
    for (int c = 0; c < Channels; ++c) {
      union {
        float value;
        uint32_t bits;
      } u = {now[c]};
      hash = mix(hash, u.bits);
    }
    hidden[2 * row] = hash;
    hidden[2 * row + 1] = (uint32_t)(call->scalars[1] + row);
  }
}
