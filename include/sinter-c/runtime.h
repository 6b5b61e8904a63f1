/*===- sinter-c/runtime.h - the C API of the sinter runtime ---------------===*\
|*
|* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* Loads a plan, runs it, streams tokens.  Needs nothing but this header.
|*
|* Rules that hold everywhere
|*  - A function that can fail returns `sinter_status *`: NULL is success,
|*    anything else must be released with sinter_status_release.
|*  - `_open` and `_create` give ownership; every one has a `_release`, which
|*    accepts NULL.  Everything else lends: a `const char *` belongs to the
|*    object it was asked from and lives as long.
|*  - Output parameters come last and are named out_*; they are written only on
|*    success.
|*  - Option structs begin with their size; call the `_initialize` function and
|*    then change fields, so that a newer library understands an older caller.
|*  - Nothing here aborts, exits or throws.  No global state.
|*  - A plan is immutable and may be shared by threads and sessions.  A session
|*    belongs to one thread at a time, except sinter_session_cancel, which any
|*    thread may call.
|*  - Strings are UTF-8 with explicit lengths where they may hold NUL.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SINTER_C_RUNTIME_H
#define SINTER_C_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows by adding only within a major version. */
#define SINTER_API_MAJOR 1
#define SINTER_API_MINOR 1

#if defined(_WIN32)
#define SINTER_API __declspec(dllexport)
#else
#define SINTER_API __attribute__((visibility("default")))
#endif

typedef struct sinter_status sinter_status;
typedef struct sinter_plan sinter_plan;
typedef struct sinter_session sinter_session;
typedef struct sinter_pool sinter_pool;

/* ---- status --------------------------------------------------------------*/

typedef enum sinter_code {
  SINTER_OK = 0,
  SINTER_INVALID_ARGUMENT = 1, /* the caller's values make no sense */
  SINTER_NOT_FOUND = 2,        /* a file or a name does not exist */
  SINTER_IO = 3,               /* the operating system refused */
  SINTER_CORRUPT = 4,          /* bytes are damaged or no plan */
  SINTER_VERSION = 5,          /* plan and runtime do not fit */
  SINTER_UNSUPPORTED = 6,      /* this machine or build cannot do it */
  SINTER_OUT_OF_MEMORY = 7,
  SINTER_CONTEXT_FULL = 8, /* no position is left in the session or its pool */
  SINTER_CANCELLED = 9,
  SINTER_MISMATCH = 10, /* a self-test gave another answer */
  SINTER_INTERNAL = 11  /* a bug of ours */
} sinter_code;

/* NULL gives SINTER_OK and "". */
SINTER_API sinter_code sinter_status_code(const sinter_status *status);
SINTER_API const char *sinter_status_message(const sinter_status *status);
SINTER_API void sinter_status_release(sinter_status *status);

/* "0.1.0"; major << 16 | minor of the API the library was built with. */
SINTER_API const char *sinter_version(void);
SINTER_API uint32_t sinter_api_version(void);

/* ---- plan ----------------------------------------------------------------*/

/* Memory from the host.  allocate returns NULL when it refuses; alignment is a
 * power of two of at most 4096. release gets the same size and alignment. Both
 * may be called from any thread. */
typedef struct sinter_allocator {
  void *context;
  void *(*allocate)(void *context, size_t bytes, size_t alignment);
  void (*release)(void *context, void *pointer, size_t bytes, size_t alignment);
} sinter_allocator;

typedef enum sinter_verify {
  SINTER_VERIFY_METADATA = 0, /* header, tables and code: always done */
  SINTER_VERIFY_WEIGHTS = 1, /* the default: block digests of the weights too */
  SINTER_VERIFY_SHA256 = 2   /* and SHA-256 of the whole weight section */
} sinter_verify;

typedef struct sinter_plan_options {
  size_t size;          /* sizeof(sinter_plan_options) */
  uint32_t threads;     /* workers; 0: one a core */
  uint32_t pin_threads; /* 1: a worker stays on its core */
  const char *cpu;      /* "x86-64-v3", ...; NULL: $SINTER_CPU, else the best */
  sinter_verify verify;
  const sinter_allocator *allocator; /* NULL: the C library's; copied */
} sinter_plan_options;

