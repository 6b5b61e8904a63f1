//===- OutlineLayers.cpp - one function a layer class
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/Support/raw_ostream.h"

namespace sinter {
#define GEN_PASS_DEF_OUTLINELAYERS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

/// Values that a layer does not hand over but finds: weights and constants.
bool isAmbient(Value value) {
  return isa_and_nonnull<llm::WeightRefOp, arith::ConstantOp>(
      value.getDefiningOp());
}

bool isAmbient(Operation *op) {
  return isa<llm::WeightRefOp, arith::ConstantOp>(op);
}

/// A run of ops with one hidden state and one cache coming in and going out.
struct Layer {
  SmallVector<Operation *> ops;
  Value xIn, kvIn, positions, number, xOut, kvOut;
  SmallVector<llm::WeightRefOp> weights; // in order of first use
  std::string key;
  func::FuncOp callee;
  SmallVector<unsigned> slots; // weights that the callee takes as arguments
};

class OutlineLayersPass
    : public sinter::impl::OutlineLayersBase<OutlineLayersPass> {
public:
  void runOnOperation() override {
    auto forward = getOperation().lookupSymbol<func::FuncOp>("forward");
    if (!forward || forward.isDeclaration())
      return;
    std::vector<Layer> layers;
    if (failed(cut(forward, layers)))
      return signalPassFailure();
    if (layers.empty())
      return;
    SmallVector<SmallVector<Layer *>> classes;
    for (Layer &layer : layers) {
      auto *same = llvm::find_if(classes, [&](ArrayRef<Layer *> members) {
        return members.front()->key == layer.key;
      });
      if (same == classes.end()) {
        classes.push_back({});
        same = &classes.back();
      }
      same->push_back(&layer);
    }
    for (auto [index, members] : llvm::enumerate(classes))
      outline(forward, index, members);
    replace(layers);
    numLayers += layers.size();
    numClasses += classes.size();
  }

private:
  LogicalResult cut(func::FuncOp forward, std::vector<Layer> &layers);
  LogicalResult describe(Layer &layer);
  void outline(func::FuncOp forward, unsigned index, ArrayRef<Layer *> members);
  void replace(MutableArrayRef<Layer> layers);
};

/// Splits the body before each layer: at the last place ahead of its append
/// where one row tensor and the cache are all that is carried over.
LogicalResult OutlineLayersPass::cut(func::FuncOp forward,
                                     std::vector<Layer> &layers) {
  Block &body = forward.getBody().front();
  SmallVector<Operation *> ops;
  DenseMap<Operation *, unsigned> order;
  for (Operation &op : body) {
    if (isAmbient(&op))
      continue;
    order[&op] = ops.size();
    ops.push_back(&op);
  }
  // live[i]: row tensors made before op i and read by op i or later.
  SmallVector<unsigned> live(ops.size() + 1, 0);
  for (auto [index, op] : llvm::enumerate(ops))
    for (Value result : op->getResults()) {
      if (!isa<RankedTensorType>(result.getType()))
        continue;
      unsigned last = index;
      for (Operation *user : result.getUsers())
        last = std::max(last, order.lookup(user));
      for (unsigned at = index + 1; at <= last; ++at)
        ++live[at];
    }
  SmallVector<unsigned> starts;
  for (auto [index, op] : llvm::enumerate(ops)) {
    if (!isa<llm::KVAppendOp>(op))
      continue;
    unsigned floor = starts.empty() ? 1 : starts.back() + 1;
    unsigned at = index;
    while (at >= floor && live[at] != 1)
      --at;
    if (at < floor)
      return op->emitError("the layer of this append does not begin with one "
                           "hidden state; it cannot be outlined");
    starts.push_back(at);
  }
  for (auto [index, start] : llvm::enumerate(starts)) {
    unsigned end =
        index + 1 < starts.size() ? starts[index + 1] : ops.size() - 1;
    Layer layer;
    layer.ops.assign(ops.begin() + start, ops.begin() + end);
    if (failed(describe(layer)))
      return failure();
    layers.push_back(std::move(layer));
  }
  return success();
}

/// Finds what comes in and goes out, and writes the structure as text: layers
/// with equal text are one class.
LogicalResult OutlineLayersPass::describe(Layer &layer) {
  DenseMap<Value, std::string> names;
  llvm::SmallPtrSet<Operation *, 32> inside(layer.ops.begin(), layer.ops.end());
  llvm::raw_string_ostream key(layer.key);
  unsigned next = 0;
  for (Operation *op : layer.ops) {
    key << op->getName() << op->getPropertiesAsAttribute()
        << op->getDiscardableAttrDictionary() << '(';
    for (Value operand : op->getOperands()) {
      auto known = names.find(operand);
      if (known == names.end()) {
        std::string name;
        Type type = operand.getType();
        if (auto ref = operand.getDefiningOp<llm::WeightRefOp>()) {
          name = "w" + std::to_string(layer.weights.size());
          // Frequencies belong to a table that is made once, not to a layer.
          if (auto rope = dyn_cast<llm::RopeOp>(op);
              rope && rope.getFreqs() == operand)
            name = ref.getWeight().str();
          layer.weights.push_back(ref);
        } else if (isa<IndexType>(type) && isAmbient(operand)) {
          name = "layer";
          layer.number = operand;
        } else if (isa<llm::KVCacheType>(type)) {
          name = "kv";
          layer.kvIn = operand;
        } else if (isa<BlockArgument>(operand)) {
          if (layer.positions && layer.positions != operand)
            return op->emitError("reads a second argument of the function "
                                 "beside the positions");
          name = "positions";
          layer.positions = operand;
        } else {
          if (layer.xIn && layer.xIn != operand)
            return op->emitError("reads a second value from outside its layer");
          name = "x";
          layer.xIn = operand;
        }
        known = names.try_emplace(operand, name).first;
      }
      key << known->second << ':' << operand.getType() << ' ';
    }
    key << ")->";
    for (Value result : op->getResults()) {
      names[result] = std::to_string(next++);
      key << result.getType() << ' ';
      for (Operation *user : result.getUsers()) {
        if (inside.contains(user))
          continue;
        bool cache = isa<llm::KVCacheType>(result.getType());
        (cache ? layer.kvOut : layer.xOut) = result;
        key << "out ";
        break; // how often it is read later is not the layer's business
      }
    }
    key << '\n';
  }
  if (!layer.xIn || !layer.kvIn || !layer.positions || !layer.number ||
      !layer.xOut || !layer.kvOut)
    return layer.ops.front()->emitError(
        "this layer lacks a hidden state, a cache or positions; it cannot be "
        "outlined");
  return success();
}

void OutlineLayersPass::outline(func::FuncOp forward, unsigned index,
                                ArrayRef<Layer *> members) {
  // A weight that all members share (RoPE frequencies) stays in the body.
  Layer &model = *members.front();
  SmallVector<unsigned> slots;
  for (unsigned slot = 0; slot < model.weights.size(); ++slot)
    if (llvm::any_of(members, [&](Layer *layer) {
          return layer->weights[slot].getWeight() !=
                 model.weights[slot].getWeight();
        }))
      slots.push_back(slot);

  OpBuilder builder(getOperation().getBodyRegion());
  builder.setInsertionPointAfter(forward);
  Location loc = model.ops.front()->getLoc();
  SmallVector<Type> inputs = {model.xIn.getType(), model.positions.getType(),
                              model.kvIn.getType(), builder.getIndexType()};
  for (unsigned slot : slots)
    inputs.push_back(model.weights[slot].getType());
  auto type = builder.getFunctionType(
      inputs, {model.xOut.getType(), model.kvOut.getType()});
  std::string name = "layer_" + std::to_string(index);
  auto function = func::FuncOp::create(builder, loc, name, type);
  function.setPrivate();
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping map;
  map.map(model.xIn, entry->getArgument(0));
  map.map(model.positions, entry->getArgument(1));
  map.map(model.kvIn, entry->getArgument(2));
  map.map(model.number, entry->getArgument(3));
  for (auto [position, slot] : llvm::enumerate(slots))
    map.map(model.weights[slot].getResult(), entry->getArgument(4 + position));
  for (llm::WeightRefOp weight : model.weights)
    if (!map.contains(weight.getResult()))
      builder.clone(*weight, map);
  for (Operation *op : model.ops)
    builder.clone(*op, map);
  func::ReturnOp::create(
      builder, loc,
      ValueRange{map.lookup(model.xOut), map.lookup(model.kvOut)});

  for (Layer *layer : members) {
    layer->callee = function;
    layer->slots = slots;
  }
}

/// Puts the calls in place of the layers, in program order.
void OutlineLayersPass::replace(MutableArrayRef<Layer> layers) {
  DenseMap<Value, Value> replaced;
  auto current = [&](Value value) {
    auto found = replaced.find(value);
    return found == replaced.end() ? value : found->second;
  };
  for (Layer &layer : layers) {
    Operation *first = layer.ops.front();
    SmallVector<Value> operands = {current(layer.xIn), layer.positions,
                                   current(layer.kvIn), layer.number};
    for (unsigned slot : layer.slots)
      operands.push_back(layer.weights[slot].getResult());
    for (Value operand : operands) { // weights and numbers may stand later
      Operation *def = operand.getDefiningOp();
      if (def && isAmbient(def) && first->isBeforeInBlock(def))
        def->moveBefore(first);
    }
    OpBuilder builder(first);
    auto call =
        func::CallOp::create(builder, first->getLoc(), layer.callee, operands);
    replaced[layer.xOut] = call.getResult(0);
    replaced[layer.kvOut] = call.getResult(1);
    for (Value out : {layer.xOut, layer.kvOut})
      out.replaceUsesWithIf(current(out), [&](OpOperand &use) {
        return !llvm::is_contained(layer.ops, use.getOwner());
      });
  }
  for (Layer &layer : llvm::reverse(layers))
    for (Operation *op : llvm::reverse(layer.ops))
      op->erase();
}

} // namespace
