// RUN: llm-opt %s | llm-opt | FileCheck %s
// RUN: llm-opt %s --mlir-print-op-generic | llm-opt | FileCheck %s

tile.state @kv {layers = 2, kv_heads = 1, head_dim = 16} : f16
func.func private @forward(index, index)
func.func private @head(index, index)
func.func private @sample(index, i64)

// CHECK-LABEL: decode.program @generate(%chunk: i64, %seed: i64) -> i64 attributes {params = ["chunk", "seed"]}
decode.program @generate(%chunk: i64, %seed: i64) -> i64 attributes {params = ["chunk", "seed"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  // CHECK: %[[LAST:.*]] = decode.prefill @kv chunk(%chunk) {
  // CHECK-NEXT: ^bb0(%[[ROWS:.*]]: i64, %[[AT:.*]]: i64):
  // CHECK-NEXT: decode.forward @forward rows(%[[ROWS]]) at(%[[AT]])
  // CHECK-NEXT: decode.commit %[[ROWS]]
  %last = decode.prefill @kv chunk(%chunk) {
  ^bb0(%rows: i64, %position: i64):
    decode.forward @forward rows(%rows) at(%position)
    decode.commit %rows
  }
  // CHECK: decode.head @head first(%{{.*}}) rows(%{{.*}})
  decode.head @head first(%zero) rows(%one)
  // CHECK: decode.emit_logits %{{.*}}
  decode.emit_logits %one
  // CHECK: decode.loop init(%{{.*}}) {
  %token, %made = decode.loop init(%zero) {
  ^bb0(%n: i64):
    // CHECK: decode.length @kv
    %position = decode.length @kv
    // CHECK: decode.room @kv
    %room = decode.room @kv
    // CHECK: decode.sample @sample (%{{.*}}, %seed)
    %drawn = decode.sample @sample(%position, %seed)
    // CHECK: %[[STOP:.*]] = decode.emit
    %stop = decode.emit %drawn
    // CHECK: decode.stop %[[STOP]], %{{.*}}, %{{.*}}
    decode.stop %stop, %drawn, %room
  // CHECK: } next {
  } next {
  ^bb0(%drawn: i64, %n: i64):
    // CHECK: decode.feed
    decode.feed %drawn
    // CHECK: decode.step @kv rows(%{{.*}}) {
    decode.step @kv rows(%one) {
    ^bb0(%position: i64):
      decode.forward @forward rows(%one) at(%position)
      decode.commit %one
    }
    decode.head @head first(%zero) rows(%one)
    // CHECK: decode.next %{{.*}}
    decode.next %n
  // CHECK: } -> i64, i64
  } -> i64, i64
  // CHECK: decode.return %{{.*}}
  decode.return %made
}

func.func private @any(index, index, index)

// CHECK-LABEL: decode.program @step()
decode.program @step() attributes {params = []} {
  // CHECK: decode.batch @kv {
  // CHECK-NEXT: ^bb0(%[[ROWS:.*]]: i64, %[[RUNS:.*]]: i64, %[[WANTED:.*]]: i64):
  // CHECK-NEXT: decode.forward @any rows(%[[ROWS]]) runs(%[[RUNS]])
  // CHECK-NEXT: decode.commit %[[ROWS]]
  decode.batch @kv {
  ^bb0(%rows: i64, %runs: i64, %wanted: i64):
    decode.forward @any rows(%rows) runs(%runs)
    decode.commit %rows
  }
  decode.return
}
