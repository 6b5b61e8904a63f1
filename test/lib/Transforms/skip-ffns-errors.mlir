// RUN: not llm-opt %s --decode-skip-ffns="layers=1" 2>&1 | FileCheck %s --check-prefix=WHOLE
// RUN: sed s/@layer/@ffn.layer/ %s | not llm-opt --decode-skip-ffns="layers=4" 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: sed s/@layer/@ffn.layer/ %s | not llm-opt --decode-skip-ffns="layers=1,1" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: sed s/@layer/@ffn.layer/ %s | not llm-opt --decode-skip-ffns="layers=1" 2>&1 | FileCheck %s --check-prefix=DRAFT
// RUN: sed s/@kv/@other/ %s | not llm-opt --decode-skip-ffns="layers=1" 2>&1 | FileCheck %s --check-prefix=STATE
// WHOLE: error: launches no feed-forward blocks of their own; was llm-split-layers run?
// LAYER: error: layer 4 cannot be dropped: the model has layers 0 to 3
// TWICE: error: layer 1 is named twice
// DRAFT: error: computes several rows at a time, as drafts need: blocks cannot be left out for each of them
// STATE: error: a model whose tokens leave out feed-forward blocks has @forward and a tile.state @kv

module {
  tile.buffer @arena bytes 8192
  tile.buffer @ids bytes 32
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
  func.func private @embed(%arena: memref<8192xi8>, %x: memref<8x32xf32>, %rows: index) attributes {tile.region} { return }
  func.func private @layer(%arena: memref<8192xi8>, %x: memref<8x32xf32>, %rows: index) attributes {tile.region} { return }
  func.func @forward(%rows: index, %position: index) {
    tile.launch @embed bindings([#tile.arena<0>, #tile.arena<0>]) scalars(%rows : index)
    tile.launch @layer bindings([#tile.arena<0>, #tile.arena<0>]) scalars(%rows : index)
    return
  }
  decode.drafter @copy copy match(1 to 3) most(3) policy(static)
  decode.program @p(%id: i64) attributes {params = ["id"]} {
    decode.feed %id
    %rows = decode.draft @copy most(%id)
    decode.step @kv rows(%rows) {
    ^bb0(%position: i64):
      decode.forward @forward rows(%rows) at(%position)
      decode.commit %rows
    }
    decode.return
  }
}
