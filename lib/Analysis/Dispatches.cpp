//===- Dispatches.cpp - what a call of a plan runs ------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/Dispatches.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::analysis;

namespace {

/// What a buffer holds is unknown: kernels write it. Programs read ids from
/// there, and hand them on.
constexpr int64_t kUnknownId = 0;

class DryRun {
public:
  DryRun(ModuleOp plan, Forward forward)
      : symbols(plan), waiting(forward.rows) {
    for (auto state : plan.getOps<planir::StateOp>())
      lengths[state.getSymName()] = forward.position;
  }

  llvm::Error call(planir::FuncOp function, ArrayRef<int64_t> arguments,
                   SmallVectorImpl<int64_t> &results) {
    DenseMap<Value, int64_t> frame;
    std::swap(frame, values); // a function sees values of its own alone
    set(function.getBody().getArguments(), arguments);
    llvm::Error failed = run(function.getBody().front());
    if (!failed)
      results = get(function.getBody().front().getTerminator()->getOperands());
    std::swap(frame, values);
    return failed;
  }

  std::vector<Dispatch> dispatches;

private:
  llvm::Error fail(Operation *op, const Twine &what) {
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        "what the program dispatches cannot be foretold: '" +
            op->getName().getStringRef() + "' " + what);
  }

  void set(ValueRange to, ArrayRef<int64_t> from) {
    for (auto [value, number] : llvm::zip_equal(to, from))
      values[value] = number;
  }
  int64_t get(Value value) { return values.lookup(value); }
  SmallVector<int64_t> get(ValueRange all) {
    return llvm::map_to_vector(all, [&](Value value) { return get(value); });
  }

  /// All ops of a block but its terminator.
  llvm::Error run(Block &block) {
    for (Operation &op : block.without_terminator())
      if (llvm::Error failed = step(&op))
        return failed;
    return llvm::Error::success();
  }

  llvm::Error step(Operation *op);
  llvm::Error arith(planir::ArithOp op);
  llvm::Error branch(planir::IfOp op);
  llvm::Error loop(planir::WhileOp op);
  llvm::Error call(planir::CallOp op);
  void dispatch(planir::DispatchOp op);
  void takeInput(planir::TakeInputOp op);
  void peekInput(planir::PeekInputOp op);

  /// A loop that ends when a kernel says so would never end.
  static constexpr uint64_t kMostSteps = 10'000'000;

  SymbolTable symbols;
  DenseMap<Value, int64_t> values; // of the function that runs
  int64_t waiting;
  llvm::StringMap<int64_t> lengths; // of states
  uint64_t steps = 0;
};

} // namespace

llvm::Error DryRun::step(Operation *op) {
  if (++steps > kMostSteps)
    return fail(op, "is reached again and again");
  auto result = [&](int64_t number) {
    values[op->getResult(0)] = number;
    return llvm::Error::success();
  };
  auto nothing = [&](auto) { return llvm::Error::success(); };
  return llvm::TypeSwitch<Operation *, llvm::Error>(op)
      .Case([&](planir::ConstOp c) { return result(c.getValue()); })
      .Case([&](planir::ArithOp a) { return arith(a); })
      .Case([&](planir::IfOp branchOp) { return branch(branchOp); })
      .Case([&](planir::WhileOp loopOp) { return loop(loopOp); })
      .Case([&](planir::CallOp callOp) { return call(callOp); })
      .Case([&](planir::DispatchOp d) {
        dispatch(d);
        return llvm::Error::success();
      })
      .Case([&](planir::LoadI32Op) { return result(kUnknownId); })
      .Case([&](planir::LengthOp length) {
        return result(lengths[length.getState()]);
      })
      .Case<planir::HalfOp, planir::UnplayedOp>([&](auto) { return result(0); })
      .Case([&](planir::CapacityOp) { return result(INT32_MAX); })
      .Case([&](planir::CommitOp commit) {
        lengths[commit.getState()] += get(commit.getCount());
        return llvm::Error::success();
      })
      .Case([&](planir::TruncateOp truncate) {
        lengths[truncate.getState()] = get(truncate.getCount());
        return llvm::Error::success();
      })
      .Case([&](planir::TakeInputOp input) {
        takeInput(input);
        return llvm::Error::success();
      })
      .Case([&](planir::WaitingOp) { return result(waiting); })
      .Case([&](planir::PeekInputOp input) {
        peekInput(input);
        return llvm::Error::success();
      })
      // The one that begins a text.
      .Case([&](planir::ChooseModelOp) { return result(0); })
      // One token is all that is wanted.
      .Case([&](planir::EmitTokenOp) { return result(1); })
      // Whatever depth is chosen: what a buffer says of layers that go reads
      // as 0, and all are there.
      .Case<planir::StoreI32Op, planir::ReserveOp, planir::EmitLogitsOp,
            planir::ChooseDepthOp>(nothing)
      .Default([&](Operation *other) {
        return fail(other, "depends on who calls");
      });
}

