// RUN: llm-opt %s --split-input-file --verify-diagnostics

// Buffers that a model needs must exist and fit.
plan.buffer @history bytes(0) per_position(4)
// expected-error @+1 {{no plan.buffer named 'ids'}}
plan.model "m" architecture("a") vocabulary(1) max_context(1) max_rows(1) logits_rows(1) input(@ids) history(@history)

// -----
plan.buffer @ids bytes(28)
plan.buffer @history bytes(0) per_position(4)
// expected-error @+1 {{reaches byte 32 of buffer 'ids', which holds 28}}
plan.model "m" architecture("a") vocabulary(1) max_context(1) max_rows(8) logits_rows(1) input(@ids) history(@history)

// -----
plan.buffer @ids bytes(32)
plan.buffer @history bytes(0) per_position(4)
// expected-error @+1 {{keeps a slack of 7 positions, expected at least the 8 rows of a forward}}
plan.state @kv window(64) slack(7) layers(1) page_tokens(16) page_bytes([64, 64]) type("f16")
plan.model "m" architecture("a") vocabulary(1) max_context(1) max_rows(8) logits_rows(1) input(@ids) history(@history)

// -----
// expected-error @+1 {{attribute 'vocabulary' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
plan.model "m" architecture("a") vocabulary(0) max_context(1) max_rows(8) logits_rows(1) input(@ids) history(@history)

// -----
plan.section @weights weights bytes(100)
// expected-error @+1 {{ends outside section 'weights' of 100 bytes}}
plan.weight @w in(@weights) at(64) bytes(37) shape(1, 1) encoding("f32") sources([])

// -----
plan.section @weights weights bytes(100)
// expected-error @+1 {{offset 4 is no multiple of 64}}
plan.weight @w in(@weights) at(4) bytes(4) shape(1, 1) encoding("f32") sources([])

// -----
plan.section @code code bytes(100)
// expected-error @+1 {{must lie in a weights section}}
plan.weight @w in(@code) at(0) bytes(4) shape(1, 1) encoding("f32") sources([])

// -----
plan.section @code code bytes(64)
plan.kernel @k bindings([]) scalars([])
// expected-error @+1 {{has 2 entries for 1 kernels}}
plan.code @c level("l") features([]) in(@code) image(4096) segments([]) entries([0, 1])

// -----
plan.section @code code bytes(64)
plan.kernel @k bindings([]) scalars([])
// expected-error @+1 {{entry 4096 lies outside the image}}
plan.code @c level("l") features([]) in(@code) image(4096) segments([]) entries([4096])

