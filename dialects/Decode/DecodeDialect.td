// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `decode` dialect: how forward passes become tokens.

#ifndef SINTER_DIALECTS_DECODE_DECODEDIALECT_TD
#define SINTER_DIALECTS_DECODE_DECODEDIALECT_TD

include "mlir/IR/OpBase.td"

def Decode_Dialect : Dialect {
  let name = "decode";
  let summary = "How forward passes become tokens";
  let description = [{
    A `decode.program` says in which order rows are computed, kept, turned into
    logits, sampled and handed out. Plain control flow is upstream's (`arith` on
    i64 and i1, `scf.if`, `scf.for`); ops of this dialect stand where a pass has
    to recognise a step of decoding, or where an order must hold:

    - state changes only inside `decode.step`, `decode.prefill` or
      `decode.batch`: rows are reserved when the body starts, `decode.commit`
      ends it and says how many stay. A program cannot run a forward outside of
      one;
    - a session has one set of buffers: ids of the rows to compute (written by
      `decode.prefill` and `decode.feed`), hidden rows (by `decode.forward`),
      logits (by `decode.head`). The verifier of `decode.program` follows them
      along every path and refuses a reader that no writer precedes, or one that
      would see rows of another forward.

    The last token handed out is never committed: it is the first row of the
    next forward.
  }];
  let cppNamespace = "::sinter::decode";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

#endif
