// RUN: rm -rf %t && mkdir %t
// RUN: plan-write %s -o %t/a.plan
// RUN: llm-dump --program %t/a.plan | FileCheck %s
// Equal inputs give equal bytes, whatever the number of threads.
// RUN: plan-write %s -o %t/b.plan --pack-threads=4
// RUN: cmp %t/a.plan %t/b.plan
// Nothing but the plans is left.
// RUN: ls %t | FileCheck %s --check-prefix=FILES
// FILES:      a.plan
// FILES-NEXT: b.plan
// FILES-NOT:  {{.}}

// The program that was read back says the same when it is written again.
// CHECK:      plan.model "tiny" architecture("llama") vocabulary(100) max_context(256) max_rows(8) logits_rows(2) input(@ids) history(@history)
// CHECK:      plan.section @weights weights bytes(320)
// CHECK:      plan.section @"x86-64-v3" code bytes(32)
// CHECK:      plan.buffer @ids bytes(32)
// CHECK:      plan.buffer @history bytes(0) per_position(4)
// CHECK:      plan.state @kv layers(2) page_tokens(16) page_bytes([512, 1024]) type("f16")
// CHECK:      plan.state @rnn recurrent layers(1) page_tokens(256) page_bytes([128, 1024]) type("f32")
// CHECK:      plan.costs rows([1.000000e+00, 1.000000e+00, 1.125000e+00, 1.250000e+00, 1.500000e+00, 2.000000e+00, 2.500000e+00, 3.000000e+00, 3.500000e+00, 4.000000e+00, 4.500000e+00, 5.000000e+00, 5.500000e+00, 6.000000e+00, 6.500000e+00, 7.000000e+00]) id(3.750000e-01) measured
// CHECK:      plan.ffns layers([1]) threshold(7.500000e-01) warm_up(9) buffer(@arena)
// CHECK:      plan.weight @norm in(@weights) at(0) bytes(192) shape(1, 33) encoding("f32") sources(["norm.weight"])
// CHECK:      plan.weight @table in(@weights) at(192) bytes(100)
// CHECK:      plan.retrieval width(33) entries(1) nearest(1) similar(5.000000e-01) keep(7.500000e-01) key(@arena) choice(@arena) keys(@norm) laws(@table)
// CHECK:      plan.kernel @layer bindings(["arena", "w"]) scalars(["rows"])
// CHECK:      plan.kernel @other bindings([]) scalars([])
// CHECK:      plan.code @"code.x86-64-v3" level("x86-64-v3") features(["avx2", "fma"]) in(@"x86-64-v3") image(4096) segments([#plan.segment<address = 0, offset = 0, bytes = 32, executable = true>]) entries([0, 16])

plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@ids) history(@history)
plan.section @weights weights bytes(320)
plan.buffer @arena bytes(4096)
plan.buffer @ids bytes(32)
plan.buffer @history bytes(0) per_position(4)
plan.buffer @logits bytes(1024)
plan.buffer @token bytes(4)
plan.state @kv layers(2) page_tokens(16) page_bytes([512, 1024]) type("f16")
plan.state @rnn recurrent layers(1) page_tokens(256) page_bytes([128, 1024]) type("f32")
plan.costs rows([1.0, 1.0, 1.125, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0]) id(0.375) measured
plan.ffns layers([1]) threshold(0.75) warm_up(9) buffer(@arena)
plan.weight @norm in(@weights) at(0) bytes(192) shape(1, 33) encoding("f32") sources(["norm.weight"])
plan.weight @table in(@weights) at(192) bytes(100) shape(10, 10) encoding("u8") sources(["a", "b"])
plan.retrieval width(33) entries(1) nearest(1) similar(0.5) keep(0.75) key(@arena) choice(@arena) keys(@norm) laws(@table)
plan.kernel @layer bindings(["arena", "w"]) scalars(["rows"])
plan.kernel @other bindings([]) scalars([])

