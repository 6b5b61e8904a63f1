// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_DRAFTER_H
#define SINTER_RUNTIME_DECODE_DRAFTER_H

#include "runtime/decode/Bandit.h"
#include "runtime/decode/Proposal.h"
#include "runtime/plan/Recycled.h"

#include <span>

namespace sinter::plan {
struct Drafter;
struct Plan;
} // namespace sinter::plan

namespace sinter::runtime {

/// What drafters look at.
struct Drafting {
  const plan::Plan &plan;
  const Acceptance &acceptance;
  std::span<const int32_t> text; // never empty
  Recycled recycled = {};
  /// Ids that become tokens less often than this are not worth finding.
  float least = 0;
  /// Whether drafts may branch where the drafter says so.
  bool branches = true;
  /// What a drafter of kind Bandit chooses by; null: its first part goes first.
  const Bandit *bandit = nullptr;
};

/// Ids that may follow the text, at most `most` one behind the other, from
/// drafter `index` of a verified plan. But for what is recycled, drafters look
/// at the text alone, so that a truncated session needs no care: a search costs
/// microseconds, a forward milliseconds.
Proposal propose(const Drafting &drafting, uint32_t index, uint32_t most);

/// Text and the ids that one drafter proposes behind it, a chain which may have
/// other ids beside its own.
class Extended {
public:
  /// `path` are ids behind the text that others have proposed.
  Extended(std::span<const int32_t> text, std::span<const int32_t> path,
           Proposal &made)
      : text(text), path(path), made(made) {}
  size_t size() const { return text.size() + path.size() + length; }
  int32_t operator[](size_t i) const {
    if (i < text.size())
      return text[i];
    i -= text.size();
    return i < path.size() ? path[i] : made.ids[chain[i - path.size()]];
  }
  int32_t back() const { return (*this)[size() - 1]; }
  /// The greatest place up to `end` behind an id that equals the last one; 0:
  /// there is none.
  size_t previous(size_t end) const;
  /// How many ids stand behind the text.
  uint32_t depth() const { return uint32_t(path.size()) + length; }

  void push(int32_t id, const Guess &guess) {
    made.add(end, id, guess);
    chain[length++] = uint8_t(made.count - 1);
    end = made.count;
  }
  /// Another id for the place that is pushed next.
  void also(int32_t id, const Guess &guess) { made.add(end, id, guess); }
  bool full() const { return made.count == Proposal::kMost; }
  /// What the next id comes after.
  uint32_t last() const { return end; }
  Proposal &proposal() { return made; }

private:
  std::span<const int32_t> text, path;
  Proposal &made;
  uint8_t chain[Proposal::kMost] = {};
  uint32_t length = 0, end = 0;
};

/// One drafter at work.
class Work {
public:
  Work(const Drafting &drafting, const plan::Drafter &drafter, uint32_t index,
       Extended &text, uint32_t most)
      : drafting(drafting), drafter(drafter), index(index), text(text),
        limit(most) {}

  /// Ids that are wanted, one behind the other.
  uint32_t most() const { return limit; }

  /// Pushes ids, one behind the other: false where there are enough, or the
  /// next one would hardly become a token.
  bool push(int32_t id, const Guess &guess);
  bool push(int32_t id, uint32_t sureness, float prior) {
    return push(id, Guess(index, sureness, prior));
  }
  /// Another id for the place that is pushed next.
  void also(int32_t id, uint32_t sureness, float prior);

  const Drafting &drafting;
  const plan::Drafter &drafter;
  const uint32_t index;
  Extended &text;

private:
  uint32_t limit, pushed = 0;
  float reached = 1;
};

/// Ids before `end` that equal the last ids of `text`, at most `most`.
uint32_t matchBefore(const Extended &text, size_t end, uint32_t most);

// One kind each.
void copy(Work &work);
void lookup(Work &work);
void ngram(Work &work);
void trigram(Work &work);
void recycled(Work &work);
/// What the parts of a drafter propose, as one tree.
void merge(const Drafting &drafting, const plan::Drafter &drafter,
           Extended &text, uint32_t most);

/// Lets drafter `index` push what it finds, at most `most` ids.
void append(const Drafting &drafting, uint32_t index, Extended &text,
            uint32_t most);

/// The model ranks these best after `id`, the best one first; -1: no more.
void recycle(const Recycled &memory, int32_t id,
             std::span<const int32_t> ranked);

} // namespace sinter::runtime
#endif
