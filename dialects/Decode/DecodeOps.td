// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the `decode` dialect.

#ifndef SINTER_DIALECTS_DECODE_DECODEOPS_TD
#define SINTER_DIALECTS_DECODE_DECODEOPS_TD

include "dialects/Common/CostTable.td"
include "dialects/Common/NumberFunction.td"
include "dialects/Decode/DecodeDialect.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Decode_Op<string mnemonic, list<Trait> traits = []>
    : Op<Decode_Dialect, mnemonic, traits>;

/// An op that names a function of the model or a state.
class Decode_User<string mnemonic, list<Trait> traits = []>
    : Decode_Op<mnemonic,
                !listconcat([DeclareOpInterfaceMethods<SymbolUserOpInterface>], traits)>;

//===-- programs ----------------------------------------------------------===//

def Decode_ProgramOp : NumberFunctionOp<Decode_Dialect, "program"> {
  let summary = "An entry point of the plan that makes tokens or logits";
  let description = [{
    Parameters and results are i64; a float parameter arrives as the bits of an
    f32 and is only passed on. `params` names the parameters.

    The verifier follows ids, hidden rows and logits along every path (see the
    dialect).

    ```mlir
    decode.program @prefill(%chunk: i64) -> i64 attributes {params = ["chunk"]} {
      %last = decode.prefill @kv chunk(%chunk) {
      ^bb0(%rows: i64, %position: i64):
        decode.forward @forward rows(%rows) at(%position)
        decode.commit %rows
      }
      decode.return %last
    }
    ```
  }];
}

def Decode_ReturnOp : Decode_Op<"return",
    [Terminator, Pure, HasParent<"ProgramOp">]> {
  let summary = "Ends a program with its results";
  let arguments = (ins Variadic<I64>:$values);
  let assemblyFormat = "($values^)? attr-dict";
  let hasVerifier = 1;
}

