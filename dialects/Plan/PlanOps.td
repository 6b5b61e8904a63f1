// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the `plan` dialect.

#ifndef SINTER_DIALECTS_PLAN_PLANOPS_TD
#define SINTER_DIALECTS_PLAN_PLANOPS_TD

include "dialects/Common/CostTable.td"
include "dialects/Common/NumberFunction.td"
include "dialects/Plan/PlanAttrs.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Plan_Op<string mnemonic, list<Trait> traits = []>
    : Op<Plan_Dialect, mnemonic, traits>;

/// A declaration at the top of a module.
class Plan_Declaration<string mnemonic, list<Trait> traits = []>
    : Plan_Op<mnemonic, !listconcat([HasParent<"::mlir::ModuleOp">], traits)>;

/// An op that names declarations; `verifySymbolUses` looks them up.
class Plan_User<string mnemonic, list<Trait> traits = []>
    : Plan_Op<mnemonic,
              !listconcat([DeclareOpInterfaceMethods<SymbolUserOpInterface>], traits)>;

//===-- declarations ------------------------------------------------------===//

def Plan_ModelOp : Plan_Declaration<"model",
    [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The numbers of the model that the runtime needs";
  let description = [{
    One a module (fields of table `Plan`). `max_rows` rows fit a forward,
    `logits_rows` rows of logits fit the logits buffer. Buffer `input` holds the
    i32 ids of the rows of a forward, buffer `history` the id of every committed
    position.

    ```mlir
    plan.model "smollm2" architecture("llama") vocabulary(49152)
      max_context(8192) max_rows(512) logits_rows(16) input(@ids) history(@history)
    ```
  }];
  let arguments = (ins StrAttr:$model_name, StrAttr:$architecture,
      ConfinedAttr<I64Attr, [IntPositive]>:$vocabulary,
      ConfinedAttr<I64Attr, [IntPositive]>:$max_context,
      ConfinedAttr<I64Attr, [IntPositive]>:$max_rows,
      ConfinedAttr<I64Attr, [IntPositive]>:$logits_rows,
      FlatSymbolRefAttr:$input_buffer, FlatSymbolRefAttr:$history_buffer);
  let assemblyFormat = [{
    $model_name `architecture` `(` $architecture `)` `vocabulary` `(` $vocabulary `)`
    `max_context` `(` $max_context `)` `max_rows` `(` $max_rows `)`
    `logits_rows` `(` $logits_rows `)` `input` `(` $input_buffer `)`
    `history` `(` $history_buffer `)` attr-dict
  }];
}

