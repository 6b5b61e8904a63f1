// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_INTERPRET_PASSES
#define SINTER_INTERPRET_PASSES

include "mlir/Pass/PassBase.td"

def Interpret : Pass<"interpret", "mlir::ModuleOp"> {
  let summary = "Executes a module of the llm dialect by the reference interpreter";
  let description = [{
    With `ids`, runs `@forward` and `@head` on these tokens, `chunk` at a time (0:
    all at once), and prints the likeliest token of each position; `output`
    takes the logits as a NumPy file (rows x vocabulary).

    With `function`, runs that function on `rows` rows of reproducible noise
    drawn from `seed`; ids and positions count from 0.  Each tensor result is
    printed as its shape, its mean absolute value and its first numbers, so that
    the results of a module before and after a pass can be compared as text.

    The module is not changed.
  }];
  let options = [
    ListOption<"ids", "ids", "int32_t", "Tokens to run the model on">,
    Option<"chunk", "chunk", "int64_t", "0", "Tokens in flight at a time">,
    Option<"function", "function", "std::string", "\"\"", "A function to run instead of the model">,
    Option<"rows", "rows", "int64_t", "4", "Rows of the arguments of `function`">,
    Option<"seed", "seed", "uint64_t", "1", "Seed of the arguments of `function`">,
    Option<"f64", "f64", "bool", "false", "Compute in f64 instead of f32">,
    Option<"output", "output", "std::string", "\"\"", "NumPy file for the first tensor result">
  ];
  let dependentDialects = [
    "::sinter::llm::LlmDialect", "::sinter::encoding::EncodingDialect", "::mlir::func::FuncDialect",
    "::mlir::arith::ArithDialect"
  ];
}

#endif // SINTER_INTERPRET_PASSES
