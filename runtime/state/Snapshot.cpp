// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/Snapshot.h"
#include "runtime/plan/Digest.h"
#include "runtime/schema/PlanFile.h"
#include "runtime/schema/plan_generated.h"

#include <cstring>

namespace sinter::runtime {

namespace {
using ull = unsigned long long;

/// The tables hold the digests of all that is outside of them.
uint64_t identityOf(const LoadedPlan &plan) {
  sinter_plan_header header;
  memcpy(&header, plan.file().data(), sizeof(header));
  return header.meta_digest;
}

template <typename T> T read(const uint8_t *from) {
  T value;
  memcpy(&value, from, sizeof(value));
  return value;
}

uint8_t *write(uint8_t *to, const void *bytes, size_t count) {
  if (count)
    memcpy(to, bytes, count);
  return to + count;
}

/// A snapshot that somebody hands in.
class Reader {
public:
  Reader(const LoadedPlan &plan, const SessionMemory &session,
         std::span<const uint8_t> bytes)
      : plan(plan), session(session), bytes(bytes) {}

  /// Whether it can be restored.
  Status check();
  StateRecord record(uint32_t state) const {
    return read<StateRecord>(bytes.data() + sizeof(SnapshotHeader) +
                             state * sizeof(StateRecord));
  }
  KvCache::Extent extent(uint32_t state) const { return record(state).extent; }
  const uint8_t *ids() const {
    return bytes.data() + sizeof(SnapshotHeader) +
           session.stateCount() * sizeof(StateRecord) +
           session.depthWords() * sizeof(uint32_t);
  }
  Depth depth() const;
  uint32_t positions() const { return header.positions; }

private:
  Status checkHeader();
  Status checkLengths() const;
  Status checkDepth() const;
  Status checkRecurrence(uint32_t state) const;
  Status checkIds() const;
  Status checkRoom() const;

  const LoadedPlan &plan;
  const SessionMemory &session;
  std::span<const uint8_t> bytes;
  SnapshotHeader header = {};
};

Status Reader::check() {
  SINTER_TRY(checkHeader());
  SINTER_TRY(checkLengths());
  SINTER_TRY(checkDepth());
  SINTER_TRY(checkIds());
  return checkRoom();
}

Status Reader::checkHeader() {
  if (bytes.size() < sizeof(header) + sizeof(uint64_t))
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a snapshot of %zu bytes, expected at least %zu; it is "
                "truncated, or none",
                bytes.size(), sizeof(header) + sizeof(uint64_t));
  memcpy(&header, bytes.data(), sizeof(header));
  if (memcmp(header.magic, SnapshotHeader::kMagic, sizeof(header.magic)) != 0)
    return fail(plan.allocator(), SINTER_CORRUPT,
                "no snapshot of a session (expected the bytes \"%s\")",
                SnapshotHeader::kMagic);
  if (header.format != SnapshotHeader::kFormat)
    return fail(plan.allocator(), SINTER_VERSION,
                "a snapshot of format %u, this runtime reads format %u; take "
                "it again",
                header.format, SnapshotHeader::kFormat);
  if (header.bytes != bytes.size())
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a snapshot of %zu bytes, expected %llu; it is %s",
                bytes.size(), ull(header.bytes),
                bytes.size() < header.bytes ? "truncated" : "too long");
  size_t end = bytes.size() - sizeof(uint64_t);
  if (digestBytes(bytes.data(), end) != read<uint64_t>(bytes.data() + end))
    return fail(plan.allocator(), SINTER_CORRUPT,
                "the snapshot is damaged: its digest is %016llx, expected "
                "%016llx",
                ull(digestBytes(bytes.data(), end)),
                ull(read<uint64_t>(bytes.data() + end)));
  if (header.plan != identityOf(plan))
    return fail(plan.allocator(), SINTER_INVALID_ARGUMENT,
                "the snapshot belongs to another plan: the digest of its "
                "tables is %016llx, of this one %016llx",
                ull(header.plan), ull(identityOf(plan)));
  return Status();
}

/// The first state leads; all that the header and the lengths promise is there,
/// and no more.
Status Reader::checkLengths() const {
  uint64_t left = bytes.size() - sizeof(header) - sizeof(uint64_t);
  uint64_t before = header.states * uint64_t(sizeof(StateRecord)) +
                    session.depthWords() * sizeof(uint32_t);
  if (header.states != session.stateCount() || left < before)
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a snapshot of %u states, the plan has %u", header.states,
                session.stateCount());
  left -= before;
  if (left / sizeof(int32_t) < header.positions)
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a snapshot of %u positions holds fewer ids", header.positions);
  left -= header.positions * sizeof(int32_t);
  for (uint32_t state = 0; state < header.states; ++state) {
    uint32_t positions = extent(state).length;
    if (positions > header.positions ||
        (state == 0 && positions != header.positions))
      return fail(plan.allocator(), SINTER_CORRUPT,
                  "state %u of a snapshot of %u positions has %u", state,
                  header.positions, positions);
    if (!session.state(state).isPossible(extent(state)))
      return fail(plan.allocator(), SINTER_CORRUPT,
                  "state %u of the snapshot has %u positions from page %u on, "
                  "which is not where their window begins",
                  state, positions, extent(state).from);
    SINTER_TRY(checkRecurrence(state));
    uint64_t wanted = session.state(state).bytesOf(extent(state));
    if (wanted > left)
      return fail(plan.allocator(), SINTER_CORRUPT,
                  "state %u of the snapshot has %llu bytes, expected %llu",
                  state, ull(left), ull(wanted));
    left -= wanted;
  }
  if (left)
    return fail(plan.allocator(), SINTER_CORRUPT,
                "%llu bytes behind the last state of the snapshot", ull(left));
  return Status();
}