def Plan_SectionOp : Plan_Declaration<"section", [Symbol]> {
  let summary = "Page-aligned bytes of the file";
  let description = [{
    Table `Section`. Place and digests are known to the file alone.

    ```mlir
    plan.section @weights weights bytes(98304)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Plan_SectionKind:$kind,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$bytes);
  let assemblyFormat = "$sym_name $kind `bytes` `(` $bytes `)` attr-dict";
}

def Plan_WeightOp : Plan_Declaration<"weight",
    [Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A packed matrix or vector inside a section";
  let description = [{
    Table `Weight`: `bytes` bytes from `offset` of section `section`, 64-byte
    aligned. Shape, encoding and source tensors are for people and tools.

    ```mlir
    plan.weight @qkv in(@weights) at(4096) bytes(331776) shape(960, 576)
      encoding("Q4_1") sources(["blk.0.attn_q.weight"])
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$section,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$offset,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$bytes,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$rows,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$cols, StrAttr:$encoding,
      StrArrayAttr:$sources);
  let assemblyFormat = [{
    $sym_name `in` `(` $section `)` `at` `(` $offset `)` `bytes` `(` $bytes `)`
    `shape` `(` $rows `,` $cols `)` `encoding` `(` $encoding `)`
    `sources` `(` $sources `)` attr-dict
  }];
}

def Plan_CodeOp : Plan_Declaration<"code",
    [Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A code object: the kernels compiled for one CPU level";
  let description = [{
    Table `CodeObject`. `entries` holds the address of each `plan.kernel`, in
    the order of the module, relative to the image base. Objects stand in the
    order in which the runtime prefers them.

    ```mlir
    plan.code @code.v3 level("x86-64-v3") features(["avx2", "fma"]) in(@x86_64_v3)
      image(8192) segments([#plan.segment<address = 0, offset = 0, bytes = 64,
      executable = true>]) entries([0])
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$level,
      StrArrayAttr:$features, FlatSymbolRefAttr:$section,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$image_bytes,
      TypedArrayAttrBase<Plan_Segment, "load ranges">:$segments,
      DenseI64ArrayAttr:$entries);
  let assemblyFormat = [{
    $sym_name `level` `(` $level `)` `features` `(` $features `)` `in` `(` $section `)`
    `image` `(` $image_bytes `)` `segments` `(` $segments `)` `entries` `(` $entries `)`
    attr-dict
  }];
}

def Plan_KernelOp : Plan_Declaration<"kernel", [Symbol]> {
  let summary = "An entry of the code objects";
  let description = [{
    Table `Kernel`: what a dispatch hands over, by name, in order.

    ```mlir
    plan.kernel @norm bindings(["arena", "weight"]) scalars(["rows"])
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$bindings,
      StrArrayAttr:$scalars);
  let assemblyFormat = [{
    $sym_name `bindings` `(` $bindings `)` `scalars` `(` $scalars `)` attr-dict
  }];
}

def Plan_BufferOp : Plan_Declaration<"buffer", [Symbol]> {
  let summary = "Memory of one session";
  let description = [{
    Table `Buffer`: `bytes` + `per_position` * context + `per_worker` * workers
    bytes, 64-byte aligned.

    ```mlir
    plan.buffer @history bytes(0) per_position(4)
    plan.buffer @attention bytes(23040) per_position(90) per_worker(262144)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$bytes,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$per_position,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$per_worker);
  let assemblyFormat = [{
    $sym_name `bytes` `(` $bytes `)` (`per_position` `(` $per_position^ `)`)?
    (`per_worker` `(` $per_worker^ `)`)? attr-dict
  }];
}

def Plan_StateOp : Plan_Declaration<"state", [Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A paged KV cache of a session";
  let description = [{
    Table `State`. A page holds `page_tokens` positions; `page_bytes` are the
    bytes of a K page and of a V page of one layer.

    ```mlir
    plan.state @kv layers(30) page_tokens(16) page_bytes([6144, 6144]) type("f16")
    plan.state @rnn recurrent layers(2) page_tokens(2048) page_bytes([1024, 131072]) type("f32")
    ```

    A recurrent state has one page for all positions of a session; its planes are
    the state and the inputs of the rows of a forward, two halves of each.

    A view has the pages of another state, and what is drafted behind its
    positions:

    ```mlir
    plan.state @draft.kv of(@kv) layers(10) page_tokens(16) page_bytes([6144, 6144]) type("f16")
    ```

    A text has no memory: it leads states that follow it.

    ```mlir
    plan.state @text text layers(1) page_tokens(16) page_bytes([0, 0]) type("text")
    ```

    A ring keeps the last `window` positions, the first `sinks`, and `slack` more
    behind the window:

    ```mlir
    plan.state @kv window(1024) sinks(4) slack(512) layers(30) page_tokens(16) page_bytes([6144, 6144]) type("f16")
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      ConfinedAttr<I64Attr, [IntPositive]>:$layers,
      ConfinedAttr<I64Attr, [IntPositive]>:$page_tokens,
      DenseI64ArrayAttr:$page_bytes, StrAttr:$type, UnitAttr:$recurrent,
      OptionalAttr<FlatSymbolRefAttr>:$of,
      DefaultValuedAttr<I64Attr, "0">:$window,
      DefaultValuedAttr<I64Attr, "0">:$sinks,
      DefaultValuedAttr<I64Attr, "0">:$slack, UnitAttr:$text);
  let assemblyFormat = [{
    $sym_name (`text` $text^)? (`recurrent` $recurrent^)? (`of` `(` $of^ `)`)? (`window` `(` $window^ `)`)?
    (`sinks` `(` $sinks^ `)`)? (`slack` `(` $slack^ `)`)? `layers` `(` $layers `)` `page_tokens` `(` $page_tokens `)`
    `page_bytes` `(` $page_bytes `)` `type` `(` $type `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Plan_DrafterOp : Plan_Declaration<"drafter", [Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Proposes ids that may come next";
  let description = [{
    Table `Drafter`. `match` is how long a suffix of the text must and may be,
    `most` how many ids a draft has, `policy` how many of them are worth it, with its `settings`,
    `buffer` where it keeps what it learns, `keeps` how many ids of each (0: one,
    which `plan.follow` and `plan.observe` say), `branches` how many leaves a
    draft may have beside the first one.

    ```mlir
    plan.drafter @copy copy match(3 to 16) most(15) policy(goodput)
    plan.drafter @both priority match(0 to 0) most(15) policy(goodput) parts([@copy, @lookup])
    plan.drafter @recycle recycle match(0 to 0) most(15) policy(goodput) buffer(@recycled) keeps(8)
    plan.drafter @merge merge match(0 to 0) most(15) policy(goodput) parts([@copy, @lookup]) branches(7)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Plan_DrafterKind:$kind,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$min_match,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$max_match,
      ConfinedAttr<I64Attr, [IntPositive]>:$max_draft,
      Plan_PolicyKind:$policy,
      OptionalAttr<FlatSymbolRefArrayAttr>:$parts,
      OptionalAttr<FlatSymbolRefAttr>:$buffer,
      OptionalAttr<DenseF32ArrayAttr>:$settings,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$branches,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$keeps);
  let assemblyFormat = [{
    $sym_name $kind `match` `(` $min_match `to` $max_match `)`
    `most` `(` $max_draft `)` `policy` `(` $policy `)`
    (`settings` `(` $settings^ `)`)? (`parts` `(` $parts^ `)`)?
    (`buffer` `(` $buffer^ `)`)? (`keeps` `(` $keeps^ `)`)?
    (`branches` `(` $branches^ `)`)? attr-dict
  }];
}

def Plan_CostsOp : CostTableOp<Plan_Dialect>;

//===-- functions ---------------------------------------------------------===//

def Plan_FuncOp : NumberFunctionOp<Plan_Dialect, "func"> {
  let summary = "A function of the program over i64 values";
  let description = [{
    Table `Function`. All parameters and results are i64; a float travels as
    the bits of an f32. `params` names the parameters for people and for hosts
    that bind them by name. `plan.if` and `plan.while` nest at most 24 deep.

    ```mlir
    plan.func @prefill(%chunk: i64) -> i64 attributes {params = ["chunk"]} {
      plan.return %chunk
    }
    ```
  }];
}

def Plan_ReturnOp : Plan_Op<"return",
    [Terminator, Pure, HasParent<"FuncOp">]> {
  let summary = "Leaves a function with its results";
  let arguments = (ins Variadic<I64>:$values);
  let assemblyFormat = "($values^)? attr-dict";
  let hasVerifier = 1;
}

def Plan_CallOp : Plan_User<"call"> {
  let summary = "Calls a function of the plan";
  let description = [{
    ```mlir
    %rows = plan.call @prefill(%chunk) -> i64
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, Variadic<I64>:$args);
  let results = (outs Variadic<I64>:$results);
  let assemblyFormat = [{
    $function `(` ($args^)? `)` (`->` type($results)^)? attr-dict
  }];
}

//===-- control flow ------------------------------------------------------===//

def Plan_IfOp : Plan_Op<"if", [SingleBlockImplicitTerminator<"YieldOp">,
                               NoRegionArguments]> {
  let summary = "Runs one of two blocks";
  let description = [{
    The first block runs when `condition` is not zero. Without results the
    second may be missing.

    ```mlir
    %x = plan.if %condition -> i64 {
      plan.yield %a
    } else {
      plan.yield %b
    }
    ```
  }];
  let arguments = (ins I64:$condition);
  let results = (outs Variadic<I64>:$results);
  let regions = (region SizedRegion<1>:$then_block,
                        MaxSizedRegion<1>:$else_block);
  let assemblyFormat = [{
    $condition (`->` type($results)^)? $then_block (`else` $else_block^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Plan_WhileOp : Plan_Op<"while", [SingleBlock]> {
  let summary = "A loop with its test in the middle";
  let description = [{
    `before` runs with the carried values (first the initial ones, then what
    `body` yields) and ends in `plan.condition`. While that holds, `body` runs
    with the values the condition passes on; when it does not, they are the
    results.

    ```mlir
    %last = plan.while init(%zero) {
    ^bb0(%i: i64):
      %more = plan.arith lt %i, %n
      plan.condition %more, %i
    } do {
    ^bb0(%i: i64):
      %next = plan.arith add %i, %one
      plan.yield %next
    } -> i64
    ```
  }];
  let arguments = (ins Variadic<I64>:$inits);
  let results = (outs Variadic<I64>:$results);
  let regions = (region SizedRegion<1>:$before, SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`init` `(` $inits^ `)`)? $before `do` $body (`->` type($results)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Plan_ConditionOp : Plan_Op<"condition",
    [Terminator, Pure, HasParent<"WhileOp">]> {
  let summary = "Goes on with a loop while `condition` is not zero";
  let arguments = (ins I64:$condition, Variadic<I64>:$values);
  let assemblyFormat = "$condition (`,` $values^)? attr-dict";
}

def Plan_YieldOp : Plan_Op<"yield",
    [Terminator, Pure, ParentOneOf<["IfOp", "WhileOp"]>]> {
  let summary = "Ends a block of `plan.if` or the body of `plan.while`";
  let arguments = (ins Variadic<I64>:$values);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
  let assemblyFormat = "($values^)? attr-dict";
}

//===-- values ------------------------------------------------------------===//

def Plan_ConstOp : Plan_Op<"const", [Pure]> {
  let summary = "A number";
  let arguments = (ins I64Attr:$value);
  let results = (outs I64:$dst);
  let assemblyFormat = "$value attr-dict";
}

def Plan_ArithOp : Plan_Op<"arith", [Pure]> {
  let summary = "Integer arithmetic on two values";
  let description = [{
    Signed 64-bit, wrapping; comparisons give 0 or 1, `and` and `or` are
    bitwise. Dividing by zero ends the program with an error.

    ```mlir
    %sum = plan.arith add %a, %b
    ```
  }];
  let arguments = (ins Plan_ArithKind:$kind, I64:$lhs, I64:$rhs);
  let results = (outs I64:$dst);
  let assemblyFormat = "$kind $lhs `,` $rhs attr-dict";
}

def Plan_LoadI32Op : Plan_User<"load_i32"> {
  let summary = "Reads an i32 of a buffer";
  let arguments = (ins FlatSymbolRefAttr:$buffer,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$offset);
  let results = (outs I64:$dst);
  let assemblyFormat = "$buffer `at` `(` $offset `)` attr-dict";
}

def Plan_StoreI32Op : Plan_User<"store_i32"> {
  let summary = "Writes an i32 of a buffer";
  let arguments = (ins I64:$src, FlatSymbolRefAttr:$buffer,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$offset);
  let assemblyFormat = "$src `,` $buffer `at` `(` $offset `)` attr-dict";
}

//===-- work --------------------------------------------------------------===//

def Plan_DispatchOp : Plan_User<"dispatch"> {
  let summary = "Runs a kernel on all workers";
  let description = [{
    Bindings and scalars stand in the order of the kernel's declaration.

    ```mlir
    plan.dispatch @norm bindings([#plan.buffer<@arena, 4096>, #plan.weight<@norm_w>])
      scalars(%rows)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, ArrayAttr:$bindings,
      Variadic<I64>:$scalars);
  let assemblyFormat = [{
    $kernel `bindings` `(` $bindings `)` `scalars` `(` ($scalars^)? `)` attr-dict
  }];
}

/// Table `StateOp`: one op per kind.
class Plan_StateUser<string mnemonic> : Plan_User<mnemonic>;

class Plan_StateQuery<string mnemonic> : Plan_StateUser<mnemonic> {
  let arguments = (ins FlatSymbolRefAttr:$state);
  let results = (outs I64:$dst);
  let assemblyFormat = "$state attr-dict";
}
def Plan_LengthOp : Plan_StateQuery<"length"> {
  let summary = "Committed positions of a state";
}
def Plan_CapacityOp : Plan_StateQuery<"capacity"> {
  let summary = "Positions the session has room for";
}

def Plan_HalfOp : Plan_StateQuery<"half"> {
  let summary = "The half of a recurrent state that a forward reads";
}
def Plan_UnplayedOp : Plan_StateQuery<"unplayed"> {
  let summary = "Rows of inputs that a recurrent state has not played yet";
}

class Plan_StateChange<string mnemonic> : Plan_StateUser<mnemonic> {
  let arguments = (ins FlatSymbolRefAttr:$state, I64:$count);
  let assemblyFormat = "$state `,` $count attr-dict";
}
def Plan_ReserveOp : Plan_StateChange<"reserve"> {
  let summary = "Makes room for `count` more positions, or fails with \"context full\"";
}
def Plan_CommitOp : Plan_StateChange<"commit"> {
  let summary = "The first `count` reserved positions become part of the state";
}
def Plan_KeepOp : Plan_StateChange<"keep"> {
  let summary = "Like commit, but the other reserved positions stay reserved";
}
def Plan_TruncateOp : Plan_StateChange<"truncate"> {
  let summary = "Forgets all positions from `count` on";
}

/// The same states, of every session that has rows in a batch.
class Plan_BatchStateChange<string mnemonic> : Plan_StateUser<mnemonic> {
  let arguments = (ins FlatSymbolRefAttr:$state);
  let assemblyFormat = "$state attr-dict";
}
def Plan_ReserveRowsOp : Plan_BatchStateChange<"reserve_rows"> {
  let summary = "Makes room for the rows taken, or fails with \"context full\"";
  let description = [{
    The rows are those of `plan.take_rows`: each session gets room for its own.
  }];
}
def Plan_CommitRowsOp : Plan_BatchStateChange<"commit_rows"> {
  let summary = "The reserved rows become part of their sessions";
}

/// Table `Service`: one op per kind.
def Plan_TakeInputOp : Plan_User<"take_input"> {
  let summary = "Copies up to `max` of the waiting ids to a buffer";
  let description = [{
    The result is how many were copied; 0 when none wait.
    ```mlir
    %rows = plan.take_input %chunk, @ids at(0)
    ```
  }];
  let arguments = (ins I64:$max, FlatSymbolRefAttr:$buffer,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$offset);
  let results = (outs I64:$dst);
  let assemblyFormat = "$max `,` $buffer `at` `(` $offset `)` attr-dict";
}
def Plan_TakeRowsOp : Plan_User<"take_rows"> {
  let summary = "Takes the rows of a batch and says how they form sequences";
  let description = [{
    Ids of the rows go to the buffer `ids` of the model. `buffer` gets where they
    stand, four i32 a row: first row and rows of its run (rows side by side at
    neighbouring positions of one session), its position, and where the page
    table of its session lies behind the first one. Rows whose logits are wanted
    come first.
    ```mlir
    %rows, %runs, %wanted = plan.take_rows @runs at(0)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$buffer,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$offset);
  let results = (outs I64:$rows, I64:$runs, I64:$wanted);
  let assemblyFormat = "$buffer `at` `(` $offset `)` attr-dict";
}
def Plan_DraftOp : Plan_User<"draft"> {
  let summary = "Asks a drafter for ids after the one in row 0";
  let description = [{
    They go to the rows behind row 0 of the buffer `ids` of the model. The
    result is how many there are, at most `most`. A drafter of kind `model` says
    how many are worth it; the program makes them, and says each with
    `plan.propose`.
    ```mlir
    %count = plan.draft @copy, %most
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$drafter, I64:$most);
  let results = (outs I64:$dst);
  let assemblyFormat = "$drafter `,` $most attr-dict";
}
def Plan_ProposeOp : Plan_Op<"propose"> {
  let summary = "Id `token` is row `row` of the draft at hand";
  let description = [{
    It goes to that row of the buffer `ids` of the model, and to its place in the
    history, which becomes part of the text when the row is kept. Rows come in
    order, from 1 on.
    ```mlir
    plan.propose %row, %token
    ```
  }];
  let arguments = (ins I64:$row, I64:$token);
  let assemblyFormat = "$row `,` $token attr-dict";
}
def Plan_FollowOp : Plan_Op<"follow"> {
  let summary = "The row of the draft that holds `token` right after `row`, or -1";
  let arguments = (ins I64:$row, I64:$token);
  let results = (outs I64:$dst);
  let assemblyFormat = "$row `,` $token attr-dict";
}
def Plan_ObserveOp : Plan_Op<"observe"> {
  let summary = "The model says `token` after `row` of the draft, which was not followed";
  let arguments = (ins I64:$row, I64:$token);
  let assemblyFormat = "$row `,` $token attr-dict";
}
def Plan_EmitTokenOp : Plan_Op<"emit_token"> {
  let summary = "Hands a token to the caller; 1: stop, 0: go on";
  let arguments = (ins I64:$token);
  let results = (outs I64:$dst);
  let assemblyFormat = "$token attr-dict";
}
def Plan_EmitLogitsOp : Plan_User<"emit_logits"> {
  let summary = "Hands `rows` rows of f32 logits of a buffer to the caller";
  let arguments = (ins I64:$rows, FlatSymbolRefAttr:$buffer,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$offset);
  let assemblyFormat = "$rows `,` $buffer `at` `(` $offset `)` attr-dict";
}

include "dialects/Plan/PlanSkipOps.td"
include "dialects/Plan/PlanExitOps.td"
include "dialects/Plan/PlanRuleOps.td"
include "dialects/Plan/PlanTreeOps.td"
include "dialects/Plan/PlanRecycleOps.td"
include "dialects/Plan/PlanSwitchOps.td"

#endif
