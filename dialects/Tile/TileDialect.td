// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILEDIALECT_TD
#define SINTER_DIALECTS_TILE_TILEDIALECT_TD

include "mlir/IR/DialectBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::sinter::tile";
  let summary = "how a model is computed: stages over packed operands";
  let description = [{
    Ops of this dialect are stages in destination style over buffers.  A
    *region* is a function with the attribute `tile.region`: all workers run it
    together, each op splits its work among them, and `tile.barrier` separates
    stages that exchange data.  Host functions hold `tile.launch` ops only.

    All shapes are static but the row count, which is an operand.  A row of a
    result depends on its own inputs alone, and its sums run in one fixed order:
    the same bits come out for any row count, chunking and number of workers.

    Buffers of f32 activations are `memref<RxCpxf32>`, where Cp is the number of
    columns rounded up to 32; the op that writes a row writes zeros into the pad
    columns.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::sinter::encoding::EncodingDialect"];
}

#endif
