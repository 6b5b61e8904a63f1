//===- BuildGeneration.cpp - the generation program as a pass
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "dialects/Decode/BuildGeneration.h"
#include "dialects/Decode/DecodeOps.h"
#include "dialects/Llm/Fidelity.h"
#include "dialects/Llm/LlmDialect.h"
#include "dialects/Tile/TileOps.h"
#include "llvm/Support/Format.h"

namespace sinter {
#define GEN_PASS_DEF_BUILDGENERATION
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

/// Layers of the model itself, which are a second model to the program.
static constexpr StringLiteral kSelf = "self";

namespace {

class BuildGenerationPass
    : public sinter::impl::BuildGenerationBase<BuildGenerationPass> {
  using BuildGenerationBase::BuildGenerationBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (StringRef name : {"forward", "head", "sample"})
      if (!module.lookupSymbol<func::FuncOp>(name)) {
        module.emitError("has no function @")
            << name << ", which the generation program calls";
        return signalPassFailure();
      }
    decode::GenerationOptions options;
    if (policy == decode::kModelSwitch) {
      if (failed(readSwitch(options)))
        return signalPassFailure();
      return decode::buildGenerationProgram(module, options);
    }
    options.bandit = bandit;
    options.modelTrees = modelTrees;
    options.maxRows = maxRows;
    options.logitsRows = logitsRows;
    for (const std::string &name : speculate) {
      bool self = name == kSelf;
      auto kind = self ? decode::DrafterKind::Model
                       : decode::symbolizeDrafterKind(name);
      if (!kind || *kind == decode::DrafterKind::Priority ||
          *kind == decode::DrafterKind::Merge ||
          *kind == decode::DrafterKind::Bandit) {
        module.emitError("speculate: no drafter is named '")
            << name
            << "'; there are copy, lookup, ngram, trigram, recycle, model, "
               "self "
               "and heads";
        return signalPassFailure();
      }
      if (logitsRows < 2 || llvm::is_contained(options.drafters, *kind)) {
        module.emitError("speculate: ")
            << (logitsRows < 2 ? "needs two rows of logits"
                               : "names '" + name + "' twice");
        return signalPassFailure();
      }
      options.drafters.push_back(*kind);
      if (self)
        options.modelName = kSelf;
      if (*kind == decode::DrafterKind::Model && !hasDraftModel(module))
        return signalPassFailure();
      if (*kind == decode::DrafterKind::Heads)
        options.heads = countHeads(module);
      if (*kind == decode::DrafterKind::Heads && options.heads == 0) {
        module.emitError("speculate: needs heads in the module, whose @")
            << llm::draftHeadName(1) << " is not there";
        return signalPassFailure();
      }
    }
    if (llvm::is_contained(options.drafters, decode::DrafterKind::Recycle) &&
        failed(need(module, options.rank, "speculate: recycle")))
      return signalPassFailure();
    if (!exits.empty() && failed(readExits(options)))
      return signalPassFailure();
    if (failed(setTree(module, options)) || failed(setRule(module, options)) ||
        failed(setPolicy(module, options)) ||
        failed(checkModelTree(module, options)))
      return signalPassFailure();
    decode::buildGenerationProgram(module, options);
  }

  /// Two models write in turns.
  LogicalResult readSwitch(decode::GenerationOptions &options) {
    ModuleOp module = getOperation();
    options.maxRows = maxRows;
    options.logitsRows = logitsRows;
    if (speculate.size() != 1 || speculate.front() != "model")
      return module.emitError("policy: switch wants a second model that "
                              "drafts, and nothing beside it");
    if (!exits.empty() || branches > 0 || verifyRule != "exact")
      return module.emitError("policy: switch drafts nothing: it has neither "
                              "exits nor trees, and no rule verifies it");
    auto counts = [](float number) { return number >= 1 && number <= 1e9f; };
    if (settings.size() != 3 || !(settings[0] >= 0) || !counts(settings[1]) ||
        !counts(settings[2]))
      return module.emitError("policy: switch wants the settings threshold, "
                              "window and least");
    if (!module.lookupSymbol<tile::TextOp>(options.text))
      return module.emitError("policy: switch wants a tile.text @")
             << options.text << ", which tile-link-draft makes with text=true";
    options.modelSwitch = {settings[0], int64_t(settings[1]),
                           int64_t(settings[2])};
    if (settings[0] > 0)
      declareFidelity(module, Fidelity::Lossy, "model_switch",
                      namesOf(settings));
    if (!hasDraftModel(module))
      return failure();
    return need(module, options.summarize, "policy: switch");
  }