// CHECK-LABEL: plan.func @peeks(
// CHECK-SAME:    %[[MOST:[a-z]+]]: i64, %[[FROM:[a-z]+]]: i64)
// CHECK-NEXT:    %[[SEEN:.+]] = plan.peek_input %[[MOST]], %[[FROM]], @ids
// CHECK-NEXT:    plan.return %[[SEEN]]
plan.func @peeks(%most: i64, %from: i64) -> i64 attributes {params = ["most", "from"]} {
  %rows = plan.peek_input %most, %from, @ids
  plan.return %rows
}

// CHECK-LABEL: plan.func @dispatches(
// CHECK-SAME:    %[[ROWS:[a-z]+]]: i64, %[[POS:[a-z]+]]: i64) attributes {params = ["rows", "position"]}
// CHECK-NEXT:    plan.dispatch @layer bindings([#plan.buffer<@arena, 64>, #plan.weight<@table>]) scalars(%[[ROWS]])
// CHECK-NEXT:    plan.dispatch @layer bindings([#plan.plane<@kv, 1, 1>, #plan.pages<@kv>]) scalars(%[[POS]])
// CHECK-NEXT:    plan.dispatch @layer bindings([#plan.buffer<@ids>, #plan.section<@weights, 64>]) scalars(%[[POS]])
// CHECK-NEXT:    plan.dispatch @other bindings([]) scalars()
// CHECK-NEXT:    plan.return
plan.func @dispatches(%rows: i64, %position: i64) attributes {params = ["rows", "position"]} {
  plan.dispatch @layer bindings([#plan.buffer<@arena, 64>, #plan.weight<@table>]) scalars(%rows)
  plan.dispatch @layer bindings([#plan.plane<@kv, 1, 1>, #plan.pages<@kv>]) scalars(%position)
  plan.dispatch @layer bindings([#plan.buffer<@ids>, #plan.section<@weights, 64>]) scalars(%position)
  plan.dispatch @other bindings([]) scalars()
  plan.return
}

// Every op of the program.
// CHECK-LABEL: plan.func @ops(
// CHECK-SAME:    %[[A:[a-z]+]]: i64, %[[B:[a-z]+]]: i64) -> (i64, i64)
// CHECK-NEXT:    %[[C:.*]] = plan.const -5
// CHECK-NEXT:    %[[ADD:.*]] = plan.arith add %[[A]], %[[B]]
// CHECK-NEXT:    %[[OR:.*]] = plan.arith or %[[ADD]], %[[C]]
// CHECK-NEXT:    %[[LOAD:.*]] = plan.load_i32 @token at(0)
// CHECK-NEXT:    plan.store_i32 %[[LOAD]], @ids at(28)
// CHECK-NEXT:    %[[LEN:.*]] = plan.length @kv
// CHECK-NEXT:    %[[CAP:.*]] = plan.capacity @kv
// CHECK-NEXT:    plan.reserve @kv, %[[LEN]]
// CHECK-NEXT:    plan.commit @kv, %[[CAP]]
// CHECK-NEXT:    plan.truncate @kv, %[[OR]]
// CHECK-NEXT:    %[[IN:.*]] = plan.take_input %[[A]], @ids at(4)
// CHECK-NEXT:    %[[STOP:.*]] = plan.emit_token %[[IN]]
// CHECK-NEXT:    plan.emit_logits %[[STOP]], @logits at(8)
// CHECK-NEXT:    plan.call @dispatches(%[[A]], %[[B]])
// CHECK-NEXT:    plan.return %[[IN]], %[[STOP]]
plan.func @ops(%a: i64, %b: i64) -> (i64, i64) attributes {params = ["a", "b"]} {
  %c = plan.const -5
  %add = plan.arith add %a, %b
  %or = plan.arith or %add, %c
  %load = plan.load_i32 @token at(0)
  plan.store_i32 %load, @ids at(28)
  %length = plan.length @kv
  %capacity = plan.capacity @kv
  plan.reserve @kv, %length
  plan.commit @kv, %capacity
  plan.truncate @kv, %or
  %in = plan.take_input %a, @ids at(4)
  %stop = plan.emit_token %in
  plan.emit_logits %stop, @logits at(8)
  plan.call @dispatches(%a, %b)
  plan.return %in, %stop
}

// A branch gives values; one that does not leaves none.
// CHECK-LABEL: plan.func @branches(
// CHECK-SAME:    %[[A:[a-z]+]]: i64) -> i64
// CHECK-NEXT:    %[[B:.*]] = plan.const 1
// CHECK-NEXT:    %[[X:.*]] = plan.if %[[A]] -> i64 {
// CHECK-NEXT:      %[[SUM:.*]] = plan.arith add %[[A]], %[[B]]
// CHECK-NEXT:      plan.yield %[[SUM]]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      plan.yield %[[B]]
// CHECK-NEXT:    }
// CHECK-NEXT:    plan.if %[[X]] {
// CHECK-NEXT:      plan.truncate @kv, %[[A]]
// CHECK-NEXT:    }
// CHECK-NEXT:    plan.return %[[X]]
plan.func @branches(%a: i64) -> i64 attributes {params = ["a"]} {
  %b = plan.const 1
  %x = plan.if %a -> i64 {
    %sum = plan.arith add %a, %b
    plan.yield %sum
  } else {
    plan.yield %b
  }
  plan.if %x {
    plan.truncate @kv, %a
  }
  plan.return %x
}

// Values that a loop exchanges must not overwrite each other (fibonacci).
// CHECK-LABEL: plan.func @exchange(
// CHECK-SAME:    %[[N:[a-z]+]]: i64) -> i64
// CHECK-NEXT:    %[[ZERO:.*]] = plan.const 0
// CHECK-NEXT:    %[[ONE:.*]] = plan.const 1
// CHECK-NEXT:    %[[R:.*]]:3 = plan.while init(%[[ZERO]], %[[ZERO]], %[[ONE]]) {
// CHECK-NEXT:    ^bb0(%[[I:.*]]: i64, %[[P:.*]]: i64, %[[Q:.*]]: i64):
// CHECK-NEXT:      %[[MORE:.*]] = plan.arith lt %[[I]], %[[N]]
// CHECK-NEXT:      plan.condition %[[MORE]], %[[I]], %[[P]], %[[Q]]
// CHECK-NEXT:    } do {
// CHECK-NEXT:    ^bb0(%[[J:.*]]: i64, %[[S:.*]]: i64, %[[T:.*]]: i64):
// CHECK-NEXT:      %[[NEXT:.*]] = plan.arith add %[[J]], %[[ONE]]
// CHECK-NEXT:      %[[SUM:.*]] = plan.arith add %[[S]], %[[T]]
// CHECK-NEXT:      plan.yield %[[NEXT]], %[[T]], %[[SUM]]
// CHECK-NEXT:    } -> i64, i64, i64
// CHECK-NEXT:    plan.return %[[R]]#1
plan.func @exchange(%n: i64) -> i64 attributes {params = ["n"]} {
  %zero = plan.const 0
  %one = plan.const 1
  %r:3 = plan.while init(%zero, %zero, %one) {
  ^bb0(%i: i64, %p: i64, %q: i64):
    %more = plan.arith lt %i, %n
    plan.condition %more, %i, %p, %q
  } do {
  ^bb0(%i: i64, %p: i64, %q: i64):
    %next = plan.arith add %i, %one
    %sum = plan.arith add %p, %q
    plan.yield %next, %q, %sum
  } -> i64, i64, i64
  plan.return %r#1
}

// What the condition passes on may come from outside or from the test.
// CHECK-LABEL: plan.func @passed_on(
// CHECK-SAME:    %[[N:[a-z]+]]: i64) -> i64
// CHECK:         %[[R:.*]] = plan.while {
// CHECK-NEXT:      %[[ROWS:.*]] = plan.take_input %[[N]], @ids at(0)
// CHECK-NEXT:      plan.condition %[[ROWS]], %[[ROWS]]
// CHECK-NEXT:    } do {
// CHECK-NEXT:    ^bb0(%[[TAKEN:.*]]: i64):
// CHECK-NEXT:      plan.commit @kv, %[[TAKEN]]
// CHECK-NEXT:      plan.yield
// CHECK-NEXT:    } -> i64
// CHECK-NEXT:    plan.return %[[R]]
plan.func @passed_on(%n: i64) -> i64 attributes {params = ["n"]} {
  %r:2 = plan.while {
    %rows = plan.take_input %n, @ids at(0)
    plan.condition %rows, %rows, %n
  } do {
  ^bb0(%taken: i64, %outer: i64):
    plan.commit @kv, %taken
    plan.yield
  } -> i64, i64
  plan.return %r#0
}

// Rows of a draft that branches.
// CHECK-LABEL: plan.func @tree()
// CHECK-SAME:    -> i64
// CHECK-NEXT:    %[[AT:.*]], %[[PATHS:.*]] = plan.place_draft @kv, @runs at(0)
// CHECK-NEXT:    plan.keep_row @kv, %[[PATHS]]
// CHECK-NEXT:    %[[AFTER:.*]] = plan.position_after %[[AT]]
// CHECK-NEXT:    plan.return %[[AFTER]]
plan.func @tree() -> i64 attributes {params = []} {
  %at, %runs = plan.place_draft @kv, @runs at(0)
  plan.keep_row @kv, %runs
  %after = plan.position_after %at
  plan.return %after
}

// A tree that a model drafts.
// CHECK-LABEL: plan.func @grow()
// CHECK-SAME:    -> i64
// CHECK-NEXT:    %[[PLACE:.*]], %[[SAME:.*]], %[[MADE:.*]] = plan.expand @kv
// CHECK-NEXT:    plan.propose_best @ids
// CHECK-NEXT:    %[[AGREED:.*]] = plan.agreed
// CHECK-NEXT:    %[[MOST:.*]] = plan.arith min %[[SAME]], %[[AGREED]]
// CHECK-NEXT:    plan.truncate @kv, %[[MOST]]
// CHECK-NEXT:    %[[SUM:.*]] = plan.arith add %[[PLACE]], %[[MADE]]
// CHECK-NEXT:    plan.return %[[SUM]]
plan.func @grow() -> i64 attributes {params = []} {
  %position, %same, %rows = plan.expand @kv
  plan.propose_best @ids
  %agreed = plan.agreed
  %most = plan.arith min %same, %agreed
  plan.truncate @kv, %most
  %sum = plan.arith add %position, %rows
  plan.return %sum
}

// Rows of several sessions.
// CHECK-LABEL: plan.func @batch()
// CHECK-SAME:    -> i64
// CHECK-NEXT:    %[[ROWS:.*]], %[[RUNS:.*]], %[[WANTED:.*]] = plan.take_rows @runs at(0)
// CHECK-NEXT:    plan.reserve_rows @kv
// CHECK-NEXT:    %[[SUM:.*]] = plan.arith add %[[RUNS]], %[[WANTED]]
// CHECK-NEXT:    plan.commit_rows @kv
// CHECK-NEXT:    plan.return %[[SUM]]
plan.buffer @runs bytes(128)
plan.func @batch() -> i64 attributes {params = []} {
  %rows, %runs, %wanted = plan.take_rows @runs at(0)
  plan.reserve_rows @kv
  %sum = plan.arith add %runs, %wanted
  plan.commit_rows @kv
  plan.return %sum
}

// CHECK-LABEL: plan.func @recurs(
// CHECK-NEXT:    %[[HALF:.*]] = plan.half @rnn
// CHECK-NEXT:    %[[UNPLAYED:.*]] = plan.unplayed @rnn
// CHECK-NEXT:    plan.return %[[HALF]], %[[UNPLAYED]]
plan.func @recurs() -> (i64, i64) attributes {params = []} {
  %half = plan.half @rnn
  %unplayed = plan.unplayed @rnn
  plan.return %half, %unplayed
}
