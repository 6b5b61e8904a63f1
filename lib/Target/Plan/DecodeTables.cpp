// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables of a file as a module of plan ops.

#include "lib/Target/Plan/PlanError.h"
#include "lib/Target/Plan/PlanFile.h"
#include "lib/Target/Plan/Tables.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace sinter;

//===-- names -------------------------------------------------------------===//

static StringRef textOf(const flatbuffers::String *text) {
  return text ? StringRef(text->data(), text->size()) : StringRef();
}

PlanNames::PlanNames(const plan::Plan &plan) {
  llvm::StringSet<> taken;
  auto add = [&](StringRef wanted, StringRef otherwise,
                 std::vector<std::string> &to) {
    std::string base = (wanted.empty() ? otherwise : wanted).str(), name = base;
    for (unsigned i = 1; !taken.insert(name).second; ++i)
      name = (base + "_" + Twine(i)).str();
    to.push_back(name);
  };
  auto addAll = [&](auto *tables, StringRef otherwise,
                    std::vector<std::string> &to) {
    for (uint32_t i = 0; tables && i < tables->size(); ++i)
      add(textOf(tables->Get(i)->name()), otherwise, to);
  };
  addAll(plan.functions(), "function", functions);
  addAll(plan.kernels(), "kernel", kernels);
  addAll(plan.buffers(), "buffer", buffers);
  addAll(plan.states(), "state", states);
  addAll(plan.drafters(), "drafter", drafters);
  addAll(plan.exits(), "exit", exits);
  addAll(plan.sections(), "section", sections);
  addAll(plan.weights(), "weight", weights);
  for (uint32_t i = 0; plan.code() && i < plan.code()->size(); ++i)
    add(("code." + textOf(plan.code()->Get(i)->level())).str(), "code", code);
}

//===-- declarations ------------------------------------------------------===//

namespace {

class TablesDecoder {
public:
  TablesDecoder(const plan::Plan &plan, ModuleOp module)
      : plan(plan), names(plan),
        builder(OpBuilder::atBlockEnd(module.getBody())),
        loc(builder.getUnknownLoc()) {}

  llvm::Error run();

private:
  llvm::Error model();
  llvm::Error code();
  llvm::Error weights();
  void sections();
  void kernels();
  void buffers();
  llvm::Error states();
  llvm::Error drafters();
  void costs();
  llvm::Error depths();
  llvm::Error exits();
  llvm::Error ffns();
  void modelSwitch();
  llvm::Error retrieval();
  DenseF32ArrayAttr settingsOf(const plan::Drafter &drafter);

  StringAttr text(StringRef text) { return builder.getStringAttr(text); }
  IntegerAttr number(uint64_t value) {
    return builder.getI64IntegerAttr(value);
  }
  ArrayAttr
  texts(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>
            *from) {
    SmallVector<StringRef> strings;
    for (uint32_t i = 0; from && i < from->size(); ++i)
      strings.push_back(textOf(from->Get(i)));
    return builder.getStrArrayAttr(strings);
  }
  llvm::Expected<FlatSymbolRefAttr> symbol(ArrayRef<std::string> all,
                                           uint32_t index, const Twine &what) {
    if (index >= all.size())
      return planError(what + " has index " + Twine(index) + " of " +
                       Twine(all.size()));
    return FlatSymbolRefAttr::get(builder.getContext(), all[index]);
  }
  template <typename Tables> static uint32_t count(const Tables *tables) {
    return tables ? tables->size() : 0;
  }

  const plan::Plan &plan;
  PlanNames names;
  OpBuilder builder;
  Location loc;
};

} // namespace

llvm::Error TablesDecoder::model() {
  auto input = symbol(names.buffers, plan.input_buffer(), "the input buffer");
  if (!input)
    return input.takeError();
  auto history =
      symbol(names.buffers, plan.history_buffer(), "the history buffer");
  if (!history)
    return history.takeError();
  planir::ModelOp::create(builder, loc, text(textOf(plan.name())),
                          text(textOf(plan.architecture())),
                          number(plan.vocabulary()), number(plan.max_context()),
                          number(plan.max_rows()), number(plan.logits_rows()),
                          *input, *history);
  return llvm::Error::success();
}

void TablesDecoder::sections() {
  for (uint32_t i = 0; i < count(plan.sections()); ++i) {
    const plan::Section &section = *plan.sections()->Get(i);
    planir::SectionOp::create(
        builder, loc, text(names.sections[i]),
        planir::SectionKindAttr::get(builder.getContext(),
                                     section.kind() == plan::SectionKind::Code
                                         ? planir::SectionKind::Code
                                         : planir::SectionKind::Weights),
        number(section.bytes()));
  }
}

llvm::Error TablesDecoder::weights() {
  for (uint32_t i = 0; i < count(plan.weights()); ++i) {
    const plan::Weight &weight = *plan.weights()->Get(i);
    auto section = symbol(names.sections, weight.section(),
                          "the section of weight " + Twine(i));
    if (!section)
      return section.takeError();
    planir::WeightOp::create(
        builder, loc, text(names.weights[i]), *section, number(weight.offset()),
        number(weight.bytes()), number(weight.rows()), number(weight.cols()),
        text(textOf(weight.encoding())), texts(weight.sources()));
  }
  return llvm::Error::success();
}

