// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Decode/BuildGeneration.h"
#include "dialects/Decode/DecodeOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace sinter::decode;

namespace {

// Suffixes of the text that a drafter looks for: shorter ones are found by
// chance, longer ones say no more.
constexpr int64_t kLeastCopied = 3, kMostMatched = 16, kLongestGram = 3;

/// Builds one program after another at the end of a module.
class Generator {
public:
  Generator(ModuleOp module, const GenerationOptions &options)
      : builder(OpBuilder::atBlockEnd(module.getBody())), loc(module.getLoc()),
        options(options) {}

  void prefill();
  void score();
  /// With what declareDrafters() or declareExits() declared, or plainly.
  void generate(StringRef name, bool plain);
  void step();
  void declareDrafters();
  void declareExits();
  void measureExits();
  bool recycles() const {
    return llvm::is_contained(options.drafters, DrafterKind::Recycle);
  }
  bool forwardTakesRuns();

private:
  ProgramOp begin(StringRef name, ArrayRef<StringRef> params, unsigned results);
  Value constant(int64_t value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI64IntegerAttr(value));
  }
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return arith::CmpIOp::create(builder, loc, predicate, lhs, rhs);
  }
  Value clampChunk(Value chunk);
  Value prefillWith(Value chunk, function_ref<void(Value rows)> afterForward);
  void handOutLogits(Value rows);
  Value decodeLoop(ProgramOp program);
  /// The first token comes from the prompt; then round after round, each of
  /// which gets the last token, how many were made, and what `more` begins
  /// with.
  Value loopFromPrompt(ProgramOp program, ValueRange more,
                       function_ref<void(ValueRange)> round);
  /// `row`: of the last forward, whose logits come first.
  Value draftingLoop(ProgramOp program, Value row);
  Value exitingLoop(ProgramOp program);
  void exitingRound(ProgramOp program, ValueRange carried);
  /// Names of things that are counted.
  ArrayAttr numbered(StringRef name, unsigned from, unsigned count);
  /// A token that was drawn and handed out, and what follows from it.
  struct Drawn {
    Value token, made, stop;
  };
  Drawn drawAndEmit(ProgramOp program, Value row, Value position, Value made);
  Drawn emit(ProgramOp program, Value token, Value made);
  /// The same by the rule that verifies drafts; `dense` as in Draft.
  Drawn decideAndEmit(ProgramOp program, Block *walk, Value dense);
  bool wantsDense() const {
    return options.rule == RuleKind::Reject &&
           llvm::any_of(options.drafters, [](DrafterKind kind) {
             return kind == DrafterKind::Model || kind == DrafterKind::Heads;
           });
  }
  Value draftLimit(ProgramOp program, Value made);
  /// What a round hands on: the last token, how many were made, and, where
  /// heads draft, the hidden row that the token was drawn from.
  void draftingRound(ProgramOp program, ValueRange carried);
  /// A drafter, in the order in which they are asked.
  struct Asked {
    std::string name;
    DrafterKind kind;
    bool hasBody() const {
      return kind == DrafterKind::Model || kind == DrafterKind::Heads;
    }
  };
  bool asks(DrafterKind kind) const {
    return llvm::any_of(drafters,
                        [&](const Asked &asked) { return asked.kind == kind; });
  }
  /// Rows of a draft and, where rule reject wants to know, whether a model or
  /// heads made it.
  struct Draft {
    Value rows, dense;
  };
  Draft draftRows(ProgramOp program, ArrayRef<Asked> asked, Value most,
                  ValueRange carried);
  void modelDraft(ProgramOp program, DraftOp draft);
  void headsDraft(ProgramOp program, DraftOp draft, Value row);
  void askHead(Value number, int64_t head, Value row);
  Asked declare(DrafterKind kind, ArrayRef<Attribute> parts = {});
  void round(ProgramOp program, Value made);
  void advance(Value token, Value made);
  /// A new block of `region` with `arguments` i64 arguments; the builder
  /// stands in it afterwards.
  Block *enter(Region &region, unsigned arguments);

  OpBuilder builder;
  Location loc;
  const GenerationOptions &options;
  SmallVector<Asked> drafters;
  unsigned groups = 0;   // of drafters that are asked together
  bool branches = false; // a draft may be a tree
};

} // namespace

ProgramOp Generator::begin(StringRef name, ArrayRef<StringRef> params,
                           unsigned results) {
  auto program = ProgramOp::create(builder, loc, name, params, results);
  builder.setInsertionPointToStart(&program.getBody().front());
  return program;
}

