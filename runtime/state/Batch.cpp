// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/state/Batch.h"

namespace sinter::runtime {

Batch::~Batch() {
  for (uint32_t i = 0; i < count; ++i) {
    rows[i].session->dropReserved();
    rows[i].session->batchRows = 0;
  }
}

void Batch::add(SessionMemory &session, int32_t id, bool wantsLogits) {
  rows[count++] = {&session, id, session.batchRows++, wantsLogits};
}

Batch::Counts Batch::take(int32_t *ids, RowPlace *places) const {
  Counts counts;
  for (bool wanted : {true, false}) {
    const BatchRow *last = nullptr; // of the run at hand
    for (const BatchRow *row = rows; row < rows + count; ++row) {
      if (row->wantsLogits != wanted)
        continue;
      bool goesOn = last && row->session == last->session &&
                    row->ordinal == last->ordinal + 1;
      counts.runs += !goesOn;
      last = row;
      auto here = int32_t(counts.rows);
      places[here] = {goesOn ? places[here - 1].firstRow : here, 0,
                      int32_t(row->session->position() + row->ordinal),
                      int32_t(row->session->tableDistance())};
      ++places[places[here].firstRow].rows;
      ids[counts.rows++] = row->id;
    }
    if (wanted)
      counts.wanted = counts.rows;
  }
  for (uint32_t row = 0; row < counts.rows; ++row)
    places[row].rows = places[places[row].firstRow].rows;
  return counts;
}

int64_t Batch::nextWanted(int64_t previous) const {
  for (int64_t row = previous + 1; row < count; ++row)
    if (rows[row].wantsLogits)
      return row;
  return -1;
}

const Depth *Batch::chooseDepth() {
  const Depth *first = nullptr;
  for (uint32_t i = 0; i < count; ++i) {
    rows[i].session->chooseDepth(0);
    const Depth &depth = rows[i].session->depth();
    if (!first)
      first = &depth;
    else if (!first->sameLayers(depth))
      return nullptr;
  }
  return first;
}

Status Batch::reserve(uint32_t state) {
  for (uint32_t i = 0; i < count; ++i)
    if (rows[i].ordinal == 0)
      SINTER_TRY(rows[i].session->reserve(state, rows[i].session->batchRows));
  return Status();
}

bool Batch::commit(uint32_t state) {
  for (uint32_t i = 0; i < count; ++i)
    if (rows[i].session->state(state).reserved() < rows[i].session->batchRows)
      return false;
  // The first state leads: its positions are those of the session.
  for (uint32_t i = 0; state == 0 && i < count; ++i) {
    const SessionMemory &session = *rows[i].session;
    session.history()[session.position() + rows[i].ordinal] = rows[i].id;
  }
  for (uint32_t i = 0; i < count; ++i)
    if (rows[i].ordinal == 0)
      (void)rows[i].session->state(state).commit(rows[i].session->batchRows);
  return true;
}

} // namespace sinter::runtime