llvm::Error TablesDecoder::code() {
  for (uint32_t i = 0; i < count(plan.code()); ++i) {
    const plan::CodeObject &object = *plan.code()->Get(i);
    auto section = symbol(names.sections, object.section(),
                          "the section of code object " + Twine(i));
    if (!section)
      return section.takeError();
    SmallVector<Attribute> segments;
    for (uint32_t j = 0; j < count(object.segments()); ++j) {
      const plan::Segment &segment = *object.segments()->Get(j);
      segments.push_back(planir::SegmentAttr::get(
          builder.getContext(), segment.address(), segment.offset(),
          segment.bytes(), segment.executable()));
    }
    SmallVector<int64_t> entries;
    for (uint32_t j = 0; j < count(object.entries()); ++j)
      entries.push_back(object.entries()->Get(j));
    planir::CodeOp::create(
        builder, loc, text(names.code[i]), text(textOf(object.level())),
        texts(object.features()), *section, number(object.image_bytes()),
        builder.getArrayAttr(segments), builder.getDenseI64ArrayAttr(entries));
  }
  return llvm::Error::success();
}

void TablesDecoder::kernels() {
  for (uint32_t i = 0; i < count(plan.kernels()); ++i) {
    const plan::Kernel &kernel = *plan.kernels()->Get(i);
    planir::KernelOp::create(builder, loc, text(names.kernels[i]),
                             texts(kernel.bindings()), texts(kernel.scalars()));
  }
}

void TablesDecoder::buffers() {
  for (uint32_t i = 0; i < count(plan.buffers()); ++i) {
    const plan::Buffer &buffer = *plan.buffers()->Get(i);
    planir::BufferOp::create(
        builder, loc, text(names.buffers[i]), number(buffer.bytes()),
        number(buffer.bytes_per_position()), number(buffer.bytes_per_worker()));
  }
}

llvm::Error TablesDecoder::states() {
  for (uint32_t i = 0; i < count(plan.states()); ++i) {
    const plan::State &state = *plan.states()->Get(i);
    if (state.kind() == plan::StateKind::View && state.of() >= i)
      return planError("state " + Twine(i) + " is a view of state " +
                       Twine(state.of()) + ", expected an earlier one");
    SmallVector<int64_t> pages;
    for (uint32_t j = 0; j < count(state.page_bytes()); ++j)
      pages.push_back(state.page_bytes()->Get(j));
    planir::StateOp::create(
        builder, loc, text(names.states[i]), number(state.layers()),
        number(state.page_tokens()), builder.getDenseI64ArrayAttr(pages),
        text(textOf(state.type())),
        state.kind() == plan::StateKind::Recurrent ? builder.getUnitAttr()
                                                   : UnitAttr(),
        state.kind() == plan::StateKind::View
            ? FlatSymbolRefAttr::get(builder.getContext(),
                                     names.states[state.of()])
            : FlatSymbolRefAttr(),
        number(state.window()), number(state.sinks()), number(state.slack()),
        state.kind() == plan::StateKind::Text ? builder.getUnitAttr()
                                              : UnitAttr());
  }
  return llvm::Error::success();
}

DenseF32ArrayAttr TablesDecoder::settingsOf(const plan::Drafter &drafter) {
  SmallVector<float> settings;
  for (uint32_t i = 0; i < count(drafter.settings()); ++i)
    settings.push_back(drafter.settings()->Get(i));
  return settings.empty() ? DenseF32ArrayAttr()
                          : builder.getDenseF32ArrayAttr(settings);
}

llvm::Error TablesDecoder::drafters() {
  for (uint32_t i = 0; i < count(plan.drafters()); ++i) {
    const plan::Drafter &drafter = *plan.drafters()->Get(i);
    auto kind =
        planir::symbolizeDrafterKind(static_cast<uint32_t>(drafter.kind()));
    auto policy =
        planir::symbolizePolicyKind(static_cast<uint32_t>(drafter.policy()));
    if (!kind || !policy)
      return planError("drafter " + Twine(i) + " is of unknown kind or policy");
    SmallVector<Attribute> parts;
    for (uint32_t j = 0; j < count(drafter.parts()); ++j) {
      auto part = symbol(names.drafters, drafter.parts()->Get(j),
                         "a part of a drafter");
      if (!part)
        return part.takeError();
      parts.push_back(*part);
    }
    FlatSymbolRefAttr buffer;
    if (*kind == planir::DrafterKind::Recycle) {
      auto kept = symbol(names.buffers, drafter.buffer(), "a drafter's buffer");
      if (!kept)
        return kept.takeError();
      buffer = *kept;
    }
    planir::DrafterOp::create(
        builder, loc, names.drafters[i], *kind, drafter.min_match(),
        drafter.max_match(), drafter.max_draft(), *policy,
        parts.empty() ? ArrayAttr() : builder.getArrayAttr(parts), buffer,
        settingsOf(drafter), drafter.branches(), drafter.keeps());
  }
  return llvm::Error::success();
}