SINTER_API void sinter_plan_options_initialize(sinter_plan_options *options);

/* Maps and verifies the plan at `path` and starts its workers.
 * options may be NULL. */
SINTER_API sinter_status *sinter_plan_open(const char *path,
                                           const sinter_plan_options *options,
                                           sinter_plan **out_plan);
/* Sessions of the plan must be released before. */
SINTER_API void sinter_plan_release(sinter_plan *plan);

typedef enum sinter_number {
  SINTER_VOCABULARY = 0,  /* logits in a row */
  SINTER_MAX_CONTEXT = 1, /* positions of the longest session */
  SINTER_MAX_ROWS = 2,    /* rows (tokens) of one forward */
  SINTER_THREADS = 3,     /* workers in use */
  SINTER_FILE_BYTES = 4,
  SINTER_WEIGHT_BYTES = 5
} sinter_number;
SINTER_API uint64_t sinter_plan_number(const sinter_plan *plan,
                                       sinter_number what);

/* Text properties: "name", "architecture", "cpu" (code object in use),
 * "prefetch" ("code" or "cpu": who fetches weights that are read next),
 * "activations", "kv", and every provenance and quality key; NULL when unknown.
 */
SINTER_API const char *sinter_plan_property(const sinter_plan *plan,
                                            const char *key);

/* Upper bound of heap bytes with `sessions` sessions of `context` positions;
 * never exceeded, at most 5 % too high. Text calls use a little more while they
 * run, in proportion to their input; thread stacks and the mapped file are not
 * heap. UINT64_MAX: more than can be counted. */
SINTER_API uint64_t sinter_plan_memory(const sinter_plan *plan,
                                       uint32_t sessions, uint32_t context);

typedef struct sinter_sampling {
  size_t size;                /* sizeof(sinter_sampling) */
  float temperature;          /* 0: greedy */
  int32_t top_k;              /* 0: off */
  float top_p;                /* 1: off */
  float min_p;                /* 0: off */
  float repetition_penalty;   /* 1: off; Keskar et al. 2019 (CTRL) */
  uint32_t repetition_window; /* last tokens it looks at; 0: all */
  uint64_t seed;
} sinter_sampling;
/* The plan's own defaults; plan may be NULL (greedy). */
SINTER_API void sinter_sampling_initialize(sinter_sampling *sampling,
                                           const sinter_plan *plan);

/* ---- text ----------------------------------------------------------------*/

typedef enum sinter_text_flags {
  SINTER_TEXT_PLAIN = 0,
  SINTER_TEXT_SPECIAL =
      1, /* tokenize: special tokens in the text are recognised;
            detokenize: special tokens are written out */
  SINTER_TEXT_BOS_EOS =
      2 /* tokenize: add BOS and EOS where the model wants them */
} sinter_text_flags;

/* Ids of `bytes` bytes of UTF-8 (each maximal invalid sequence is read as
 * U+FFFD). Writes at most `capacity` ids and always the needed count. */
SINTER_API sinter_status *sinter_plan_tokenize(const sinter_plan *plan,
                                               const char *text, size_t bytes,
                                               uint32_t flags, int32_t *ids,
                                               size_t capacity,
                                               size_t *out_count);
/* Bytes of the ids, not zero-terminated. Writes at most `capacity` bytes and
 * always the needed count. */
SINTER_API sinter_status *sinter_plan_detokenize(const sinter_plan *plan,
                                                 const int32_t *ids,
                                                 size_t count, uint32_t flags,
                                                 char *text, size_t capacity,
                                                 size_t *out_bytes);
/* Renders the model's chat template. messages_json: a list of {"role",
 * "content"} or an object with "messages" and other variables of the template.
 */
SINTER_API sinter_status *
sinter_plan_render(const sinter_plan *plan, const char *messages_json,
                   size_t bytes, int add_generation_prompt, char *text,
                   size_t capacity, size_t *out_bytes);

/* ---- session -------------------------------------------------------------*/