llvm::Error DryRun::arith(planir::ArithOp op) {
  int64_t lhs = get(op.getLhs()), rhs = get(op.getRhs());
  auto a = uint64_t(lhs), b = uint64_t(rhs); // wraps around
  using Kind = planir::ArithKind;
  auto value = [&]() -> int64_t {
    switch (op.getKind()) {
    case Kind::Add:
      return int64_t(a + b);
    case Kind::Sub:
      return int64_t(a - b);
    case Kind::Mul:
      return int64_t(a * b);
    case Kind::Div:
      return rhs == -1 ? int64_t(0 - a) : lhs / rhs;
    case Kind::Rem:
      return rhs == -1 ? 0 : lhs % rhs;
    case Kind::Min:
      return std::min(lhs, rhs);
    case Kind::Max:
      return std::max(lhs, rhs);
    case Kind::Eq:
      return lhs == rhs;
    case Kind::Ne:
      return lhs != rhs;
    case Kind::Lt:
      return lhs < rhs;
    case Kind::Le:
      return lhs <= rhs;
    case Kind::And:
      return lhs & rhs;
    case Kind::Or:
      return lhs | rhs;
    }
    llvm_unreachable("unknown arithmetic");
  };
  if (rhs == 0 && (op.getKind() == Kind::Div || op.getKind() == Kind::Rem))
    return fail(op, "divides by zero");
  values[op.getDst()] = value();
  return llvm::Error::success();
}

llvm::Error DryRun::branch(planir::IfOp op) {
  Region &taken =
      get(op.getCondition()) != 0 ? op.getThenBlock() : op.getElseBlock();
  if (taken.empty())
    return llvm::Error::success();
  if (llvm::Error failed = run(taken.front()))
    return failed;
  set(op.getResults(), get(taken.front().getTerminator()->getOperands()));
  return llvm::Error::success();
}

llvm::Error DryRun::loop(planir::WhileOp op) {
  Block &before = op.getBefore().front(), &body = op.getBody().front();
  SmallVector<int64_t> carried = get(op.getInits());
  for (;;) {
    if (++steps > kMostSteps)
      return fail(op, "does not end");
    set(before.getArguments(), carried);
    if (llvm::Error failed = run(before))
      return failed;
    auto condition = cast<planir::ConditionOp>(before.getTerminator());
    carried = get(condition.getValues());
    if (get(condition.getCondition()) == 0)
      break;
    set(body.getArguments(), carried);
    if (llvm::Error failed = run(body))
      return failed;
    carried = get(body.getTerminator()->getOperands());
  }
  set(op.getResults(), carried);
  return llvm::Error::success();
}

llvm::Error DryRun::call(planir::CallOp op) {
  SmallVector<int64_t> results;
  if (llvm::Error failed =
          call(symbols.lookup<planir::FuncOp>(op.getFunction()),
               get(op.getArgs()), results))
    return failed;
  set(op.getResults(), results);
  return llvm::Error::success();
}

void DryRun::dispatch(planir::DispatchOp op) {
  int64_t layer = -1;
  for (Attribute binding : op.getBindings())
    if (auto plane = dyn_cast<planir::PlaneBindingAttr>(binding)) {
      layer = plane.getLayer();
      break;
    }
  dispatches.push_back({op.getKernel(), layer, get(op.getScalars())});
}

void DryRun::takeInput(planir::TakeInputOp op) {
  int64_t taken = std::clamp<int64_t>(get(op.getMax()), 0, waiting);
  waiting -= taken;
  values[op.getDst()] = taken;
}

void DryRun::peekInput(planir::PeekInputOp op) {
  int64_t left = std::max<int64_t>(0, waiting - get(op.getFrom()));
  values[op.getDst()] = std::clamp<int64_t>(get(op.getMax()), 0, left);
}

llvm::Expected<std::vector<Dispatch>>
sinter::analysis::dispatchesOf(ModuleOp plan, Forward forward) {
  auto error = [](const Twine &message) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
  };
  planir::FuncOp generate;
  for (auto function : plan.getOps<planir::FuncOp>())
    if (function.getSymName() == "generate")
      generate = function;
  if (!generate)
    return error("the plan has no function 'generate'");
  SmallVector<int64_t> arguments;
  for (auto parameter : generate.getParams().getAsRange<StringAttr>())
    arguments.push_back(parameter == "chunk"     ? forward.rows
                        : parameter == "max_new" ? 1
                                                 : 0);
  DryRun run(plan, forward);
  SmallVector<int64_t> results;
  if (llvm::Error failed = run.call(generate, arguments, results))
    return std::move(failed);
  return std::move(run.dispatches);
}
