// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_ENCODING_BASE
#define SINTER_ENCODING_BASE

include "mlir/IR/OpBase.td"

def Encoding_Dialect : Dialect {
  let name = "encoding";
  let cppNamespace = "::sinter::encoding";
  let summary = "How the numbers of a weight are stored";
  let description = [{
    Attributes only.  A weight has a logical type and one encoding in the
    encoding slot of its tensor type: `tensor<576x576xf32, #encoding.weight<...>>`
    computes as f32; the attribute says which codes and scales stand in the
    checkpoint.  Named formats (Q4_1, Q6_K, ...) are presets of one expression;
    no pass knows them by name.
  }];
  let useDefaultAttributePrinterParser = 1;
}

#endif // SINTER_ENCODING_BASE
