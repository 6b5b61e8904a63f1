// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From SSA values to registers. Every value has a register of its own; only
// values that a loop carries or a branch yields are copied.

#include "lib/Target/Plan/Tables.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;

namespace {

class FunctionEncoder {
public:
  explicit FunctionEncoder(const PlanIndices &indices) : indices(indices) {}
  std::unique_ptr<plan::FunctionT> run(planir::FuncOp function);

private:
  using Ops = std::vector<std::unique_ptr<plan::OpT>>;

  std::unique_ptr<plan::BlockT> encode(Block &block);
  void encode(Operation *op, Ops &out);
  void encodeIf(planir::IfOp op, Ops &out);
  void encodeWhile(planir::WhileOp op, Ops &out);
  void encodeDispatch(planir::DispatchOp op, Ops &out);
  void encodeHostOp(Operation *op, Ops &out);
  std::unique_ptr<plan::BindingT> encodeBinding(Attribute binding);
  void state(plan::StateOpKind kind, StringRef name, uint32_t dst,
             uint32_t count, Ops &out);
  void service(plan::ServiceKind kind, uint32_t buffer, uint64_t offset,
               Value argument, uint32_t dst, Ops &out);
  /// All at once: no destination is read after it was written.
  void copy(ArrayRef<uint32_t> from, ArrayRef<uint32_t> to, Ops &out);

  template <typename Table> Table &emit(Ops &out) {
    out.push_back(std::make_unique<plan::OpT>());
    Table table;
    out.back()->op.Set(std::move(table));
    return *static_cast<Table *>(out.back()->op.value);
  }
  uint32_t fresh() { return next++; }
  uint32_t define(Value value) { return registers[value] = fresh(); }
  uint32_t use(Value value) { return registers.lookup(value); }
  std::vector<uint32_t> use(ValueRange values) {
    std::vector<uint32_t> found;
    for (Value value : values)
      found.push_back(use(value));
    return found;
  }
  /// Where results go that nobody reads.
  uint32_t scratch() {
    if (!unread)
      unread = fresh();
    return *unread;
  }
  uint32_t buffer(StringRef name) { return indices.buffers.lookup(name); }

  const PlanIndices &indices;
  DenseMap<Value, uint32_t> registers;
  uint32_t next = 0;
  std::optional<uint32_t> unread;
};

} // namespace

std::unique_ptr<plan::FunctionT> FunctionEncoder::run(planir::FuncOp function) {
  auto made = std::make_unique<plan::FunctionT>();
  made->name = function.getSymName();
  for (auto name : function.getParams().getAsRange<StringAttr>())
    made->params.push_back(name.str());
  made->results = function.getResultTypes().size();
  Block &entry = function.getBody().front();
  for (BlockArgument argument : entry.getArguments())
    define(argument);
  made->body = encode(entry);
  made->registers = next;
  return made;
}

std::unique_ptr<plan::BlockT> FunctionEncoder::encode(Block &block) {
  auto made = std::make_unique<plan::BlockT>();
  for (Operation &op : block)
    encode(&op, made->ops);
  return made;
}

void FunctionEncoder::copy(ArrayRef<uint32_t> from, ArrayRef<uint32_t> to,
                           Ops &out) {
  SmallVector<uint32_t> sources(from);
  for (auto [index, source] : llvm::enumerate(sources)) {
    // A source that an earlier copy would overwrite is saved first.
    if (!llvm::is_contained(to.take_front(index), source))
      continue;
    uint32_t saved = fresh();
    auto &op = emit<plan::CopyT>(out);
    op.dst = saved;
    op.src = source;
    source = saved;
  }
  for (auto [source, target] : llvm::zip(sources, to)) {
    if (source == target)
      continue;
    auto &op = emit<plan::CopyT>(out);
    op.dst = target;
    op.src = source;
  }
}

//===-- control flow ------------------------------------------------------===//