void TablesDecoder::costs() {
  const plan::Costs *costs = plan.costs();
  if (!costs)
    return;
  SmallVector<float> rows;
  for (uint32_t i = 0; i < count(costs->rows()); ++i)
    rows.push_back(costs->rows()->Get(i));
  planir::CostsOp::create(builder, loc, builder.getDenseF32ArrayAttr(rows),
                          builder.getF32FloatAttr(costs->id()),
                          costs->measured() ? builder.getUnitAttr()
                                            : UnitAttr());
}

llvm::Error TablesDecoder::depths() {
  for (uint32_t i = 0; i < count(plan.depths()); ++i) {
    const plan::Depth &depth = *plan.depths()->Get(i);
    if (depth.percent() == 0)
      return planError("depth " + Twine(i) + " keeps no layers");
    SmallVector<int64_t> skips;
    for (uint32_t j = 0; j < count(depth.skips()); ++j)
      skips.push_back(depth.skips()->Get(j));
    planir::DepthOp::create(builder, loc, depth.percent(), skips);
  }
  return llvm::Error::success();
}

llvm::Error TablesDecoder::exits() {
  auto positive = [&](float value) {
    return value > 0 ? builder.getF32FloatAttr(value) : FloatAttr();
  };
  for (uint32_t i = 0; i < count(plan.exits()); ++i) {
    const plan::Exit &exit = *plan.exits()->Get(i);
    auto probe =
        planir::symbolizeProbeKind(static_cast<uint32_t>(exit.probe()));
    if (!probe)
      return planError("exit " + Twine(i) + " has a probe of unknown kind");
    IntegerAttr tokens =
        exit.tokens() ? builder.getI64IntegerAttr(exit.tokens()) : nullptr;
    planir::ExitOp::create(builder, loc, names.exits[i], *probe, tokens,
                           exit.after(), llvm::APFloat(exit.threshold()),
                           positive(exit.stop()), positive(exit.decay()),
                           exit.over());
  }
  return llvm::Error::success();
}

llvm::Error TablesDecoder::retrieval() {
  const plan::Retrieval *store = plan.retrieval();
  if (!store)
    return llvm::Error::success();
  auto key = symbol(names.buffers, store->key(), "the buffer of keys");
  if (!key)
    return key.takeError();
  auto choice = symbol(names.buffers, store->choice(), "the buffer of choices");
  if (!choice)
    return choice.takeError();
  FlatSymbolRefAttr table[2];
  for (auto [place, index] : {std::pair(&table[0], store->keys()),
                              std::pair(&table[1], store->laws())}) {
    if (store->entries() == 0)
      break;
    auto weight = symbol(names.weights, index, "a weight of the store");
    if (!weight)
      return weight.takeError();
    *place = *weight;
  }
  planir::RetrievalOp::create(
      builder, loc, number(store->width()), number(store->entries()),
      number(store->nearest()), builder.getF32FloatAttr(store->similar()),
      builder.getF32FloatAttr(store->keep()), *key, *choice, table[0],
      table[1]);
  return llvm::Error::success();
}

llvm::Error TablesDecoder::ffns() {
  const plan::Ffns *ffns = plan.ffns();
  if (!ffns)
    return llvm::Error::success();
  SmallVector<int64_t> layers;
  for (uint32_t i = 0; i < count(ffns->layers()); ++i)
    layers.push_back(ffns->layers()->Get(i));
  auto buffer = symbol(names.buffers, ffns->buffer(), "the buffer of blocks");
  if (!buffer)
    return buffer.takeError();
  planir::FfnsOp::create(builder, loc, layers, llvm::APFloat(ffns->threshold()),
                         ffns->warm_up(), buffer->getValue());
  return llvm::Error::success();
}

void TablesDecoder::modelSwitch() {
  if (const plan::ModelSwitch *models = plan.model_switch())
    planir::ModelSwitchOp::create(builder, loc,
                                  llvm::APFloat(models->threshold()),
                                  models->window(), models->least());
}

llvm::Error TablesDecoder::run() {
  if (llvm::Error error = model())
    return error;
  sections();
  buffers();
  if (llvm::Error error = states())
    return error;
  if (llvm::Error error = drafters())
    return error;
  costs();
  modelSwitch();
  if (llvm::Error error = depths())
    return error;
  if (llvm::Error error = exits())
    return error;
  if (llvm::Error error = ffns())
    return error;
  if (llvm::Error error = weights())
    return error;
  if (llvm::Error error = retrieval())
    return error;
  kernels();
  if (llvm::Error error = code())
    return error;
  for (uint32_t i = 0; i < count(plan.functions()); ++i)
    if (llvm::Error error = decodeFunction(plan, names, i, builder))
      return error;
  return llvm::Error::success();
}

llvm::Expected<OwningOpRef<ModuleOp>>
PlanFile::program(MLIRContext *context) const {
  context->loadDialect<planir::PlanDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  if (llvm::Error error = TablesDecoder(*root, *module).run())
    return error;
  std::string message;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  if (failed(verify(*module)))
    return planError(message);
  return std::move(module);
}
