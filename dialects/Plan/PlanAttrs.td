// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes of the `plan` dialect: what a dispatch binds, and enumerations.

#ifndef SINTER_DIALECTS_PLAN_PLANATTRS_TD
#define SINTER_DIALECTS_PLAN_PLANATTRS_TD

include "dialects/Plan/PlanDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Plan_Attr<string name, string text> : AttrDef<Plan_Dialect, name> {
  let mnemonic = text;
}

def Plan_BufferBinding : Plan_Attr<"BufferBinding", "buffer"> {
  let summary = "Bytes of a session buffer, from `offset` on";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$buffer,
                        DefaultValuedParameter<"int64_t", "0">:$offset);
  let assemblyFormat = "`<` $buffer (`,` $offset^)? `>`";
}

def Plan_WeightBinding : Plan_Attr<"WeightBinding", "weight"> {
  let summary = "A packed weight (in the file: its section and offset)";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$weight);
  let assemblyFormat = "`<` $weight `>`";
}

def Plan_SectionBinding : Plan_Attr<"SectionBinding", "section"> {
  let summary = "Bytes of a section that no `plan.weight` names";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$section,
                        DefaultValuedParameter<"int64_t", "0">:$offset);
  let assemblyFormat = "`<` $section (`,` $offset^)? `>`";
}

def Plan_PlaneBinding : Plan_Attr<"PlaneBinding", "plane"> {
  let summary = "All pages of one layer and plane (0: K, 1: V) of a state";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$state, "int64_t":$layer,
                        "int64_t":$plane);
  let assemblyFormat = "`<` $state `,` $layer `,` $plane `>`";
}

def Plan_PagesBinding : Plan_Attr<"PagesBinding", "pages"> {
  let summary = "The page table of a state: i32 page id per block of positions";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$state);
  let assemblyFormat = "`<` $state `>`";
}

def Plan_Segment : Plan_Attr<"Segment", "segment"> {
  let summary = "A load range of a code object";
  let parameters = (ins "int64_t":$address, "int64_t":$offset, "int64_t":$bytes,
                        "bool":$executable);
  let assemblyFormat = "`<` struct(params) `>`";
}

class Plan_Enum<string name, string description, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, description, cases> {
  let cppNamespace = "::sinter::planir";
}

// The numbers are those of the schema.
def Plan_ArithKind : Plan_Enum<"ArithKind", "integer operation", [
    I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">,
    I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
    I32EnumAttrCase<"Rem", 4, "rem">, I32EnumAttrCase<"Min", 5, "min">,
    I32EnumAttrCase<"Max", 6, "max">, I32EnumAttrCase<"Eq", 7, "eq">,
    I32EnumAttrCase<"Ne", 8, "ne">, I32EnumAttrCase<"Lt", 9, "lt">,
    I32EnumAttrCase<"Le", 10, "le">, I32EnumAttrCase<"And", 11, "and">,
    I32EnumAttrCase<"Or", 12, "or">]>;

def Plan_SectionKind : Plan_Enum<"SectionKind", "what a section holds", [
    I32EnumAttrCase<"Weights", 0, "weights">, I32EnumAttrCase<"Code", 1, "code">]>;

def Plan_DrafterKind : Plan_Enum<"DrafterKind", "how a drafter finds ids", [
  I32EnumAttrCase<"Copy", 0, "copy">, I32EnumAttrCase<"Lookup", 1, "lookup">,
  I32EnumAttrCase<"Priority", 2, "priority">, I32EnumAttrCase<"Model", 3, "model">,
  I32EnumAttrCase<"Ngram", 4, "ngram">, I32EnumAttrCase<"Trigram", 5, "trigram">,
  I32EnumAttrCase<"Recycle", 6, "recycle">, I32EnumAttrCase<"Merge", 7, "merge">,
  I32EnumAttrCase<"Heads", 8, "heads">, I32EnumAttrCase<"Bandit", 9, "bandit">]>;

def Plan_PolicyKind : Plan_Enum<"PolicyKind", "how many ids are drafted", [
  I32EnumAttrCase<"Static", 0, "static">,
  I32EnumAttrCase<"Goodput", 1, "goodput">,
  I32EnumAttrCase<"Ema", 2, "ema">, I32EnumAttrCase<"Entropy", 3, "entropy">,
  I32EnumAttrCase<"Disco", 4, "disco">]>;

#endif
