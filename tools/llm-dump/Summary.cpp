// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The summary for people.

#include "lib/Target/Plan/PlanWriter.h"
#include "tools/llm-dump/Dump.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace sinter;
using namespace sinter::dump;

static std::string mebibytes(uint64_t bytes) {
  if (bytes < 10 * 1024)
    return llvm::formatv("{0} B", bytes);
  if (bytes < 10 * 1024 * 1024)
    return llvm::formatv("{0:f1} KiB", bytes / 1024.0);
  return llvm::formatv("{0:f1} MiB", bytes / (1024.0 * 1024.0));
}

/// Expressions can be very long; --json has them whole.
static std::string shortened(llvm::StringRef text) {
  constexpr size_t most = 64;
  if (text.size() <= most)
    return text.str();
  return (text.take_front(most) + "... (" + llvm::Twine(text.size()) +
          " bytes)")
      .str();
}

uint64_t sinter::dump::peakBytes(const plan::Plan &plan, const Load &load) {
  if (!plan.memory())
    return 0;
  plan::MemoryT memory;
  plan.memory()->UnPackTo(&memory);
  return sinter::peakBytes(memory, load.sessions,
                           load.context ? load.context : plan.max_context(),
                           load.threads);
}

namespace {

class Summary {
public:
  Summary(const PlanFile &file, const Load &load, llvm::raw_ostream &out)
      : file(file), plan(file.tables()), load(load), out(out) {}

  void print() {
    header();
    sections();
    code();
    program();
    depths();
    retrieval();
    ffns();
    modelSwitch();
    memory();
    text();
    defaults();
    properties("provenance", plan.provenance());
    properties("quality", plan.quality());
    golden();
  }

private:
  /// The start of a line: a heading or the place of one.
  llvm::raw_ostream &line(llvm::StringRef heading = "") {
    return out << llvm::format("%-13s", heading.str().c_str());
  }
  void header();
  void sections();
  void code();
  void program();
  void costs();
  void depths();
  void retrieval();
  void ffns();
  void modelSwitch();
  void memory();
  void drafts();
  void text();
  void defaults();
  void golden();
  void properties(
      llvm::StringRef heading,
      const flatbuffers::Vector<flatbuffers::Offset<plan::Property>> *all);

  const PlanFile &file;
  const plan::Plan &plan;
  const Load &load;
  llvm::raw_ostream &out;
};

} // namespace

void Summary::header() {
  line("model") << dump::text(plan.name()) << " ("
                << dump::text(plan.architecture()) << ")\n";
  line() << "vocabulary " << plan.vocabulary() << ", context "
         << plan.max_context() << ", rows " << plan.max_rows()
         << ", rows of logits " << plan.logits_rows() << "\n";
  line("file") << mebibytes(file.fileBytes()) << ", format "
               << file.formatVersion() << ", needs runtime "
               << file.minRuntime() << ", tables "
               << mebibytes(file.metaBytes()) << "\n";
}

void Summary::sections() {
  llvm::StringRef heading = "sections";
  for (uint32_t i = 0; i < count(plan.sections()); ++i) {
    const plan::Section &section = *plan.sections()->Get(i);
    line(std::exchange(heading, "")) << llvm::formatv(
        "{0,-16} {1,-8} at {2,-12} {3}\n", dump::text(section.name()),
        section.kind() == plan::SectionKind::Code ? "code" : "weights",
        section.offset(), mebibytes(section.bytes()));
  }
}

void Summary::code() {
  llvm::StringRef heading = "code";
  for (uint32_t i = 0; i < count(plan.code()); ++i) {
    const plan::CodeObject &object = *plan.code()->Get(i);
    line(std::exchange(heading, "")) << llvm::formatv(
        "{0,-16} {1} in memory, needs", dump::text(object.level()),
        mebibytes(object.image_bytes()));
    for (uint32_t j = 0; j < count(object.features()); ++j)
      out << " " << dump::text(object.features()->Get(j));
    out << "\n";
  }
  heading = "kernels";
  for (uint32_t i = 0; i < count(plan.kernels()); ++i) {
    const plan::Kernel &kernel = *plan.kernels()->Get(i);
    line(std::exchange(heading, "")) << llvm::formatv(
        "{0,-24} {1} bindings, {2} scalars\n", dump::text(kernel.name()),
        count(kernel.bindings()), count(kernel.scalars()));
  }
}

