// RUN: llm-opt %s --split-input-file --verify-diagnostics

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
// expected-error@+1 {{a matrix of 32 x 40 does not fit the encoding}}
#w = #tile.packed<#q41, rows = 32, cols = 40, arrange = stack>
func.func @f() attributes {w = #w} { return }

// -----

#odd = #encoding.weight<dense, u5, [(1, 64) f16]>
// expected-error@+1 {{no strip32 layout for the encoding}}
#w = #tile.packed<#odd, rows = 32, cols = 64, arrange = stack>
func.func @f() attributes {w = #w} { return }

// -----

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
// expected-error@+1 {{interleave16 needs an even number of rows, not 33}}
#w = #tile.packed<#q41, rows = 33, cols = 32, arrange = interleave16>
func.func @f() attributes {w = #w} { return }

// -----

// expected-error@+1 {{arena offset 12 must be a multiple of 64}}
#a = #tile.arena<12>
func.func @f() attributes {w = #a} { return }

// -----

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 64, cols = 32, arrange = stack>
func.func @f(%x: memref<4x32xf32>, %w: memref<640xi8>, %y: memref<4x64xf32>, %n: index) {
  // expected-error@+1 {{w has 640 bytes, but}}
  tile.contract f32(%x : memref<4x32xf32>) %w : memref<640xi8> -> %y : memref<4x64xf32> rows(%n) {weight = #w}
  return
}

// -----

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 64, cols = 32, arrange = stack>
func.func @f(%x: memref<4x32xf32>, %w: memref<1280xi8>, %y: memref<4x32xf32>, %n: index) {
  // expected-error@+1 {{out has 32 columns, 64 needed}}
  tile.contract f32(%x : memref<4x32xf32>) %w : memref<1280xi8> -> %y : memref<4x32xf32> rows(%n) {weight = #w}
  return
}

// -----

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 64, cols = 32, arrange = stack>
func.func @f(%w: memref<1280xi8>, %y: memref<4x64xf32>, %n: index) {
  // expected-error@+1 {{needs either a q8, an f32 or a bf16 input}}
  tile.contract %w : memref<1280xi8> -> %y : memref<4x64xf32> rows(%n) {weight = #w}
  return
}

// -----

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 64, cols = 32, arrange = stack>
func.func @f(%x: memref<4x32xf32>, %w: memref<1280xi8>, %y: memref<4x32xf32>, %n: index) {
  // expected-error@+1 {{a gate needs interleave16, no bias, no residual}}
  tile.contract f32(%x : memref<4x32xf32>) %w : memref<1280xi8> gate(silu) -> %y : memref<4x32xf32> rows(%n) {weight = #w}
  return
}

// -----

#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#w = #tile.packed<#q41, rows = 64, cols = 32, arrange = stack>
func.func @f(%x: memref<4x32xf32>, %z: memref<4x32xbf16>, %w: memref<1280xi8>, %y: memref<4x64xf32>, %n: index) {
  // expected-error@+1 {{needs either a q8, an f32 or a bf16 input}}
  tile.contract f32(%x : memref<4x32xf32>) bf16(%z : memref<4x32xbf16>) %w : memref<1280xi8> -> %y : memref<4x64xf32> rows(%n) {weight = #w}
  return
}

// -----

#f16 = #encoding.weight<dense, f16>
#w = #tile.packed<#f16, rows = 32, cols = 32, arrange = stack>
func.func @f(%c: memref<1x1x4x32xi8>, %s: memref<1x1x4xf32>, %t: memref<1x1x4xi32>,
    %w: memref<2048xi8>, %y: memref<4x32xf32>, %n: index) {
  // expected-error@+1 {{there is no int8 kernel for}}
  tile.contract q8(%c, %s, %t, %s : memref<1x1x4x32xi8>, memref<1x1x4xf32>, memref<1x1x4xi32>, memref<1x1x4xf32>)
      %w : memref<2048xi8> -> %y : memref<4x32xf32> rows(%n) {weight = #w}
  return
}

// -----

func.func @f(%x: memref<8x32xf32>, %c: memref<1x1x4x32xi8>, %s: memref<1x1x4xf32>, %t: memref<1x1x4xi32>, %n: index) {
  // expected-error@+1 {{codes must have 2 groups of 4 rows}}
  tile.quantize %x -> %c, %s, %t, %s rows(%n) {zero = 0 : i64}
      : memref<8x32xf32> -> memref<1x1x4x32xi8>, memref<1x1x4xf32>, memref<1x1x4xi32>, memref<1x1x4xf32>
  return
}

// -----

func.func @f(%x: memref<4x32xf32>, %w: memref<32xf32>, %y: memref<4x64xf32>, %n: index) {
  // expected-error@+1 {{y has 64 columns, 32 expected}}
  tile.rms_norm %x, %w -> %y rows(%n) {cols = 32 : i64, eps = 1.0e-5 : f32}
      : memref<4x32xf32>, memref<32xf32> -> memref<4x64xf32>
  return
}

// -----

func.func @f(%x: memref<4x33xf32>, %n: index) {
  // expected-error@+1 {{a has 33 columns, which must be a multiple of 32}}
  tile.add %x, %x -> %x rows(%n) {cols = 33 : i64} : memref<4x33xf32>, memref<4x33xf32> -> memref<4x33xf32>
  return
}

// -----

func.func @f(%x: memref<4x32xf32>, %t: memref<4x4x2xf32>, %n: index) {
  // expected-error@+1 {{table must be rows x 8 x 2}}
  tile.rope %x, %t rows(%n) {first_col = 0 : i64, heads = 2 : i64, head_dim = 16 : i64, rot = 16 : i64}
      : memref<4x32xf32>, memref<4x4x2xf32>
  return
}

// -----

func.func @f(%x: memref<4x32xf32>, %k: memref<4x1x15x16xf16>, %v: memref<4x1x16x16xf16>, %p: memref<4xi32>, %w: memref<64xi8>, %n: index) {
  // expected-error@+1 {{dots16 takes pairs of dimensions, and there are 15}}
  tile.attention %x, %k, %v, %p work(%w) -> %x rows(%n) at(%n)
      {q_col = 0 : i64, heads = 1 : i64, kv_heads = 1 : i64, head_dim = 15 : i64, scale = 0.25 : f32, dots16}
      : memref<4x32xf32>, memref<4x1x15x16xf16>, memref<4x1x16x16xf16>, memref<4xi32>, memref<64xi8> -> memref<4x32xf32>
  return
}

// -----

func.func @f(%x: memref<4x64xf32>, %k: memref<4x2x16x16xf16>, %v: memref<4x2x16x16xf16>, %p: memref<4xi32>, %w: memref<64xi8>, %n: index) {
  // expected-error@+1 {{3 heads cannot share 2 key heads}}
  tile.attention %x, %k, %v, %p work(%w) -> %x rows(%n) at(%n)
      {q_col = 0 : i64, heads = 3 : i64, kv_heads = 2 : i64, head_dim = 16 : i64, scale = 0.25 : f32}
      : memref<4x64xf32>, memref<4x2x16x16xf16>, memref<4x2x16x16xf16>, memref<4xi32>, memref<64xi8> -> memref<4x64xf32>
  return
}

// -----

func.func @f(%x: memref<4x64xf32>, %k: memref<4x2x8x16xf16>, %v: memref<4x2x16x16xf16>, %p: memref<4xi32>, %n: index) {
  // expected-error@+1 {{key pages must be 2 x 16 x 16}}
  tile.kv_append %x, %k, %v, %p rows(%n) at(%n) {k_col = 0 : i64, v_col = 32 : i64, kv_heads = 2 : i64, head_dim = 16 : i64}
      : memref<4x64xf32>, memref<4x2x8x16xf16>, memref<4x2x16x16xf16>, memref<4xi32>
  return
}

// -----

func.func @f(%n: index) {
  // expected-error@+1 {{there is no function @none}}
  tile.launch @none bindings([])
  return
}

// -----

func.func @k(%x: memref<4xf32>, %n: index) attributes {tile.region} { return }
func.func @f(%n: index) {
  // expected-error@+1 {{0 bindings, but @k takes 1 buffers}}
  tile.launch @k bindings([]) scalars(%n : index)
  return
}

// -----

func.func @k(%x: memref<4xf32>, %n: index) attributes {tile.region} { return }
func.func @f(%n: i64) {
  // expected-error@+1 {{scalars ('i64'), but @k takes ('index')}}
  tile.launch @k bindings([#tile.arena<0>]) scalars(%n : i64)
  return
}

// -----

func.func @k(%x: memref<4xf32>) attributes {tile.region} { return }
func.func @f() {
  // expected-error@+1 {{no binding: 1 : i64}}
  tile.launch @k bindings([1])
  return
}

// -----

// expected-error@+1 {{interleave16 takes 2 sources, not 1}}
tile.vector @v = [@a] size 4 arrange interleave16

// -----

// expected-error@+1 {{element types must be f32, f16, bf16 or i8}}
tile.state @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16, f64

// -----

// expected-error@+1 {{is a view of 'none', which is no earlier state with pages}}
tile.state @view of @none {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16

// -----

tile.state @kv {layers = 2 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16
tile.state @view of @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16
// expected-error@+1 {{is a view of 'view', which is no earlier state with pages}}
tile.state @second of @view {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16

// -----

tile.state @kv {layers = 2 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16
// expected-error@+1 {{is a view of 'kv', whose pages have another form}}
tile.state @view of @kv {layers = 3 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16

// -----

tile.state @kv {layers = 2 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16
// expected-error@+1 {{is a view of 'kv', whose pages have another form}}
tile.state @view of @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : bf16

// -----

tile.state @kv {layers = 2 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16
tile.state @view of @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16
func.func private @r(%p: memref<4xi32>, %n: index) attributes {tile.region} { return }
func.func @f(%n: index) {
  // expected-error@+1 {{works on 'view', a view of 'kv', which has the pages}}
  tile.launch @r bindings([#tile.pages<@view>]) scalars(%n : index)
  return
}

// -----

// expected-error@+1 {{sinks and slack need a window, and none is negative}}
tile.state @kv {layers = 2 : i64, kv_heads = 1 : i64, head_dim = 16 : i64, sinks = 4 : i64} : f16

// -----

tile.state @kv {layers = 2 : i64, kv_heads = 1 : i64, head_dim = 16 : i64, window = 64 : i64, slack = 16 : i64} : f16
// expected-error@+1 {{is a view, which keeps what 'kv' does, and has a window}}
tile.state @view of @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64, window = 64 : i64} : f16

// -----

tile.state @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64, window = 64 : i64, sinks = 4 : i64, slack = 16 : i64} : f16
func.func private @r(%x: memref<4x32xf32>, %k: memref<4x1x16x16xf16>, %v: memref<4x1x16x16xf16>, %p: memref<4xi32>, %w: memref<64xi8>, %n: index) attributes {tile.region} {
  // expected-note@+1 {{sees the last 65 and the first 4 (0: all)}}
  tile.attention %x, %k, %v, %p work(%w) -> %x rows(%n) at(%n)
      {q_col = 0 : i64, heads = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64, scale = 0.25 : f32, window = 65 : i64, sinks = 4 : i64}
      : memref<4x32xf32>, memref<4x1x16x16xf16>, memref<4x1x16x16xf16>, memref<4xi32>, memref<64xi8> -> memref<4x32xf32>
  return
}
func.func @f(%n: index) {
  // expected-error@+1 {{attends to 'kv', which keeps the last 64 positions and the first 4}}
  tile.launch @r bindings([#tile.arena<0>, #tile.state<@kv, 0, 0>, #tile.state<@kv, 0, 1>, #tile.pages<@kv>, #tile.arena<1024>]) scalars(%n : index)
  return
}

// -----

// expected-error@+1 {{names one type twice}}
tile.state @kv {layers = 1 : i64, kv_heads = 1 : i64, head_dim = 16 : i64} : f16, f16

// -----

func.func @f(%x: memref<4x64xf32>, %k: memref<4x2x20x16xi8>, %v: memref<4x2x16x16xi8>, %p: memref<4xi32>, %n: index) {
  // expected-error@+1 {{value pages must be 2 x 20 x 16}}
  tile.kv_append %x, %k, %v, %p rows(%n) at(%n) {k_col = 0 : i64, v_col = 32 : i64, kv_heads = 2 : i64, head_dim = 16 : i64}
      : memref<4x64xf32>, memref<4x2x20x16xi8>, memref<4x2x16x16xi8>, memref<4xi32>
  return
}

// -----

func.func @three_terms(%x: memref<4x32xf32>, %c: memref<3x1x4x32xi8>, %s: memref<3x1x4xf32>, %t: memref<3x1x4xi32>, %u: memref<3x1x4xf32>, %n: index) {
  // expected-error @below {{terms must be 1 or 2}}
  tile.quantize %x -> %c, %s, %t, %u rows(%n) {zero = 8 : i64, terms = 3 : i64}
      : memref<4x32xf32> -> memref<3x1x4x32xi8>, memref<3x1x4xf32>, memref<3x1x4xi32>, memref<3x1x4xf32>
  return
}

// -----

func.func @room_for_one_term(%x: memref<4x32xf32>, %c: memref<1x1x4x32xi8>, %s: memref<1x1x4xf32>, %t: memref<1x1x4xi32>, %u: memref<1x1x4xf32>, %n: index) {
  // expected-error @below {{codes must have 2 groups of 4 rows}}
  tile.quantize %x -> %c, %s, %t, %u rows(%n) {zero = 8 : i64, terms = 2 : i64}
      : memref<4x32xf32> -> memref<1x1x4x32xi8>, memref<1x1x4xf32>, memref<1x1x4xi32>, memref<1x1x4xf32>
  return
}

// -----

func.func @terms_of_f32(%x: memref<4x32xf32>, %w: memref<4096xi8>, %y: memref<4x32xf32>, %n: index) {
  // expected-error @below {{terms must be 1, or 2 of a q8 input}}
  tile.contract f32(%x : memref<4x32xf32>) %w : memref<4096xi8> -> %y : memref<4x32xf32> rows(%n)
      {weight = #tile.packed<#encoding.weight<dense, f32>, rows = 32, cols = 32, arrange = stack>, terms = 2 : i64}
  return
}

// -----

func.func @no_room_for_copies(%x: memref<4x32xf32>, %w: memref<32xf32>, %y: memref<4x32xf32>, %n: index) {
  // expected-error @below {{y has a first dimension of 4, 256 needed for copies}}
  tile.rms_norm %x, %w -> %y rows(%n) {cols = 32, eps = 1.0e-5 : f32, split = #tile<split own>}
      : memref<4x32xf32>, memref<32xf32> -> memref<4x32xf32>
  return
}

// -----

func.func @norm_of_columns(%x: memref<4x32xf32>, %w: memref<32xf32>, %c: memref<1x1x4x32xi8>, %s: memref<1x1x4xf32>, %t: memref<1x1x4xi32>, %n: index) {
  // expected-error @below {{a norm needs whole rows: columns is no split}}
  tile.quantize %x norm(%w : memref<32xf32>, 1.0e-5, 32) -> %c, %s, %t, %s rows(%n) {zero = 8 : i64, split = #tile<split columns>}
      : memref<4x32xf32> -> memref<1x1x4x32xi8>, memref<1x1x4xf32>, memref<1x1x4xi32>, memref<1x1x4xf32>
  return
}

// -----

func.func @torn_pairs(%x: memref<4x64xf32>, %t: memref<4x32x2xf32>, %n: index) {
  // expected-error @below {{workers cannot share pairs by #tile.columns<0 to 64 by 32>}}
  tile.rope %x, %t rows(%n) {first_col = 0, heads = 1, head_dim = 64, rot = 64, columns = #tile.columns<0 to 64 by 32>}
      : memref<4x64xf32>, memref<4x32x2xf32>
  return
}

// -----

// expected-error @below {{no columns 32 to 32 by 32}}
func.func private @no_columns() attributes {a = #tile.columns<32 to 32 by 32>}

// -----

func.func @f(%freqs: memref<32xf32>, %table: memref<8x8x2xf32>, %places: memref<7x4xi32>, %n: index) {
  // expected-error@+1 {{places must be 8 rows x 4}}
  tile.rope_table %freqs -> %table rows(%n) at(%n) runs(%n of %places : memref<7x4xi32>)
      : memref<32xf32> -> memref<8x8x2xf32>
  return
}

// -----
// expected-error @+1 {{token 1 has the id 3 in a vocabulary of 3}}
tile.tokens @t in 3 = [0, 3]

// -----
// expected-error @+1 {{token 0 has the id 3 in a vocabulary of 3}}
tile.tokens @t in 3 = [-4]

// -----
// expected-error @+1 {{two tokens have the id 2}}
tile.tokens @t in 3 = [2, -3, 2]

// -----
func.func @map(%x: memref<1x32xf32>, %t: memref<32xi32>, %y: memref<4x64xf32>) {
  // expected-error @+1 {{tokens}}
  tile.map_logits %x, %t -> %y : memref<1x32xf32>, memref<32xi32> -> memref<4x64xf32>
  return
}

// -----
func.func @reject(%l: memref<4x64xf32>, %w: memref<128xf32>, %ids: memref<8xi32>, %q: memref<4x32xf32>, %t: memref<1xi32>,
                  %i: index, %seed: i64, %f: f32) {
  // expected-error @+1 {{proposals have 32 columns, the logits 64}}
  tile.sample_reject %l, %w, %ids proposals(%q : memref<4x32xf32>) if(%i) -> %t row(%i) drafted(%i) seed(%seed)
    position(%i) temperature(%f) top_k(%i) top_p(%f) min_p(%f) {vocabulary = 60}
    : memref<4x64xf32>, memref<128xf32>, memref<8xi32> -> memref<1xi32>
  return
}

// -----
func.func @proposal(%l: memref<4x64xf32>, %w: memref<128xf32>, %q: memref<4x32xf32>, %t: memref<1xi32>, %i: index, %seed: i64,
                    %f: f32) {
  // expected-error @+1 {{proposals have 32 columns, the logits 64}}
  tile.sample_proposal %l, %w, %q -> %t row(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f) min_p(%f)
    {vocabulary = 60} : memref<4x64xf32>, memref<128xf32>, memref<4x32xf32> -> memref<1xi32>
  return
}

// -----
func.func @typical(%l: memref<4x64xf32>, %w: memref<128xf32>, %ids: memref<8xi32>, %t: memref<1xi32>, %i: index, %seed: i64,
                   %f: f32) {
  // expected-error @+1 {{epsilon and delta must not be negative}}
  tile.sample_typical %l, %w, %ids -> %t row(%i) drafted(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f)
    min_p(%f) {vocabulary = 60, epsilon = 0.1 : f32, delta = -0.3 : f32}
    : memref<4x64xf32>, memref<128xf32>, memref<8xi32> -> memref<1xi32>
  return
}

// -----
func.func @best(%l: memref<4x64xf32>, %w: memref<128xf32>, %t: memref<3xi32>, %i: index, %seed: i64, %f: f32) {
  // expected-error @+1 {{token has a second half, for how far the ids of the first lie behind the best one}}
  tile.sample_best %l, %w -> %t row(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f) min_p(%f)
    {vocabulary = 60} : memref<4x64xf32>, memref<128xf32> -> memref<3xi32>
  return
}

// -----
func.func @judged(%l: memref<4x64xf32>, %w: memref<128xf32>, %ids: memref<8xi32>, %s: memref<32xf32>, %t: memref<1xi32>,
                  %i: index, %seed: i64, %f: f32) {
  // expected-error @+1 {{token has room for the judged id and the drawn one}}
  tile.sample_judged %l, %w, %ids, %s -> %t row(%i) drafted(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f)
    min_p(%f) {vocabulary = 60} : memref<4x64xf32>, memref<128xf32>, memref<8xi32>, memref<32xf32> -> memref<1xi32>
  return
}

// -----
func.func @judge(%x: memref<8x32xf32>, %s: memref<32xf32>, %n: index) {
  // expected-error @+1 {{x has 32 columns}}
  tile.judge %x -> %s rows(%n) {weights = dense<0.5> : tensor<48xf32>, bias = 0.0 : f32} : memref<8x32xf32> -> memref<32xf32>
  return
}

// -----
func.func @judge_type(%x: memref<8x32xf32>, %s: memref<32xf32>, %n: index) {
  // expected-error @+1 {{weights must be a vector of f32}}
  tile.judge %x -> %s rows(%n) {weights = dense<1> : tensor<32xi32>, bias = 0.0 : f32} : memref<8x32xf32> -> memref<32xf32>
  return
}

// -----
func.func @summary(%l: memref<4x64xf32>, %s: memref<32xf32>, %i: index) {
  // expected-error @+1 {{logits has 64 columns}}
  tile.summarize %l -> %s row(%i) {vocabulary = 20} : memref<4x64xf32> -> memref<32xf32>
  return
}

// -----
func.func @ranked(%l: memref<4x64xf32>, %ids: memref<32xi32>, %n: index) {
  // expected-error @+1 {{ranks 17 ids, expected 1 to 16}}
  tile.rank %l -> %ids rows(%n) {count = 17, vocabulary = 60} : memref<4x64xf32> -> memref<32xi32>
  return
}

// -----
func.func @ranked_room(%l: memref<4x64xf32>, %ids: memref<31xi32>, %n: index) {
  // expected-error @+1 {{ids}}
  tile.rank %l -> %ids rows(%n) {count = 8, vocabulary = 60} : memref<4x64xf32> -> memref<31xi32>
  return
}

// -----
func.func @judged_rows(%l: memref<4x64xf32>, %w: memref<128xf32>, %ids: memref<7xi32>, %s: memref<32xf32>, %t: memref<2xi32>,
                       %i: index, %seed: i64, %f: f32) {
  // expected-error @+1 {{ids has a second half for the rows of the first}}
  tile.sample_judged %l, %w, %ids, %s -> %t row(%i) drafted(%i) seed(%seed) position(%i) temperature(%f) top_k(%i) top_p(%f)
    min_p(%f) {vocabulary = 60} : memref<4x64xf32>, memref<128xf32>, memref<7xi32>, memref<32xf32> -> memref<2xi32>
  return
}
