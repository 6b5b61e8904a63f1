// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/Snapshot.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

namespace {
using ull = unsigned long long;

/// A snapshot that somebody hands in.
class Reader {
public:
  Reader(const LoadedPlan &plan, const SessionMemory &session,
         std::span<const uint8_t> bytes)
      : plan(plan), session(session), bytes(bytes) {}

  /// Whether it can be restored.
  Status check();
  StateRecord record(uint32_t state) const {
    return readBytes<StateRecord>(bytes.data() + sizeof(SnapshotHeader) +
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
  SINTER_TRY(checkSeal(plan, SnapshotHeader::kSeal, sizeof(header), bytes));
  header = readBytes<SnapshotHeader>(bytes.data());
  return Status();
}

/// The first state leads; all that the header and the lengths promise is there,
/// and no more.
Status Reader::checkLengths() const {
  uint64_t left = bytes.size() - sizeof(header) - sizeof(uint64_t);
  uint64_t before = header.sealed.parts * uint64_t(sizeof(StateRecord)) +
                    session.depthWords() * sizeof(uint32_t);
  if (header.sealed.parts != session.stateCount() || left < before)
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a snapshot of %u states, the plan has %u", header.sealed.parts,
                session.stateCount());
  left -= before;
  if (left / sizeof(int32_t) < header.positions)
    return fail(plan.allocator(), SINTER_CORRUPT,
                "a snapshot of %u positions holds fewer ids", header.positions);
  left -= header.positions * sizeof(int32_t);
  for (uint32_t state = 0; state < header.sealed.parts; ++state) {
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
  depth.percent = readBytes<uint32_t>(at);
  at += sizeof(uint32_t);
  for (uint32_t word = 0; at + word * sizeof(uint32_t) < ids(); ++word)
    for (uint32_t bit = 0; bit < Depth::kWordBits; ++bit)
      if (readBytes<uint32_t>(at + word * sizeof(uint32_t)) >> bit & 1)
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
    auto id = readBytes<int32_t>(ids() + i * sizeof(int32_t));
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
  for (uint32_t state = 0; state < header.sealed.parts; ++state)
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
  header.sealed = sealedHeader(plan, SnapshotHeader::kSeal,
                               session.stateCount(), snapshotBytes(session));
  header.positions = session.position();
  uint8_t *at = writeBytes(out, &header, sizeof(header));
  for (uint32_t i = 0; i < session.stateCount(); ++i) {
    const KvCache &state = session.state(i);
    StateRecord record = {state.extent(), state.recurrence()};
    at = writeBytes(at, &record, sizeof(record));
  }
  if (session.depthWords()) {
    at = writeBytes(at, &session.depth().percent, sizeof(uint32_t));
    at = writeBytes(at, session.depth().bits,
                    (session.depthWords() - 1) * sizeof(uint32_t));
  }
  at = writeBytes(at, session.history(), header.positions * sizeof(int32_t));
  for (uint32_t i = 0; i < header.sealed.parts; ++i)
    at = session.state(i).save(at);
  sealBytes(out, at);
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
