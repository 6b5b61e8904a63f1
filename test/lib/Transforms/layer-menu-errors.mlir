// RUN: not llm-opt %s --decode-layer-menu=shares=75,80 2>&1 | FileCheck %s --check-prefix=FALL
// RUN: not llm-opt %s --decode-layer-menu=shares=0 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not llm-opt %s --decode-layer-menu=shares=25 2>&1 | FileCheck %s --check-prefix=DEEP
// RUN: not llm-opt %s --decode-layer-menu=shares=99,98 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not llm-opt %s --decode-layer-menu=shares=50,49 2>&1 | FileCheck %s --check-prefix=SAME
// RUN: not llm-opt %s --decode-layer-menu="shares=75 order=4" 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not llm-opt %s --decode-layer-menu="shares=75 order=1,1" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not llm-opt %s --decode-layer-menu="shares=75 from=8,16" 2>&1 | FileCheck %s --check-prefix=FROM
// FALL: error: a depth of 80 % cannot come after one of 75 %: they fall, and stay above 0
// ZERO: error: a depth of 0 % cannot come after one of 100 %
// DEEP: error: a depth of 25 % leaves out 3 of 4 layers, of which 2 can go, and other depths 0
// NONE: error: a depth of 99 % leaves out 0 of 4 layers
// SAME: error: a depth of 49 % leaves out 2 of 4 layers, of which 2 can go, and other depths 2
// LAYER: error: layer 4 cannot be dropped: the model has layers 0 to 3
// TWICE: error: layer 1 is named twice
// FROM: error: has 2 lengths of prompts for 1 depths

module {
  tile.state @kv {layers = 4, kv_heads = 1, head_dim = 16} : f16
  func.func @forward(%rows: index, %position: index) { return }
}
