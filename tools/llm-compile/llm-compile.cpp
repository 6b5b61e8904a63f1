//===- llm-compile.cpp - a checkpoint in, a plan out ----------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/KvTypes.h"
#include "dialects/Tile/VerifyRule.h"
#include "lib/Pipelines/Cache.h"
#include "lib/Pipelines/Compiler.h"
#include "lib/Pipelines/LayerStudy.h"
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/llm-compile/ChooseExits.h"
#include "tools/llm-compile/Flags.h"
#include "tools/report/PlanReport.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace sinter;
namespace cl = llvm::cl;

cl::OptionCategory category("llm-compile options");

namespace {

cl::opt<std::string> input(cl::Positional, cl::desc("MODEL.gguf"),
                           cl::cat(category));
cl::opt<std::string> output("o", cl::desc("Output file"),
                            cl::value_desc("OUT.plan"), cl::cat(category));
cl::opt<std::string> activations(
    "activations", cl::init("int8"), cl::value_desc("int8|bf16|f32"),
    cl::desc("Activations inside contractions: int8 in blocks of 32 (fast, the "
             "default), bf16, weights too (nearer to exact), or f32 (exact)"),
    cl::cat(category));
cl::opt<std::string>
    attention("attention", cl::value_desc("bf16|f32"),
              cl::desc("Products of attention (default f32; bf16 with "
                       "--activations=bf16): bf16 is faster for long prompts"),
              cl::cat(category));
cl::opt<std::string> kv(
    "kv", cl::value_desc("TYPE|k:TYPE,v:TYPE"),
    cl::desc("KV cache: f32, f16, bf16 or int8, for both or for keys and "
             "values apart (default f16; f32 with --activations=f32; bf16 with "
             "bf16 attention)"),
    cl::cat(category));
cl::opt<int64_t> kvWindow(
    "kv-window", cl::init(0), cl::value_desc("N"),
    cl::desc("Attention sees the last N positions alone: another model, and "
             "the plan says so (default: all)"),
    cl::cat(category));
cl::opt<int64_t> kvSinks("kv-sinks", cl::init(0), cl::value_desc("S"),
                         cl::desc("With --kv-window: and the first S ones"),
                         cl::cat(category));
cl::list<std::string> dropLayers(
    "drop-layers", cl::CommaSeparated, cl::value_desc("LAYER,...|PERCENT%"),
    cl::desc("Leave these layers out, from 0, or so many of those that matter "
             "least: another model, and the plan says so (default: none)"),
    cl::cat(category));
cl::opt<std::string> calibrationText(
    "calibration-text", cl::value_desc("FILE"),
    cl::desc("What layers that go are chosen and measured on (default: a short "
             "text that is built in)"),
    cl::cat(category));
cl::list<std::string> speculate(
    "speculate", cl::CommaSeparated, cl::value_desc("off|DRAFTER,..."),
    cl::desc("Let drafters propose tokens and verify several in one forward; "
             "the tokens stay the same (default: off): copy, lookup, ngram, "
             "trigram, recycle, draft:MODEL.gguf, self[:LAYERS] (the model's "
             "first layers, by default a third of them), "
             "heads:FILE.safetensors; auto[,draft:MODEL.gguf|,self|"
             ",heads:FILE] tries copy, lookup, recycle and that one on "
             "texts and takes what pays, or nothing"),
    cl::cat(category));
cl::opt<std::string> calibration(
    "calibration", cl::value_desc("FILE"),
    cl::desc("Texts that --speculate=auto and --early-exit=auto choose by, a "
             "prompt a line: text, or "
             "JSON as llm-bench --workload has it (default: a few of its own)"),
    cl::cat(category));
cl::opt<bool> measureCost(
    "measure-cost",
    cl::desc("Time forwards of 1 to 16 rows here for the plan's cost table, "
             "with which drafting begins (default: predicted)"),
    cl::cat(category));
cl::opt<std::string>
    headsWeights("heads-weights", cl::init("q8_0"), cl::value_desc("q8_0|file"),
                 cl::desc("Matrices of the heads of --speculate=heads:FILE: "
                          "Q8_0 (default), or the types that the file has"),
                 cl::cat(category));
cl::opt<std::string> verifyRule(
    "verify-rule", cl::init("exact"),
    cl::value_desc("exact|reject|typical[:EPS,DELTA]|judge:FILE[,TAU]|"
                   "switch:ENTROPY"),
    cl::desc("Which drafted tokens stay: those of plain decoding (exact, the "
             "default), as many as keep the distribution (reject), likely ones "
             "(typical, lossy; default 0.09,0.3), those that a linear head "
             "likes (judge, lossy; TAU 0.5), or those that a model drafted "
             "with little entropy, in nats (switch, lossy)"),
    cl::cat(category));
cl::opt<std::string> specPolicy(
    "spec-policy", cl::init("goodput"),
    cl::value_desc("goodput|static[:K]|ema|entropy|disco:FILE"),
    cl::desc(
        "How much is drafted: what promises the most tokens a second "
        "(goodput, the default), all or K ids (static), by an average of "
        "what was accepted (ema), or, of a model, while its entropy is low "
        "(entropy) or a trained classifier agrees (disco)"),
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
    cl::desc("Paths that a draft of drafters of the text may branch into, at "
             "most, as in 8; off (the default): drafts are chains; auto: as "
             "many as pay by what rows cost, where the likeliest id is right "
             "with chance P, the next one with the next P (0.6,0.1)"),
    cl::cat(category));
cl::list<std::string>
    targets("target", cl::CommaSeparated, cl::value_desc("LEVEL,..."),
            cl::desc("CPU levels to compile for (default: all): x86-64-v3, "
                     "x86-64-v4, x86-64-v3-vnni, x86-64-v4-vnni, and "
                     "x86-64-v4-bf16 where there are bf16 products"),
            cl::cat(category));
cl::opt<int64_t> maxRows("max-rows", cl::init(512),
                         cl::desc("Tokens of one forward (prefill chunk)"),
                         cl::cat(category));
cl::opt<int64_t> maxContext("context", cl::init(0),
                            cl::desc("Positions of the longest session "
                                     "(default: the model's)"),
                            cl::cat(category));
cl::opt<std::string> from("compile-from", cl::value_desc("PHASE"),
                          cl::desc("The input is a module of this phase"),
                          cl::cat(category));
cl::opt<std::string> to("compile-to", cl::value_desc("PHASE"),
                        cl::desc("Stop after this phase and write the module: "
                                 "import, fuse, outline, tile, decode, plan, "
                                 "artifact (default)"),
                        cl::cat(category));
cl::opt<std::string> dump("dump-phases-to", cl::value_desc("DIR"),
                          cl::desc("Write the module after each phase to DIR"),
                          cl::cat(category));
cl::opt<bool> timing("timing", cl::desc("Print time and memory of each phase"),
                     cl::cat(category));
cl::opt<unsigned> jobs("jobs", cl::init(0), cl::value_desc("N"),
                       cl::desc("Threads that compile and pack (default: "
                                "one a core)"),
                       cl::cat(category));
cl::opt<std::string> cacheDir("cache-dir", cl::value_desc("DIR"),
                              cl::desc("Where compiled code and plans are kept "
                                       "for the next time (default: "
                                       "sinter in XDG_CACHE_HOME)"),
                              cl::cat(category));
cl::opt<uint64_t> cacheLimit("cache-limit", cl::init(4096),
                             cl::value_desc("MIB"),
                             cl::desc("Most that the cache keeps"),
                             cl::cat(category));
cl::opt<bool> noCache("no-cache", cl::desc("Neither use nor fill the cache"),
                      cl::cat(category));
cl::opt<bool> quiet("quiet", cl::desc("No progress and no summary"),
                    cl::cat(category));
cl::opt<bool> noGolden("no-golden", cl::desc("Leave out the self-test vectors"),
                       cl::cat(category));
cl::opt<bool> noChatTemplate(
    "no-chat-template",
    cl::desc("Leave out the model's chat template (completion alone)"),
    cl::cat(category));

cl::opt<std::string> reportFile(
    "report", cl::ValueOptional, cl::value_desc("FILE"),
    cl::desc("Print what each op of a token and of a prompt should take at "
             "least, from what it moves and computes; to FILE: as JSON"),
    cl::cat(category));
cl::opt<std::string> reportMachine(
    "machine", cl::value_desc("DESCRIPTION"),
    cl::desc("The machine of --report: stream:GB/s,dot:Gop/s,fma:Gflop/s and "
             "threads:N (1), as in stream:40,dot:1000,fma:250 (default: this "
             "one, which is measured, all cores)"),
    cl::cat(category));
cl::opt<unsigned> reportDepth(
    "report-depth", cl::init(0), cl::value_desc("N"),
    cl::desc("Positions before the token and the prompt of --report "
             "(default: 0)"),
    cl::cat(category));

int usage(const llvm::Twine &message) {
  llvm::errs() << "llm-compile: error: " << message
               << "\nTry 'llm-compile --help'.\n";
  return 2;
}

std::string phaseNames() {
  std::string names;
  for (const PhaseInfo &info : phases())
    names += (names.empty() ? "" : ", ") + info.name.str();
  return names;
}

/// The drafters of --speculate, or what is wrong with them.
std::string readDrafters(DecodePhaseOptions &options) {
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

/// The layers of --drop-layers, or what is wrong with them.
std::string readDropLayers(OutlinePhaseOptions &options) {
  for (llvm::StringRef text : dropLayers) {
    int64_t number = 0;
    bool share = text.consume_back("%");
    if (text.getAsInteger(10, number) ||
        (share && (dropLayers.size() > 1 || number < 1 || number > 99)))
      return "--drop-layers=" + text.str() + (share ? "%" : "") +
             " is neither a list of layers nor a share of 1% to 99%";
    if (share)
      options.dropPercent = number;
    else
      options.dropLayers.push_back(number);
  }
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
  if (rule->kind == "switch") {
    options.trust = rule->entropy;
    if (!options.modelDrafts())
      return "--verify-rule=" + verifyRule +
             " switches to a model that drafts: give --speculate=draft:MODEL "
             "or self";
  }
  auto [policy, detail] = llvm::StringRef(specPolicy).split(':');
  const bool more = llvm::StringRef(specPolicy).contains(':');
  int64_t most;
  if (policy == "static" ? more && (detail.getAsInteger(10, most) || most < 1)
                         : more != (policy == "disco"))
    return "--spec-policy=" + specPolicy + " does not say " +
           (policy == "static"  ? "how many ids are drafted"
            : policy == "disco" ? "where its weights are: disco:FILE"
                                : "a policy; there are goodput, static[:K], "
                                  "ema, entropy and disco:FILE");
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
    return "--spec-policy=" + specPolicy +
           " is no policy; there are goodput, static[:K], ema, entropy and "
           "disco:FILE";
  if (options.looksAtRows() && (options.automatic || !options.modelDrafts()))
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
  if (tree != "off" && paths > 1 && !options.decode.textDrafts())
    return "--tree=" + tree +
           " wants drafters of the text: give --speculate=copy, lookup, ngram, "
           "trigram or recycle";
  if (llvm::StringRef(tree).starts_with("auto") && most < 2)
    return "--tree=" + tree + " needs --max-rows of at least " +
           std::to_string(2 * rows);
  if (tree.getNumOccurrences() && paths > most)
    return "--tree=" + tree + " does not fit: drafts have " +
           std::to_string(rows) + " rows, forwards " +
           std::to_string(options.tile.maxRows) + ", which is room for " +
           std::to_string(most) + " paths";
  options.decode.branches = std::min(paths, most) - 1;
  return "";
}

/// Fills the options from the flags; the exit code if they make no sense.
int readOptions(CompileOptions &options) {
  if (input.empty())
    return usage("no input: give a .gguf file");
  options.input = input;
  for (auto [flag, phase] :
       {std::pair(&from, &options.from), std::pair(&to, &options.to)}) {
    if (flag->empty())
      continue;
    std::optional<Phase> parsed = parsePhase(*flag);
    if (!parsed)
      return usage("--" + flag->ArgStr + "=" + flag->getValue() +
                   " is no phase; phases are " + phaseNames());
    *phase = *parsed;
  }
  if (options.to <= options.from)
    return usage("--compile-to must come after --compile-from");
  options.output = output;
  if (options.output.empty()) {
    if (options.to == Phase::Artifact)
      return usage("no output: give -o OUT.plan");
    options.output = "-";
  }
  if (activations != "int8" && activations != "bf16" && activations != "f32")
    return usage("--activations=" + activations.getValue() +
                 " is none of int8, bf16 and f32");
  if (!attention.empty() && attention != "bf16" && attention != "f32")
    return usage("--attention=" + attention.getValue() +
                 " is neither bf16 nor f32");
  std::optional<KvTypes> kvTypes = KvTypes::parse(kv);
  if (!kv.empty() && !kvTypes)
    return usage("--kv=" + kv.getValue() +
                 " is neither a type (f32, f16, bf16, int8) nor "
                 "k:TYPE,v:TYPE");
  if (kvWindow < 0 || kvWindow > (1 << 24) || kvSinks < 0 ||
      kvSinks > (1 << 24))
    return usage("--kv-window and --kv-sinks must be between 0 and 16777216");
  if (kvSinks > 0 && kvWindow == 0)
    return usage("--kv-sinks needs --kv-window");
  if (maxRows < 1 || maxRows > 65536)
    return usage("--max-rows must be between 1 and 65536");
  if (maxContext < 0 || maxContext > (1 << 24))
    return usage("--context must be between 0 and 16777216");
  if (!dropLayers.empty() &&
      (options.from >= Phase::Outline || options.to < Phase::Outline))
    return usage("--drop-layers wants an input before the phase outline, and "
                 "that phase");
  if (std::string wrong = readDropLayers(options.outline); !wrong.empty())
    return usage(wrong);
  options.calibrationText = calibrationText;
  options.tile.activations = activations;
  options.tile.attention = attention;
  options.tile.kv = kvTypes ? kvTypes->str() : "";
  options.tile.kvWindow = kvWindow;
  options.tile.kvSinks = kvSinks;
  options.tile.maxRows = maxRows;
  options.tile.logitsRows = std::min<int64_t>(maxRows, options.tile.logitsRows);
  options.tile.maxContext = maxContext;
  if (std::string wrong = readDrafters(options.decode); !wrong.empty())
    return usage(wrong);
  if (std::string wrong = readEarlyExit(options); !wrong.empty())
    return usage(wrong);
  if (!options.decode.draftModel.empty() &&
      (options.from != Phase::Start || options.to < Phase::Tile))
    return usage("--speculate=draft:MODEL wants a checkpoint, and all phases "
                 "up to tile");
  if (options.outline.dropPercent > 0 &&
      (options.from != Phase::Start || options.to != Phase::Artifact))
    return usage("--drop-layers=PERCENT% wants a checkpoint, and a plan: the "
                 "layers are chosen by measuring");
  if (!options.decode.depths.empty() && !dropLayers.empty())
    return usage("--early-exit=sequence and --drop-layers exclude each other");
  if (options.decode.skipsFfns() && !dropLayers.empty())
    return usage("--early-exit=ffn and --drop-layers exclude each other");
  if (!options.calibrationText.empty() && dropLayers.empty() &&
      options.decode.depths.empty() && !options.decode.skipsFfns())
    return usage("--calibration-text needs --drop-layers, or "
                 "--early-exit=sequence or ffn");
  if (!options.decode.heads.empty() && options.from != Phase::Start)
    return usage("--speculate=heads:FILE wants a checkpoint");
  if (options.decode.automatic &&
      (options.from != Phase::Start || options.to != Phase::Artifact))
    return usage("--speculate=auto wants a checkpoint, and makes a plan");
  if (!calibration.empty() && !options.decode.automatic &&
      !options.decode.automaticExits)
    return usage("--calibration wants --speculate=auto or --early-exit=auto");
  options.decode.calibration = calibration;
  if (headsWeights != "q8_0" && headsWeights != "file")
    return usage("--heads-weights=" + headsWeights.getValue() +
                 " is neither q8_0 nor file");
  if (headsWeights.getNumOccurrences() && options.decode.heads.empty())
    return usage("--heads-weights wants --speculate=heads:FILE");
  options.decode.quantizeHeads = headsWeights == "q8_0";
  if (!options.decode.speculate.empty() && options.from >= Phase::Decode)
    return usage("--speculate wants an input before the phase decode: the "
                 "drafters of this one are in it");
  if (!options.decode.speculate.empty() && options.tile.logitsRows < 2)
    return usage("--speculate needs --max-rows of at least 2");
  if ((!options.decode.exits.empty() || options.decode.automaticExits) &&
      options.tile.logitsRows < 2)
    return usage("--early-exit=token needs --max-rows of at least 2");
  if (std::string wrong = readRule(options.decode); !wrong.empty())
    return usage(wrong);
  if (std::string wrong = readTree(options); !wrong.empty())
    return usage(wrong);
  if (std::string wrong = readChoice(options); !wrong.empty())
    return usage(wrong);
  options.artifact.levels.assign(targets.begin(), targets.end());
  options.artifact.golden = !noGolden;
  options.artifact.measureCost = measureCost;
  options.artifact.chatTemplate = !noChatTemplate;
  options.dumpPhasesTo = dump;
  options.timing = timing;
  options.threads = jobs;
  if (cacheLimit > (uint64_t(1) << 40))
    return usage("--cache-limit is in MiB, and at most 2^40");
  options.cache.limit = cacheLimit << 20;
  if (!noCache)
    options.cache.folder = cacheDir.empty() ? Cache::defaultFolder() : cacheDir;
  if (options.to != Phase::Artifact && reportFile.getNumOccurrences())
    return usage("--report needs a plan: leave out --compile-to");
  options.quiet = quiet;
  options.progress = !quiet && llvm::sys::Process::StandardErrIsDisplayed();
  return 0;
}

/// Of --report; parsed before the work, which takes longer, and so is its file
/// tried.
tools::ReportOptions reportOptions() {
  if (!reportFile.empty())
    tools::AtomicFile(reportFile.getValue()); // is removed again
  tools::ReportOptions options;
  if (!reportMachine.empty())
    options.machine = tools::parseMachine("--machine", reportMachine);
  options.depth = reportDepth;
  return options;
}

/// What the plan should take, from the file that was written.
void report(const tools::ReportOptions &options) {
  auto file = PlanFile::open(output, /*verifyWeights=*/false);
  if (!file)
    throw tools::Failure(llvm::toString(file.takeError()));
  const tools::PlanReport made(*file, output, options);
  if (reportFile.empty())
    return tools::writeOut(made.text(), /*flush=*/true);
  const std::string text = made.json();
  tools::AtomicFile to(reportFile);
  to.write(text.data(), text.size());
  to.commit();
}

int run(int argc, char **argv) {
  if (!cl::ParseCommandLineOptions(
          argc, argv, "Compiles a language model into one plan file.\n",
          &llvm::errs()))
    return 2;
  CompileOptions options;
  if (int code = readOptions(options))
    return code;
  const tools::ReportOptions reportAbout = reportOptions();
  // Layers that go do so before exits are chosen among the others.
  if (failed(studyLayers(options)))
    return 1;
  if (options.decode.automaticExits)
    chooseExits(options);
  if (failed(compile(options)))
    return 1;
  if (reportFile.getNumOccurrences())
    report(reportAbout);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter(
      [](llvm::raw_ostream &os) { os << "llm-compile (sinter) 0.1.0\n"; });
  return tools::runTool("llm-compile", run, argc, argv);
}
