// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_DIALECTS_TILE_TILEBASE_TD
#define SINTER_DIALECTS_TILE_TILEBASE_TD

include "dialects/Tile/TileAttrs.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

def Tile_Int : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer">;

// A buffer with static shape and one of the element types.
class Tile_Buf<list<Type> types, list<int> ranks>
    : ConfinedType<MemRefRankOf<types, ranks>, [HasStaticShapePred],
                   "a buffer with static shape">;
def Tile_Rows : Tile_Buf<[F32], [2]>;      // R x Cp activations
def Tile_Rows16 : Tile_Buf<[BF16], [2]>;   // the same, rounded
def Tile_AnyRows : Tile_Buf<[F32, BF16], [2]>;
def Tile_Vec : Tile_Buf<[F32], [1]>;       // padded to 32
def Tile_Bytes : Tile_Buf<[I8], [1]>;      // packed weights
def Tile_Ids : Tile_Buf<[I32], [1]>;
def Tile_Codes : Tile_Buf<[I8], [4]>;      // R/4 x KB x 4 x 32
def Tile_SideF : Tile_Buf<[F32], [3]>;     // R/4 x KB x 4
def Tile_SideI : Tile_Buf<[I32], [3]>;
def Tile_Plane : Tile_Buf<[F16, BF16, F32, I8], [4]>; // see KvLayout.h
def Tile_Table : Tile_Buf<[F32], [3]>;     // R x rot/2 x (cos, sin)
def Tile_F32 : Tile_Buf<[F32], [1, 2]>;
def Tile_Places : Tile_Buf<[I32], [2]>;    // R x 4, see Tile_RopeTableOp

class In<TypeConstraint type> : Arg<type, "", [MemRead]>;
class Out<TypeConstraint type> : Arg<type, "", [MemWrite]>;
class InOut<TypeConstraint type> : Arg<type, "", [MemRead, MemWrite]>;

#endif // SINTER_DIALECTS_TILE_TILEBASE_TD