void Summary::depths() {
  llvm::StringRef heading = "depths";
  for (uint32_t i = 0; i < count(plan.depths()); ++i) {
    const plan::Depth &depth = *plan.depths()->Get(i);
    llvm::raw_ostream &to = line(std::exchange(heading, ""));
    to << depth.percent() << " %";
    for (uint32_t j = 0; j < count(depth.skips()); ++j)
      to << (j ? "," : " without ") << depth.skips()->Get(j);
    to << "\n";
  }
}

void Summary::retrieval() {
  if (const plan::Retrieval *store = plan.retrieval())
    line("retrieval") << llvm::formatv(
        "the nearest {0} of {1} texts choose, over {2:f2}, a depth that has "
        "{3:f2} of the best chance; keys of {4} numbers\n",
        store->nearest(), store->entries(), store->similar(), store->keep(),
        store->width());
}

void Summary::modelSwitch() {
  const plan::ModelSwitch *models = plan.model_switch();
  if (!models)
    return;
  line("models") << llvm::format(
      "the large one writes where the last %u rows have a mean of at least %g "
      "bits, each for %u tokens at least\n",
      models->window(), double(models->threshold()), models->least());
}

void Summary::ffns() {
  const plan::Ffns *ffns = plan.ffns();
  if (!ffns)
    return;
  llvm::raw_ostream &to = line("ffns");
  to << llvm::formatv("left out over {0:f4}, from position {1}, in layers ",
                      ffns->threshold(), ffns->warm_up());
  for (uint32_t i = 0; i < count(ffns->layers()); ++i)
    to << (i ? "," : "") << ffns->layers()->Get(i);
  to << "\n";
}

void Summary::program() {
  llvm::StringRef heading = "functions";
  for (uint32_t i = 0; i < count(plan.functions()); ++i) {
    const plan::Function &function = *plan.functions()->Get(i);
    llvm::raw_ostream &to = line(std::exchange(heading, ""));
    to << dump::text(function.name()) << "(";
    for (uint32_t j = 0; j < count(function.params()); ++j)
      to << (j ? ", " : "") << dump::text(function.params()->Get(j));
    to << ")";
    if (function.results())
      to << " -> " << function.results();
    to << "\n";
  }
  heading = "drafters";
  for (uint32_t i = 0; i < count(plan.drafters()); ++i) {
    const plan::Drafter &drafter = *plan.drafters()->Get(i);
    llvm::raw_ostream &to = line(std::exchange(heading, ""));
    to << llvm::formatv(
        "{0,-16} {1}, up to {2} ids, policy {3}", dump::text(drafter.name()),
        EnumNameDrafterKind(drafter.kind()), drafter.max_draft(),
        EnumNamePolicyKind(drafter.policy()));
    if (drafter.branches())
      to << ", a tree of up to " << drafter.branches() + 1 << " paths";
    const char *combines = drafter.kind() == plan::DrafterKind::Merge
                               ? ", what there is of "
                           : drafter.kind() == plan::DrafterKind::Bandit
                               ? ", one by what it gained "
                                 "of "
                               : ", the surest of ";
    for (uint32_t j = 0; j < count(drafter.parts()); ++j)
      to << (j ? ", " : combines)
         << dump::text(plan.drafters()->Get(drafter.parts()->Get(j))->name());
    to << "\n";
  }
  costs();
  heading = "exits";
  for (uint32_t i = 0; i < count(plan.exits()); ++i) {
    const plan::Exit &exit = *plan.exits()->Get(i);
    llvm::raw_ostream &to = line(std::exchange(heading, ""));
    to << llvm::formatv("{0,-16} {1} after {2} of {3} layers, threshold {4}",
                        dump::text(exit.name()),
                        EnumNameProbeKind(exit.probe()), exit.after(),
                        plan.states()->Get(0)->layers(), exit.threshold());
    if (exit.tokens() > 0)
      to << llvm::formatv(", of {0} tokens", exit.tokens());
    if (exit.stop() > 0)
      to << llvm::formatv(", ends the text below {0}", exit.stop());
    if (exit.decay() > 0)
      to << llvm::formatv(", decay {0} over {1} tokens", exit.decay(),
                          exit.over());
    to << "\n";
  }
  heading = "buffers";
  for (uint32_t i = 0; i < count(plan.buffers()); ++i) {
    const plan::Buffer &buffer = *plan.buffers()->Get(i);
    line(std::exchange(heading, "")) << llvm::formatv(
        "{0,-16} {1}", dump::text(buffer.name()), mebibytes(buffer.bytes()));
    if (buffer.bytes_per_position())
      out << " + " << buffer.bytes_per_position() << " B a position";
    if (buffer.bytes_per_worker())
      out << " + " << mebibytes(buffer.bytes_per_worker()) << " a thread";
    out << "\n";
  }
  heading = "states";
  for (uint32_t i = 0; i < count(plan.states()); ++i) {
    const plan::State &state = *plan.states()->Get(i);
    if (state.kind() == plan::StateKind::Text) {
      line(std::exchange(heading, ""))
          << llvm::formatv("{0,-16} positions that the others follow\n",
                           dump::text(state.name()));
      continue;
    }
    line(std::exchange(heading, "")) << llvm::formatv(
        "{0,-16} {1} layers of {2}, ", dump::text(state.name()), state.layers(),
        dump::text(state.type()));
    if (state.kind() == plan::StateKind::Recurrent)
      out << "recurrent, one page";
    else if (state.kind() == plan::StateKind::View)
      out << "behind the positions of "
          << dump::text(plan.states()->Get(state.of())->name());
    else
      out << "pages of " << state.page_tokens() << " positions";
    if (state.window())
      out << ", the last " << state.window() << " + " << state.slack()
          << " and the first " << state.sinks() << " are kept";
    out << "\n";
  }
}

