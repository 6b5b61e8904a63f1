// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Container.h"
#include "runtime/plan/Digest.h"
#include "runtime/schema/plan_generated.h"

#include <cstring>

namespace sinter::runtime {

namespace {
using ull = unsigned long long;

/// Nesting of tables: control flow nests at most 24 deep, three tables a level.
constexpr flatbuffers::uoffset_t kMaxDepth = 96;
constexpr flatbuffers::uoffset_t kMaxTables = 8u << 20;

Status checkHeader(const Origin &origin, const sinter_plan_header &header,
                   uint64_t fileBytes) {
  const Allocator &allocator = origin.allocator;
  if (memcmp(header.magic, SINTER_PLAN_MAGIC, sizeof(header.magic)) != 0)
    return fail(
        allocator, SINTER_CORRUPT,
        "%s: offset 0: not a plan (expected the bytes \"%s\"); make one "
        "with llm-compile",
        origin.path, SINTER_PLAN_MAGIC);
  if (header.format_version != SINTER_PLAN_FORMAT_VERSION)
    return fail(allocator, SINTER_VERSION,
                "%s: offset 8: plan format %u, this runtime reads format %u; "
                "compile the model again or use the matching runtime",
                origin.path, header.format_version, SINTER_PLAN_FORMAT_VERSION);
  if (header.header_bytes != sizeof(header))
    return fail(allocator, SINTER_CORRUPT,
                "%s: offset 12: header of %u bytes, expected %zu", origin.path,
                header.header_bytes, sizeof(header));
  uint64_t digest =
      digestBytes(&header, offsetof(sinter_plan_header, header_digest));
  if (digest != header.header_digest)
    return fail(allocator, SINTER_CORRUPT,
                "%s: offset %zu: the digest of the header is %016llx, expected "
                "%016llx; the file is damaged, copy or compile it again",
                origin.path, offsetof(sinter_plan_header, header_digest),
                ull(digest), ull(header.header_digest));
  if (header.min_runtime > kRuntimeLevel)
    return fail(allocator, SINTER_VERSION,
                "%s: the plan asks for runtime level %u, this one has level "
                "%u; use a newer runtime",
                origin.path, header.min_runtime, kRuntimeLevel);
  if (header.file_bytes != fileBytes)
    return fail(allocator, SINTER_CORRUPT,
                "%s: %llu bytes, expected %llu; the file is %s, copy or "
                "compile it again",
                origin.path, ull(fileBytes), ull(header.file_bytes),
                fileBytes < header.file_bytes ? "truncated" : "too long");
  if (header.meta_offset % 64 || header.meta_offset < sizeof(header) ||
      header.meta_offset > fileBytes ||
      header.meta_bytes > fileBytes - header.meta_offset)
    return fail(allocator, SINTER_CORRUPT,
                "%s: offset 24: tables at [%llu, +%llu) of a file of %llu "
                "bytes; expected an aligned range after the header",
                origin.path, ull(header.meta_offset), ull(header.meta_bytes),
                ull(fileBytes));
  return Status();
}
} // namespace

Result<const plan::Plan *> openContainer(const Origin &origin,
                                         std::span<const uint8_t> file) {
  if (file.size() < sizeof(sinter_plan_header)) {
    size_t known = file.size() < 8 ? file.size() : 8;
    bool looksLikePlan = memcmp(file.data(), SINTER_PLAN_MAGIC, known) == 0;
    return fail(origin.allocator, SINTER_CORRUPT,
                "%s: %zu bytes, expected at least a header of %zu; %s",
                origin.path, file.size(), sizeof(sinter_plan_header),
                looksLikePlan ? "the file is truncated, copy it again"
                              : "not a plan, make one with llm-compile");
  }
  sinter_plan_header header;
  memcpy(&header, file.data(), sizeof(header));
  SINTER_TRY(checkHeader(origin, header, file.size()));
  const uint8_t *meta = file.data() + header.meta_offset;
  uint64_t digest = digestBytes(meta, header.meta_bytes);
  if (digest != header.meta_digest)
    return fail(origin.allocator, SINTER_CORRUPT,
                "%s: offset %llu: the digest of the tables is %016llx, "
                "expected %016llx; the file is damaged, copy or compile it "
                "again",
                origin.path, ull(header.meta_offset), ull(digest),
                ull(header.meta_digest));
  if (header.meta_bytes < 16 || header.meta_bytes > FLATBUFFERS_MAX_BUFFER_SIZE)
    return fail(origin.allocator, SINTER_CORRUPT,
                "%s: tables of %llu bytes, expected 16 to 2^31", origin.path,
                ull(header.meta_bytes));
  flatbuffers::Verifier verifier(meta, header.meta_bytes, kMaxDepth,
                                 kMaxTables);
  if (!plan::VerifyPlanBuffer(verifier))
    return fail(origin.allocator, SINTER_CORRUPT,
                "%s: offset %llu: the tables are no FlatBuffer of kind "
                "\"%s\"; compile the model again",
                origin.path, ull(header.meta_offset), plan::PlanIdentifier());
  return plan::GetPlan(meta);
}

} // namespace sinter::runtime
