//===- CompileOptions.h - what a user may decide ----------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One value, grouped by phase. Tools fill it; no library reads a global flag.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_COMPILEOPTIONS_H
#define SINTER_LIB_PIPELINES_COMPILEOPTIONS_H

#include "lib/Pipelines/Phases.h"
#include "lib/Target/Plan/TemporaryFile.h"
#include "lib/Transforms/Skip/DepthStore.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sinter {

/// Of the outline phase.
struct OutlinePhaseOptions {
  std::vector<int64_t> dropLayers; ///< a lossy model without these
  int64_t dropPercent = 0; ///< or without so many, which studyLayers() chooses
};

/// Of the tile phase.
struct TilePhaseOptions {
  std::string activations = "int8";  ///< "int8", "bf16" or "f32"
  std::string attention;             ///< "bf16" or "f32"; "": by activations
  std::string kv;                    ///< as KvTypes; "": by the two
  int64_t kvWindow = 0, kvSinks = 0; ///< attention's window; 0: everything
  int64_t kvSlack = 512;             ///< positions kept behind the window
  int64_t maxRows = 512;
  int64_t logitsRows = 16;
  int64_t maxContext = 0; ///< 0: the model's own

  /// What a state with a window has: rows are counted in fours.
  int64_t slack() const {
    return std::max<int64_t>(kvSlack, llvm::alignTo(maxRows, 4));
  }
  bool attentionBf16() const {
    return attention.empty() ? activations == "bf16" : attention == "bf16";
  }
  /// The type of the KV cache.
  std::string kvTypes() const {
    if (!kv.empty())
      return kv;
    return attentionBf16() ? "bf16" : activations == "f32" ? "f32" : "f16";
  }
};

/// Of the decode phase.
struct DecodePhaseOptions {
  std::vector<std::string> speculate; ///< drafters; empty: none
  int64_t branches = 0; ///< leaves of a draft beside the first; 0: chains
  std::vector<double> acceptance; ///< chances that choose branches; empty: none
  std::string draftModel;      ///< a .gguf file: what the drafter "model" asks
  int64_t draftVocabulary = 0; ///< tokens that it, or "self", may draft; 0: all
  std::string heads;           ///< a .safetensors file: what "heads" asks
  bool quantizeHeads = true;   ///< their matrices become Q8_0
  bool automatic = false;  ///< choose from `speculate` and what needs no file
  bool freeTree = false;   ///< `automatic` chooses `branches`, too
  bool freePolicy = false; ///< and `policy`
  std::string choice;      ///< what was chosen, for the plan to say
  int64_t selfLayers = 0;  ///< what the drafter "self" asks; 0: as the pass has
  int64_t recycledIds = 0; ///< that "recycle" keeps of each id; 0: by branches
  /// Depths that sequences may have beside 100 percent, falling, and the ids of
  /// the shortest prompt that gets each; 0: none does.
  std::vector<int64_t> depths, depthsFrom;
  bool depthsByDefault = false;    ///< those that a small model lacks go
  std::vector<int64_t> layerOrder; ///< in which layers go; empty: evenly
  bool layerStudy = false;         ///< a plan to measure them with
  /// Texts look their depth up, in a file that studyLayers() makes or reads.
  bool retrieves = false, savesStore = false;
  std::string depthStore; ///< "": the study's own; "empty": of no texts
  std::shared_ptr<TemporaryFile> ownStore; ///< of no use behind the plan
  RetrievalRule retrieval;
  /// Feed-forward blocks that tokens leave out: of these layers, over this
  /// cosine; studyLayers() finds both for a share of blocks in percent.
  std::vector<int64_t> ffnLayers;
  double ffnThreshold = 1;
  int64_t ffnPercent = 0;
  int64_t ffnWarmUp = 25;         ///< positions that compute all blocks
  bool ffnStudy = false;          ///< a plan to measure blocks with
  std::vector<std::string> exits; ///< as the pass has them; empty: none
  int64_t mostWaiting = 7;        ///< rows that left
  bool exactExits = false;        ///< the text stays the same
  double exitStop = 0;            ///< where a text ends
  double exitDecay = 0;           ///< of thresholds
  bool automaticExits = false;    ///< choose from `exits` and others
  std::string exitChoice;         ///< what was chosen, for the plan to say
  std::string exitProbes;         ///< a .safetensors file of linear ones
  std::string exitQuality;        ///< what they cost and save, as measured
  std::string exitModel;          ///< SHA-256 of the file it was measured with
  std::string verifyRule = "exact"; ///< as VerifyRule
  std::string ruleQuality;          ///< what a lossy one costs, as measured
  bool bandit = false;              ///< one chooses which drafter drafts
  std::string policy = "goodput";   ///< as decode-build-generation has it
  std::vector<float> settings;      ///< of the policy
  double largeShare = 0; ///< of policy switch, which settings[0] is chosen for