void Summary::costs() {
  const plan::Costs *costs = plan.costs();
  if (!costs)
    return;
  line("costs") << (costs->measured() ? "measured" : "predicted")
                << ", of 1, 2, ... rows of a forward over one:";
  for (uint32_t i = 0; i < count(costs->rows()); ++i)
    out << llvm::format(" %.2f", double(costs->rows()->Get(i)));
  out << "\n";
  if (costs->id() > 0)
    line() << llvm::format("an id that the model drafts: %.2f\n",
                           double(costs->id()));
}

void Summary::memory() {
  const plan::Memory *memory = plan.memory();
  if (!memory)
    return;
  const auto pages =
      llvm::formatv("ceil(context / {0})", memory->page_tokens()).str();
  line("memory") << memory->load_bytes() << " + sessions * ("
                 << memory->session_bytes() << " + "
                 << memory->session_bytes_per_page() << " * " << pages;
  if (memory->ring_pages())
    out << " + " << memory->ring_bytes_per_page() << " * min("
        << memory->ring_pages() << ", " << pages << ")";
  out << " + " << memory->session_bytes_per_worker() << " * threads) + "
      << memory->worker_bytes() << " * threads\n";
  uint64_t context = load.context ? load.context : plan.max_context();
  line() << "peak " << mebibytes(peakBytes(plan, load)) << " for "
         << load.sessions
         << (load.sessions == 1 ? " session of " : " sessions of ") << context
         << " positions, " << load.threads
         << (load.threads == 1 ? " thread" : " threads")
         << ", beside the mapped file\n";
  drafts();
}

/// Of all layers.
static uint64_t pageBytes(const plan::State &state) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count(state.page_bytes()); ++i)
    bytes += state.page_bytes()->Get(i) * state.layers();
  return bytes;
}

