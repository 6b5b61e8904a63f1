//===- Speculate.cpp - the flags about drafts -----------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/VerifyRule.h"
#include "tools/llm-compile/Flags.h"
#include "llvm/ADT/StringExtras.h"

using namespace sinter;
namespace cl = llvm::cl;

namespace {

cl::list<std::string> speculate(
    "speculate", cl::CommaSeparated, cl::value_desc("off|DRAFTER,..."),
    cl::desc("Let drafters propose tokens and verify several in one forward; "
             "the tokens stay the same (default: off): copy, lookup, ngram, "
             "trigram, recycle[:IDS] (that are kept of each id, by default 1, "
             "for trees 8), draft:MODEL.gguf, self[:LAYERS] (the model's "
             "first layers, by default a third of them), "
             "heads:FILE.safetensors; auto[,draft:MODEL.gguf|,self|"
             ",heads:FILE] tries copy, lookup, recycle and that one on "
             "texts and takes what pays, or nothing"),
    cl::cat(category));
cl::opt<std::string>
    headsWeights("heads-weights", cl::init("q8_0"), cl::value_desc("q8_0|file"),
                 cl::desc("Matrices of the heads of --speculate=heads:FILE: "
                          "Q8_0 (default), or the types that the file has"),
                 cl::cat(category));
cl::opt<int64_t> draftVocabulary(
    "draft-vocabulary", cl::init(0), cl::value_desc("N"),
    cl::desc("The model of --speculate=draft:MODEL, or self, drafts none but "
             "its first N tokens, a multiple of 32: those are the frequent "
             "ones, and its head takes that much less time (default: all)"),
    cl::cat(category));
cl::opt<std::string> verifyRule(
    "verify-rule", cl::init("exact"),
    cl::value_desc("exact|reject|typical[:EPS,DELTA]|judge:FILE[,TAU]"),
    cl::desc("Which drafted tokens stay: those of plain decoding (exact, the "
             "default), as many as keep the distribution (reject), likely ones "
             "(typical, lossy; default 0.09,0.3), or those that a linear head "
             "likes (judge, lossy; TAU 0.5)"),
    cl::cat(category));
cl::opt<std::string> specPolicy(
    "spec-policy", cl::init("goodput"),
    cl::value_desc("goodput|static[:K]|ema|entropy|disco:FILE|"
                   "switch:BITS|SHARE%[,WINDOW[,LEAST]]"),
    cl::desc(
        "How much is drafted: what promises the most tokens a second "
        "(goodput, the default), all or K ids (static), by an average of "
        "what was accepted (ema), or, of a model, while its entropy is low "
        "(entropy) or a trained classifier agrees (disco). switch, lossy: "
        "nothing is drafted, the model of --speculate=draft:MODEL writes, and "
        "the large one where the mean entropy of the last WINDOW rows (5) is "
        "at least BITS, each for LEAST tokens (10) at least; SHARE%: BITS are "
        "chosen on texts, so that it writes so many of the tokens"),
    cl::cat(category));
cl::opt<std::string> draftChoice(
    "draft-choice", cl::init("surest"), cl::value_desc("surest|bandit"),
    cl::desc("Which of several drafters drafts: the one whose ids promise the "
             "most tokens, a model where the others find nothing (surest, the "
             "default), or the one that gave most for its cost lately "
             "(bandit)"),
    cl::cat(category));
cl::opt<std::string> tree(
    "tree", cl::init("off"), cl::value_desc("off|PATHS|auto[:P,...]"),
    cl::desc("Paths that a draft of the text's drafters or of a model may "
             "branch into, at most, as in 8; off (the default): drafts are "
             "chains; auto: a model's are chains, of the text as many paths "
             "as pay by what rows cost, where the likeliest id is right with "
             "chance P, the next one with the next P (0.6,0.1)"),
    cl::cat(category));

std::string policies() {
  return "there are goodput, static[:K], ema, entropy, disco:FILE and "
         "switch:BITS|SHARE%[,WINDOW[,LEAST]]";
}

/// BITS or SHARE%[,WINDOW[,LEAST]]
bool readTurns(llvm::StringRef text, DecodePhaseOptions &options) {
  constexpr int64_t kMostRows = 64, kMostTokens = int64_t(1) << 20;
  std::vector<float> &settings = options.settings;
  settings = {0, 5, 10};
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  const bool share = parts[0].consume_back("%");
  double first;
  if (parts.size() > settings.size() || parts[0].getAsDouble(first) ||
      !(share ? first >= 1 && first <= 99 : first >= 0)) // nor no number
    return false;
  if (share)
    options.largeShare = first / 100;
  else
    settings[0] = float(first);
  for (size_t i = 1; i < parts.size(); ++i) {
    int64_t number;
    if (parts[i].getAsInteger(10, number) || number < 1 ||
        number > (i == 1 ? kMostRows : kMostTokens))
      return false;
    settings[i] = float(number);
  }
  return true;
}

/// Two models write in turns: nothing is drafted.
std::string readSwitch(llvm::StringRef detail, DecodePhaseOptions &options) {
  const std::string name = "--spec-policy=" + specPolicy;
  options.policy = "switch";
  if (!readTurns(detail, options))
    return name +
           " does not say from how many bits of mean entropy on the "
           "large model writes (or what share of the tokens, 1% to 99%), "
           "of how many rows (1 to 64) and for how many tokens: "
           "switch:BITS|SHARE%[,WINDOW[,LEAST]], as in switch:2,5,10";
  if (options.automatic || options.speculate.size() != 1 ||
      options.draftModel.empty())
    return name + " lets a small model and the large one write in turns: give "
                  "--speculate=draft:MODEL and nothing beside it";
  if (options.verifyRule != "exact")
    return name + " verifies nothing: leave out --verify-rule";
  if (tree != "off")
    return name + " drafts nothing: leave out --tree";
  if (!options.depths.empty() || options.retrieves)
    return name + " and --early-exit exclude each other: texts have a depth of "
                  "one model";
  return "";
}

/// The rule and the policy, or what is wrong with them.
std::string readRule(DecodePhaseOptions &options) {
  bool given = verifyRule.getNumOccurrences() || specPolicy.getNumOccurrences();
  if (given && !options.drafts())
    return "--verify-rule and --spec-policy want drafters: give --speculate";
  auto rule = VerifyRule::parse(verifyRule);
  if (!rule)
    return "--verify-rule=" + llvm::toString(rule.takeError());
  options.verifyRule = verifyRule;
  if (options.automatic && rule->kind != "exact")
    return "--verify-rule=" + verifyRule +
           " and --speculate=auto exclude each other: drafters are chosen for "
           "the exact rule";
  auto [policy, detail] = llvm::StringRef(specPolicy).split(':');
  if (policy == "switch")
    return readSwitch(detail, options);
  const bool more = llvm::StringRef(specPolicy).contains(':');
  int64_t most;
  if (policy == "static" ? more && (detail.getAsInteger(10, most) || most < 1)
                         : more != (policy == "disco"))
    return "--spec-policy=" + specPolicy + " does not say " +
           (policy == "static"  ? "how many ids are drafted"
            : policy == "disco" ? "where its weights are: disco:FILE"
                                : "a policy; " + policies());
  options.freePolicy = !specPolicy.getNumOccurrences();
  options.policy = policy == "disco" ? policy.str() : specPolicy.getValue();
  if (policy == "entropy")
    options.settings = {0.2f, 0.6f, 0.9f}; // gamma, first bound, wanted rate
  if (policy == "disco") {
    auto weights = readClassifier(detail);
    if (!weights)
      return "--spec-policy: " + llvm::toString(weights.takeError());
    options.settings = *weights;
  }
  if (!llvm::is_contained({"static", "goodput", "ema", "entropy", "disco"},
                          policy))
    return "--spec-policy=" + specPolicy + " is no policy; " + policies();
  if (options.looksAtRows() && options.automatic)
    return "--spec-policy=" + policy.str() +
           " looks at the rows of a model that drafts, and --speculate=auto "
           "may choose drafters that have none";
  if (options.looksAtRows() && !options.modelDrafts())
    return "--spec-policy=" + policy.str() +
           " looks at the rows of a model that drafts: give "
           "--speculate=draft:MODEL or self";
  return "";
}

/// The chances of --tree=auto: none, or a colon and some.
bool readChances(llvm::StringRef text, std::vector<double> &chances) {
  chances = {0.6, 0.1};
  if (text.empty())
    return true;
  if (!text.consume_front(":"))
    return false;
  chances.clear();
  double sum = 0;
  for (llvm::StringRef part : llvm::split(text, ',')) {
    double chance;
    if (part.getAsDouble(chance) || !(chance > 0 && chance <= 1) ||
        (!chances.empty() && chance > chances.back()))
      return false;
    chances.push_back(chance);
    sum += chance;
  }
  return sum <= 1;
}

/// What --draft-choice says, or what is wrong with it.
std::string readChoice(CompileOptions &options) {
  if (draftChoice != "surest" && draftChoice != "bandit")
    return "--draft-choice=" + draftChoice + " is neither surest nor bandit";
  options.decode.bandit = draftChoice == "bandit";
  if (draftChoice.getNumOccurrences() &&
      (options.decode.automatic || options.decode.speculate.size() < 2))
    return "--draft-choice wants several drafters: give --speculate=ONE,OTHER";
  if (options.decode.bandit && options.decode.branches > 0)
    return "--draft-choice=bandit takes the draft of one drafter; --tree=" +
           tree + " merges those of all";
  return "";
}

/// What is for the chain of a model alone.
std::string checkModelTree(const DecodePhaseOptions &options) {
  if (!options.modelDraftsTrees())
    return "";
  const std::string trees = "--tree=" + tree + " lets the model draft trees, ";
  llvm::StringRef rule = options.verifyRule;
  if (rule == "reject")
    return trees + "and --verify-rule=reject knows of chains alone what their "
                   "ids were drawn from; give --tree=off";
  if (options.looksAtRows())
    return trees + "and --spec-policy=" + specPolicy +
           " says where a chain ends; give --tree=off";
  return "";
}

/// What --tree says, or what is wrong with it.
std::string readTree(CompileOptions &options) {
  int64_t rows = options.tile.logitsRows, paths = 1;
  // Each path has an id of its own, and a place for each of its rows.
  int64_t most =
      std::max<int64_t>(1, std::min(rows - 1, options.tile.maxRows / rows));
  if (llvm::StringRef given = tree; given.consume_front("auto")) {
    paths = most;
    if (!readChances(given, options.decode.acceptance))
      return "--tree=" + tree +
             " wants chances above 0 that fall and add up to 1 at most, as in "
             "auto:0.6,0.1";
  } else if (tree != "off" && (given.getAsInteger(10, paths) || paths < 1)) {
    return "--tree=" + tree + " is neither off, auto nor a number of paths";
  }
  if (tree.getNumOccurrences() && !options.decode.drafts())
    return "--tree wants drafters: give --speculate";
  const bool automatic = llvm::StringRef(tree).starts_with("auto");
  if (tree != "off" && paths > 1 && !options.decode.textDrafts() &&
      (automatic || !options.decode.modelDrafts()))
    return "--tree=" + tree + " wants drafters of the text" +
           (automatic ? ": a model drafts trees with --tree=PATHS alone"
                      : " or a model: heads draft chains") +
           "; give --speculate=copy, lookup, ngram, trigram or recycle";
  if (automatic && most < 2)
    return "--tree=" + tree + " needs --max-rows of at least " +
           std::to_string(2 * rows);
  if (tree.getNumOccurrences() && paths > most)
    return "--tree=" + tree + " does not fit: drafts have " +
           std::to_string(rows) + " rows, forwards " +
           std::to_string(options.tile.maxRows) + ", which is room for " +
           std::to_string(most) + " paths";
  options.decode.branches = std::min(paths, most) - 1;
  options.decode.freeTree = !tree.getNumOccurrences();
  return checkModelTree(options.decode);
}

/// What --draft-vocabulary says, or what is wrong with it.
std::string readDraftVocabulary(DecodePhaseOptions &options) {
  if (!draftVocabulary.getNumOccurrences())
    return "";
  const std::string name =
      "--draft-vocabulary=" + std::to_string(draftVocabulary);
  if (draftVocabulary < 32 || draftVocabulary % 32 != 0)
    return name + " is no positive multiple of 32";
  if (options.draftModel.empty() &&
      !llvm::is_contained(options.speculate, "self"))
    return name + " wants --speculate=draft:MODEL or self";
  if (options.switchesModels())
    return name + " and --spec-policy=switch exclude each other: the model "
                  "writes all tokens";
  options.draftVocabulary = draftVocabulary;
  return "";
}

/// What --heads-weights says, or what is wrong with it.
std::string readHeadsWeights(DecodePhaseOptions &options) {
  if (headsWeights != "q8_0" && headsWeights != "file")
    return "--heads-weights=" + headsWeights + " is neither q8_0 nor file";
  if (headsWeights.getNumOccurrences() && options.heads.empty())
    return "--heads-weights wants --speculate=heads:FILE";
  options.quantizeHeads = headsWeights == "q8_0";
  return "";
}

} // namespace