def Decode_LoopOp : Decode_Op<"loop", [SingleBlock]> {
  let summary = "Decodes round after round until one says stop";
  let description = [{
    `round` makes a token (or several) and ends in `decode.stop`; `advance`
    takes what the stop passes on, puts it into the state and ends in
    `decode.next`, which starts the next round. The results are what the last
    stop passed on.

    ```mlir
    %token, %made = decode.loop init(%zero) {
    ^bb0(%n: i64):
      ...
      decode.stop %stop, %token, %more
    } next {
    ^bb0(%token: i64, %n: i64):
      ...
      decode.next %n
    } -> i64, i64
    ```
  }];
  let arguments = (ins Variadic<I64>:$inits);
  let results = (outs Variadic<I64>:$results);
  let regions = (region SizedRegion<1>:$round, SizedRegion<1>:$advance);
  let assemblyFormat = [{
    (`init` `(` $inits^ `)`)? $round `next` $advance (`->` type($results)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_StopOp : Decode_Op<"stop", [Terminator, Pure, HasParent<"LoopOp">]> {
  let summary = "Ends a round; leaves the loop when `when` holds";
  let arguments = (ins I1:$when, Variadic<I64>:$values);
  let assemblyFormat = "$when (`,` $values^)? attr-dict";
}

def Decode_NextOp : Decode_Op<"next", [Terminator, Pure, HasParent<"LoopOp">]> {
  let summary = "Starts the next round";
  let arguments = (ins Variadic<I64>:$values);
  let assemblyFormat = "($values^)? attr-dict";
}

//===-- drafts ------------------------------------------------------------===//

class Decode_Enum<string name, string text, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, text, cases> {
  let cppNamespace = "::sinter::decode";
}
def Decode_DrafterKind : Decode_Enum<"DrafterKind", "how a drafter finds ids", [
  I32EnumAttrCase<"Copy", 0, "copy">, I32EnumAttrCase<"Lookup", 1, "lookup">,
  I32EnumAttrCase<"Priority", 2, "priority">, I32EnumAttrCase<"Model", 3, "model">,
  I32EnumAttrCase<"Ngram", 4, "ngram">, I32EnumAttrCase<"Trigram", 5, "trigram">,
  I32EnumAttrCase<"Recycle", 6, "recycle">, I32EnumAttrCase<"Merge", 7, "merge">,
  I32EnumAttrCase<"Heads", 8, "heads">, I32EnumAttrCase<"Bandit", 9, "bandit">]>;
def Decode_PolicyKind : Decode_Enum<"PolicyKind", "how many ids are drafted", [
  I32EnumAttrCase<"Static", 0, "static">,
  I32EnumAttrCase<"Goodput", 1, "goodput">,
  I32EnumAttrCase<"Ema", 2, "ema">, I32EnumAttrCase<"Entropy", 3, "entropy">,
  I32EnumAttrCase<"Disco", 4, "disco">]>;
def Decode_RuleKind : Decode_Enum<"RuleKind", "which drafted tokens stay", [
  I32EnumAttrCase<"Exact", 0, "exact">, I32EnumAttrCase<"Reject", 1, "reject">,
  I32EnumAttrCase<"Typical", 2, "typical">, I32EnumAttrCase<"Judge", 3, "judge">]>;

def Decode_DrafterOp : Decode_Op<"drafter", [Symbol, HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Proposes ids that may come next";
  let description = [{
    - `copy`: what followed the latest occurrence of the longest suffix of the
      text, of the lengths in `match` (CopySpec, Dumitru et al., 2025);
    - `lookup`: id by id the one that came most often after a suffix, the longest
      first (the context n-grams of N-Grammys, Stewart et al., 2024);
    - `ngram`: id by id what the model says after the id alone, a table made
      when the plan is written (the bigrams of N-Grammys);
    - `trigram`: what followed the last two ids, newer occurrences weighing more,
      or else that table (ADED, Liu et al., 2024);
    - `recycle`: what the model ranked best after an id, also in rows behind a
      wrong one, as `decode.recycle` tells (Token Recycling, Luo et al., 2024);
    - `priority`: again and again the one of `parts` that promises the most
      tokens by what was accepted before, of equal ones the first;
    - `merge`: what all of `parts` propose, as one tree with at most `branches`
      leaves beside the first; where there are branches, the likeliest ids by
      what was accepted before (N-Grammys; SpecInfer, Miao et al., 2024);
    - `bandit`: one of `parts`, that with the most tokens a unit of cost lately,
      or one that was tried too seldom to know (MetaSD, Kim et al., 2024). A
      `model` or `heads` among them are asked by a `decode.draft` of their own,
      where this one proposes nothing;
    - `model`: what another model of the plan says, whose state is `state`; the
      body of a `decode.draft` asks it (Leviathan et al., 2023). With `branches`
      it makes a tree (see `decode.propose_best`);
    - `heads`: what heads say that read the hidden row before the id that was
      fed, one id each; the body of a `decode.draft` asks them (Medusa, Cai et
      al., 2024; Hydra, Ankner et al., 2024).

    `most` bounds a draft. Policies say how much of it is taken, and never change
    a token:

    - `static`: all that is found;
    - `goodput`: as many ids as promise the most tokens a second, by what was
      accepted before and what rows cost (SmartSpec, Liu et al., 2024);
    - `ema`: as many as were accepted lately, and none for a while where rounds
      cost more than they give;
    - `entropy`, of a model: while 1 - sqrt(gamma H) of its row is above a bound
      that follows what is accepted (AdaEDL, Agrawal et al., 2024); `settings`
      are gamma, the bound at first and the share of ids that should be right;
    - `disco`, of a model: while a linear function of entropy, first and second
      probability and depth is not negative (DISCO, Mamou et al., 2024, with the
      smallest classifier); `settings` are its bias and the four weights.

    ```mlir
    decode.drafter @copy copy match(3 to 16) most(15) policy(goodput)
    decode.drafter @both priority most(15) policy(goodput) parts([@copy, @lookup])
    decode.drafter @model model most(15) policy(goodput) state(@draft.kv)
    decode.drafter @tree model most(15) policy(goodput) state(@draft.kv) branches(7)
    decode.drafter @sure model most(15) policy(entropy) settings([0.2, 0.6, 0.9]) state(@draft.kv)
    decode.drafter @merge merge most(15) policy(goodput) parts([@copy, @lookup]) branches(7)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Decode_DrafterKind:$kind,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$min_match,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$max_match,
      ConfinedAttr<I64Attr, [IntPositive]>:$max_draft,
      Decode_PolicyKind:$policy,
      OptionalAttr<FlatSymbolRefArrayAttr>:$parts,
      OptionalAttr<FlatSymbolRefAttr>:$state,
      OptionalAttr<DenseF32ArrayAttr>:$settings,
      DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative]>, "0">:$branches);
  let assemblyFormat = [{
    $sym_name $kind (`match` `(` $min_match^ `to` $max_match `)`)?
    `most` `(` $max_draft `)` `policy` `(` $policy `)`
    (`settings` `(` $settings^ `)`)? (`parts` `(` $parts^ `)`)?
    (`state` `(` $state^ `)`)? (`branches` `(` $branches^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_CostsOp : CostTableOp<Decode_Dialect>;

def Decode_DraftOp : Decode_User<"draft"> {
  let summary = "Proposes ids for the rows behind row 0 of the next forward";
  let description = [{
    Asks the drafter what may come after the id that was fed. The result is the
    rows that a forward over all of it has: 1 where nothing is proposed, 1 +
    `most` where much is.

    ```mlir
    decode.feed %token
    %rows = decode.draft @copy most(%most)
    decode.step @kv rows(%rows) { ... }
    ```

    Where a model drafts for the state `after`, the body makes one id after the
    other: it gets the position that the id will have and ends in
    `decode.propose`. How many is the policy's choice; none, and the body does
    not run. The drafter's state is ahead of the other one then, until
    `decode.cut_back`.

    ```mlir
    %rows = decode.draft @model most(%most) after(@kv) {
    ^bb0(%position: i64):
      %last = decode.catch_up @draft.kv to(%position) chunk(%chunk) { ... }
      ...
      %token = decode.sample @sample row(%zero) (%position, %seed)
      decode.propose %token
    }
    decode.step @kv rows(%rows) { ... }
    decode.cut_back @draft.kv to(@kv)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$drafter, I64:$most,
      OptionalAttr<FlatSymbolRefAttr>:$after);
  let results = (outs I64:$rows);
  let regions = (region MaxSizedRegion<1>:$body);
  let assemblyFormat = [{
    $drafter `most` `(` $most `)` (`after` `(` $after^ `)`)? ($body^)? attr-dict
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$rows, "::llvm::StringRef":$drafter,
                                 "::mlir::Value":$most),
      [{ build($_builder, $_state, rows, drafter, most, ::mlir::FlatSymbolRefAttr()); }]>];
  let hasVerifier = 1;
}

def Decode_ProposeOp : Decode_Op<"propose", [Terminator, HasParent<"DraftOp">]> {
  let summary = "The next id of a draft";
  let description = [{
    With what `decode.summarize` says of its row, for a policy that ends the
    draft after any id.
  }];
  let arguments = (ins I64:$token, Variadic<I64>:$given);
  let assemblyFormat = "$token (`given` `(` $given^ `)`)? attr-dict";
  let builders = [OpBuilder<(ins "::mlir::Value":$token),
      [{ build($_builder, $_state, token, ::mlir::ValueRange()); }]>];
  let hasVerifier = 1;
}

def Decode_CatchUpOp : Decode_Op<"catch_up", [SingleBlock,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Computes what a state lacks of the history";
  let description = [{
    Until the state holds `to` positions: reserves at most `chunk` of them and
    runs the body with their number and the position of the first one. Its
    forward reads their ids from the history. The result is the row count of the
    last chunk, 0 when nothing was lacking. It stands in a `decode.draft`, or in a
    program whose models follow a text, up to the `decode.length` of that text.
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, I64:$to, I64:$chunk);
  let results = (outs I64:$last);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $state `to` `(` $to `)` `chunk` `(` $chunk `)` $body attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_CutBackOp : Decode_User<"cut_back"> {
  let summary = "Forgets what a draft put into a state beyond what `to` holds";
  let description = [{
    Drafted ids that were kept are part of both; those that were not are
    forgotten.
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, FlatSymbolRefAttr:$to);
  let assemblyFormat = "$state `to` `(` $to `)` attr-dict";
}

def Decode_VerifyOp : Decode_Op<"verify", [SingleBlock,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Follows the draft as far as it is what the model says";
  let description = [{
    For row 0 first: keeps the row in the state and runs the body with the row,
    the position of the token that comes next, and what is carried. The body
    draws that token and ends in `decode.accept`. If the draft has a row with
    this token right after the present one, and nobody asked to stop, the body
    runs for that row. The results are the last token, whether to stop, and what
    was carried.

    Rule `exact`: the token is what `decode.sample` draws from the row, with
    noise that depends on the position alone; so the tokens are those of
    decoding one by one, whatever was drafted. The state holds at every moment
    what it would hold then.

    Other rules let `decode.decide` say the token. `reject` keeps the law of the
    tokens; `typical` and `judge` make another text, and the plan says that they
    are lossy.

    ```mlir
    %token, %stop, %made = decode.verify exact @kv init(%n) {
    ^bb0(%row: i64, %position: i64, %count: i64):
      %t = decode.sample @sample row(%row) (%position, %seed)
      %told = decode.emit %t
      decode.accept %t, %told, %count
    } -> i64
    ```
  }];
  let arguments = (ins Decode_RuleKind:$rule, FlatSymbolRefAttr:$state,
      Variadic<I64>:$inits);
  let results = (outs I64:$token, I1:$stop, Variadic<I64>:$carried);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $rule $state (`init` `(` $inits^ `)`)? $body
    (`->` type($carried)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_AcceptOp : Decode_Op<"accept", [Terminator, Pure, HasParent<"VerifyOp">]> {
  let summary = "The token that comes after a row, and whether it is the last one";
  let arguments = (ins I64:$token, I1:$stop, Variadic<I64>:$carried);
  let assemblyFormat = "$token `,` $stop (`,` $carried^)? attr-dict";
}

//===-- state -------------------------------------------------------------===//

def Decode_PrefillOp : Decode_Op<"prefill", [SingleBlock,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Computes all waiting input, chunk by chunk";
  let description = [{
    While ids wait: takes at most `chunk` of them as the ids of the next
    forward, reserves that many positions and runs the body with the count and
    the position of the first one. What the body does comes before its commit:
    when a reservation fails, the state is as it was. The result is the row
    count of the last chunk, 0 when nothing waited.
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, I64:$chunk);
  let results = (outs I64:$last);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$state `chunk` `(` $chunk `)` $body attr-dict";
  let hasVerifier = 1;
}

def Decode_StepOp : Decode_Op<"step", [SingleBlock,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Reserves rows, runs its body, and commits some of them";
  let description = [{
    The body gets the position of the first reserved row. Rows are one that was
    fed, or those of a draft. What `decode.commit` passes on are the results.

    ```mlir
    decode.step @kv rows(%one) {
    ^bb0(%position: i64):
      decode.forward @forward rows(%one) at(%position)
      decode.commit %one
    }
    ```

    Rows of a draft that may branch need a `tree`: the body gets what the forward
    takes as its position and as its runs (of a tree each path is a run, which
    sees the rows before it where they are in plain decoding), and keeps rows by
    `decode.verify` alone.

    ```mlir
    decode.step @kv rows(%rows) tree {
    ^bb0(%at: i64, %runs: i64):
      decode.forward @forward rows(%rows) at(%at) runs(%runs)
      ...
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, I64:$rows, UnitAttr:$tree);
  let results = (outs Variadic<AnyTypeOf<[I1, I64]>>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $state `rows` `(` $rows `)` (`tree` $tree^)? $body (`->` type($results)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_BatchOp : Decode_Op<"batch", [SingleBlock,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Takes rows of several sessions, and commits them";
  let description = [{
    Reserves the rows in the state of each of their sessions and runs the body
    with their number, the number of runs they form (a run: rows side by side at
    neighbouring positions of one session), and the number of rows whose logits
    are wanted. Those are the first ones. All rows are kept, or none.

    ```mlir
    decode.batch @kv {
    ^bb0(%rows: i64, %runs: i64, %wanted: i64):
      decode.forward @forward rows(%rows) runs(%runs)
      decode.commit %rows
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$state $body attr-dict";
  let hasVerifier = 1;
}

def Decode_CommitOp : Decode_Op<"commit",
    [Terminator, ParentOneOf<["StepOp", "PrefillOp", "BatchOp", "CatchUpOp"]>]> {
  let summary = "Keeps the first `count` reserved rows; the others are forgotten";
  let description = [{
    Rows that `decode.verify` kept are not counted. `values` are the results of a
    `decode.step`.
  }];
  let arguments = (ins I64:$count, Variadic<AnyTypeOf<[I1, I64]>>:$values);
  let assemblyFormat = "$count (`,` $values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins "::mlir::Value":$count),
      [{ build($_builder, $_state, count, ::mlir::ValueRange()); }]>];
}

class Decode_StateQuery<string mnemonic> : Decode_User<mnemonic> {
  let arguments = (ins FlatSymbolRefAttr:$state);
  let results = (outs I64:$result);
  let assemblyFormat = "$state attr-dict";
}
def Decode_LengthOp : Decode_StateQuery<"length"> {
  let summary = "Committed positions of a state: the position of the next token";
}
def Decode_RoomOp : Decode_StateQuery<"room"> {
  let summary = "Positions that can still be reserved";
}

//===-- model -------------------------------------------------------------===//

def Decode_FeedOp : Decode_Op<"feed"> {
  let summary = "Makes `token` the id of row 0 of the next forward";
  let arguments = (ins I64:$token);
  let assemblyFormat = "$token attr-dict";
}

def Decode_ForwardOp : Decode_User<"forward", [AttrSizedOperandSegments]> {
  let summary = "Runs the layers over the reserved rows";
  let description = [{
    Reads the ids of `rows` rows, writes their state and their hidden rows.
    `rows` is the count that was reserved. They are neighbours from `position`
    on, the `runs` runs of a batch, or a tree, which has both (see
    `decode.step`); a function that can compute runs takes their number as a
    third argument (0: there are none).
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, I64:$rows,
      Optional<I64>:$position, Optional<I64>:$runs);
  let assemblyFormat = [{
    $function `rows` `(` $rows `)` (`at` `(` $position^ `)`)?
    (`runs` `(` $runs^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

def Decode_HeadOp : Decode_User<"head"> {
  let summary = "Logits of `rows` hidden rows, from row `first` on";
  let arguments = (ins FlatSymbolRefAttr:$function, I64:$first, I64:$rows);
  let assemblyFormat = [{
    $function `first` `(` $first `)` `rows` `(` $rows `)` attr-dict
  }];
}

def Decode_SampleOp : Decode_User<"sample", [AttrSizedOperandSegments]> {
  let summary = "Draws a token from a row of the logits";
  let description = [{
    Of row 0, or of `row`, which the function takes as its first argument then.
    `position` is the position that the token will have; the draw depends on it
    and on the arguments, on nothing else. The function may change the logits,
    so that they serve one draw.

    ```mlir
    %token = decode.sample @sample row(%row) (%position, %seed, %temperature, %top_k, %top_p,
                                   %min_p, %penalty, %window)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, Optional<I64>:$row,
      Variadic<I64>:$args);
  let results = (outs I64:$token);
  let assemblyFormat = "$function (`row` `(` $row^ `)`)? `(` $args `)` attr-dict";
}

//===-- caller ------------------------------------------------------------===//

def Decode_EmitOp : Decode_Op<"emit"> {
  let summary = "Hands a token to the caller, who may ask to stop";
  let arguments = (ins I64:$token);
  let results = (outs I1:$stop);
  let assemblyFormat = "$token attr-dict";
}

def Decode_EmitLogitsOp : Decode_Op<"emit_logits"> {
  let summary = "Hands the first `rows` rows of logits to the caller";
  let arguments = (ins I64:$rows);
  let assemblyFormat = "$rows attr-dict";
}

include "dialects/Decode/DraftTreeOps.td"
include "dialects/Decode/SkipOps.td"
include "dialects/Decode/ExitOps.td"
include "dialects/Decode/DecodeRuleOps.td"
include "dialects/Decode/FfnOps.td"
include "dialects/Decode/RecycleOps.td"
include "dialects/Decode/RetrievalOps.td"
include "dialects/Decode/SwitchOps.td"

#endif