  LogicalResult readExits(decode::GenerationOptions &options) {
    ModuleOp module = getOperation();
    if (!options.drafters.empty())
      return module.emitError("exits: a program that drafts has none: a draft "
                              "is computed in all layers");
    Operation *state = module.lookupSymbol("kv");
    auto layers =
        state ? state->getAttrOfType<IntegerAttr>("layers") : IntegerAttr();
    if (!layers || !module.lookupSymbol(decode::kKeepFunction))
      return module.emitError("exits: needs the layers of @kv cut "
                              "(tile-cut-layers)");
    if (waiting < 1 || waiting >= maxRows ||
        (exactExits && waiting >= logitsRows))
      return module.emitError("exits: ")
             << waiting.getValue() << " rows cannot wait, expected 1 to "
             << (exactExits ? logitsRows : maxRows) - 1;
    std::string wrong;
    auto read = decode::parseExits(exits, layers.getInt(), wrong);
    if (failed(read))
      return module.emitError("exits: ") << wrong;
    options.exits = *read;
    if (exitStop > 0 && llvm::none_of(options.exits, [](const auto &exit) {
          return decode::readsHead(exit.probe);
        }))
      return module.emitError("exits: stop wants an exit that asks the head: "
                              "max_prob, margin or entropy");
    for (decode::ExitOptions &exit : options.exits) {
      exit.decay = exitDecay;
      exit.stop = decode::readsHead(exit.probe) ? double(exitStop) : 0;
      if (exit.stop > (exactExits ? 0 : exit.threshold))
        return module.emitError("exits: ")
               << furtherOf("the text cannot end below ", exit.stop)
               << (exactExits ? ": it would not be that of all layers"
                              : ", which is more than a threshold");
    }
    if (!exactExits && llvm::any_of(options.exits, [](const auto &exit) {
          return exit.threshold < 1 || exit.stop > 0;
        }))
      declareFidelity(module, Fidelity::Lossy, "early_exit",
                      llvm::join(exits, ",") + furtherOf(",decay=", exitDecay) +
                          furtherOf(",stop=", exitStop));
    options.mostWaiting = waiting;
    options.exactExits = exactExits;
    return success();
  }

  /// "2,5,10"
  static std::string namesOf(ArrayRef<float> numbers) {
    std::string text;
    llvm::raw_string_ostream to(text);
    llvm::interleave(
        numbers, to, [&](float number) { to << llvm::format("%g", number); },
        ",");
    return text;
  }

  static std::string furtherOf(StringRef name, double value) {
    std::string text;
    if (value > 0)
      llvm::raw_string_ostream(text) << name << llvm::format("%g", value);
    return text;
  }

  static int64_t countHeads(ModuleOp module) {
    int64_t count = 0;
    while (module.lookupSymbol<func::FuncOp>(llm::draftHeadName(count + 1)))
      ++count;
    return count;
  }

  static LogicalResult need(ModuleOp module, StringRef function,
                            const Twine &why) {
    if (module.lookupSymbol<func::FuncOp>(function))
      return success();
    return module.emitError() << why << " needs a function @" << function
                              << ", which llm-to-tile makes";
  }