Block *Generator::enter(Region &region, unsigned arguments) {
  SmallVector<Type> types(arguments, builder.getI64Type());
  SmallVector<Location> locations(arguments, loc);
  return builder.createBlock(&region, region.end(), types, locations);
}

/// A forward holds between 1 and maxRows rows, whatever the host asks for.
Value Generator::clampChunk(Value chunk) {
  Value upper =
      arith::MinSIOp::create(builder, loc, chunk, constant(options.maxRows));
  return arith::MaxSIOp::create(builder, loc, upper, constant(1));
}

Value Generator::prefillWith(Value chunk,
                             function_ref<void(Value rows)> afterForward) {
  auto op = PrefillOp::create(builder, loc, builder.getI64Type(), options.state,
                              clampChunk(chunk));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = enter(op.getBody(), 2);
  Value rows = body->getArgument(0);
  ForwardOp::create(builder, loc, options.forward, rows, body->getArgument(1),
                    /*runs=*/Value());
  afterForward(rows);
  CommitOp::create(builder, loc, rows);
  return op.getLast();
}

void Generator::prefill() {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = begin("prefill", {"chunk"}, 1);
  Value last = prefillWith(program.getArgument(0), [](Value) {});
  ReturnOp::create(builder, loc, last);
}

/// Logits of the first rows of a forward, as many at a time as the buffer
/// holds.
void Generator::handOutLogits(Value rows) {
  Value step = constant(options.logitsRows);
  auto loop = scf::ForOp::create(builder, loc, constant(0), rows, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value first = loop.getInductionVar();
  Value left = arith::SubIOp::create(builder, loc, rows, first);
  Value count = arith::MinSIOp::create(builder, loc, left, step);
  HeadOp::create(builder, loc, options.head, first, count);
  EmitLogitsOp::create(builder, loc, count);
}

void Generator::score() {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = begin("score", {"chunk"}, 0);
  prefillWith(program.getArgument(0), [&](Value rows) { handOutLogits(rows); });
  ReturnOp::create(builder, loc, ValueRange());
}

/// What a draw takes beside the row.
static SmallVector<Value> drawArguments(ProgramOp program, Value position) {
  SmallVector<Value> args = {position};
  llvm::append_range(args, program.getArguments().drop_front(2));
  return args;
}

Generator::Drawn Generator::drawAndEmit(ProgramOp program, Value row,
                                        Value position, Value made) {
  Value token =
      SampleOp::create(builder, loc, builder.getI64Type(), options.sample, row,
                       drawArguments(program, position));
  return emit(program, token, made);
}

Generator::Drawn Generator::decideAndEmit(ProgramOp program, Block *walk,
                                          Value dense) {
  Value row = walk->getArgument(0), position = walk->getArgument(1);
  Value made = walk->getArgument(2);
  if (options.rule == RuleKind::Exact)
    return drawAndEmit(program, row, position, made);
  SmallVector<Value> args = drawArguments(program, position);
  if (wantsDense())
    args.push_back(dense);
  Value token = DecideOp::create(builder, loc, builder.getI64Type(),
                                 options.rule, options.decide, row, args);
  return emit(program, token, made);
}

/// Hands a token out, and finds out whether it was the last one.
Generator::Drawn Generator::emit(ProgramOp program, Value token, Value made) {
  Value maxNew = program.getArgument(0);
  Value count = arith::AddIOp::create(builder, loc, made, constant(1));
  Value told = EmitOp::create(builder, loc, builder.getI1Type(), token);
  Value enough = compare(arith::CmpIPredicate::eq, count, maxNew);
  Value room =
      RoomOp::create(builder, loc, builder.getI64Type(), options.state);
  Value full = compare(arith::CmpIPredicate::eq, room, constant(0));
  Value stop = arith::OrIOp::create(builder, loc, told, enough);
  stop = arith::OrIOp::create(builder, loc, stop, full);
  return {token, count, stop};
}

void Generator::round(ProgramOp program, Value made) {
  Value length =
      LengthOp::create(builder, loc, builder.getI64Type(), options.state);
  Drawn drawn = drawAndEmit(program, constant(0), length, made);
  StopOp::create(builder, loc, drawn.stop, ValueRange{drawn.token, drawn.made});
}

/// Puts the token of the last round into the state; its logits are next.
void Generator::advance(Value token, Value made) {
  Value one = constant(1);
  FeedOp::create(builder, loc, token);
  auto step = StepOp::create(builder, loc, TypeRange(), options.state, one);
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = enter(step.getBody(), 1);
    ForwardOp::create(builder, loc, options.forward, one, body->getArgument(0),
                      /*runs=*/Value());
    CommitOp::create(builder, loc, one);
  }
  HeadOp::create(builder, loc, options.head, constant(0), one);
  NextOp::create(builder, loc, made);
}

