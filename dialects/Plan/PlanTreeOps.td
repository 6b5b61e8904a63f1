// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the `plan` dialect for drafts that are trees.

#ifndef SINTER_DIALECTS_PLAN_PLANTREEOPS_TD
#define SINTER_DIALECTS_PLAN_PLANTREEOPS_TD

def Plan_PlaceDraftOp : Plan_User<"place_draft"> {
  let summary = "Makes room for the rows of the draft at hand and says where they stand";
  let description = [{
    Of a chain, `at` is the position of row 0 and `runs` 0: the rows stand one
    behind the other. Of a tree `runs` counts the runs (rows side by side, each
    right behind the one before it), and `at` the copies. `buffer` holds where
    rows stand, as after `plan.take_rows`; an entry a copy comes behind those of
    the rows: {row, 0, position, page table} says that keys and values of a row
    also go there, because another run goes on behind it.
    ```mlir
    %at, %runs = plan.place_draft @kv, @runs at(0)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state, FlatSymbolRefAttr:$buffer,
      ConfinedAttr<I64Attr, [IntNonNegative]>:$offset);
  let results = (outs I64:$at, I64:$runs);
  let assemblyFormat = "$state `,` $buffer `at` `(` $offset `)` attr-dict";
}
def Plan_KeepRowOp : Plan_StateChange<"keep_row"> {
  let summary = "Row `count` of the draft, right behind the one kept before, becomes part of the state";
}
def Plan_PositionAfterOp : Plan_Op<"position_after"> {
  let summary = "The position of the token after a row of the draft; -1: the row was kept";
  let arguments = (ins I64:$row);
  let results = (outs I64:$dst);
  let assemblyFormat = "$row attr-dict";
}

def Plan_ExpandOp : Plan_StateUser<"expand"> {
  let summary = "Which id of a tree that a model drafts is asked for its followers";
  let description = [{
    Writes the path of the id into the history. `position` is the one behind it;
    of what `state` holds the first `agreed` positions are of this path. -1:
    there are enough; the likeliest ids are the draft, of `rows` rows (until
    then 0).
    ```mlir
    %position, %agreed, %rows = plan.expand @draft.kv
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$state);
  let results = (outs I64:$position, I64:$agreed, I64:$rows);
  let assemblyFormat = "$state attr-dict";
}
def Plan_ProposeBestOp : Plan_User<"propose_best"> {
  let summary = "Ids that may follow the one that was expanded";
  let description = [{
    `buffer` begins with as many of them as half of it holds, the best one first,
    -1 for none; the second half says how far each lies behind the best one, as
    the bits of an f32.
    ```mlir
    plan.propose_best @best
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$buffer);
  let assemblyFormat = "$buffer attr-dict";
}
def Plan_AgreedOp : Plan_Op<"agreed"> {
  let summary = "Positions of the drafting model's state whose ids are those of the history";
  let description = [{
    After a draft by `plan.expand`, of whose paths one was computed last.
  }];
  let results = (outs I64:$dst);
  let assemblyFormat = "attr-dict";
}

#endif
