// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_ENCODING_ATTRS
#define SINTER_ENCODING_ATTRS

include "dialects/Encoding/EncodingBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"

class Encoding_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::sinter::encoding";
  let genSpecializedAttr = 0;
}

def Encoding_Number : Encoding_Enum<"Number", "an element or scale format", [
    I32EnumAttrCase<"F32", 0, "f32">, I32EnumAttrCase<"F16", 1, "f16">,
    I32EnumAttrCase<"BF16", 2, "bf16">, I32EnumAttrCase<"U4", 3, "u4">,
    I32EnumAttrCase<"U5", 4, "u5">, I32EnumAttrCase<"U6", 5, "u6">,
    I32EnumAttrCase<"S6", 6, "s6">, I32EnumAttrCase<"S8", 7, "s8">]>;

def Encoding_Addend : Encoding_Enum<"Addend", "the additive part of a level", [
    I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Zero", 1, "zero">,
    I32EnumAttrCase<"Add", 2, "add">, I32EnumAttrCase<"Sub", 3, "sub">]>;

def Encoding_LevelAttr : AttrDef<Encoding_Dialect, "Level"> {
  let mnemonic = "level";
  let summary = "One level of the scale tree of a weight";
  let description = [{
    Groups of `cols` neighbouring elements of a row share a scale, and maybe an
    addend: `zero z` means s (q - z); `add f16` means s q + m; `sub u6` means
    s q - m, where the minima m are numbers of the given format, themselves
    scaled by the `sub` part of the next outer level.

    Example: `(1, 32) f16 zero 8`.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$cols,
      EnumParameter<Encoding_Number>:$scale,
      EnumParameter<Encoding_Addend>:$addend,
      "int64_t":$zero, EnumParameter<Encoding_Number>:$minimum);
  let hasCustomAssemblyFormat = 1;
}

def Encoding_WeightAttr : AttrDef<Encoding_Dialect, "Weight", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "weight";
  let summary = "The encoding of a weight";
  let description = [{
    A dense matrix of codes and a tree of scales, innermost level first.

    Example: Q4_1 is `#encoding.weight<dense, u4, [(1, 32) f16 add f16]>`, Q4_K
    is `#encoding.weight<dense, u4, [(1, 32) u6 sub u6, (1, 256) f16 sub f16]>`.
  }];
  let parameters = (ins EnumParameter<Encoding_Number>:$code,
      OptionalArrayRefParameter<"::sinter::encoding::LevelAttr">:$levels);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The expression of a named format.
    static WeightAttr getPreset(::mlir::MLIRContext *ctx, Preset preset);
    /// The same by name; null if there is no format of that name.
    static WeightAttr getPreset(::mlir::MLIRContext *ctx, ::llvm::StringRef name);
    /// The preset that this expression is, if it is one.
    std::optional<Preset> getPreset() const;
    /// Its name, or "" if the expression has none.
    ::llvm::StringRef presetName() const;

    /// True if the element codes are floating point numbers.
    bool isFloat() const;
    /// Elements of a row that share the outermost scale: the number of columns
    /// is a multiple of it.
    int64_t blockElements() const;
    /// Bytes of a rows x cols matrix as the checkpoint stores it.  Only for
    /// presets.
    int64_t bytes(int64_t rows, int64_t cols) const;
    /// Reference decoder of one row of `cols` elements.  Only for presets.
    void decodeRow(const uint8_t *bytes, int64_t cols, float *out) const;
  }];
}

#endif // SINTER_ENCODING_ATTRS