Value Generator::decodeLoop(ProgramOp program) {
  Type i64 = builder.getI64Type();
  auto loop = LoopOp::create(builder, loc, TypeRange{i64, i64}, constant(0));
  OpBuilder::InsertionGuard guard(builder);
  round(program, enter(loop.getRound(), 1)->getArgument(0));
  Block *body = enter(loop.getAdvance(), 2);
  advance(body->getArgument(0), body->getArgument(1));
  return loop.getResult(1);
}

/// Ids that a draft may have: with the token behind them, as many as are still
/// wanted, and a row each.
Value Generator::draftLimit(ProgramOp program, Value made) {
  Value maxNew = program.getArgument(0), zero = constant(0);
  Value left = arith::SubIOp::create(builder, loc, maxNew, made);
  left = arith::SubIOp::create(builder, loc, left, constant(1));
  Value unlimited = compare(arith::CmpIPredicate::sle, maxNew, zero);
  Value rows = constant(options.logitsRows - 1);
  Value all =
      arith::ExtUIOp::create(builder, loc, builder.getI64Type(), unlimited);
  // No limit: larger than any number of rows and tokens.
  all = arith::MulIOp::create(builder, loc, all, constant(int64_t(1) << 40));
  left = arith::AddIOp::create(builder, loc, left, all);
  return arith::MinSIOp::create(builder, loc, left, rows);
}

/// Another model reads what it lacks of the text and what it has drafted, and
/// draws as the model it drafts for will: by the same noise, but for rule
/// reject.
void Generator::modelDraft(ProgramOp program, DraftOp draft) {
  OpBuilder::InsertionGuard guard(builder);
  Value position = enter(draft.getBody(), 1)->getArgument(0);
  Type i64 = builder.getI64Type();
  Value zero = constant(0), one = constant(1);
  auto read = CatchUpOp::create(builder, loc, builder.getI64Type(),
                                options.draft + options.state, position,
                                constant(options.maxRows));
  {
    OpBuilder::InsertionGuard inner(builder);
    Block *body = enter(read.getBody(), 2);
    Value rows = body->getArgument(0);
    ForwardOp::create(builder, loc, options.draft + options.forward, rows,
                      body->getArgument(1), /*runs=*/Value());
    CommitOp::create(builder, loc, rows);
  }
  Value last = arith::SubIOp::create(builder, loc, read.getLast(), one);
  HeadOp::create(builder, loc, options.draft + options.head, last, one);
  // A draw may change the logits.
  SmallVector<Value> given;
  if (looksAtIds(options.policy))
    given = SummarizeOp::create(builder, loc, i64, i64, i64, options.summarize,
                                zero)
                .getResults();
  Value token = SampleOp::create(
      builder, loc, i64, wantsDense() ? options.propose : options.sample, zero,
      drawArguments(program, position));
  ProposeOp::create(builder, loc, token, given);
}