void FunctionEncoder::encodeIf(planir::IfOp op, Ops &out) {
  auto &made = emit<plan::IfT>(out);
  made.condition = use(op.getCondition());
  SmallVector<uint32_t> results;
  for (Value result : op.getResults())
    results.push_back(define(result));
  auto encodeRegion = [&](Region &region) {
    if (region.empty())
      return std::make_unique<plan::BlockT>();
    std::unique_ptr<plan::BlockT> block = encode(region.front());
    auto yield = cast<planir::YieldOp>(region.front().getTerminator());
    copy(use(yield.getValues()), results, block->ops);
    return block;
  };
  made.then_block = encodeRegion(op.getThenBlock());
  made.else_block = encodeRegion(op.getElseBlock());
}

/// Carried values have registers of their own. What the condition passes on
/// stays where it is: nothing overwrites it before the body or the code after
/// the loop has read it.
void FunctionEncoder::encodeWhile(planir::WhileOp op, Ops &out) {
  SmallVector<uint32_t> carried;
  for (BlockArgument argument : op.getBefore().getArguments())
    carried.push_back(define(argument));
  copy(use(op.getInits()), carried, out);
  auto &made = emit<plan::WhileT>(out);
  Block &before = op.getBefore().front();
  made.before = encode(before);
  auto condition = cast<planir::ConditionOp>(before.getTerminator());
  made.condition = use(condition.getCondition());
  for (auto [value, argument, result] :
       llvm::zip(condition.getValues(), op.getBody().getArguments(),
                 op.getResults())) {
    registers[argument] = use(value);
    registers[result] = use(value);
  }
  Block &body = op.getBody().front();
  made.body = encode(body);
  copy(use(cast<planir::YieldOp>(body.getTerminator()).getValues()), carried,
       made.body->ops);
}

//===-- work --------------------------------------------------------------===//

std::unique_ptr<plan::BindingT>
FunctionEncoder::encodeBinding(Attribute binding) {
  auto made = std::make_unique<plan::BindingT>();
  TypeSwitch<Attribute>(binding)
      .Case([&](planir::BufferBindingAttr attr) {
        made->kind = plan::BindingKind::Buffer;
        made->index = buffer(attr.getBuffer().getValue());
        made->offset = attr.getOffset();
      })
      .Case([&](planir::WeightBindingAttr attr) {
        planir::WeightOp weight =
            indices.weights.lookup(attr.getWeight().getValue());
        made->kind = plan::BindingKind::Section;
        made->index = indices.sections.lookup(weight.getSection());
        made->offset = weight.getOffset();
      })
      .Case([&](planir::SectionBindingAttr attr) {
        made->kind = plan::BindingKind::Section;
        made->index = indices.sections.lookup(attr.getSection().getValue());
        made->offset = attr.getOffset();
      })
      .Case([&](planir::PlaneBindingAttr attr) {
        made->kind = plan::BindingKind::StatePlane;
        made->index = indices.states.lookup(attr.getState().getValue());
        made->layer = attr.getLayer();
        made->plane = attr.getPlane();
      })
      .Case([&](planir::PagesBindingAttr attr) {
        made->kind = plan::BindingKind::StatePages;
        made->index = indices.states.lookup(attr.getState().getValue());
      });
  return made;
}

void FunctionEncoder::encodeDispatch(planir::DispatchOp op, Ops &out) {
  auto &made = emit<plan::DispatchT>(out);
  made.kernel = indices.kernels.lookup(op.getKernel());
  for (Attribute binding : op.getBindings())
    made.bindings.push_back(encodeBinding(binding));
  made.scalars = use(op.getScalars());
}

void FunctionEncoder::state(plan::StateOpKind kind, StringRef name,
                            uint32_t dst, uint32_t count, Ops &out) {
  auto &made = emit<plan::StateOpT>(out);
  made.kind = kind;
  made.state = indices.states.lookup(name);
  made.dst = dst;
  made.count = count;
}

void FunctionEncoder::service(plan::ServiceKind kind, uint32_t buffer,
                              uint64_t offset, Value argument, uint32_t dst,
                              Ops &out) {
  auto &made = emit<plan::ServiceT>(out);
  made.kind = kind;
  made.buffer = buffer;
  made.offset = offset;
  made.args = {use(argument)};
  made.dst = dst;
}

