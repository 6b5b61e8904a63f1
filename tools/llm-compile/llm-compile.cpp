//===- llm-compile.cpp - a checkpoint in, a plan out ----------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/KvTypes.h"
#include "lib/Pipelines/Cache.h"
#include "lib/Pipelines/Compiler.h"
#include "lib/Pipelines/LayerStudy.h"
#include "lib/Pipelines/RuleStudy.h"
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
cl::opt<int64_t> kvSlack(
    "kv-slack", cl::init(512), cl::value_desc("N"),
    cl::desc("With --kv-window: a session keeps so many positions behind the "
             "window, at least --max-rows, which it can go back by (default "
             "512)"),
    cl::cat(category));
cl::list<std::string> dropLayers(
    "drop-layers", cl::CommaSeparated, cl::value_desc("LAYER,...|PERCENT%"),
    cl::desc("Leave these layers out, from 0, or so many of those that matter "
             "least: another model, and the plan says so (default: none)"),
    cl::cat(category));
cl::opt<std::string> calibration(
    "calibration", cl::value_desc("FILE"),
    cl::desc("Texts that choices are made and measured on: by --drop-layers, "
             "--early-exit, --speculate=auto, a lossy --verify-rule and "
             "--spec-policy=switch. A prompt a line: text, or JSON as "
             "llm-bench --workload has it; "
             "layers are measured on its beginning as one text (default: a "
             "few of its own; a rule, and switch:BITS, are not measured then)"),
    cl::cat(category));
cl::opt<bool> measureCost(
    "measure-cost",
    cl::desc("Time forwards of 1 to 16 rows here for the plan's cost table, "
             "with which drafting begins (default: predicted)"),
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

/// Whether something is chosen or measured on texts.
bool isCalibrated(const CompileOptions &options) {
  return !dropLayers.empty() || !options.decode.depths.empty() ||
         options.decode.skipsFfns() || options.decode.automatic ||
         options.decode.automaticExits || options.decode.hasLossyRule();
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
  if (kvSlack.getNumOccurrences() > 0 && kvWindow == 0)
    return usage("--kv-slack needs --kv-window");
  if (kvSlack < 0 || kvSlack > (1 << 24))
    return usage("--kv-slack must be between 0 and 16777216");
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
  options.calibration = calibration;
  options.tile.activations = activations;
  options.tile.attention = attention;
  options.tile.kv = kvTypes ? kvTypes->str() : "";
  options.tile.kvWindow = kvWindow;
  options.tile.kvSinks = kvSinks;
  options.tile.kvSlack = kvSlack;
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
  if (!options.decode.heads.empty() && options.from != Phase::Start)
    return usage("--speculate=heads:FILE wants a checkpoint");
  if (options.decode.automatic &&
      (options.from != Phase::Start || options.to != Phase::Artifact))
    return usage("--speculate=auto wants a checkpoint, and makes a plan");
  if (!options.decode.speculate.empty() && options.from >= Phase::Decode)
    return usage("--speculate wants an input before the phase decode: the "
                 "drafters of this one are in it");
  if (options.decode.drafts() && options.tile.logitsRows < 2)
    return usage("--speculate needs --max-rows of at least 2");
  if ((!options.decode.exits.empty() || options.decode.automaticExits) &&
      options.tile.logitsRows < 2)
    return usage("--early-exit=token needs --max-rows of at least 2");
  if (std::string wrong = readSpeculation(options); !wrong.empty())
    return usage(wrong);
  if (!calibration.empty() && !isCalibrated(options))
    return usage(
        "--calibration wants something to choose or to measure: "
        "--drop-layers, --early-exit=sequence, ffn or auto, "
        "--speculate=auto, a lossy --verify-rule or --spec-policy=switch");
  if (measureCost && options.decode.switchesModels())
    return usage("--measure-cost measures what rows of drafts cost, and "
                 "--spec-policy=switch drafts nothing");
  if (options.decode.largeShare > 0 && options.to != Phase::Artifact)
    return usage("--spec-policy=switch:SHARE% is chosen by measuring, with a "
                 "plan: leave out --compile-to, or give switch:BITS");
  if (!calibration.empty() && options.decode.hasLossyRule() &&
      options.to != Phase::Artifact)
    return usage("--calibration measures --verify-rule and --spec-policy with "
                 "a plan: leave out --compile-to, or --calibration");
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
  // The study takes long: its file is tried first, and removed again.
  if (options.decode.savesStore)
    tools::AtomicFile(options.decode.depthStore);
  // Layers that go do so before exits are chosen among the others.
  if (failed(studyLayers(options)))
    return 1;
  if (options.decode.automatic && options.decode.automaticExits)
    chooseDraftsOrExits(options);
  else if (options.decode.automaticExits)
    chooseExits(options);
  if ((!calibration.empty() && options.decode.hasLossyRule()) ||
      options.decode.largeShare > 0)
    if (llvm::Error failed = studyRule(options))
      throw tools::Failure("--calibration: " +
                           llvm::toString(std::move(failed)));
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
