/* Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * complete PLAN PROMPT [TOKENS]: continues a text, as it is generated. */
#include <sinter-c/runtime.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_token(void *user, int32_t id, const char *text, size_t bytes) {
  (void)user;
  (void)id;
  fwrite(text, 1, bytes, stdout);
  fflush(stdout);
  return 0; /* go on */
}

/* Ids of the prompt; the caller frees them. */
static sinter_status *tokenize(const sinter_plan *plan, const char *prompt,
                               int32_t **out_ids, size_t *out_count) {
  /* Never more ids than bytes, but for BOS and EOS. */
  size_t capacity = strlen(prompt) + 2;
  int32_t *ids = malloc(capacity * sizeof(*ids));
  sinter_status *status = NULL;
  if (ids)
    status = sinter_plan_tokenize(plan, prompt, strlen(prompt),
                                  SINTER_TEXT_PLAIN, ids, capacity, out_count);
  *out_ids = ids;
  return status;
}

static sinter_status *complete(sinter_plan *plan, const char *prompt,
                               uint32_t tokens) {
  int32_t *ids = NULL;
  size_t count = 0;
  sinter_session *session = NULL;
  sinter_status *status = tokenize(plan, prompt, &ids, &count);
  if (!status)
    status = sinter_session_create(plan, NULL, &session);
  if (!status) {
    sinter_generation generation;
    sinter_generation_initialize(&generation, plan);
    generation.sampling.temperature = 0; /* greedy */
    generation.max_tokens = tokens;
    generation.callback = print_token;
    status = sinter_session_generate(session, ids, count, &generation, NULL);
  }
  sinter_session_release(session);
  free(ids);
  return status;
}

int main(int argc, char **argv) {
  if (argc != 3 && argc != 4) {
    fprintf(stderr, "usage: complete PLAN PROMPT [TOKENS]\n");
    return 2;
  }
  sinter_plan *plan = NULL;
  sinter_status *status = sinter_plan_open(argv[1], NULL, &plan);
  if (!status)
    status = complete(plan, argv[2], argc == 4 ? (uint32_t)atoi(argv[3]) : 64);
  if (status)
    fprintf(stderr, "complete: %s\n", sinter_status_message(status));
  else
    putchar('\n');
  int code = status ? 1 : 0;
  sinter_status_release(status);
  sinter_plan_release(plan);
  return code;
}
