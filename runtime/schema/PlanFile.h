/* PlanFile.h - the fixed header at the start of a *.plan file.  Plain C.
 *
 * Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Layout of a plan, little-endian:
 *   [0, 128)              this header
 *   [meta_offset, +bytes) FlatBuffers table `sinter.plan.Plan` (plan.fbs)
 *   page-aligned          sections (weights, code), located by Plan.sections
 */
#ifndef SINTER_RUNTIME_SCHEMA_PLANFILE_H
#define SINTER_RUNTIME_SCHEMA_PLANFILE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SINTER_PLAN_MAGIC "SINTPLAN"  /* 8 bytes, no terminator in the file */
#define SINTER_PLAN_FORMAT_VERSION 1u /* what this source writes and reads */
#define SINTER_PLAN_SECTION_ALIGN 4096u
/* Bytes of a section per digest. */
#define SINTER_PLAN_DIGEST_BLOCK (1u << 20)

typedef struct sinter_plan_header {
  char magic[8];
  uint32_t format_version; /* SINTER_PLAN_FORMAT_VERSION */
  uint32_t header_bytes;   /* sizeof(sinter_plan_header) = 128 */
  uint64_t file_bytes;     /* whole file; a shorter file is truncated */
  uint64_t meta_offset;    /* of the FlatBuffers table, 64-byte aligned */
  uint64_t meta_bytes;
  uint64_t meta_digest; /* XXH3-64, seed 0, of the meta bytes */
  uint32_t min_runtime; /* lowest runtime that can execute this plan */
  uint32_t reserved0;
  uint8_t reserved[64];   /* zero */
  uint64_t header_digest; /* XXH3-64, seed 0, of the 120 bytes before it */
} sinter_plan_header;

#ifdef __cplusplus
}
static_assert(sizeof(sinter_plan_header) == 128, "the header is 128 bytes");
#endif
#endif