  LogicalResult setRule(ModuleOp module, decode::GenerationOptions &options) {
    auto rule = decode::symbolizeRuleKind(verifyRule);
    if (!rule)
      return module.emitError("verify-rule: no rule is named '")
             << verifyRule << "'; there are exact, reject, typical and judge";
    options.rule = *rule;
    if (*rule == decode::RuleKind::Exact)
      return success();
    std::string who = "verify-rule: " + verifyRule;
    if (options.drafters.empty())
      return module.emitError(who) << " verifies drafts, and nothing drafts";
    bool proposes =
        *rule == decode::RuleKind::Reject &&
        llvm::any_of(options.drafters, [](decode::DrafterKind kind) {
          return kind == decode::DrafterKind::Model ||
                 kind == decode::DrafterKind::Heads;
        });
    if (failed(need(module, options.decide, who)) ||
        (proposes && failed(need(module, options.propose, who))) ||
        (*rule == decode::RuleKind::Judge &&
         failed(need(module, options.judge, who))))
      return failure();
    return success();
  }

  LogicalResult setPolicy(ModuleOp module, decode::GenerationOptions &options) {
    auto [name, most] = StringRef(policy).split(':');
    auto kind = decode::symbolizePolicyKind(name);
    if (!kind)
      return module.emitError("policy: no policy is named '")
             << name
             << "'; there are static, goodput, ema, entropy, disco "
                "and switch";
    options.policy = *kind;
    options.settings.assign(settings.begin(), settings.end());
    if (!most.empty() &&
        (*kind != decode::PolicyKind::Static ||
         most.getAsInteger(10, options.mostDrafted) || options.mostDrafted < 1))
      return module.emitError("policy: ")
             << policy << " does not say how many ids are drafted";
    if (!decode::looksAtIds(*kind))
      return success();
    if (!llvm::is_contained(options.drafters, decode::DrafterKind::Model))
      return module.emitError("policy: ")
             << name << " looks at the rows of a model that drafts, and none "
             << "does";
    return need(module, options.summarize, "policy: " + name);
  }

  /// Leaves beside the first one that drafts may have.
  LogicalResult setTree(ModuleOp module, decode::GenerationOptions &options) {
    int64_t beside = branches, rows = logitsRows, places = maxRows;
    if (beside == 0)
      return success();
    if (bandit)
      return module.emitError("branches: a bandit takes the draft of one "
                              "drafter, which is a chain");
    if (beside < 0 || beside + 2 > rows)
      return module.emitError("branches: ")
             << beside << " beside the first take " << beside + 2
             << " rows at least, and a draft has " << rows;
    if ((beside + 1) * rows > places)
      return module.emitError("branches: ")
             << beside + 1 << " paths of " << rows
             << " rows have no place in a forward of " << places;
    auto forward = module.lookupSymbol<func::FuncOp>("forward");
    if (forward.getNumArguments() != 3)
      return module.emitError("branches: @forward takes no runs, which the "
                              "paths of a tree are");
    options.branches = beside;
    return success();
  }

  /// A model drafts trees, too, where there are any.
  LogicalResult checkModelTree(ModuleOp module,
                               const decode::GenerationOptions &options) {
    if (options.branches == 0 || !options.modelTrees ||
        !llvm::is_contained(options.drafters, decode::DrafterKind::Model))
      return success();
    if (options.rule == decode::RuleKind::Reject)
      return module.emitError("branches: a model drafts trees, and rule ")
             << decode::stringifyRuleKind(options.rule)
             << " knows how the ids of a chain were drawn";
    if (decode::looksAtIds(options.policy))
      return module.emitError("branches: a model drafts trees, and policy ")
             << decode::stringifyPolicyKind(options.policy)
             << " says where a chain ends";
    return need(module, options.sampleBest, "branches: a model's tree");
  }

  static bool hasDraftModel(ModuleOp module) {
    for (StringRef name : {"draft.forward", "draft.head", "draft.kv"})
      if (!module.lookupSymbol(name)) {
        module.emitError("speculate: needs a second model in the module (or "
                         "tile-self-draft), whose @")
            << name << " is not there";
        return false;
      }
    return true;
  }
};

} // namespace
