//===- EarlyExit.cpp - the flags about layers that are left out -----------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sinter/JsonDepth.h"
#include "tools/llm-compile/Flags.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <limits>

using namespace sinter;
namespace cl = llvm::cl;

namespace {

cl::opt<std::string> earlyExit(
    "early-exit", cl::init("off"),
    cl::value_desc("off|auto|sequence[:retrieve]|token[:EXIT,...]|ffn[:SHARE]"),
    cl::desc(
        "Let texts or tokens go through fewer layers: lossy, and the plan "
        "says so (default: off). auto[:EXIT,...]: those of similarity, "
        "max_prob:1024 and EXIT that pay on the texts of --calibration, with "
        "thresholds that keep 97 of 100 tokens, or none. sequence: each text "
        "has a depth, which it keeps; see --depths. sequence:retrieve: the "
        "depth that suited the texts of --calibration that are nearest to "
        "it, of which nearest=N (12) choose together; similar=X (0.5) is "
        "the cosine that the nearest one must have, keep=X (1) the share of "
        "the best depth's chance to be right that is enough for a shallower "
        "one; save=FILE.safetensors keeps what was learned, "
        "sequence:FILE.safetensors takes it. token: without EXIT as auto; "
        "EXIT is "
        "PROBE@LAYERS=THRESHOLD: "
        "max_prob, margin or entropy of the head there (with :N, of its "
        "first N tokens), similarity of the hidden row with the layer "
        "before, linear (trained; with FILE.safetensors), or chance; a "
        "PROBE alone is exits in the upper half that nothing passes; a "
        "FILE.json is what llm-eval --calibrate-exit chose. Further: "
        "verify=exact (the text "
        "stays the same), waiting=N rows that left, decay=X of thresholds "
        "along the text, stop=X (the text ends where the head is less "
        "sure). ffn: tokens leave out feed-forward blocks that change "
        "little; SHARE of all blocks is PERCENT% (default: 25%), for which "
        "blocks and threshold are measured, or LAYER,...=THRESHOLD"),
    cl::cat(category));
cl::list<std::string> depths(
    "depths", cl::CommaSeparated, cl::value_desc("PERCENT[@IDS],..."),
    cl::desc("Of --early-exit=sequence: shares of the layers that a text may "
             "have beside 100 (default: 75,50,25); prompts of at least IDS ids "
             "get it, without IDS only who asks for it"),
    cl::cat(category));

/// The depths of --early-exit=sequence, or what is wrong with them.
std::string readDepths(DecodePhaseOptions &options) {
  static const std::vector<std::string> usual = {"75", "50", "25"};
  options.depthsByDefault = depths.empty();
  const std::vector<std::string> &given =
      depths.empty() ? usual : static_cast<std::vector<std::string> &>(depths);
  for (llvm::StringRef text : given) {
    auto [share, from] = text.split('@');
    int64_t percent = 0, ids = 0;
    if (share.getAsInteger(10, percent) || percent < 1 || percent > 99 ||
        (text.contains('@') && (from.getAsInteger(10, ids) || ids < 1)))
      return "--depths=" + text.str() +
             " is no share of 1 to 99 percent, or PERCENT@IDS";
    options.depths.push_back(percent);
    options.depthsFrom.push_back(ids);
  }
  return "";
}

/// A number of an option NAME=X.
bool readNumber(llvm::StringRef text, double most, double &number) {
  return !text.getAsDouble(number) && number > 0 && number <= most;
}

/// What is behind --early-exit=sequence:, or what is wrong with it.
std::string readRetrieval(llvm::StringRef text, DecodePhaseOptions &options) {
  const std::string given = "--early-exit=" + earlyExit;
  RetrievalRule &rule = options.retrieval;
  bool makes = false;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    llvm::StringRef value = part;
    if (value == "retrieve") {
      makes = true;
    } else if (value.consume_front("nearest=")) {
      if (value.getAsInteger(10, rule.nearest) || rule.nearest < 1)
        return given + ": nearest=" + value.str() + " is no number of texts";
    } else if (value.consume_front("similar=")) {
      if (!readNumber(value, 2, rule.similar))
        return given + ": similar=" + value.str() +
               " is not more than 0 and at most 2";
    } else if (value.consume_front("keep=")) {
      if (!readNumber(value, 1, rule.keep))
        return given + ": keep=" + value.str() +
               " is not more than 0 and at most 1";
    } else if (value.consume_front("save=")) {
      if (value.empty())
        return given + ": save= names no file";
      options.savesStore = true;
      options.depthStore = value.str();
    } else if (value.ends_with(".safetensors") && options.depthStore.empty()) {
      options.depthStore = value.str();
    } else {
      return given + ": " + part.str() +
             " is none of retrieve, FILE.safetensors, nearest=N, similar=X, "
             "keep=X and save=FILE";
    }
  }
  options.retrieves = true;
  if (makes == (options.savesStore || options.depthStore.empty()))
    return "";
  return given + (makes ? " makes a store of texts and takes one"
                        : " wants retrieve, or a FILE.safetensors");
}

