// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declarations as tables.

#include "lib/Target/Plan/PlanError.h"
#include "lib/Target/Plan/Tables.h"
#include "runtime/schema/KernelAbi.h"

using namespace mlir;
using namespace sinter;

static std::vector<std::string> toStrings(ArrayAttr array) {
  std::vector<std::string> strings;
  for (auto text : array.getAsRange<StringAttr>())
    strings.push_back(text.str());
  return strings;
}

static void encodeWeight(planir::WeightOp op, const PlanIndices &indices,
                         plan::PlanT &tables) {
  auto weight = std::make_unique<plan::WeightT>();
  weight->name = op.getSymName();
  weight->section = indices.sections.lookup(op.getSection());
  weight->offset = op.getOffset();
  weight->bytes = op.getBytes();
  weight->rows = op.getRows();
  weight->cols = op.getCols();
  weight->encoding = op.getEncoding();
  weight->sources = toStrings(op.getSources());
  tables.weights.push_back(std::move(weight));
}

static void encodeState(planir::StateOp op, const PlanIndices &indices,
                        plan::PlanT &tables) {
  auto state = std::make_unique<plan::StateT>();
  state->name = op.getSymName();
  state->layers = op.getLayers();
  state->page_tokens = op.getPageTokens();
  for (int64_t bytes : op.getPageBytes())
    state->page_bytes.push_back(bytes);
  state->type = op.getType();
  state->kind =
      op.getRecurrent() ? plan::StateKind::Recurrent : plan::StateKind::Pages;
  if (op.getText())
    state->kind = plan::StateKind::Text;
  if (op.getOf()) {
    state->kind = plan::StateKind::View;
    state->of = indices.states.lookup(*op.getOf());
  }
  state->window = op.getWindow();
  state->sinks = op.getSinks();
  state->slack = op.getSlack();
  tables.states.push_back(std::move(state));
}

static void encodeDrafter(planir::DrafterOp op, const PlanIndices &indices,
                          plan::PlanT &tables) {
  auto drafter = std::make_unique<plan::DrafterT>();
  drafter->name = op.getSymName();
  drafter->kind = static_cast<plan::DrafterKind>(op.getKind());
  drafter->min_match = op.getMinMatch();
  drafter->max_match = op.getMaxMatch();
  drafter->max_draft = op.getMaxDraft();
  drafter->policy = static_cast<plan::PolicyKind>(op.getPolicy());
  if (op.getParts())
    for (auto part : op.getParts()->getAsRange<FlatSymbolRefAttr>())
      drafter->parts.push_back(indices.drafters.lookup(part.getValue()));
  if (op.getBuffer())
    drafter->buffer = indices.buffers.lookup(*op.getBuffer());
  if (op.getSettings())
    drafter->settings.assign(op.getSettings()->begin(),
                             op.getSettings()->end());
  drafter->branches = op.getBranches();
  drafter->keeps = op.getKeeps();
  tables.drafters.push_back(std::move(drafter));
}

static void encodeDepth(planir::DepthOp op, plan::PlanT &tables) {
  auto depth = std::make_unique<plan::DepthT>();
  depth->percent = op.getPercent();
  depth->skips.assign(op.getSkips().begin(), op.getSkips().end());
  tables.depths.push_back(std::move(depth));
}

static void encodeFfns(planir::FfnsOp op, const PlanIndices &indices,
                       plan::PlanT &tables) {
  tables.ffns = std::make_unique<plan::FfnsT>();
  tables.ffns->layers.assign(op.getLayers().begin(), op.getLayers().end());
  tables.ffns->threshold = op.getThreshold().convertToFloat();
  tables.ffns->warm_up = op.getWarmUp();
  tables.ffns->buffer = indices.buffers.lookup(op.getBuffer());
}

static void encodeRetrieval(planir::RetrievalOp op, const PlanIndices &indices,
                            plan::PlanT &tables) {
  tables.retrieval = std::make_unique<plan::RetrievalT>();
  plan::RetrievalT &store = *tables.retrieval;
  store.width = op.getWidth();
  store.entries = op.getEntries();
  store.nearest = op.getNearest();
  store.similar = op.getSimilar().convertToFloat();
  store.keep = op.getKeep().convertToFloat();
  store.key = indices.buffers.lookup(op.getKey());
  store.choice = indices.buffers.lookup(op.getChoice());
  auto weight = [&](std::optional<StringRef> name) -> uint32_t {
    for (auto [index, made] : llvm::enumerate(tables.weights))
      if (name && made->name == *name)
        return index;
    return 0;
  };
  store.keys = weight(op.getKeys());
  store.laws = weight(op.getLaws());
}

static void encodeExit(planir::ExitOp op, plan::PlanT &tables) {
  auto exit = std::make_unique<plan::ExitT>();
  exit->name = op.getSymName();
  exit->probe = static_cast<plan::ProbeKind>(op.getProbe());
  exit->after = op.getAfter();
  exit->threshold = op.getThreshold().convertToFloat();
  exit->stop = op.getStop() ? op.getStop()->convertToFloat() : 0;
  exit->decay = op.getDecay() ? op.getDecay()->convertToFloat() : 0;
  exit->over = op.getOver();
  exit->tokens = op.getTokens().value_or(0);
  tables.exits.push_back(std::move(exit));
}

