// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Drafters, and rounds that draft and verify.

#include "dialects/Decode/Generator.h"

using namespace mlir;
using namespace sinter::decode;

// Suffixes of the text that a drafter looks for: shorter ones are found by
// chance, longer ones say no more.
constexpr int64_t kLeastCopied = 3, kMostMatched = 16, kLongestGram = 3;

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
/// reject. A tree grows by several ids at a time.
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
  if (branchesOf(DrafterKind::Model) > 0) {
    ProposeBestOp::create(builder, loc, options.sampleBest, zero,
                          drawArguments(program, position));
    return;
  }
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
    if (recycles())
      RecycleOp::create(builder, loc, options.rank, rows);
    if (options.rule == RuleKind::Judge)
      JudgeOp::create(builder, loc, options.judge, rows);
    auto verify = VerifyOp::create(builder, loc, i64, i1, types, options.rule,
                                   options.state, carried.drop_front());
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

Value Generator::draftingLoop(ProgramOp program, Value row) {
  return loopFromPrompt(
      program, asks(DrafterKind::Heads) ? ValueRange(row) : ValueRange(),
      [&](ValueRange carried) { draftingRound(program, carried); });
}

/// Ids of a draft, one behind the other or not.
int64_t Generator::mostIds(DrafterKind kind) const {
  int64_t limit = options.logitsRows - 1;
  if (kind == DrafterKind::Heads)
    limit = std::min(limit, options.heads);
  return options.mostDrafted ? std::min(limit, options.mostDrafted) : limit;
}

/// Leaves beside the first: of a single id there are none.
int64_t Generator::branchesOf(DrafterKind kind) const {
  if (kind != DrafterKind::Merge &&
      (kind != DrafterKind::Model || !options.modelTrees))
    return 0;
  return std::min(options.branches, mostIds(kind) - 1);
}

Generator::Asked Generator::declare(DrafterKind kind,
                                    ArrayRef<Attribute> parts) {
  bool copies = kind == DrafterKind::Copy, looks = kind == DrafterKind::Lookup;
  bool model = kind == DrafterKind::Model;
  const int64_t beside = branchesOf(kind);
  branches |= kind == DrafterKind::Merge || beside > 0;
  int64_t least = copies ? kLeastCopied : looks ? 1 : 0;
  int64_t most = copies ? kMostMatched : looks ? kLongestGram : 0;
  std::string name =
      model ? options.modelName : stringifyDrafterKind(kind).str();
  if (!parts.empty() && groups++ > 0)
    name += std::to_string(groups);
  // Drafters of the text have no rows that a policy could look at.
  bool ofModel = looksAtIds(options.policy);
  DrafterOp::create(
      builder, loc, name, kind, least, most, mostIds(kind),
      ofModel && !model ? PolicyKind::Goodput : options.policy,
      parts.empty() ? ArrayAttr() : builder.getArrayAttr(parts),
      model ? FlatSymbolRefAttr::get(builder.getContext(),
                                     options.draft + options.state)
            : FlatSymbolRefAttr(),
      ofModel && model ? builder.getDenseF32ArrayAttr(options.settings)
                       : DenseF32ArrayAttr(),
      beside);
  return {name, kind};
}

/// The program asks a model and heads itself; those that look at the text alone
/// are asked together.
void Generator::declareDrafters() {
  if (options.bandit && options.drafters.size() > 1)
    return declareChoice();
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

/// The first one asked says which one it is; those that the program asks come
/// behind it.
void Generator::declareChoice() {
  SmallVector<Attribute> arms;
  for (DrafterKind kind : options.drafters) {
    Asked arm = declare(kind);
    arms.push_back(FlatSymbolRefAttr::get(builder.getContext(), arm.name));
    if (arm.hasBody())
      drafters.push_back(arm);
  }
  drafters.insert(drafters.begin(), declare(DrafterKind::Bandit, arms));
}
