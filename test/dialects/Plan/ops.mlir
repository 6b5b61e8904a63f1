// RUN: llm-opt %s | llm-opt | FileCheck %s
// RUN: llm-opt %s --mlir-print-op-generic | llm-opt | FileCheck %s
// Every op and attribute prints what it reads.

// CHECK: plan.model "tiny" architecture("llama") vocabulary(100) max_context(256) max_rows(8) logits_rows(2) input(@ids) history(@history)
plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@ids) history(@history)
// CHECK: plan.section @weights weights bytes(320)
plan.section @weights weights bytes(320)
// CHECK: plan.section @v3 code bytes(64)
plan.section @v3 code bytes(64)
// CHECK: plan.weight @norm in(@weights) at(64) bytes(192) shape(1, 33) encoding("f32") sources(["norm.weight"])
plan.weight @norm in(@weights) at(64) bytes(192) shape(1, 33) encoding("f32") sources(["norm.weight"])
// CHECK: plan.code @code.v3 level("x86-64-v3") features(["avx2"]) in(@v3) image(4096) segments([#plan.segment<address = 0, offset = 0, bytes = 64, executable = true>]) entries([16])
plan.code @code.v3 level("x86-64-v3") features(["avx2"]) in(@v3) image(4096)
  segments([#plan.segment<address = 0, offset = 0, bytes = 64, executable = true>]) entries([16])
// CHECK: plan.kernel @layer bindings(["arena", "w"]) scalars(["rows"])
plan.kernel @layer bindings(["arena", "w"]) scalars(["rows"])
// CHECK: plan.buffer @arena bytes(4096)
// CHECK-NOT: per_position(0)
plan.buffer @arena bytes(4096)
plan.buffer @ids bytes(32)
// CHECK: plan.buffer @history bytes(0) per_position(4)
plan.buffer @history bytes(0) per_position(4)
// CHECK: plan.buffer @attention bytes(64) per_position(90) per_worker(4096)
plan.buffer @attention bytes(64) per_position(90) per_worker(4096)
// CHECK: plan.state @kv layers(2) page_tokens(16) page_bytes([512, 1024]) type("f16")
plan.state @kv layers(2) page_tokens(16) page_bytes([512, 1024]) type("f16")
// CHECK: plan.state @view of(@kv) layers(1) page_tokens(16) page_bytes([512, 1024]) type("f16")
plan.state @view of(@kv) layers(1) page_tokens(16) page_bytes([512, 1024]) type("f16")
// CHECK: plan.state @ring window(64) sinks(4) slack(16) layers(1) page_tokens(16) page_bytes([512, 1024]) type("f16")
plan.state @ring window(64) sinks(4) slack(16) layers(1) page_tokens(16) page_bytes([512, 1024]) type("f16")
// CHECK: plan.drafter @copy copy match(3 to 16) most(15) policy(goodput)
plan.drafter @copy copy match(3 to 16) most(15) policy(goodput)
// CHECK: plan.drafter @both priority match(0 to 0) most(15) policy(static) parts([@copy])
plan.drafter @both priority match(0 to 0) most(15) policy(static) parts([@copy])
// CHECK: plan.buffer @recycled bytes(400)
plan.buffer @recycled bytes(400)
// CHECK: plan.drafter @recycle recycle match(0 to 0) most(15) policy(goodput) buffer(@recycled)
plan.drafter @recycle recycle match(0 to 0) most(15) policy(goodput) buffer(@recycled)
// CHECK: plan.drafter @ranks recycle match(0 to 0) most(15) policy(goodput) buffer(@recycled) keeps(8) branches(3)
plan.drafter @ranks recycle match(0 to 0) most(15) policy(goodput) buffer(@recycled) keeps(8) branches(3)

// Parameters keep their names.
// CHECK-LABEL: plan.func @all(%chunk: i64, %seed: i64) -> (i64, i64) attributes {params = ["chunk", "seed"]}
plan.func @all(%a: i64, %b: i64) -> (i64, i64) attributes {params = ["chunk", "seed"]} {
  // CHECK: %[[C:.*]] = plan.const -7
  %c = plan.const -7
  // CHECK: plan.dispatch @layer bindings([#plan.buffer<@arena, 64>, #plan.weight<@norm>]) scalars(%chunk)
  plan.dispatch @layer bindings([#plan.buffer<@arena, 64>, #plan.weight<@norm>]) scalars(%a)
  // CHECK: plan.dispatch @layer bindings([#plan.plane<@kv, 1, 0>, #plan.pages<@kv>]) scalars(%chunk)
  plan.dispatch @layer bindings([#plan.plane<@kv, 1, 0>, #plan.pages<@kv>]) scalars(%a)
  // CHECK: plan.dispatch @layer bindings([#plan.buffer<@arena>, #plan.section<@weights, 64>]) scalars(%chunk)
  plan.dispatch @layer bindings([#plan.buffer<@arena>, #plan.section<@weights, 64>]) scalars(%a)
  // CHECK: plan.arith max %chunk, %[[C]]
  %max = plan.arith max %a, %c
  // CHECK: %[[IF:.*]]:2 = plan.if %seed -> i64, i64 {
  // CHECK:   plan.yield
  // CHECK: } else {
  %x:2 = plan.if %b -> i64, i64 {
    plan.yield %a, %b
  } else {
    plan.yield %c, %max
  }
  // CHECK: plan.if %[[IF]]#0 {
  // CHECK-NOT: else
  // CHECK: %[[W:.*]]:2 = plan.while init(%[[C]]) {
  plan.if %x#0 {
    plan.truncate @kv, %c
  }
  %w:2 = plan.while init(%c) {
  // CHECK: ^bb0(%[[I:.*]]: i64):
  // CHECK:   plan.condition %[[I]], %[[I]], %seed
  // CHECK: } do {
  ^bb0(%i: i64):
    plan.condition %i, %i, %b
  } do {
  ^bb0(%i: i64, %j: i64):
    plan.yield %j
  } -> i64, i64
  // CHECK: %[[T:.*]] = plan.load_i32 @ids at(28)
  %t = plan.load_i32 @ids at(28)
  // CHECK: plan.store_i32 %[[T]], @ids at(0)
  plan.store_i32 %t, @ids at(0)
  // CHECK: plan.length @kv
  %length = plan.length @kv
  // CHECK: plan.capacity @kv
  %capacity = plan.capacity @kv
  // CHECK: plan.reserve @kv, %{{.*}}
  plan.reserve @kv, %length
  // CHECK: %[[DRAFT:.*]] = plan.draft @both, %{{.*}}
  %draft = plan.draft @both, %length
  // CHECK: plan.keep @kv, %[[DRAFT]]
  plan.keep @kv, %draft
  // CHECK: plan.propose %[[DRAFT]], %{{.*}}
  plan.propose %draft, %length
  // CHECK: plan.follow %[[DRAFT]], %{{.*}}
  %follow = plan.follow %draft, %length
  // CHECK: plan.observe %[[DRAFT]], %{{.*}}
  plan.observe %draft, %length
  // CHECK: plan.recycle %[[DRAFT]], @recycled
  plan.recycle %draft, @recycled
  // CHECK: plan.commit @kv, %{{.*}}
  plan.commit @kv, %capacity
  // CHECK: %[[IN:.*]] = plan.take_input %chunk, @ids at(0)
  %in = plan.take_input %a, @ids at(0)
  // CHECK: %[[ROWS:.*]], %[[RUNS:.*]], %[[WANTED:.*]] = plan.take_rows @arena at(64)
  %rows, %runs, %wanted = plan.take_rows @arena at(64)
  // CHECK: plan.reserve_rows @kv
  plan.reserve_rows @kv
  // CHECK: plan.commit_rows @kv
  plan.commit_rows @kv
  // CHECK: %[[PLACE:.*]], %{{.*}} = plan.place_draft @kv, @arena at(64)
  %place, %paths = plan.place_draft @kv, @arena at(64)
  // CHECK: plan.keep_row @kv, %[[PLACE]]
  plan.keep_row @kv, %place
  // CHECK: plan.position_after %[[PLACE]]
  %after = plan.position_after %place
  // CHECK: plan.emit_token %[[IN]]
  %stop = plan.emit_token %in
  // CHECK: plan.emit_logits %{{.*}}, @arena at(4)
  plan.emit_logits %stop, @arena at(4)
  // CHECK: plan.call @none()
  plan.call @none()
  // CHECK: plan.call @all(%{{.*}}, %{{.*}}) -> i64, i64
  %r:2 = plan.call @all(%w#0, %w#1) -> i64, i64
  // CHECK: plan.return %{{.*}}, %{{.*}}
  plan.return %r#0, %r#1
}

// CHECK-LABEL: plan.func @none()
plan.func @none() attributes {params = []} {
  plan.return
}