typedef struct sinter_session_options {
  size_t size;       /* sizeof(sinter_session_options) */
  uint32_t context;  /* positions; 0: the pool's, or the plan's max_context */
  uint32_t chunk;    /* rows of a prefill step; 0: the plan's max_rows */
  sinter_pool *pool; /* where it lives; NULL: memory of its own */
} sinter_session_options;
SINTER_API void
sinter_session_options_initialize(sinter_session_options *options);

SINTER_API sinter_status *
sinter_session_create(sinter_plan *plan, const sinter_session_options *options,
                      sinter_session **out_session);
SINTER_API void sinter_session_release(sinter_session *session);
/* A second session with the same history and state, in the same pool. */
SINTER_API sinter_status *sinter_session_fork(const sinter_session *session,
                                              sinter_session **out_session);
/* Positions of the text that the session holds: their keys and values are in
 * the state, but for what a second model reads when it is asked. */
SINTER_API uint32_t sinter_session_position(const sinter_session *session);
/* Ids of all committed positions. */
SINTER_API const int32_t *sinter_session_history(const sinter_session *session);
/* Forgets all positions from `position` on. SINTER_UNSUPPORTED: the plan keeps
 * a window, or a recurrent state, of which what a row there needs is gone. */
SINTER_API sinter_status *sinter_session_truncate(sinter_session *session,
                                                  uint32_t position);
/* The call in progress, or else the next one, returns SINTER_CANCELLED at the
 * next step; the session stays usable. Any thread. */
SINTER_API void sinter_session_cancel(sinter_session *session);

/* rows x vocabulary f32 logits of positions [first, first + rows); return 0 to
 * go on. */
typedef int (*sinter_logits_callback)(void *user, uint32_t first, uint32_t rows,
                                      const float *logits);
/* Appends `count` ids and hands out the logits of each position. When the
 * callback has enough, the rows of the present step still become part of the
 * session. */
SINTER_API sinter_status *sinter_session_score(sinter_session *session,
                                               const int32_t *ids, size_t count,
                                               sinter_logits_callback callback,
                                               void *user);

/* A token and the text it completes: `bytes` bytes that end on a character
 * boundary (0 when the character is not complete yet, or when a stop string may
 * begin there). When an end-of-text id ends the text, what was held back comes
 * with id -1. Bytes that are no UTF-8 come as U+FFFD. Return 0 to go on. */
typedef int (*sinter_token_callback)(void *user, int32_t id, const char *text,
                                     size_t bytes);

typedef struct sinter_generation {
  size_t size; /* sizeof(sinter_generation) */
  sinter_sampling sampling;
  uint32_t max_tokens;      /* 0: until the context is full */
  uint32_t ignore_stop_ids; /* 1: do not stop at the model's end-of-text ids */
  const char *const *stop;  /* stop strings; cut from the text */
  size_t stop_count;
  sinter_token_callback callback;
  void *user;
  uint32_t no_speculation; /* 1: one token a forward, and of two models the
                              large one, whatever the plan does */
  uint32_t draft_tokens;   /* ids of every draft, where so many are found; 0: as
                              many as the policy of the plan says */
  uint32_t no_early_exit;  /* 1: all layers for every token, whatever the plan
                              does */
  float exit_threshold;    /* of every exit of the plan, or its feed-forward
                              blocks; 0: as the plan says, 1: nothing leaves */
  uint32_t no_timing; /* 1: how much is drafted follows from the cost table of
                         the plan alone, not from the clock: the same drafts
                         each time */
  float switch_bits;  /* from this mean entropy on the large one of two models
                         writes; 0: as the plan says */
} sinter_generation;
SINTER_API void sinter_generation_initialize(sinter_generation *generation,
                                             const sinter_plan *plan);

typedef enum sinter_stop_reason {
  SINTER_STOP_MAX_TOKENS = 0,
  SINTER_STOP_ID = 1, /* an end-of-text id, which is not handed out */
  SINTER_STOP_STRING = 2,
  SINTER_STOP_CALLBACK = 3,
  SINTER_STOP_CONTEXT = 4,
  SINTER_STOP_HOPELESS = 5 /* an exit of the plan doubts the next token */
} sinter_stop_reason;