// -----
plan.section @code code bytes(64)
// expected-error @+1 {{segment ends outside section 'code'}}
plan.code @c level("l") features([]) in(@code) image(4096)
  segments([#plan.segment<address = 0, offset = 32, bytes = 33, executable = true>]) entries([])

// -----
// expected-error @+1 {{needs the bytes of a K page and of a V page}}
plan.state @kv layers(1) page_tokens(16) page_bytes([1]) type("f16")

// -----
// expected-error @+1 {{takes and gives i64 only, not 'f32'}}
plan.func @f(%x: f32) attributes {params = ["x"]} {
  plan.return
}

// -----
// expected-error @+1 {{names 0 parameters but has 1}}
plan.func @f(%x: i64) attributes {params = []} {
  plan.return
}

// -----
plan.func @f(%x: i64) -> i64 attributes {params = ["x"]} {
  // expected-error @+1 {{gives 0 values where the function has 1 results}}
  plan.return
}

// -----
plan.func @f(%x: i64) attributes {params = ["x"]} {
  // expected-error @+1 {{no plan.func named 'g'}}
  plan.call @g(%x)
  plan.return
}

// -----
plan.func @f(%x: i64) attributes {params = ["x"]} {
  // expected-error @+1 {{passes 2 and expects 0 values; 'f' takes 1 and gives 0}}
  plan.call @f(%x, %x)
  plan.return
}

// -----
plan.func @f(%x: i64) attributes {params = ["x"]} {
  // expected-error @+1 {{with results needs an else block}}
  %0 = plan.if %x -> i64 {
    plan.yield %x
  }
  plan.return
}

// -----
plan.func @f(%x: i64) attributes {params = ["x"]} {
  // expected-error @+1 {{has 1 results but a block yields 0}}
  %0 = plan.if %x -> i64 {
    plan.yield %x
  } else {
  }
  plan.return
}

// -----
plan.func @f(%x: i64) attributes {params = ["x"]} {
  // expected-error @+1 {{carries 1 values; the first block takes 1 and the body yields 0}}
  plan.while init(%x) {
  ^bb0(%i: i64):
    plan.condition %i
  } do {
    plan.yield
  }
  plan.return
}

// -----
plan.func @f(%x: i64) attributes {params = ["x"]} {
  // expected-error @+1 {{condition passes 1 values; the body takes 0 and there are 0 results}}
  plan.while {
    plan.condition %x, %x
  } do {
    plan.yield
  }
  plan.return
}

// -----
plan.buffer @b bytes(8)
plan.func @f() attributes {params = []} {
  // expected-error @+1 {{reaches byte 9 of buffer 'b', which holds 8}}
  %0 = plan.load_i32 @b at(5)
  plan.return
}

// -----
plan.func @f(%x: i64) attributes {params = ["x"]} {
  // expected-error @+1 {{no plan.state named 'kv'}}
  plan.reserve @kv, %x
  plan.return
}

// -----
plan.kernel @k bindings(["a"]) scalars([])
plan.func @f(%x: i64) attributes {params = ["x"]} {
  // expected-error @+1 {{hands over 0 bindings and 1 scalars; kernel 'k' takes 1 and 0}}
  plan.dispatch @k bindings([]) scalars(%x)
  plan.return
}

// -----
plan.kernel @k bindings(["a"]) scalars([])
plan.func @f() attributes {params = []} {
  // expected-error @+1 {{no plan.weight named 'w'}}
  plan.dispatch @k bindings([#plan.weight<@w>]) scalars()
  plan.return
}

// -----
plan.kernel @k bindings(["a"]) scalars([])
plan.state @kv layers(2) page_tokens(16) page_bytes([64, 64]) type("f16")
plan.func @f() attributes {params = []} {
  // expected-error @+1 {{state 'kv' has no layer 2, plane 0}}
  plan.dispatch @k bindings([#plan.plane<@kv, 2, 0>]) scalars()
  plan.return
}

// -----
plan.kernel @k bindings(["a"]) scalars([])
plan.func @f() attributes {params = []} {
  // expected-error @+1 {{cannot bind 7 : i64}}
  plan.dispatch @k bindings([7]) scalars()
  plan.return
}

// -----
plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@b) history(@b)
plan.buffer @b bytes(128)
plan.func @f() attributes {params = []} {
  // Where a row stands takes 16 bytes.
  // expected-error @+1 {{reaches byte 144 of buffer 'b', which holds 128}}
  %rows, %runs, %wanted = plan.take_rows @b at(16)
  plan.return
}

// -----
plan.buffer @b bytes(128)
plan.func @f() attributes {params = []} {
  // expected-error @+1 {{no plan.state named 'kv'}}
  %at, %runs = plan.place_draft @kv, @b at(0)
  plan.return
}

// -----
plan.func @f() attributes {params = []} {
  // expected-error @+1 {{no plan.state named 'kv'}}
  plan.commit_rows @kv
  plan.return
}

// -----
// expected-error @+1 {{has the part 'later', which must be declared before}}
plan.drafter @d priority match(0 to 0) most(4) policy(static) parts([@later])
plan.drafter @later copy match(1 to 3) most(4) policy(static)

// -----
// expected-error @+1 {{of kind copy keeps no ids}}
plan.drafter @d copy match(1 to 3) most(4) policy(static) keeps(8)

// -----
plan.func @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{no plan.buffer named 'none'}}
  plan.recycle %n, @none
  plan.return
}

// -----
// expected-error @+1 {{of kind recycle needs a buffer for what it learns}}
plan.drafter @d recycle match(0 to 0) most(4) policy(static)

// -----
plan.buffer @b bytes(400)
// expected-error @+1 {{of kind copy keeps nothing in a buffer}}
plan.drafter @d copy match(1 to 3) most(4) policy(static) buffer(@b)

// -----
// expected-error @+1 {{no plan.buffer named 'none'}}
plan.drafter @d recycle match(0 to 0) most(4) policy(static) buffer(@none)

// -----
plan.func @p(%n: i64) attributes {params = ["n"]} {
  // expected-error @+1 {{no plan.drafter named 'none'}}
  %c = plan.draft @none, %n
  plan.return
}

// -----
plan.state @kv layers(1) page_tokens(16) page_bytes([64, 64]) type("f32")
plan.func @f() -> i64 attributes {params = []} {
  // expected-error @+1 {{state 'kv' is not recurrent}}
  %half = plan.half @kv
  plan.return %half
}

// -----
// expected-error @+1 {{keeps a part of its positions: expected a window, and pages of its own}}
plan.state @kv slack(16) layers(1) page_tokens(16) page_bytes([64, 64]) type("f16")

// -----
// expected-error @+1 {{keeps a part of its positions: expected a window, and pages of its own}}
plan.state @rnn recurrent window(16) layers(1) page_tokens(16) page_bytes([64, 64]) type("f32")

// -----
// expected-error @+1 {{keeps 4294967296 positions}}
plan.state @kv window(4294967296) layers(1) page_tokens(16) page_bytes([64, 64]) type("f16")

// -----
plan.state @kv layers(1) page_tokens(16) page_bytes([64, 64]) type("f16")
plan.state @view of(@kv) layers(1) page_tokens(16) page_bytes([64, 64]) type("f16")
// expected-error @+1 {{is a view of 'view', expected an earlier state that has pages}}
plan.state @second of(@view) layers(1) page_tokens(16) page_bytes([64, 64]) type("f16")

// -----
// expected-error @+1 {{no plan.state named 'none'}}
plan.state @view of(@none) layers(1) page_tokens(16) page_bytes([64, 64]) type("f16")

// -----
plan.kernel @k bindings(["a"]) scalars([])
plan.state @kv layers(2) page_tokens(16) page_bytes([64, 64]) type("f16")
plan.state @view of(@kv) layers(1) page_tokens(16) page_bytes([64, 64]) type("f16")
plan.func @f() attributes {params = []} {
  // expected-error @+1 {{works on 'view', a view of 'kv', which has the pages}}
  plan.dispatch @k bindings([#plan.plane<@view, 0, 0>]) scalars()
  plan.return
}

// -----
// expected-error @+1 {{page of 64 bytes}}
plan.state @text text layers(1) page_tokens(16) page_bytes([64, 0]) type("text")

// -----
// expected-error @+1 {{is a text, which is no other kind of state}}
plan.state @text text recurrent layers(1) page_tokens(16) page_bytes([0, 0]) type("text")

// -----
plan.state @kv layers(2) page_tokens(16) page_bytes([64, 64]) type("f16")
// expected-error @+1 {{is a text, which comes before states that follow it, as 'kv' does}}
plan.state @text text layers(1) page_tokens(16) page_bytes([0, 0]) type("text")

// -----
plan.kernel @k bindings(["a"]) scalars([])
plan.state @text text layers(1) page_tokens(16) page_bytes([0, 0]) type("text")
plan.func @f() attributes {params = []} {
  // expected-error @+1 {{works on 'text', a text, which has no memory}}
  plan.dispatch @k bindings([#plan.plane<@text, 0, 0>]) scalars()
  plan.return
}

// -----
// expected-error @+1 {{switches at 1.000000e+00 bits of 65 rows, for 10 tokens; expected 0 or more, at most 64}}
plan.model_switch threshold(1.0) window(65) least(10)