static void encodeDeclaration(Operation &op, PlanIndices &indices,
                              plan::PlanT &tables) {
  if (auto section = dyn_cast<planir::SectionOp>(op)) {
    auto made = std::make_unique<plan::SectionT>();
    made->name = section.getSymName();
    made->kind = static_cast<plan::SectionKind>(section.getKind());
    made->bytes = section.getBytes();
    indices.sections[made->name] = tables.sections.size();
    tables.sections.push_back(std::move(made));
  } else if (auto kernel = dyn_cast<planir::KernelOp>(op)) {
    auto made = std::make_unique<plan::KernelT>();
    made->name = kernel.getSymName();
    made->bindings = toStrings(kernel.getBindings());
    made->scalars = toStrings(kernel.getScalars());
    indices.kernels[made->name] = tables.kernels.size();
    tables.kernels.push_back(std::move(made));
  } else if (auto buffer = dyn_cast<planir::BufferOp>(op)) {
    auto made = std::make_unique<plan::BufferT>();
    made->name = buffer.getSymName();
    made->bytes = buffer.getBytes();
    made->bytes_per_position = buffer.getPerPosition();
    made->bytes_per_worker = buffer.getPerWorker();
    indices.buffers[made->name] = tables.buffers.size();
    tables.buffers.push_back(std::move(made));
  } else if (auto state = dyn_cast<planir::StateOp>(op)) {
    indices.states[state.getSymName()] = tables.states.size();
    encodeState(state, indices, tables);
  } else if (auto drafter = dyn_cast<planir::DrafterOp>(op)) {
    indices.drafters[drafter.getSymName()] = tables.drafters.size();
    encodeDrafter(drafter, indices, tables);
  } else if (auto costs = dyn_cast<planir::CostsOp>(op)) {
    tables.costs = std::make_unique<plan::CostsT>();
    tables.costs->rows = costs.getRows();
    tables.costs->id = costs.getId().convertToFloat();
    tables.costs->measured = costs.getMeasured();
  } else if (auto depth = dyn_cast<planir::DepthOp>(op)) {
    encodeDepth(depth, tables);
  } else if (auto ffns = dyn_cast<planir::FfnsOp>(op)) {
    encodeFfns(ffns, indices, tables);
  } else if (auto models = dyn_cast<planir::ModelSwitchOp>(op)) {
    tables.model_switch = std::make_unique<plan::ModelSwitchT>();
    tables.model_switch->threshold = models.getThreshold().convertToFloat();
    tables.model_switch->window = models.getWindow();
    tables.model_switch->least = models.getLeast();
  } else if (auto exit = dyn_cast<planir::ExitOp>(op)) {
    indices.exits[exit.getSymName()] = tables.exits.size();
    encodeExit(exit, tables);
  } else if (auto weight = dyn_cast<planir::WeightOp>(op)) {
    indices.weights[weight.getSymName()] = weight;
  } else if (auto function = dyn_cast<planir::FuncOp>(op)) {
    uint32_t index = indices.functions.size();
    indices.functions[function.getSymName()] = index;
  }
}

static void encodeModel(planir::ModelOp op, const PlanIndices &indices,
                        plan::PlanT &tables) {
  tables.kernel_abi = SINTER_KERNEL_ABI_STAGES;
  tables.name = op.getModelName();
  tables.architecture = op.getArchitecture();
  tables.vocabulary = op.getVocabulary();
  tables.max_context = op.getMaxContext();
  tables.max_rows = op.getMaxRows();
  tables.logits_rows = op.getLogitsRows();
  tables.input_buffer = indices.buffers.lookup(op.getInputBuffer());
  tables.history_buffer = indices.buffers.lookup(op.getHistoryBuffer());
}

/// The runtime keeps the frames of calls in a stack of known depth.
static llvm::Error refuseRecursion(ModuleOp module) {
  enum class Mark { Open, Done };
  DenseMap<Operation *, Mark> marks;
  SymbolTable symbols(module);
  std::function<llvm::Error(planir::FuncOp)> visit =
      [&](planir::FuncOp function) -> llvm::Error {
    auto [found, isNew] = marks.try_emplace(function, Mark::Open);
    if (!isNew)
      return found->second == Mark::Done
                 ? llvm::Error::success()
                 : planError("plan function '" + function.getSymName() +
                             "' calls itself");
    llvm::Error error = llvm::Error::success();
    function.walk([&](planir::CallOp call) {
      if (!error)
        error = visit(symbols.lookup<planir::FuncOp>(call.getFunction()));
    });
    marks[function] = Mark::Done;
    return error;
  };
  for (auto function : module.getOps<planir::FuncOp>())
    if (llvm::Error error = visit(function))
      return error;
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<plan::PlanT>>
sinter::encodeTables(ModuleOp module) {
  auto models = module.getOps<planir::ModelOp>();
  if (!llvm::hasSingleElement(models))
    return planError("a plan needs one plan.model, the module has " +
                     Twine(llvm::range_size(models)));
  for (Operation &op : *module.getBody()) {
    if (isa<planir::CodeOp>(op))
      return planError("the module names code objects already");
    if (!isa<planir::PlanDialect>(op.getDialect()) && !isa<ModuleOp>(op))
      return planError("a plan cannot hold '" + op.getName().getStringRef() +
                       "'");
  }
  if (llvm::Error error = refuseRecursion(module))
    return error;
  auto tables = std::make_unique<plan::PlanT>();
  PlanIndices indices;
  for (Operation &op : *module.getBody())
    encodeDeclaration(op, indices, *tables);
  encodeModel(*models.begin(), indices, *tables);
  for (auto weight : module.getOps<planir::WeightOp>())
    encodeWeight(weight, indices, *tables);
  for (auto retrieval : module.getOps<planir::RetrievalOp>())
    encodeRetrieval(retrieval, indices, *tables);
  for (auto function : module.getOps<planir::FuncOp>())
    tables->functions.push_back(encodeFunction(function, indices));
  return tables;
}
