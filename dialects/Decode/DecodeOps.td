// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the `decode` dialect.

#ifndef SINTER_DIALECTS_DECODE_DECODEOPS_TD
#define SINTER_DIALECTS_DECODE_DECODEOPS_TD

include "dialects/Common/NumberFunction.td"
include "dialects/Decode/DecodeDialect.td"
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
    The body gets the position of the first reserved row.

    ```mlir
    decode.step @kv rows(%one) {
    ^bb0(%position: i64):
      decode.forward @forward rows(%one) at(%position)
      decode.commit %one
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, I64:$rows);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$state `rows` `(` $rows `)` $body attr-dict";
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
    [Terminator, ParentOneOf<["StepOp", "PrefillOp", "BatchOp"]>]> {
  let summary = "Keeps the first `count` reserved rows; the others are forgotten";
  let arguments = (ins I64:$count);
  let assemblyFormat = "$count attr-dict";
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
    on, or the `runs` runs of a batch; a function that can compute those takes
    their number as a third argument (0: there are none).
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

def Decode_SampleOp : Decode_User<"sample"> {
  let summary = "Draws a token from row 0 of the logits";
  let description = [{
    `position` is the position that the token will have; the draw depends on it
    and on the arguments, on nothing else. The function may change the logits,
    so that they serve one draw.

    ```mlir
    %token = decode.sample @sample(%position, %seed, %temperature, %top_k, %top_p,
                                   %min_p, %penalty, %window)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, Variadic<I64>:$args);
  let results = (outs I64:$token);
  let assemblyFormat = "$function `(` $args `)` attr-dict";
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

#endif