  bool drafts() const { return automatic || !speculate.empty(); }
  bool modelDrafts() const;
  /// Whether the text is another one, whose quality texts can tell.
  bool hasLossyRule() const {
    return drafts() && (verifyRule != "exact" || switchesModels()) &&
           verifyRule != "reject";
  }
  /// Two models write in turns; `settings` are bits, window and least.
  bool switchesModels() const { return policy == "switch"; }
  /// Whether a model drafts trees; where branches are chosen by what they cost
  /// it does not: its trees were not found to pay.
  bool modelDraftsTrees() const {
    return branches > 0 && acceptance.empty() && modelDrafts();
  }
  /// Best ids of each row that a drafter keeps; a chain has one.
  int64_t ranked() const;
  /// Whether a drafter looks at the text alone, or may be chosen to.
  bool textDrafts() const;
  bool skipsFfns() const {
    return ffnStudy || ffnPercent > 0 || !ffnLayers.empty();
  }
  /// Whether the policy looks at each row of the model that drafts.
  bool looksAtRows() const { return policy == "entropy" || policy == "disco"; }
};

inline bool DecodePhaseOptions::textDrafts() const {
  return automatic ||
         std::ranges::any_of(speculate, [](const std::string &name) {
           return name != "model" && name != "self" && name != "heads";
         });
}

inline int64_t DecodePhaseOptions::ranked() const {
  constexpr int64_t kOfTrees = 8;
  if (std::ranges::find(speculate, "recycle") == speculate.end())
    return 0;
  return recycledIds > 0 ? recycledIds : branches > 0 ? kOfTrees : 1;
}

inline bool DecodePhaseOptions::modelDrafts() const {
  return std::ranges::any_of(speculate, [](const std::string &name) {
    return name == "model" || name == "self";
  });
}

/// Of the artifact. All of these are part of ArtifactBuilder::planKey().
struct ArtifactOptions {
  std::vector<std::string> levels; ///< CPU levels; empty: all, best first
  bool golden = true;              ///< write self-test vectors
  bool chatTemplate = true;        ///< carry the model's chat template
  bool measureCost = false;        ///< time forwards; such a plan is not kept
  /// Figures that were measured, as the plan carries them.
  std::vector<std::pair<std::string, std::string>> quality;
};

struct CacheOptions {
  std::string folder;                 ///< empty: no cache
  uint64_t limit = uint64_t(4) << 30; ///< bytes
};

struct CompileOptions {
  std::string input; ///< a .gguf file, or a .mlir file of phase `from`
  std::string
      output; ///< a plan, or text where `to` is not Artifact; "-": stdout
  Phase from = Phase::Start;
  Phase to = Phase::Artifact;
  std::string dumpPhasesTo; ///< folder for the module after each phase
  bool timing = false;      ///< print time and memory of each phase
  unsigned threads = 0;     ///< that compile and pack; 0: one a core
  bool progress = false;    ///< name the phases on stderr
  bool quiet = false;       ///< no summary of the artifact
  std::string calibration;  ///< texts to measure on; empty: some of our own

  OutlinePhaseOptions outline;
  TilePhaseOptions tile;
  DecodePhaseOptions decode;
  ArtifactOptions artifact;
  CacheOptions cache;
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_COMPILEOPTIONS_H