/// Tables `StateOp` and `Service`.
void FunctionEncoder::encodeHostOp(Operation *op, Ops &out) {
  using State = plan::StateOpKind;
  using Service = plan::ServiceKind;
  TypeSwitch<Operation *>(op)
      .Case([&](planir::LengthOp inner) {
        state(State::Length, inner.getState(), define(inner), scratch(), out);
      })
      .Case([&](planir::CapacityOp inner) {
        state(State::Capacity, inner.getState(), define(inner), scratch(), out);
      })
      .Case([&](planir::HalfOp inner) {
        state(State::Half, inner.getState(), define(inner), scratch(), out);
      })
      .Case([&](planir::UnplayedOp inner) {
        state(State::Unplayed, inner.getState(), define(inner), scratch(), out);
      })
      .Case([&](planir::ReserveOp inner) {
        state(State::Reserve, inner.getState(), scratch(),
              use(inner.getCount()), out);
      })
      .Case([&](planir::CommitOp inner) {
        state(State::Commit, inner.getState(), scratch(), use(inner.getCount()),
              out);
      })
      .Case([&](planir::TruncateOp inner) {
        state(State::Truncate, inner.getState(), scratch(),
              use(inner.getCount()), out);
      })
      .Case([&](planir::KeepOp inner) {
        state(State::Keep, inner.getState(), scratch(), use(inner.getCount()),
              out);
      })
      .Case([&](planir::KeepRowOp inner) {
        state(State::KeepRow, inner.getState(), scratch(),
              use(inner.getCount()), out);
      })
      .Case([&](planir::PlaceDraftOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::PlaceDraft;
        made.index = indices.states.lookup(inner.getState());
        made.buffer = buffer(inner.getBuffer());
        made.offset = inner.getOffset();
        for (Value result : inner.getResults())
          made.results.push_back(define(result));
      })
      .Case([&](planir::ExpandOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::Expand;
        made.index = indices.states.lookup(inner.getState());
        for (Value result : inner.getResults())
          made.results.push_back(define(result));
      })
      .Case([&](planir::ProposeBestOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::ProposeBest;
        made.buffer = buffer(inner.getBuffer());
      })
      .Case([&](planir::AgreedOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::Agreed;
        made.dst = define(inner);
      })
      .Case([&](planir::PositionAfterOp inner) {
        service(Service::PositionAfter, 0, 0, inner.getRow(), define(inner),
                out);
      })
      .Case([&](planir::ReserveRowsOp inner) {
        state(State::ReserveRows, inner.getState(), 0, 0, out);
      })
      .Case([&](planir::CommitRowsOp inner) {
        state(State::CommitRows, inner.getState(), 0, 0, out);
      })
      .Case([&](planir::TakeRowsOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::TakeRows;
        made.buffer = buffer(inner.getBuffer());
        made.offset = inner.getOffset();
        for (Value result : inner.getResults())
          made.results.push_back(define(result));
      })
      .Case([&](planir::DraftOp inner) {
        service(Service::Draft, 0, 0, inner.getMost(), define(inner), out);
        out.back()->op.AsService()->index =
            indices.drafters.lookup(inner.getDrafter());
      })
      .Case([&](planir::FollowOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::Follow;
        made.args = use(inner->getOperands());
        made.dst = define(inner);
      })
      .Case([&](planir::ProposeOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::Propose;
        made.args = use(inner->getOperands());
        made.dst = scratch();
      })
      .Case([&](planir::ObserveOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::Observe;
        made.args = use(inner->getOperands());
      })
      .Case([&](planir::WaitingOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::Waiting;
        made.dst = define(inner);
      })
      .Case([&](planir::PeekInputOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::PeekInput;
        made.buffer = buffer(inner.getBuffer());
        made.args = use(inner->getOperands());
        made.dst = define(inner);
      })
      .Case([&](planir::ChooseDepthOp inner) {
        service(Service::ChooseDepth, buffer(inner.getBuffer()), 0,
                inner.getPrefer(), scratch(), out);
      })
      .Case([&](planir::FillOp inner) {
        state(State::Fill, inner.getState(), scratch(), use(inner.getCount()),
              out);
      })
      .Case([&](planir::HoldOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::Hold;
        made.args = use(inner->getOperands());
        made.dst = scratch();
      })
      .Case([&](planir::AgreeOp inner) {
        service(Service::Agree, 0, 0, inner.getToken(), define(inner), out);
      })
      .Case([&](planir::DecideOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::Decide;
        made.args = use(inner->getOperands());
        made.index = indices.exits.lookup(inner.getExit());
        made.dst = define(inner);
      })
      .Case([&](planir::ChildrenOp inner) {
        service(Service::Children, buffer(inner.getBuffer()), 0, inner.getRow(),
                define(inner), out);
      })
      .Case([&](planir::RecycleOp inner) {
        service(Service::Recycle, buffer(inner.getBuffer()), 0, inner.getRows(),
                scratch(), out);
      })
      .Case([&](planir::EndsTextOp inner) {
        service(Service::EndsText, 0, 0, inner.getToken(), define(inner), out);
      })
      .Case([&](planir::ChooseModelOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::ChooseModel;
        made.args = use(inner->getOperands());
        made.dst = define(inner);
      })
      .Case([&](planir::ProposeWhileOp inner) {
        auto &made = emit<plan::ServiceT>(out);
        made.kind = Service::ProposeWhile;
        made.args = use(inner->getOperands());
        made.dst = define(inner);
      })
      .Case([&](planir::TakeInputOp inner) {
        service(Service::TakeInput, buffer(inner.getBuffer()),
                inner.getOffset(), inner.getMax(), define(inner), out);
      })
      .Case([&](planir::EmitTokenOp inner) {
        service(Service::EmitToken, 0, 0, inner.getToken(), define(inner), out);
      })
      .Case([&](planir::EmitLogitsOp inner) {
        service(Service::EmitLogits, buffer(inner.getBuffer()),
                inner.getOffset(), inner.getRows(), scratch(), out);
      });
}