/// The head of that number, or a later one.
void Generator::askHead(Value number, int64_t head, Value row) {
  auto ask = [&] {
    HeadOp::create(builder, loc,
                   options.draft + options.head + "." + std::to_string(head),
                   row, constant(1));
  };
  if (head == options.heads)
    return ask();
  Value is = compare(arith::CmpIPredicate::eq, number, constant(head));
  auto branch = scf::IfOp::create(builder, loc, TypeRange(), is,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  ask();
  builder.setInsertionPointToStart(branch.elseBlock());
  askHead(number, head + 1, row);
}

/// Head i drafts the i-th id after the one that was fed, and draws as the model
/// will.
void Generator::headsDraft(ProgramOp program, DraftOp draft, Value row) {
  OpBuilder::InsertionGuard guard(builder);
  Value position = enter(draft.getBody(), 1)->getArgument(0);
  Value length =
      LengthOp::create(builder, loc, builder.getI64Type(), options.state);
  askHead(arith::SubIOp::create(builder, loc, position, length), 1, row);
  Value token =
      SampleOp::create(builder, loc, builder.getI64Type(),
                       wantsDense() ? options.propose : options.sample,
                       constant(0), drawArguments(program, position));
  ProposeOp::create(builder, loc, token);
}

/// The draft of the first one asked that proposes anything.
Generator::Draft Generator::draftRows(ProgramOp program, ArrayRef<Asked> asked,
                                      Value most, ValueRange carried) {
  Type i64 = builder.getI64Type();
  auto state = FlatSymbolRefAttr::get(builder.getContext(), options.state);
  auto draft =
      DraftOp::create(builder, loc, i64, asked.front().name, most,
                      asked.front().hasBody() ? state : FlatSymbolRefAttr());
  if (asked.front().kind == DrafterKind::Model)
    modelDraft(program, draft);
  if (asked.front().kind == DrafterKind::Heads)
    headsDraft(program, draft, carried.back());
  Draft own{draft.getRows(), {}};
  if (wantsDense())
    own.dense = constant(asked.front().hasBody());
  if (asked.size() == 1)
    return own;
  SmallVector<Type> types(wantsDense() ? 2 : 1, i64);
  Value found = compare(arith::CmpIPredicate::sgt, own.rows, constant(1));
  auto branch = scf::IfOp::create(builder, loc, types, found,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  auto yield = [&](Block *block, function_ref<Draft()> make) {
    builder.setInsertionPointToStart(block);
    Draft made = make();
    SmallVector<Value> values = {made.rows, made.dense};
    values.resize(types.size());
    scf::YieldOp::create(builder, loc, values);
  };
  yield(branch.thenBlock(), [&] { return own; });
  yield(branch.elseBlock(),
        [&] { return draftRows(program, asked.drop_front(), most, carried); });
  return {branch.getResult(0), wantsDense() ? branch.getResult(1) : Value()};
}

/// Puts the last token into the state, with what is drafted behind it, and
/// hands out every token that follows from it.
void Generator::draftingRound(ProgramOp program, ValueRange carried) {
  Type i64 = builder.getI64Type(), i1 = builder.getI1Type();
  Value zero = constant(0), token = carried[0], made = carried[1];
  SmallVector<Type> types(carried.size() - 1, i64);
  FeedOp::create(builder, loc, token);
  auto [rows, dense] =
      draftRows(program, drafters, draftLimit(program, made), carried);
  SmallVector<Type> results = {i64, i1};
  llvm::append_range(results, types);
  auto step =
      StepOp::create(builder, loc, results, options.state, rows, branches);
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = enter(step.getBody(), branches ? 2 : 1);
    ForwardOp::create(builder, loc, options.forward, rows, body->getArgument(0),
                      branches ? body->getArgument(1) : Value());
    HeadOp::create(builder, loc, options.head, zero, rows);
    if (options.rule == RuleKind::Judge)
      JudgeOp::create(builder, loc, options.judge, rows);
    auto verify =
        VerifyOp::create(builder, loc, i64, i1, types, options.rule,
                         options.state, recycles(), carried.drop_front());
    {
      OpBuilder::InsertionGuard inner(builder);
      Block *walk = enter(verify.getBody(), 2 + types.size());
      Value row = walk->getArgument(0);
      Drawn drawn = decideAndEmit(program, walk, dense);
      SmallVector<Value> kept = {drawn.made, row};
      kept.truncate(types.size());
      AcceptOp::create(builder, loc, drawn.token, drawn.stop, kept);
    }
    CommitOp::create(builder, loc, zero, verify.getResults());
  }
  if (asks(DrafterKind::Model))
    CutBackOp::create(builder, loc, options.draft + options.state,
                      options.state);
  SmallVector<Value> next = {step.getResult(0)};
  llvm::append_range(next, step.getResults().drop_front(2));
  StopOp::create(builder, loc, step.getResult(1), next);
}

Value Generator::loopFromPrompt(ProgramOp program, ValueRange more,
                                function_ref<void(ValueRange)> round) {
  Type i64 = builder.getI64Type();
  Value length = LengthOp::create(builder, loc, i64, options.state);
  Drawn first = drawAndEmit(program, constant(0), length, constant(0));
  auto branch = scf::IfOp::create(builder, loc, i64, first.stop,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, first.made);
  builder.setInsertionPointToStart(branch.elseBlock());
  SmallVector<Value> inits = {first.token, first.made};
  llvm::append_range(inits, more);
  auto loop =
      LoopOp::create(builder, loc, SmallVector<Type>(inits.size(), i64), inits);
  scf::YieldOp::create(builder, loc, loop.getResult(1));
  round(enter(loop.getRound(), inits.size())->getArguments());
  Block *advance = enter(loop.getAdvance(), inits.size());
  NextOp::create(builder, loc, advance->getArguments());
  return branch.getResult(0);
}

Value Generator::draftingLoop(ProgramOp program, Value row) {
  return loopFromPrompt(
      program, asks(DrafterKind::Heads) ? ValueRange(row) : ValueRange(),
      [&](ValueRange carried) { draftingRound(program, carried); });
}

ArrayAttr Generator::numbered(StringRef name, unsigned from, unsigned count) {
  SmallVector<Attribute> names;
  for (unsigned i = from; i < from + count; ++i)
    names.push_back(FlatSymbolRefAttr::get(builder.getContext(),
                                           (name + "." + Twine(i)).str()));
  return builder.getArrayAttr(names);
}

void Generator::declareExits() {
  for (auto [index, exit] : llvm::enumerate(options.exits)) {
    std::string number = std::to_string(index + 1);
    FlatSymbolRefAttr asks;
    if (exit.probe != ProbeKind::Chance)
      asks =
          FlatSymbolRefAttr::get(builder.getContext(), "exit.probe." + number);
    auto positive = [&](double value) {
      return value > 0 ? builder.getF32FloatAttr(value) : FloatAttr();
    };
    ExitOp::create(builder, loc, "exit." + number, exit.probe, exit.after,
                   llvm::APFloat(float(exit.threshold)), asks,
                   positive(exit.stop), positive(exit.decay), exit.over);
  }
}

/// Takes the last token through the layers; the one that comes next is drawn
/// where it leaves them.
void Generator::exitingRound(ProgramOp program, ValueRange carried) {
  Type i64 = builder.getI64Type(), i1 = builder.getI1Type();
  unsigned exits = options.exits.size();
  FeedOp::create(builder, loc, carried[0]);
  auto descend = DescendOp::create(
      builder, loc, i64, i1, SmallVector<Type>(1 + exits, i64), options.state,
      carried[0], numbered("exit.segment", 0, exits + 1),
      numbered("exit", 1, exits), options.head, carried.drop_front(2),
      options.mostWaiting, options.exactExits, ValueRange{carried[1]});
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = enter(descend.getBody(), 3);
    Drawn drawn = drawAndEmit(program, body->getArgument(0),
                              body->getArgument(1), body->getArgument(2));
    DrawnOp::create(builder, loc, drawn.token, drawn.stop, drawn.made);
  }
  SmallVector<Value> next = {descend.getNext()};
  llvm::append_range(next, descend.getRest());
  StopOp::create(builder, loc, descend.getStop(), next);
}

