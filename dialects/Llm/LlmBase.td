// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_LLM_BASE
#define SINTER_LLM_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Llm_Dialect : Dialect {
  let name = "llm";
  let cppNamespace = "::sinter::llm";
  let summary = "What a language model computes";
  let description = [{
    Ops at the grain at which models are described: linear, norm, rotary
    embedding, attention, gated activation.  Values are tensors whose first
    dimension is the dynamic number of tokens in flight.  Weights are symbols
    over bytes that stay in the checkpoint; session state is a handle that is
    used linearly: whoever changes it takes the handle and returns the next.

    A model is a module with a function `@forward` (ids, positions, state ->
    hidden rows, state) and a function `@head` (hidden rows -> logits). Heads that
    draft are functions `@draft.head.1`, `.2`, ... (hidden row, ids drafted so far
    -> logits, of some tokens or of all).
  }];
  let dependentDialects = ["::sinter::encoding::EncodingDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    /// Module attributes that describe the model.
    static constexpr ::llvm::StringLiteral kName = "llm.name";
    static constexpr ::llvm::StringLiteral kArchitecture = "llm.architecture";
    static constexpr ::llvm::StringLiteral kMaxContext = "llm.max_context";
    static constexpr ::llvm::StringLiteral kVocabulary = "llm.vocabulary";
    /// The checkpoint file that the module was imported from.
    static constexpr ::llvm::StringLiteral kSource = "llm.source";
    /// The file that its heads for drafts came from.
    static constexpr ::llvm::StringLiteral kHeadsSource = "llm.heads_source";
  }];
}

//===----------------------------------------------------------------------===//
// Where the bytes of a weight come from
//===----------------------------------------------------------------------===//

class Llm_Attr<string name, string mnem> : AttrDef<Llm_Dialect, name> {
  let mnemonic = mnem;
}

def Llm_FileAttr : Llm_Attr<"File", "file"> {
  let summary = "Bytes of a checkpoint file";
  let description = [{
    `bytes` bytes at `offset` of the file `path`; `key` is the name of the
    tensor there.  Nothing is read until the weight is packed or interpreted.
  }];
  let parameters = (ins StringRefParameter<>:$path, StringRefParameter<>:$key,
      "uint64_t":$offset, "uint64_t":$bytes);
  let assemblyFormat = "`<` $path `,` $key `,` $offset `,` $bytes `>`";
}

def Llm_SplatAttr : Llm_Attr<"Splat", "splat"> {
  let summary = "The same number everywhere, rounded as the encoding rounds it";
  let parameters = (ins "::mlir::FloatAttr":$value);
  let assemblyFormat = "`<` $value `>`";
}

def Llm_SeedAttr : Llm_Attr<"Seed", "seed"> {
  let summary = "Reproducible noise in about [-scale, scale]";
  let description = [{
    For tests that need no checkpoint: the bytes of the encoded form are drawn
    from a fixed generator, with finite scales.
  }];
  let parameters = (ins "uint64_t":$seed, "::mlir::FloatAttr":$scale);
  let assemblyFormat = "`<` $seed `,` $scale `>`";
}

def Llm_DataAttr : Llm_Attr<"Data", "data"> {
  let summary = "The numbers themselves; for small vectors";
  let parameters = (ins "::mlir::DenseFPElementsAttr":$values);
  let assemblyFormat = "`<` $values `>`";
}

def Llm_SelectedAttr : Llm_Attr<"Selected", "selected"> {
  let summary = "Some rows of a matrix of a checkpoint file";
  let description = [{
    Row i of the weight is row `rows[i]` of the matrix, whose encoding is the
    weight's: `#llm.selected<<"model.gguf", "token_embd.weight", 1744, 207360>, [3, 7]>`.
  }];
  let parameters = (ins "FileAttr":$file, "::mlir::DenseI32ArrayAttr":$rows);
  let assemblyFormat = "`<` $file `,` $rows `>`";
}

def Llm_QuantizedAttr : Llm_Attr<"Quantized", "quantized"> {
  let summary = "Numbers of a checkpoint file that become Q8_0";
  let description = [{
    The file has them as `from` (F32, F16 or BF16); each block of 32 gets the
    scale max|x| / 127, as an f16, and the nearest codes.
  }];
  let parameters = (ins "FileAttr":$file, StringRefParameter<>:$from);
  let assemblyFormat = "`<` $file `,` $from `>`";
}

def Llm_SourceAttr : AnyAttrOf<[Llm_FileAttr, Llm_SplatAttr, Llm_SeedAttr, Llm_DataAttr,
                                Llm_SelectedAttr, Llm_QuantizedAttr],
    "#llm.file, #llm.splat, #llm.seed, #llm.data, #llm.selected or #llm.quantized">;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Llm_KVCacheType : TypeDef<Llm_Dialect, "KVCache"> {
  let mnemonic = "kv_cache";
  let summary = "Handle of the key-value cache of a session";
  let description = [{
    Keys and values of all layers: `kv_heads` heads of `head_dim` numbers of
    type `element` a position.  Used linearly.

    Example: `!llm.kv_cache<30 layers, 3 heads, 64, f32>`.
  }];
  let parameters = (ins "int64_t":$layers, "int64_t":$kvHeads, "int64_t":$headDim,
      "::mlir::Type":$element);
  let assemblyFormat = [{
    `<` $layers `layers` `,` $kvHeads `heads` `,` $headDim `,` $element `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Columns of a row of keys or of values.
    int64_t getCols() const { return getKvHeads() * getHeadDim(); }
  }];
}

def Llm_Ids : 1DTensorOf<[I32]>;
def Llm_Rows : 2DTensorOf<[F32]>;
def Llm_Matrix : 2DTensorOf<[F32]>;
def Llm_Vector : 1DTensorOf<[F32]>;
def Llm_Scores : 3DTensorOf<[F32]>;

class Llm_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::sinter::llm";
}
def Llm_Arrange : Llm_Enum<"Arrange", "how the rows of several matrices form one", [
    I32EnumAttrCase<"Stack", 0, "stack">,
    I32EnumAttrCase<"Interleave16", 1, "interleave16">]>;
def Llm_Activation : Llm_Enum<"Activation", "an activation function", [
    I32EnumAttrCase<"Silu", 0, "silu">]>;

#endif // SINTER_LLM_BASE