std::string readDrafters(DecodePhaseOptions &options) {
  static constexpr int64_t kMostRecycled = 16;
  static constexpr llvm::StringLiteral known[] = {"copy", "lookup", "ngram",
                                                  "trigram", "recycle"};
  const std::string names = llvm::join(llvm::ArrayRef(known), ", ") +
                            ", draft:MODEL, self and heads:FILE";
  bool hasModel = false;
  for (const std::string &given : speculate) {
    if (given == "off" && speculate.size() == 1)
      return "";
    auto [kind, path] = llvm::StringRef(given).split(':');
    std::string name = given;
    if (kind == "draft") {
      if (path.empty())
        return "--speculate=draft:MODEL.gguf names the model that drafts";
      options.draftModel = path.str();
      name = "model";
    } else if (kind == "self") {
      name = "self";
      if (given != "self" &&
          (path.getAsInteger(10, options.selfLayers) || options.selfLayers < 1))
        return "--speculate=" + given + " does not say how many layers draft";
    } else if (kind == "recycle") {
      name = kind.str();
      if (given != "recycle" &&
          (path.getAsInteger(10, options.recycledIds) ||
           options.recycledIds < 1 || options.recycledIds > kMostRecycled))
        return "--speculate=" + given + " does not keep 1 to " +
               std::to_string(kMostRecycled) + " ids of each";
    } else if (kind == "heads") {
      if (!path.ends_with(".safetensors"))
        return "--speculate=heads:FILE.safetensors names the file of the heads";
      options.heads = path.str();
      name = "heads";
    } else if (given == "auto") {
      if (std::exchange(options.automatic, true))
        return "--speculate names auto twice";
      continue;
    } else if (!llvm::is_contained(known, given)) {
      return "--speculate=" + given + " is no drafter; there are " + names;
    }
    if (llvm::is_contained(options.speculate, name))
      return "--speculate names " + kind.str() + " twice";
    bool model = name == "model" || name == "self" || name == "heads";
    if (model && std::exchange(hasModel, true))
      return "--speculate: one model drafts, draft:MODEL, self or heads:FILE";
    options.speculate.push_back(name);
  }
  if (options.automatic && options.speculate.size() > hasModel)
    return "--speculate=auto chooses the drafters of the text itself; beside "
           "it "
           "there is one of draft:MODEL, self and heads:FILE";
  return "";
}

std::string readSpeculation(CompileOptions &options) {
  if (std::string wrong = readHeadsWeights(options.decode); !wrong.empty())
    return wrong;
  if (std::string wrong = readRule(options.decode); !wrong.empty())
    return wrong;
  if (std::string wrong = readTree(options); !wrong.empty())
    return wrong;
  if (std::string wrong = readDraftVocabulary(options.decode); !wrong.empty())
    return wrong;
  return readChoice(options);
}