typedef struct sinter_statistics {
  size_t size;            /* sizeof(sinter_statistics); set by the caller */
  uint64_t prompt_tokens; /* computed by the last call */
  uint64_t reused_tokens; /* found in the state already */
  uint64_t generated_tokens;
  uint64_t prefill_ns;
  uint64_t decode_ns;
  sinter_stop_reason stop;
} sinter_statistics;

/* Makes `ids` the history of the session - positions of the longest common
 * prefix are kept, the rest is truncated and computed - and generates. The
 * state afterwards does not hold the last generated token. `out` may be NULL.
 */
SINTER_API sinter_status *
sinter_session_generate(sinter_session *session, const int32_t *ids,
                        size_t count, const sinter_generation *generation,
                        sinter_statistics *out);

/* ---- several sessions ---------------------------------------------------*/

/* Sessions of a pool share one allocation: they take pages of keys and values
 * as they grow and give them back when they are truncated or released, and use
 * one set of buffers to compute with. A pool and its sessions belong to one
 * thread at a time, except the functions that cancel. All calls of this header
 * take sessions of a pool like others; when the pool has no page left, a call
 * returns SINTER_CONTEXT_FULL and the sessions stay usable. */
typedef struct sinter_pool_options {
  size_t size;        /* sizeof(sinter_pool_options) */
  uint32_t sessions;  /* that live in it at a time; at least 1 */
  uint32_t context;   /* positions of the longest; 0: the plan's max_context */
  uint64_t positions; /* of all sessions, in whole pages each; 0: as many as
                         they can use: sessions * context, or with a window
                         what it keeps of each */
} sinter_pool_options;
/* One session of the plan's max_context. */
SINTER_API void sinter_pool_options_initialize(sinter_pool_options *options);

SINTER_API sinter_status *sinter_pool_create(sinter_plan *plan,
                                             const sinter_pool_options *options,
                                             sinter_pool **out_pool);
/* Its sessions must be released before. */
SINTER_API void sinter_pool_release(sinter_pool *pool);
/* Positions for which there are free pages. With a window a session can read
 * more than these: it gives pages back as it goes on. */
SINTER_API uint64_t sinter_pool_room(const sinter_pool *pool);
/* Upper bound of heap bytes with one such pool and all its sessions; what
 * sinter_plan_memory says of its bound holds here, too. */
SINTER_API uint64_t sinter_pool_memory(const sinter_plan *plan,
                                       const sinter_pool_options *options);

/* The logits of this row are wanted. */
#define SINTER_ROW_LOGITS 1u

/* A token to append to a session. */
typedef struct sinter_row {
  sinter_session *session;
  int32_t id;
  uint32_t flags; /* SINTER_ROW_... */
} sinter_row;

/* `vocabulary` f32 logits of row `row` of the step, once for each row that
 * wants them, in the order of the rows; return 0 to go on. */
typedef int (*sinter_row_callback)(void *user, size_t row, const float *logits);

/* One forward over rows of several sessions of the pool, at most max_rows. Rows
 * of one session stand at its next positions, in their order: decoding sessions
 * have one row, prompts as many as there is room for. Logits have the same bits
 * as in a session alone, whatever is computed beside it. All rows become part
 * of their sessions or, when the step fails, none. When the callback has
 * enough, it is not called again, and the step ends as usual.
 * SINTER_UNSUPPORTED: the plan was compiled without such steps. */
SINTER_API sinter_status *sinter_pool_step(sinter_pool *pool,
                                           const sinter_row *rows, size_t count,
                                           sinter_row_callback callback,
                                           void *user);
/* The step in progress, or else the next one, returns SINTER_CANCELLED; its
 * rows are not part of the sessions. Any thread. */
SINTER_API void sinter_pool_cancel(sinter_pool *pool);

/* ---- self-test -----------------------------------------------------------*/

/* One line of result text a check; `passed` is 1 or 0. */
typedef void (*sinter_report_callback)(void *user, int passed,
                                       const char *line);
/* Runs the golden section: tokenizer, template, logits. SINTER_MISMATCH when a
 * check fails. */
SINTER_API sinter_status *sinter_plan_selftest(sinter_plan *plan,
                                               sinter_report_callback callback,
                                               void *user);

#ifdef __cplusplus
}
#endif
#endif