Value Generator::exitingLoop(ProgramOp program) {
  SmallVector<Value> waiting(options.exits.size(), constant(0));
  return loopFromPrompt(program, waiting, [&](ValueRange carried) {
    exitingRound(program, carried);
  });
}

/// Row by row, as tokens are decoded.
void Generator::measureExits() {
  OpBuilder::InsertionGuard guard(builder);
  begin("measure_exits", {}, 0);
  auto op = PrefillOp::create(builder, loc, builder.getI64Type(), options.state,
                              constant(1));
  {
    OpBuilder::InsertionGuard inner(builder);
    Block *body = enter(op.getBody(), 2);
    Value rows = body->getArgument(0);
    unsigned exits = options.exits.size();
    MeasureOp::create(builder, loc, numbered("exit.segment", 0, exits + 1),
                      numbered("exit", 1, exits), options.head, rows,
                      body->getArgument(1));
    CommitOp::create(builder, loc, rows);
  }
  ReturnOp::create(builder, loc, ValueRange());
}

Generator::Asked Generator::declare(DrafterKind kind,
                                    ArrayRef<Attribute> parts) {
  bool copies = kind == DrafterKind::Copy, looks = kind == DrafterKind::Lookup;
  bool model = kind == DrafterKind::Model;
  int64_t limit = options.logitsRows - 1;
  if (kind == DrafterKind::Heads)
    limit = std::min(limit, options.heads);
  int64_t drafts =
      options.mostDrafted ? std::min(limit, options.mostDrafted) : limit;
  bool merges = kind == DrafterKind::Merge;
  branches |= merges;
  int64_t least = copies ? kLeastCopied : looks ? 1 : 0;
  int64_t most = copies ? kMostMatched : looks ? kLongestGram : 0;
  std::string name =
      model ? options.modelName : stringifyDrafterKind(kind).str();
  if (!parts.empty() && groups++ > 0)
    name += std::to_string(groups);
  // Drafters of the text have no rows that a policy could look at.
  bool ofModel = looksAtIds(options.policy);
  DrafterOp::create(
      builder, loc, name, kind, least, most, drafts,
      ofModel && !model ? PolicyKind::Goodput : options.policy,
      parts.empty() ? ArrayAttr() : builder.getArrayAttr(parts),
      model ? FlatSymbolRefAttr::get(builder.getContext(),
                                     options.draft + options.state)
            : FlatSymbolRefAttr(),
      ofModel && model ? builder.getDenseF32ArrayAttr(options.settings)
                       : DenseF32ArrayAttr(),
      merges ? std::min(options.branches, drafts - 1) : 0);
  return {name, kind};
}