Depth Reader::depth() const {
  Depth depth;
  const uint8_t *at = ids() - session.depthWords() * sizeof(uint32_t);
  if (at == ids())
    return depth;
  depth.percent = read<uint32_t>(at);
  at += sizeof(uint32_t);
  for (uint32_t word = 0; at + word * sizeof(uint32_t) < ids(); ++word)
    for (uint32_t bit = 0; bit < Depth::kWordBits; ++bit)
      if (read<uint32_t>(at + word * sizeof(uint32_t)) >> bit & 1)
        depth.add(word * Depth::kWordBits + bit);
  return depth;
}

Status Reader::checkDepth() const {
  Depth possible = Depth::shallowest(plan.tables()), given = depth();
  for (uint32_t layer = 0; layer < Depth::kMostLayers; ++layer)
    if (given.has(layer) && !possible.has(layer))
      return fail(plan.allocator(), SINTER_CORRUPT,
                  "the snapshot leaves out layer %u, which the plan cannot",
                  layer);
  return Status();
}

/// A recurrent state reads one of two halves, and may have to play the rows of
/// one forward.
Status Reader::checkRecurrence(uint32_t state) const {
  const StateRecord saved = record(state);
  bool recurrent = session.state(state).isRecurrent();
  uint32_t most = saved.extent.length < plan.tables().max_rows()
                      ? saved.extent.length
                      : plan.tables().max_rows();
  if (saved.recurrence.half > (recurrent ? 1 : 0) ||
      saved.recurrence.unplayed > (recurrent ? most : 0))
    return fail(plan.allocator(), SINTER_CORRUPT,
                "state %u of the snapshot has %u rows to play in half %u",
                state, saved.recurrence.unplayed, saved.recurrence.half);
  return Status();
}

Status Reader::checkIds() const {
  for (uint32_t i = 0; i < header.positions; ++i) {
    auto id = read<int32_t>(ids() + i * sizeof(int32_t));
    if (id < 0 || uint32_t(id) >= plan.tables().vocabulary())
      return fail(plan.allocator(), SINTER_CORRUPT,
                  "id %d at place %u of the snapshot is no token", id, i);
  }
  return Status();
}

Status Reader::checkRoom() const {
  if (header.positions > session.context())
    return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                "the snapshot has %u positions, the session has room for %u; "
                "ask for a larger context",
                header.positions, session.context());
  for (uint32_t state = 0; state < header.states; ++state)
    if (!session.state(state).canHold(extent(state)))
      return fail(plan.allocator(), SINTER_CONTEXT_FULL,
                  "the pool is full: the snapshot has %u positions, %u of %u "
                  "pages are free; truncate or release sessions",
                  extent(state).length, session.pool().pages(state).available(),
                  session.pool().pages(state).size());
  return Status();
}

} // namespace

uint64_t snapshotBytes(const SessionMemory &session) {
  uint64_t bytes = sizeof(SnapshotHeader) + sizeof(uint64_t) +
                   session.position() * sizeof(int32_t) +
                   session.depthWords() * sizeof(uint32_t);
  for (uint32_t i = 0; i < session.stateCount(); ++i)
    bytes += sizeof(StateRecord) +
             session.state(i).bytesOf(session.state(i).extent());
  return bytes;
}

void takeSnapshot(const LoadedPlan &plan, const SessionMemory &session,
                  uint8_t *out) {
  SnapshotHeader header = {};
  memcpy(header.magic, SnapshotHeader::kMagic, sizeof(header.magic));
  header.format = SnapshotHeader::kFormat;
  header.states = session.stateCount();
  header.bytes = snapshotBytes(session);
  header.plan = identityOf(plan);
  header.positions = session.position();
  uint8_t *at = write(out, &header, sizeof(header));
  for (uint32_t i = 0; i < header.states; ++i) {
    const KvCache &state = session.state(i);
    StateRecord record = {state.extent(), state.recurrence()};
    at = write(at, &record, sizeof(record));
  }
  if (session.depthWords()) {
    at = write(at, &session.depth().percent, sizeof(uint32_t));
    at = write(at, session.depth().bits,
               (session.depthWords() - 1) * sizeof(uint32_t));
  }
  at = write(at, session.history(), header.positions * sizeof(int32_t));
  for (uint32_t i = 0; i < header.states; ++i)
    at = session.state(i).save(at);
  uint64_t digest = digestBytes(out, size_t(at - out));
  write(at, &digest, sizeof(digest));
}

Status restoreSnapshot(const LoadedPlan &plan, SessionMemory &session,
                       std::span<const uint8_t> snapshot) {
  Reader reader(plan, session, snapshot);
  SINTER_TRY(reader.check());
  const uint8_t *at = reader.ids();
  uint64_t bytes = reader.positions() * sizeof(int32_t);
  session.restoreDepth(reader.depth());
  if (bytes)
    memcpy(session.history(), at, bytes);
  at += bytes;
  for (uint32_t i = 0; i < session.stateCount(); ++i) {
    at = session.state(i).load(reader.extent(i), at);
    session.state(i).resume(reader.record(i).recurrence);
  }
  return Status();
}

} // namespace sinter::runtime