/// What of the formula is there for drafts alone.
void Summary::drafts() {
  if (!count(plan.drafters()))
    return;
  line() << "a round has up to " << plan.logits_rows() << " rows of the "
         << plan.max_rows() << " of a forward";
  for (uint32_t i = 0; i < count(plan.drafters()); ++i) {
    const plan::Drafter &drafter = *plan.drafters()->Get(i);
    if (drafter.branches() && count(plan.states())) {
      const plan::State &state = *plan.states()->Get(0);
      uint64_t tokens = state.page_tokens();
      uint64_t pages = (drafter.max_draft() + tokens - 2) / tokens + 1;
      out << ", paths of " << dump::text(drafter.name()) << " have "
          << mebibytes(drafter.branches() * pages * pageBytes(state));
    }
    if (drafter.kind() == plan::DrafterKind::Recycle &&
        drafter.buffer() < count(plan.buffers()))
      out << ", " << dump::text(drafter.name()) << " keeps "
          << std::max(drafter.keeps(), 1u) << " ids of each in "
          << mebibytes(plan.buffers()->Get(drafter.buffer())->bytes());
  }
  // The first state is the model's.
  for (uint32_t i = 1; i < count(plan.states()); ++i) {
    const plan::State &state = *plan.states()->Get(i);
    if (state.kind() == plan::StateKind::View)
      continue;
    out << ", " << dump::text(state.name()) << " has "
        << mebibytes(pageBytes(state)) << " a page";
  }
  out << "\n";
}

void Summary::text() {
  if (const plan::Tokenizer *tokenizer = plan.tokenizer()) {
    line("tokenizer") << plan::EnumNameTokenizerKind(tokenizer->kind()) << ", "
                      << (count(tokenizer->piece_offsets())
                              ? count(tokenizer->piece_offsets()) - 1
                              : 0)
                      << " tokens, " << count(tokenizer->special_ids())
                      << " special, bos " << tokenizer->bos() << ", eos "
                      << tokenizer->eos() << "\n";
    for (uint32_t i = 0; i < count(tokenizer->pre_tokenizers()); ++i)
      line() << "splits by "
             << shortened(dump::text(tokenizer->pre_tokenizers()->Get(i)))
             << "\n";
  }
  if (const plan::ChatTemplate *chat = plan.chat_template())
    line("template") << dump::text(chat->source()).size() << " bytes, "
                     << count(chat->nodes()) << " nodes\n";
}

void Summary::defaults() {
  const plan::GenerationDefaults *defaults = plan.defaults();
  if (!defaults)
    return;
  line("defaults") << llvm::formatv("temperature {0}, top-k {1}, top-p {2}, "
                                    "min-p {3}, repetition penalty {4}",
                                    defaults->temperature(), defaults->top_k(),
                                    defaults->top_p(), defaults->min_p(),
                                    defaults->repetition_penalty());
  for (uint32_t i = 0; i < count(defaults->stop_ids()); ++i)
    out << (i ? " " : ", stops at ") << defaults->stop_ids()->Get(i);
  out << "\n";
}

void Summary::properties(
    llvm::StringRef heading,
    const flatbuffers::Vector<flatbuffers::Offset<plan::Property>> *all) {
  const bool whole = heading == "quality"; // figures stand at its end
  for (uint32_t i = 0; i < count(all); ++i) {
    const llvm::StringRef value = dump::text(all->Get(i)->value());
    line(std::exchange(heading, ""))
        << dump::text(all->Get(i)->key()) << " = "
        << (whole ? value.str() : shortened(value)) << "\n";
  }
}

void Summary::golden() {
  const plan::Golden *golden = plan.golden();
  if (!golden)
    return;
  line("golden") << count(golden->texts()) << " texts, "
                 << count(golden->chats()) << " chats, "
                 << count(golden->logits()) << " rows of logits\n";
}

void sinter::dump::printSummary(const PlanFile &file, const Load &load,
                                llvm::raw_ostream &out) {
  Summary(file, load, out).print();
}

void sinter::dump::printWeights(const PlanFile &file, llvm::raw_ostream &out) {
  const plan::Plan &plan = file.tables();
  for (uint32_t i = 0; i < count(plan.weights()); ++i) {
    const plan::Weight &weight = *plan.weights()->Get(i);
    out << llvm::formatv("{0,12} {1,12} {2,7} x {3,-7} {4}", weight.offset(),
                         weight.bytes(), weight.rows(), weight.cols(),
                         dump::text(weight.name()));
    out << " " << dump::text(weight.encoding()) << " =";
    for (uint32_t j = 0; j < count(weight.sources()); ++j)
      out << " " << dump::text(weight.sources()->Get(j));
    out << "\n";
  }
}