/// The program asks a model and heads itself; those that look at the text alone
/// are asked together.
void Generator::declareDrafters() {
  SmallVector<Attribute> together;
  auto close = [&] {
    if (together.size() > 1 || (options.branches > 0 && !together.empty())) {
      drafters.pop_back_n(together.size());
      drafters.push_back(declare(options.branches > 0 ? DrafterKind::Merge
                                                      : DrafterKind::Priority,
                                 together));
    }
    together.clear();
  };
  for (DrafterKind kind : options.drafters) {
    bool alone = Asked{"", kind}.hasBody();
    if (alone)
      close();
    drafters.push_back(declare(kind));
    if (!alone)
      together.push_back(
          FlatSymbolRefAttr::get(builder.getContext(), drafters.back().name));
  }
  close();
}

void Generator::generate(StringRef name, bool plain) {
  OpBuilder::InsertionGuard guard(builder);
  ProgramOp program = begin(name,
                            {"max_new", "chunk", "seed", "temperature", "top_k",
                             "top_p", "min_p", "penalty", "window"},
                            1);
  Value last = prefillWith(program.getArgument(1), [](Value) {});
  Value zero = constant(0);
  Value any = compare(arith::CmpIPredicate::ne, last, zero);
  auto branch = scf::IfOp::create(builder, loc, builder.getI64Type(), any,
                                  /*withElseRegion=*/true);
  {
    // Of a prompt only the last position needs logits.
    OpBuilder::InsertionGuard inner(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value one = constant(1);
    Value row = arith::SubIOp::create(builder, loc, last, one);
    HeadOp::create(builder, loc, options.head, row, one);
    Value made = plain                   ? decodeLoop(program)
                 : options.exits.empty() ? draftingLoop(program, row)
                                         : exitingLoop(program);
    scf::YieldOp::create(builder, loc, made);
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, zero);
  }
  ReturnOp::create(builder, loc, branch.getResult(0));
}

bool Generator::forwardTakesRuns() {
  auto forward = SymbolTable::lookupNearestSymbolFrom<FunctionOpInterface>(
      builder.getInsertionBlock()->getParentOp(),
      builder.getStringAttr(options.forward));
  return forward && forward.getNumArguments() == 3;
}

/// One forward over the rows of a batch.
void Generator::step() {
  OpBuilder::InsertionGuard guard(builder);
  begin("step", {}, 0);
  auto batch = BatchOp::create(builder, loc, options.state);
  {
    OpBuilder::InsertionGuard inner(builder);
    Block *body = enter(batch.getBody(), 3);
    Value rows = body->getArgument(0);
    ForwardOp::create(builder, loc, options.forward, rows, /*position=*/Value(),
                      body->getArgument(1));
    handOutLogits(body->getArgument(2));
    CommitOp::create(builder, loc, rows);
  }
  ReturnOp::create(builder, loc, ValueRange());
}

void sinter::decode::buildGenerationProgram(ModuleOp module,
                                            const GenerationOptions &options) {
  module.getContext()
      ->loadDialect<DecodeDialect, arith::ArithDialect, scf::SCFDialect>();
  Generator generator(module, options);
  generator.prefill();
  generator.score();
  bool plain = options.drafters.empty() && options.exits.empty();
  generator.declareDrafters();
  generator.declareExits();
  generator.generate("generate", plain);
  if (!plain)
    generator.generate("generate_plain", /*plain=*/true);
  if (!options.exits.empty())
    generator.measureExits();
  if (generator.forwardTakesRuns())
    generator.step();
}
