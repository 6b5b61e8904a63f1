// RUN: llm-opt %s --convert-tile-to-vector | FileCheck %s

// Only worker 0 works; the id of the first largest logit wins.
// CHECK-LABEL: @argmax
// CHECK:         %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : index
// CHECK-NEXT:    scf.if %[[FIRST]] {
// CHECK:           arith.cmpf ogt, {{.*}} : vector<16xf32>
// CHECK:           memref.store %{{.*}}, %{{.*}} : memref<1xi32>
// CHECK:         }
// CHECK-NEXT:    return
func.func @argmax(%l: memref<4x64xf32>, %w: memref<64xf32>, %t: memref<1xi32>) attributes {tile.region} {
  tile.argmax %l, %w -> %t {vocabulary = 60} : memref<4x64xf32>, memref<64xf32> -> memref<1xi32>
  return
}

// Greedy unless the temperature is positive; thresholds by bisection.
// CHECK-LABEL: @sample
// CHECK:         arith.cmpf ogt, %{{.*}}, %{{.*}} : f32
// CHECK:         scf.if
// CHECK:           scf.while
// CHECK:           scf.while
// CHECK:           vector.gather
// CHECK-NOT:     math.log
// CHECK-NOT:     math.exp
func.func @sample(%l: memref<4x64xf32>, %w: memref<128xf32>, %t: memref<1xi32>, %seed: i64, %pos: index, %temp: f32, %k: index, %p: f32, %m: f32) attributes {tile.region} {
  %row = arith.constant 0 : index
  tile.sample %l, %w -> %t row(%row) seed(%seed) position(%pos) temperature(%temp) top_k(%k) top_p(%p) min_p(%m) {vocabulary = 60}
    : memref<4x64xf32>, memref<128xf32> -> memref<1xi32>
  return
}

// An id is changed only where it first appears in the window.
// CHECK-LABEL: @penalize
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             vector.maskedload
// CHECK:           vector.reduction <or>
// CHECK:           scf.if
// CHECK:             arith.divf
// CHECK:             arith.mulf
func.func @penalize(%l: memref<4x64xf32>, %h: memref<100xi32>, %n: index, %w: index, %p: f32) attributes {tile.region} {
  %row = arith.constant 0 : index
  tile.penalize %l, %h row(%row) count(%n) window(%w) penalty(%p) {vocabulary = 60} : memref<4x64xf32>, memref<100xi32>
  return
}

// Ids of the text, or what stands in for them: ~t, where an entry t is negative.
// CHECK-LABEL: @read_history
// CHECK:         scf.for
// CHECK:           memref.load %{{.*}} : memref<256xi32>
// CHECK:           arith.cmpi ult, %{{.*}}, %{{.*}} : index
// CHECK:           scf.if
// CHECK:             memref.load %{{.*}} : memref<32xi32>
// CHECK:             arith.xori
// CHECK:             arith.select
// CHECK:           memref.store %{{.*}} : memref<8xi32>
func.func @read_history(%h: memref<256xi32>, %ids: memref<8xi32>, %t: memref<32xi32>, %n: index, %at: index) attributes {tile.region} {
  tile.read_history %h -> %ids rows(%n) at(%at) tokens(%t : memref<32xi32>) : memref<256xi32> -> memref<8xi32>
  return
}

// Tokens that the other vocabulary lacks are never drawn.
// CHECK-LABEL: @map_logits
// CHECK-DAG:     %[[NEVER:.*]] = arith.constant dense<0xFF800000> : vector<16xf32>
// CHECK:         arith.cmpi sge, %{{.*}}, %{{.*}} : vector<16xi32>
// CHECK-NEXT:    vector.gather {{.*}}, %[[NEVER]]
func.func @map_logits(%x: memref<1x32xf32>, %t: memref<64xi32>, %y: memref<4x64xf32>) attributes {tile.region} {
  tile.map_logits %x, %t -> %y : memref<1x32xf32>, memref<64xi32> -> memref<4x64xf32>
  return
}
