// RUN: not llm-opt %s --tile-cut-layers=exits=max_prob@4=0.9 2>&1 | FileCheck %s --check-prefix=LAST
// RUN: not llm-opt %s --tile-cut-layers=exits=chance@2,chance@1 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: not llm-opt %s --tile-cut-layers=exits=guess@2 2>&1 | FileCheck %s --check-prefix=PROBE
// RUN: not llm-opt %s --tile-cut-layers=exits=chance@2=1.5 2>&1 | FileCheck %s --check-prefix=THRESHOLD
// RUN: not llm-opt %s --tile-cut-layers=exits=chance@half 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not llm-opt %s --tile-cut-layers=exits=chance@2 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not llm-opt %s --tile-cut-layers=exits=max_prob:100@2 2>&1 | FileCheck %s --check-prefix=TOKENS
// RUN: not llm-opt %s --tile-cut-layers=exits=similarity:32@2 2>&1 | FileCheck %s --check-prefix=HEADLESS
// LAST: error: exits: no token can leave after layer 4: the model has 4, so after 1 to 3
// ORDER: error: exits: the exit after layer 1 comes behind the one after layer 2
// PROBE: error: exits: 'guess' is no probe; there are max_prob, margin, entropy, similarity, linear and chance
// THRESHOLD: error: exits: 'chance@2=1.5' has no threshold from 0 to 1
// LAYER: error: exits: 'chance@half' does not say after which layer
// TOKENS: error: exits: 'max_prob:100' does not say a number of tokens that is a multiple of 32
// HEADLESS: error: exits: 'similarity:32': similarity does not ask a head
// ROWS: error: has no launch that writes hidden rows into the arena before its layers
module attributes {llm.vocabulary = 100 : i64} {
  tile.buffer @ids bytes 32
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
  func.func @head(%first: index, %rows: index) { return }
}