/// Of --early-exit=sequence: what chooses, and from what.
std::string readSequence(llvm::StringRef text, DecodePhaseOptions &options) {
  if (!text.empty())
    if (std::string wrong = readRetrieval(text, options); !wrong.empty())
      return wrong;
  bool taken =
      options.retrieves && !options.depthStore.empty() && !options.savesStore;
  if (taken && depths.empty())
    return ""; // they are in the file
  if (std::string wrong = readDepths(options); !wrong.empty())
    return wrong;
  if (options.retrieves &&
      llvm::any_of(options.depthsFrom, [](int64_t ids) { return ids > 0; }))
    return "--early-exit=sequence:retrieve and --depths=PERCENT@IDS both "
           "choose; take one of them";
  return "";
}

/// What llm-eval --calibrate-exit has written, or what is wrong with it.
std::string readCalibration(llvm::StringRef path, DecodePhaseOptions &options) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return "cannot read " + path.str() + ": " + file.getError().message();
  if (nestsDeeper((*file)->getBuffer()))
    return path.str() + ": more than " + std::to_string(kMostJsonLevels) +
           " levels";
  auto parsed = llvm::json::parse((*file)->getBuffer());
  if (!parsed)
    return path.str() + ": " + llvm::toString(parsed.takeError());
  const llvm::json::Object *object = parsed->getAsObject();
  const llvm::json::Array *exits = object ? object->getArray("exits") : nullptr;
  auto number = [&](const char *key, double most) {
    auto found = object ? object->getNumber(key) : std::nullopt;
    return found && *found >= 0 && *found <= most ? found : std::nullopt;
  };
  constexpr double any = std::numeric_limits<double>::max(); // but infinite
  auto kl = number("kl", any), agreement = number("agreement", 1),
       saved = number("layers_saved", any),
       positions = number("positions", any);
  auto model = object ? object->getString("model") : std::nullopt;
  if (!exits || !model || model->empty() || !kl || !agreement || !saved ||
      !positions || !llvm::all_of(*exits, [](const auto &exit) {
        return exit.getAsString().has_value();
      }))
    return path.str() + " is no calibration of exits";
  options.exitModel = model->str();
  for (const llvm::json::Value &exit : *exits)
    options.exits.push_back(exit.getAsString()->str());
  options.exitQuality =
      llvm::formatv(
          "kl {0:f4}, agreement {1:f4}, layers saved {2:f4} on {3:f0} "
          "positions",
          *kl, *agreement, *saved, *positions)
          .str();
  return "";
}

/// The exits of --early-exit, or what is wrong with them. Which layers there
/// are is known later.
std::string readExits(llvm::StringRef text, DecodePhaseOptions &options) {
  const std::string given = "--early-exit=" + earlyExit;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    llvm::StringRef value = part;
    if (value.consume_front("verify=")) {
      if (value != "exact" && value != "none")
        return given + ": verify is exact or none";
      options.exactExits = value == "exact";
    } else if (value.consume_front("waiting=")) {
      if (value.getAsInteger(10, options.mostWaiting))
        return given + ": waiting=" + value.str() + " is no number of rows";
    } else if (value.consume_front("decay=")) {
      if (value.getAsDouble(options.exitDecay) ||
          !(options.exitDecay >= 0 && options.exitDecay <= 1000))
        return given + ": decay=" + value.str() + " is not between 0 and 1000";
    } else if (value.consume_front("stop=")) {
      if (value.getAsDouble(options.exitStop) ||
          !(options.exitStop >= 0 && options.exitStop <= 1))
        return given + ": stop=" + value.str() + " is not between 0 and 1";
    } else if (part.ends_with(".safetensors")) {
      options.exitProbes = part.str();
    } else if (part.ends_with(".json")) {
      if (std::string wrong = readCalibration(part, options); !wrong.empty())
        return "--early-exit: " + wrong;
    } else {
      options.exits.push_back(part.str());
    }
  }
  bool linear = llvm::any_of(options.exits, isLinear);
  if (linear != !options.exitProbes.empty())
    return given + (linear ? ": linear probes need a FILE.safetensors"
                           : ": a FILE.safetensors is for linear probes");
  if (options.exits.empty() && !options.automaticExits)
    return given + " names no exit, as in token:similarity@20=0.98";
  if (options.exactExits && options.exitStop > 0)
    return given + ": verify=exact and stop exclude each other: a text that "
                   "ends where the head doubts is not that of all layers";
  // Of two that choose, exits are asked where no drafts pay.
  if (options.drafts() && !(options.automatic && options.automaticExits))
    return std::string("--early-exit=") +
           (options.automaticExits ? "auto" : "token") +
           " and --speculate: a draft is computed in all layers; take one of "
           "them";
  return "";
}

