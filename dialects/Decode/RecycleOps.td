// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What drafters are told of rows that were computed.

#ifndef SINTER_DIALECTS_DECODE_RECYCLEOPS_TD
#define SINTER_DIALECTS_DECODE_RECYCLEOPS_TD

include "dialects/Decode/DecodeOps.td"

def Decode_RecycleOp : Decode_User<"recycle"> {
  let summary = "Tells drafters which ids the model ranks best after each row";
  let description = [{
    Of all rows of a draft, right or wrong, before a draw changes their logits.
    The function writes the ids of each row, the best first, to the buffer
    `ranked`.

    ```mlir
    decode.head @head first(%zero) rows(%rows)
    decode.recycle @rank rows(%rows)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, I64:$rows);
  let assemblyFormat = "$function `rows` `(` $rows `)` attr-dict";
}

#endif
