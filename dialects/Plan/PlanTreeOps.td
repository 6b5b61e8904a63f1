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

#endif