void FunctionEncoder::encode(Operation *op, Ops &out) {
  TypeSwitch<Operation *>(op)
      .Case([&](planir::ConstOp inner) {
        auto &made = emit<plan::ConstT>(out);
        made.dst = define(inner);
        made.value = inner.getValue();
      })
      .Case([&](planir::ArithOp inner) {
        auto &made = emit<plan::ArithT>(out);
        made.kind = static_cast<plan::ArithKind>(inner.getKind());
        made.lhs = use(inner.getLhs());
        made.rhs = use(inner.getRhs());
        made.dst = define(inner);
      })
      .Case([&](planir::LoadI32Op inner) {
        auto &made = emit<plan::LoadI32T>(out);
        made.dst = define(inner);
        made.buffer = buffer(inner.getBuffer());
        made.offset = inner.getOffset();
      })
      .Case([&](planir::StoreI32Op inner) {
        auto &made = emit<plan::StoreI32T>(out);
        made.src = use(inner.getSrc());
        made.buffer = buffer(inner.getBuffer());
        made.offset = inner.getOffset();
      })
      .Case([&](planir::CallOp inner) {
        auto &made = emit<plan::CallT>(out);
        made.function = indices.functions.lookup(inner.getFunction());
        made.args = use(inner.getArgs());
        for (Value result : inner.getResults())
          made.results.push_back(define(result));
      })
      .Case([&](planir::ReturnOp inner) {
        emit<plan::ReturnT>(out).values = use(inner.getValues());
      })
      .Case([&](planir::DispatchOp inner) { encodeDispatch(inner, out); })
      .Case([&](planir::IfOp inner) { encodeIf(inner, out); })
      .Case([&](planir::WhileOp inner) { encodeWhile(inner, out); })
      .Default([&](Operation *other) { encodeHostOp(other, out); });
}

std::unique_ptr<plan::FunctionT>
sinter::encodeFunction(planir::FuncOp function, const PlanIndices &indices) {
  return FunctionEncoder(indices).run(function);
}
