// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_MODELTREE_H
#define SINTER_RUNTIME_DECODE_MODELTREE_H

#include "runtime/decode/Lookahead.h"

namespace sinter::runtime {

/// A tree that a model drafts (DySpec, Xiong et al., 2024; siblings as in
/// Recursive Speculative Decoding, Jeon et al., 2024). It grows where that
/// promises most: the model is asked what follows an id, and each answer is an
/// id that may become part of the draft, or be asked for next. An id costs a
/// row of the forward that verifies it, an answer one of the model as well.
class ModelTree {
public:
  struct Limits {
    uint32_t ids = 0;      // of the draft, and so of a path; 0: no draft
    uint32_t branches = 0; // leaves of the draft beside the first
    uint32_t answers = 0;  // of the model
    /// As long as that promises more tokens a second; else as long as an answer
    /// promises an id that is one of the likeliest.
    bool weighsTime = true;
  };
  /// A draft of drafter `drafter` begins.
  void begin(uint32_t drafter, const Limits &limits);
  bool begun() const { return limits.ids > 0; }
  void end() { limits = Limits(); }

  /// The ids before the place that the model is asked for next go to `path`;
  /// how many. -1: there are enough.
  int64_t next(const Lookahead &lookahead, int32_t *path);
  /// What the model answers: ids, the best one first, and how far each lies
  /// behind it. -1: no id.
  void add(std::span<const int32_t> ids, std::span<const float> behind,
           const Acceptance &rates);
  uint32_t answers() const { return answered; }
  /// The likeliest ids.
  Proposal likeliest() const;
  /// So many of these pay.
  uint32_t worth(const Lookahead &lookahead, const Proposal &proposal) const;
  /// Behind the text and each id that was right the model said `said`.
  void learn(std::span<const int32_t> said, Lookahead &lookahead) const;

private:
  static constexpr uint32_t kNodes = 96;
  /// Node 0 is the end of the text.
  struct Node {
    int32_t id = 0;
    uint8_t parent = 0, depth = 0;
    bool first = false; // of the ids at its place
    bool asked = false; // the model, what follows
    float reach = 1;    // how likely the text comes here
    Guess guess;
  };

  /// Nodes of the likeliest ids, each behind its parent; how many.
  uint32_t order(uint32_t *nodes) const;
  /// What is known of the next answer.
  Guess unasked() const;
  /// The first id of an answer, the next one of which lies so far behind, or
  /// another one that does.
  Guess guessOf(bool first, float behind, const Acceptance &rates) const;
  /// How likely the text comes to the first id of the next answer.
  float promised(const Node &node, const Acceptance &rates) const;
  bool pays(const Lookahead &lookahead, const Node &node) const;

  uint32_t drafter = 0;
  Limits limits;
  Node nodes[kNodes];
  uint32_t count = 1, answered = 0;
  uint32_t at = 0; // the node that was asked for last
};

} // namespace sinter::runtime
#endif
