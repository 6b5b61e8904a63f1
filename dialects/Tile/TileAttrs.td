// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILEATTRS_TD
#define SINTER_DIALECTS_TILE_TILEATTRS_TD

include "dialects/Tile/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Tile_Attr<string name, string attrMnemonic> : AttrDef<Tile_Dialect, name> {
  let mnemonic = attrMnemonic;
}

//===- Enumerations -------------------------------------------------------===//

def Tile_Arrange : I32EnumAttr<"Arrange", "how several matrices form one", [
    I32EnumAttrCase<"Stack", 0, "stack">,
    I32EnumAttrCase<"Interleave16", 1, "interleave16">]> {
  let cppNamespace = "::sinter::tile";
  let genSpecializedAttr = 0;
}
def Tile_ArrangeAttr : EnumAttr<Tile_Dialect, Tile_Arrange, "arrange"> {
  let summary = "how several matrices form one";
  let description = [{
    `stack`: the rows of the sources follow one another.  `interleave16`: each
    strip of 32 rows holds 16 rows of the first source, then the same 16 rows of
    the second one, so that a product of the two is formed in registers.
  }];
}

def Tile_Gate : I32EnumAttr<"Gate", "activation of a gated product", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Silu", 1, "silu">]> {
  let cppNamespace = "::sinter::tile";
  let genSpecializedAttr = 0;
}
def Tile_GateAttr : EnumAttr<Tile_Dialect, Tile_Gate, "gate"> {
  let summary = "activation of a gated product: act(gate) * up";
}

def Tile_Split : I32EnumAttr<"Split", "how workers share an op", [
    I32EnumAttrCase<"Rows", 0, "rows">,
    I32EnumAttrCase<"Own", 1, "own">,
    I32EnumAttrCase<"Columns", 2, "columns">]> {
  let cppNamespace = "::sinter::tile";
  let genSpecializedAttr = 0;
}
def Tile_SplitAttr : EnumAttr<Tile_Dialect, Tile_Split, "split"> {
  let summary = "how workers share an op";
  let description = [{
    `rows`: a worker has a share of the rows.  `own`: the same while rows are
    many; while they are few (kFewRows), every worker makes all of them, in a
    copy of its own, instead of waiting for the others.  `columns`: a worker has
    all rows of a share of the blocks of 32 columns.
  }];
}

def Tile_ColumnsAttr : Tile_Attr<"Columns", "columns"> {
  let summary = "a range of columns that workers share in units";
  let description = [{
    Worker w of W has the units [U w / W, U (w + 1) / W) of the columns
    `first` .. `last`, U = (last - first) / unit rounded up.

    ```mlir
    #tile.columns<0 to 960 by 32>
    ```
  }];
  let parameters = (ins "int64_t":$first, "int64_t":$last, "int64_t":$unit);
  let assemblyFormat = "`<` $first `to` $last `by` $unit `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t units() const {
      return (getLast() - getFirst() + getUnit() - 1) / getUnit();
    }
    bool contains(int64_t from, int64_t to) const {
      return getFirst() <= from && to <= getLast();
    }
  }];
}

//===- Packed matrices ----------------------------------------------------===//

def Tile_PackedAttr : Tile_Attr<"Packed", "packed"> {
  let summary = "a weight matrix in strip32 layout";
  let description = [{
    A matrix of `rows` x `cols` in strips of 32 rows (padded with zeros), blocks
    of 32 columns (padded with zeros); see StripLayout.h for the bytes.  Its
    buffer is a `memref<BYTESxi8>` where BYTES is the layout's total.

    ```mlir
    #tile.packed<#encoding.weight<...>, rows = 576, cols = 576, arrange = stack>
    ```
  }];
  let parameters = (ins "::mlir::Attribute":$encoding, "int64_t":$rows,
      "int64_t":$cols, EnumParameter<Tile_Arrange>:$arrange);
  let assemblyFormat = [{
    `<` $encoding `,` `rows` `=` $rows `,` `cols` `=` $cols `,`
    `arrange` `=` $arrange `>`
  }];
  let genVerifyDecl = 1;
}

//===- Bindings of a launch -----------------------------------------------===//

def Tile_ArenaAttr : Tile_Attr<"Arena", "arena"> {
  let summary = "the session's transient memory, from a byte offset on";
  let parameters = (ins "int64_t":$offset);
  let assemblyFormat = "`<` $offset `>`";
  let genVerifyDecl = 1;
}

def Tile_BufferAttr : Tile_Attr<"Buffer", "buffer"> {
  let summary = "a named buffer of the session, from a byte offset on";
  let description = [{
    `#tile.buffer<"ids">` or `#tile.buffer<"logits", 4096>`.
  }];
  let parameters = (ins StringRefParameter<>:$name,
      DefaultValuedParameter<"int64_t", "0">:$offset);
  let assemblyFormat = "`<` $name (`,` $offset^)? `>`";
  let genVerifyDecl = 1;
}

def Tile_WeightAttr : Tile_Attr<"Weight", "weight"> {
  let summary = "the bytes of a tile.packed or tile.vector";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$symbol);
  let assemblyFormat = "`<` $symbol `>`";
}

def Tile_StateAttr : Tile_Attr<"State", "state"> {
  let summary = "one plane of a paged state: (layer, 0) is K, (layer, 1) is V";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$symbol, "int64_t":$layer,
      "int64_t":$plane);
  let assemblyFormat = "`<` $symbol `,` $layer `,` $plane `>`";
  let genVerifyDecl = 1;
}

def Tile_PagesAttr : Tile_Attr<"Pages", "pages"> {
  let summary = "page ids of a state: one i32 for each 16 positions";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$symbol);
  let assemblyFormat = "`<` $symbol `>`";
}

#endif
