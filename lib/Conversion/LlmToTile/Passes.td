//===- Passes.td - from llm to tile -----------------------*- tablegen -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_CONVERSION_LLMTOTILE_PASSES_TD
#define SINTER_LIB_CONVERSION_LLMTOTILE_PASSES_TD

include "mlir/Pass/PassBase.td"

def LlmToTile : Pass<"llm-to-tile", "mlir::ModuleOp"> {
  let summary = "Turns a model into compiled regions and lists of launches";
  let description = [{
    Reads `llm` after the outline phase, writes `tile`.  Each layer class, the
    embedding and the head become a region over buffers: activations are
    `memref.alloc`s that `tile-plan-arena` places later, the hidden state and the
    RoPE tables lie in the fixed part of the arena, weights become `tile.packed`
    and `tile.vector`.  `@forward`, `@head` and `@sample` become lists of
    `tile.launch`.

    A linear reads int8 activations where its encoding has an integer kernel and
    `activations` is `int8`; otherwise it reads f32 rows, or bf16 rows where
    `activations` is `bf16`.  A residual sum is
    fused into the linear that feeds it, and so is a gated unit.
  }];
  let dependentDialects = [
    "sinter::tile::TileDialect", "mlir::memref::MemRefDialect",
    "mlir::arith::ArithDialect", "mlir::func::FuncDialect"
  ];
  let options = [
    Option<"activations", "activations", "std::string", "\"int8\"",
           "inside contractions: int8 (blocks of 32), bf16 or f32">,
    Option<"attention", "attention", "std::string", "\"\"",
           "products of attention: f32 or bf16 (default: f32, bf16 under "
           "activations=bf16)">,
    Option<"kv", "kv", "std::string", "\"\"",
           "types of the KV cache: f32, f16, bf16 or int8, or k:TYPE,v:TYPE "
           "(default: f16, f32 under activations=f32, bf16 under attention=bf16)">,
    Option<"kvWindow", "kv-window", "int64_t", "0",
           "attention sees only so many last positions (default: all)">,
    Option<"kvSinks", "kv-sinks", "int64_t", "0",
           "and so many first ones">,
    Option<"kvSlack", "kv-slack", "int64_t", "512",
           "positions behind the window that are kept (at least max-rows)">,
    Option<"maxRows", "max-rows", "int64_t", "512",
           "rows (tokens) of one forward">,
    Option<"logitsRows", "logits-rows", "int64_t", "16",
           "rows of logits that are kept at a time">,
    Option<"maxContext", "max-context", "int64_t", "0",
           "positions of the longest session (default: the model's)">,
    Option<"verifyRule", "verify-rule", "std::string", "\"exact\"",
           "adds functions of a rule that verifies drafts: exact (none), reject, "
           "typical[:EPS,DELTA] or judge:FILE[,TAU]">,
    Option<"proposals", "proposals", "bool", "false",
           "a model drafts: rule reject keeps its probabilities">,
    Option<"summarize", "summarize", "bool", "false",
           "adds a function that says how sure a row of logits is">,
    Option<"best", "best", "bool", "false",
           "a model drafts trees: adds a function that draws several ids">,
    Option<"ranked", "ranked", "int64_t", "0",
           "adds a function that says the best ids of each row, so many">
  ];
  let statistics = [
    Statistic<"numRegions", "regions", "regions created">,
    Statistic<"numPacked", "packed", "packed matrices">,
    Statistic<"numResiduals", "residuals-fused", "sums fused into a linear">
  ];
}

#endif // SINTER_LIB_CONVERSION_LLMTOTILE_PASSES_TD
