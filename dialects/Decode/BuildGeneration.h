// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds the programs of plain decoding.

#ifndef SINTER_DIALECTS_DECODE_BUILDGENERATION_H
#define SINTER_DIALECTS_DECODE_BUILDGENERATION_H

#include "dialects/Decode/DecodeOps.h"
#include "mlir/IR/BuiltinOps.h"
#include <cstdint>
#include <optional>
#include <string>

namespace sinter::decode {

/// An exit; see decode.exit.
struct ExitOptions {
  ProbeKind probe;
  int64_t after;
  double threshold;
  double stop = 0;
  double decay = 0;
  int64_t over = 256;
  int64_t tokens = 0; ///< that the probe's head knows; 0: all
};

/// "similarity@20=0.98": a probe, the layers before it and its threshold (left
/// out: 1, which nothing passes). "max_prob:1024@20" asks a head of 1024
/// tokens. A probe alone stands for an exit after half of the layers, and after
/// each eighth of them that follows. The exits of `items` in a model of
/// `layers` layers; in `error`, what is wrong with them.
mlir::FailureOr<llvm::SmallVector<ExitOptions>>
parseExits(llvm::ArrayRef<std::string> items, int64_t layers,
           std::string &error);

/// As decode.model_switch.
struct ModelSwitch {
  float threshold; ///< bits
  int64_t window = 5;
  int64_t least = 10;
};

struct GenerationOptions {
  /// Functions of the module:
  ///   forward(rows, position) or forward(rows, position, runs)
  ///   head(first, rows)
  ///   sample(row, position, seed, temperature, top_k, top_p, min_p, penalty,
  ///   window)
  /// where floats may be f32 or i64; `position` is also the number of ids in
  /// the history.
  std::string forward = "forward";
  std::string head = "head";
  std::string sample = "sample";
  /// The KV cache.
  std::string state = "kv";
  /// Rows of a forward, and rows of logits that fit the logits buffer.
  int64_t maxRows = 512;
  int64_t logitsRows = 16;
  /// A model that drafts has functions and a state of the same names, with this
  /// before them; its forward reads its ids from the history, and its head
  /// writes the logits that `sample` reads.
  std::string draft = "draft.";
  /// The drafter that asks that model.
  std::string modelName = "model";
  /// Heads that draft: `draft.head.1` to `draft.head.N`, each as `head`, but of
  /// one row, and for the id after those that the heads before it drafted.
  int64_t heads = 0;
  /// Which drafted tokens stay. Rules beside exact have a function
  ///   decide(row, drafted, position, ..., window)
  /// and reject of a model's drafts
  ///   propose(row, position, ..., window), of noise of its own
  /// while decide has one more argument: whether the model drafted. Judge has
  ///   judge(rows)
  RuleKind rule = RuleKind::Exact;
  std::string decide = "decide", propose = "propose", judge = "judge";
  /// How much is drafted, and the numbers of the policy. Those that look at
  /// each id of a model want a function summarize(row); other drafters have
  /// goodput then.
  PolicyKind policy = PolicyKind::Goodput;
  llvm::SmallVector<float> settings;
  std::string summarize = "summarize";
  /// Where a drafter recycles: rank(rows), the best ids of each.
  std::string rank = "rank";
  /// Two models write in turns, instead of drafts and exits; see
  /// decode.model_switch.  The large one has the names above, too; all of the
  /// positions is `text`, and both forwards read their ids from the history.
  std::optional<ModelSwitch> modelSwitch;
  std::string text = "text";
  /// Ids of a draft; 0: as many as rows of logits allow.
  int64_t mostDrafted = 0;
  /// Drafters of the text, and a model, make trees with so many leaves beside
  /// the first; 0: chains. It takes a forward with runs, and of a model
  ///   sample_best(row, position, ..., window)
  int64_t branches = 0;
  std::string sampleBest = "sample_best";
  /// A model makes them, too.
  bool modelTrees = true;
  /// A bandit chooses which drafter drafts; else each is asked in turn.
  bool bandit = false;
  /// What drafts, the first one first; none: plain decoding.
  llvm::SmallVector<DrafterKind> drafters;
  /// Where tokens may leave the layers; none: nowhere. The module has the
  /// functions of tile-cut-layers for it.
  llvm::SmallVector<ExitOptions> exits;
  /// Rows that may wait for the layers above.
  int64_t mostWaiting = 7;
  /// Tokens of rows that left are held until all layers agree.
  bool exactExits = false;
};

/// Appends the programs to `module`:
///   prefill(chunk) -> rows of the last forward (0: nothing waited)
///   score(chunk): hands out the logits of every waiting id
///   generate(max_new, chunk, seed, temperature, top_k, top_p, min_p, penalty,
///            window) -> tokens handed out
///   generate_plain: without drafts and exits, where generate has some, or by
///   the large model alone
///   measure_exits(): hands out the scores and logits of all exits, where there
///   are some
/// and, where the forward takes runs and leads,
///   step(): logits of the rows of a batch that want them
/// `chunk` is held to [1, maxRows]; `max_new` <= 0 is no limit; floats are the
/// bits of an f32.
void buildGenerationProgram(mlir::ModuleOp module,
                            const GenerationOptions &options);

} // namespace sinter::decode

#endif