/// The blocks of --early-exit=ffn, or what is wrong with them.
std::string readFfns(llvm::StringRef text, DecodePhaseOptions &options) {
  const std::string given = "--early-exit=" + earlyExit;
  if (options.drafts())
    return "--early-exit=ffn and --speculate: rows of a draft are computed "
           "together; take one of them";
  if (text.empty())
    text = "25%";
  if (text.consume_back("%")) {
    if (text.getAsInteger(10, options.ffnPercent) || options.ffnPercent < 1 ||
        options.ffnPercent > 90)
      return given + " is no share of 1% to 90%";
    return "";
  }
  auto [layers, threshold] = text.split('=');
  llvm::SmallVector<llvm::StringRef> parts;
  layers.split(parts, ',');
  for (llvm::StringRef part : parts)
    if (part.getAsInteger(10, options.ffnLayers.emplace_back()))
      return given + " is neither PERCENT% nor LAYER,...=THRESHOLD";
  if (threshold.getAsDouble(options.ffnThreshold) ||
      !(float(options.ffnThreshold) > 0 && options.ffnThreshold <= 1))
    return given + " has a threshold that is not more than 0 and at most 1";
  return "";
}

/// Thresholds are chosen, for tokens that are drawn where rows leave.
std::string readAutomatic(llvm::StringRef text, DecodePhaseOptions &options) {
  options.automaticExits = true;
  std::string wrong = readExits(text, options);
  if (wrong.empty() &&
      (options.exactExits || options.exitStop > 0 || options.exitDecay > 0))
    return "--early-exit=auto chooses thresholds for exits that do not verify, "
           "stop or decay";
  return wrong;
}

/// What --early-exit says, or what is wrong with it.
std::string readKind(DecodePhaseOptions &options) {
  auto [kind, rest] = llvm::StringRef(earlyExit.getValue()).split(':');
  if (kind != "sequence" && !depths.empty())
    return "--depths needs --early-exit=sequence";
  if (earlyExit == "off")
    return "";
  if (kind == "sequence")
    return readSequence(rest, options);
  if (kind == "token")
    return rest.empty() ? readAutomatic(rest, options)
                        : readExits(rest, options);
  if (kind == "ffn")
    return readFfns(rest, options);
  if (kind == "auto")
    return readAutomatic(rest, options);
  return "--early-exit=" + earlyExit +
         " is none of off, auto, sequence[:retrieve], token[:EXIT,...] and ffn";
}

} // namespace

bool isLinear(llvm::StringRef exit) {
  return exit.split('@').first == "linear";
}

std::string readEarlyExit(CompileOptions &options) {
  std::string wrong = readKind(options.decode);
  if (wrong.empty() && earlyExit != "off" && options.from >= Phase::Decode)
    wrong = "--early-exit wants an input before the phase decode: the exits of "
            "this one are in it";
  if (wrong.empty() && options.decode.skipsFfns() &&
      options.from >= Phase::Outline)
    wrong = "--early-exit=ffn wants an input before the phase outline: layers "
            "are cut there";
  if (wrong.empty() && options.decode.ffnPercent > 0 &&
      (options.from != Phase::Start || options.to != Phase::Artifact))
    wrong = "--early-exit=ffn wants a checkpoint, and makes a plan: the blocks "
            "are chosen by measuring";
  if (wrong.empty() && options.decode.retrieves &&
      (options.from != Phase::Start || options.to != Phase::Artifact))
    wrong = "--early-exit=sequence:retrieve wants a checkpoint, and makes a "
            "plan: depths are looked up among texts that it answered";
  if (wrong.empty() && options.decode.automaticExits &&
      (options.from != Phase::Start || options.to != Phase::Artifact))
    wrong = "--early-exit=auto wants a checkpoint, and makes a plan";
  return wrong;
}
