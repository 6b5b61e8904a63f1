// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_STATE_PAGEPOOL_H
#define SINTER_RUNTIME_STATE_PAGEPOOL_H

#include <cstdint>

namespace sinter::plan {
struct State;
}

namespace sinter::runtime {

/// The pages of one state: sessions take them and give them back.  A page id
/// is the page's place in every plane, so that planes are shared by all
/// sessions of a pool.
///
/// Pages are dealt in runs: 16 neighbours (with pages of 16 positions a span of
/// attention) belong to one session for as long as whole runs are free.
class PagePool {
public:
  static constexpr uint32_t kRun = 16;

  static uint64_t pagesFor(const plan::State &table, uint64_t positions);
  /// Bytes of all planes, and of the list of free pages; false: they overflow.
  /// `spares` of the pages are nobody's: see spare().
  static bool bytes(const plan::State &table, uint64_t pages, uint64_t spares,
                    uint64_t &planes, uint64_t &freeList);
  void place(const plan::State &table, uint32_t pages, uint32_t spares,
             uint8_t *planes, uint8_t *freeList);

  uint8_t *plane(uint32_t layer, uint32_t plane) const {
    return base + layer * (planeBytes[0] + planeBytes[1]) +
           plane * planeBytes[0];
  }
  uint32_t pageTokens() const { return tokens; }
  /// Pages that sessions may have.
  uint32_t size() const { return count - spareCount; }
  uint32_t available() const { return free; }

  /// Any page but best `wanted`; kNone begins a new run.  kNone: none is free.
  static constexpr int32_t kNone = -1;
  int32_t take(int32_t wanted);
  void giveBack(int32_t page);
  /// Pages beside those that sessions may have, for as long as a forward takes.
  int32_t spare(uint32_t index) const { return spareIds[index]; }
  /// A session keeps spare page `spare` and gives `page` for it.
  void exchangeSpare(int32_t spare, int32_t page);

  /// In every plane.
  void copy(int32_t from, const PagePool &source, int32_t to) const;
  /// Of a page in all planes.
  uint64_t bytesOfPage() const {
    return layers * (pageBytes[0] + pageBytes[1]);
  }
  /// Zeros in every plane.
  void clear(int32_t page) const;
  /// So many bytes from a page, or to it.
  void save(int32_t page, uint8_t *out) const;
  void load(int32_t page, const uint8_t *in) const;

  /// A context that grows to so many pages is read again and again: from then
  /// on its memory lies in large pages of the machine, where there are any.
  static constexpr uint32_t kLargeFrom = 64;

private:
  void askForLargePages();
  bool isFree(uint32_t page) const {
    return runs[page / kRun] >> page % kRun & 1;
  }
  /// All pages of a run; the last run may have fewer.
  uint16_t whole(uint32_t run) const;
  int32_t takeAny();
  int32_t mark(uint32_t page);

  uint8_t *base = nullptr;
  uint16_t *runs = nullptr; // a bit a page: 1 is free
  int32_t *spareIds = nullptr;
  uint64_t pageBytes[2] = {}, planeBytes[2] = {};
  uint32_t layers = 0, tokens = 1;
  uint32_t count = 0, spareCount = 0, free = 0;
  bool large = false; // pages of the machine: asked for
};

} // namespace sinter::runtime
#endif
