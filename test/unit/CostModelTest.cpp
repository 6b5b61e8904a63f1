// CostModelTest.cpp - what each tile op moves and computes.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/CostModel.h"
#include "dialects/Encoding/EncodingDialect.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>
#include <map>
#include <set>

using namespace mlir;
using namespace sinter;
using namespace sinter::analysis;

namespace {

// 96 x 64: three strips of two blocks; 40 rows are padded to 64.
const char *const kAliases = R"(
#q41 = #encoding.weight<dense, u4, [(1, 32) f16 add f16]>
#q80 = #encoding.weight<dense, s8, [(1, 32) f16]>
#w = #tile.packed<#q41, rows = 96, cols = 64, arrange = stack>
#pair = #tile.packed<#q41, rows = 64, cols = 64, arrange = interleave16>
#table = #tile.packed<#q80, rows = 40, cols = 64, arrange = stack>
)";

const char *const kRegions = R"(
func.func @embed(%ids: memref<8xi32>, %t: memref<4352xi8>, %x: memref<8x64xf32>, %n: index) attributes {tile.region} {
  tile.embed %ids, %t -> %x rows(%n) {weight = #table} : memref<8xi32>, memref<4352xi8> -> memref<8x64xf32>
  return
}
func.func @rms_norm(%x: memref<8x64xf32>, %w: memref<64xf32>, %y: memref<8x64xf32>, %n: index) attributes {tile.region} {
  tile.rms_norm %x, %w -> %y rows(%n) {cols = 64 : i64, eps = 1.0e-5 : f32}
      : memref<8x64xf32>, memref<64xf32> -> memref<8x64xf32>
  return
}
func.func @quantize(%x: memref<8x64xf32>, %c: memref<2x2x4x32xi8>, %s: memref<2x2x4xf32>,
    %t: memref<2x2x4xi32>, %u: memref<2x2x4xf32>, %n: index) attributes {tile.region} {
  tile.quantize %x -> %c, %s, %t, %u rows(%n) {zero = 0 : i64}
      : memref<8x64xf32> -> memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>
  return
}
func.func @quantize_norm_terms(%x: memref<8x64xf32>, %w: memref<64xf32>, %c: memref<4x2x4x32xi8>, %s: memref<4x2x4xf32>,
    %t: memref<4x2x4xi32>, %u: memref<4x2x4xf32>, %n: index) attributes {tile.region} {
  tile.quantize %x norm(%w : memref<64xf32>, 1.0e-5, 64) -> %c, %s, %t, %u rows(%n) {zero = 0 : i64, terms = 2 : i64}
      : memref<8x64xf32> -> memref<4x2x4x32xi8>, memref<4x2x4xf32>, memref<4x2x4xi32>, memref<4x2x4xf32>
  return
}
func.func @contract(%c: memref<2x2x4x32xi8>, %s: memref<2x2x4xf32>, %t: memref<2x2x4xi32>, %u: memref<2x2x4xf32>,
    %w: memref<3840xi8>, %b: memref<96xf32>, %y: memref<8x96xf32>, %n: index) attributes {tile.region} {
  tile.contract q8(%c, %s, %t, %u : memref<2x2x4x32xi8>, memref<2x2x4xf32>, memref<2x2x4xi32>, memref<2x2x4xf32>)
      %w : memref<3840xi8> bias(%b : memref<96xf32>) -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}
func.func @contract_f32_residual(%x: memref<8x64xf32>, %w: memref<3840xi8>, %y: memref<8x96xf32>, %n: index) attributes {tile.region} {
  tile.contract f32(%x : memref<8x64xf32>) %w : memref<3840xi8>
      residual(%y : memref<8x96xf32>) -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}
func.func @contract_bf16(%x: memref<8x64xbf16>, %w: memref<3840xi8>, %r: memref<8x96xf32>, %y: memref<8x96xf32>, %n: index) attributes {tile.region} {
  tile.contract bf16(%x : memref<8x64xbf16>) %w : memref<3840xi8>
      residual(%r : memref<8x96xf32>) -> %y : memref<8x96xf32> rows(%n) {weight = #w}
  return
}
func.func @rms_norm_bf16(%x: memref<8x64xf32>, %w: memref<64xf32>, %y: memref<8x64xbf16>, %n: index) attributes {tile.region} {
  tile.rms_norm %x, %w -> %y rows(%n) {cols = 64 : i64, eps = 1.0e-5 : f32}
      : memref<8x64xf32>, memref<64xf32> -> memref<8x64xbf16>
  return
}
func.func @gated_bf16(%x: memref<8x64xf32>, %y: memref<8x32xbf16>, %n: index) attributes {tile.region} {
  tile.gated %x, %x -> %y rows(%n) {cols = 32 : i64, gate_col = 0 : i64, up_col = 32 : i64}
      : memref<8x64xf32>, memref<8x64xf32> -> memref<8x32xbf16>
  return
}
func.func @attention_bf16(%x: memref<8x64xf32>, %k: memref<64x2x16x16xf16>, %v: memref<64x2x16x16xf32>, %p: memref<64xi32>,
    %m: memref<65536xi8>, %o: memref<8x64xbf16>, %n: index, %at: index) attributes {tile.region} {
  tile.attention %x, %k, %v, %p work(%m) -> %o rows(%n) at(%at)
      {q_col = 0 : i64, heads = 4 : i64, kv_heads = 2 : i64, head_dim = 16 : i64, scale = 0.25 : f32, dots16}
      : memref<8x64xf32>, memref<64x2x16x16xf16>, memref<64x2x16x16xf32>, memref<64xi32>, memref<65536xi8> -> memref<8x64xbf16>
  return
}
func.func @contract_gate(%x: memref<8x64xf32>, %w: memref<2560xi8>, %y: memref<8x32xf32>, %n: index) attributes {tile.region} {
  tile.contract f32(%x : memref<8x64xf32>) %w : memref<2560xi8> gate(silu) -> %y : memref<8x32xf32> rows(%n) {weight = #pair}
  return
}
func.func @gated(%x: memref<8x64xf32>, %y: memref<8x32xf32>, %n: index) attributes {tile.region} {
  tile.gated %x, %x -> %y rows(%n) {cols = 32 : i64, gate_col = 0 : i64, up_col = 32 : i64}
      : memref<8x64xf32>, memref<8x64xf32> -> memref<8x32xf32>
  return
}
func.func @add(%x: memref<8x64xf32>, %y: memref<8x64xf32>, %n: index) attributes {tile.region} {
  tile.add %x, %y -> %y rows(%n) {cols = 64 : i64} : memref<8x64xf32>, memref<8x64xf32> -> memref<8x64xf32>
  return
}
func.func @rope_table(%f: memref<32xf32>, %t: memref<8x8x2xf32>, %n: index, %at: index) attributes {tile.region} {
  tile.rope_table %f -> %t rows(%n) at(%at) : memref<32xf32> -> memref<8x8x2xf32>
  return
}
func.func @rope(%x: memref<8x64xf32>, %t: memref<8x8x2xf32>, %n: index) attributes {tile.region} {
  tile.rope %x, %t rows(%n) {first_col = 0 : i64, heads = 2 : i64, head_dim = 16 : i64, rot = 16 : i64, interleaved}
      : memref<8x64xf32>, memref<8x8x2xf32>
  return
}
func.func @kv_append(%x: memref<8x64xf32>, %k: memref<64x2x16x16xf16>, %v: memref<64x2x16x16xf32>, %p: memref<64xi32>,
    %n: index, %at: index) attributes {tile.region} {
  tile.kv_append %x, %k, %v, %p rows(%n) at(%at) {k_col = 0 : i64, v_col = 32 : i64, kv_heads = 2 : i64, head_dim = 16 : i64}
      : memref<8x64xf32>, memref<64x2x16x16xf16>, memref<64x2x16x16xf32>, memref<64xi32>
  return
}
func.func @attention(%x: memref<8x64xf32>, %k: memref<64x2x16x16xf16>, %v: memref<64x2x16x16xf32>, %p: memref<64xi32>,
    %m: memref<65536xi8>, %o: memref<8x64xf32>, %n: index, %at: index) attributes {tile.region} {
  tile.attention %x, %k, %v, %p work(%m) -> %o rows(%n) at(%at)
      {q_col = 0 : i64, heads = 4 : i64, kv_heads = 2 : i64, head_dim = 16 : i64, scale = 0.25 : f32}
      : memref<8x64xf32>, memref<64x2x16x16xf16>, memref<64x2x16x16xf32>, memref<64xi32>, memref<65536xi8> -> memref<8x64xf32>
  return
}
func.func @attention_window(%x: memref<8x64xf32>, %k: memref<64x2x16x16xf16>, %v: memref<64x2x16x16xf32>, %p: memref<64xi32>,
    %m: memref<65536xi8>, %o: memref<8x64xf32>, %n: index, %at: index) attributes {tile.region} {
  tile.attention %x, %k, %v, %p work(%m) -> %o rows(%n) at(%at)
      {q_col = 0 : i64, heads = 4 : i64, kv_heads = 2 : i64, head_dim = 16 : i64, scale = 0.25 : f32, window = 128 : i64, sinks = 4 : i64}
      : memref<8x64xf32>, memref<64x2x16x16xf16>, memref<64x2x16x16xf32>, memref<64xi32>, memref<65536xi8> -> memref<8x64xf32>
  return
}
func.func @penalize(%l: memref<4x64xf32>, %h: memref<100xi32>, %n: index, %w: index, %p: f32) attributes {tile.region} {
  tile.penalize %l, %h row(%n) count(%n) window(%w) penalty(%p) {vocabulary = 60 : i64} : memref<4x64xf32>, memref<100xi32>
  return
}
func.func @sample(%l: memref<4x64xf32>, %w: memref<128xf32>, %t: memref<1xi32>, %seed: i64, %pos: index, %temp: f32,
    %k: index, %p: f32, %m: f32) attributes {tile.region} {
  tile.sample %l, %w -> %t row(%pos) seed(%seed) position(%pos) temperature(%temp) top_k(%k) top_p(%p) min_p(%m) {vocabulary = 60 : i64}
      : memref<4x64xf32>, memref<128xf32> -> memref<1xi32>
  return
}
func.func @argmax(%l: memref<4x64xf32>, %w: memref<64xf32>, %t: memref<1xi32>) attributes {tile.region} {
  tile.argmax %l, %w -> %t {vocabulary = 60 : i64} : memref<4x64xf32>, memref<64xf32> -> memref<1xi32>
  return
}
func.func @similarity(%x: memref<8x64xf32>, %y: memref<1x64xf32>, %s: memref<32xf32>, %n: index) attributes {tile.region} {
  tile.similarity %x, %y -> %s row(%n) {cols = 60 : i64} : memref<8x64xf32>, memref<1x64xf32> -> memref<32xf32>
  return
}
func.func @logistic(%x: memref<8x32xf32>, %s: memref<32xf32>, %n: index) attributes {tile.region} {
  tile.logistic %x -> %s row(%n) {weights = array<f32: 1.0, 2.0, 3.0>, bias = 0.0 : f32} : memref<8x32xf32> -> memref<32xf32>
  return
}
func.func @move_rows(%x: memref<8x64xf32>, %y: memref<4x64xf32>, %n: index, %a: index) attributes {tile.region} {
  tile.move_rows %x -> %y rows(%n) from(%a) to(%a) : memref<8x64xf32> -> memref<4x64xf32>
  return
}
func.func @silu(%x: memref<8x64xf32>, %n: index) attributes {tile.region} {
  tile.silu %x -> %x rows(%n) {cols = 64 : i64} : memref<8x64xf32> -> memref<8x64xf32>
  return
}
func.func @judge(%x: memref<8x64xf32>, %s: memref<32xf32>, %n: index) attributes {tile.region} {
  tile.judge %x -> %s rows(%n) {weights = dense<0.1> : tensor<60xf32>, bias = -1.0 : f32} : memref<8x64xf32> -> memref<32xf32>
  return
}
func.func @rank(%l: memref<4x64xf32>, %i: memref<32xi32>, %n: index) attributes {tile.region} {
  tile.rank %l -> %i rows(%n) {count = 8 : i64, vocabulary = 60 : i64} : memref<4x64xf32> -> memref<32xi32>
  return
}
func.func @sample_best(%l: memref<4x64xf32>, %w: memref<128xf32>, %t: memref<8xi32>, %seed: i64, %pos: index, %temp: f32,
    %k: index, %p: f32, %m: f32) attributes {tile.region} {
  tile.sample_best %l, %w -> %t row(%pos) seed(%seed) position(%pos) temperature(%temp) top_k(%k) top_p(%p) min_p(%m) {vocabulary = 60 : i64}
      : memref<4x64xf32>, memref<128xf32> -> memref<8xi32>
  return
}
func.func @pool(%x: memref<8x64xf32>, %key: memref<1x64xf32>, %n: index, %first: index) attributes {tile.region} {
  tile.pool %x -> %key rows(%n) first(%first) {cols = 40 : i64} : memref<8x64xf32> -> memref<1x64xf32>
  return
}
func.func @cosines(%key: memref<1x64xf32>, %keys: memref<5x64xf32>, %near: memref<5xf32>) attributes {tile.region} {
  tile.cosines %key, %keys -> %near {cols = 40 : i64} : memref<1x64xf32>, memref<5x64xf32> -> memref<5xf32>
  return
}
func.func @vote(%near: memref<5xf32>, %laws: memref<5x3xf32>, %best: memref<32xf32>, %choice: memref<32xi32>) attributes {tile.region} {
  tile.vote %near, %laws -> %best, %choice {nearest = 2 : i64, keep = 0.5 : f32} : memref<5xf32>, memref<5x3xf32> -> memref<32xf32>, memref<32xi32>
  return
}
func.func @summarize(%l: memref<4x64xf32>, %s: memref<32xf32>, %n: index) attributes {tile.region} {
  tile.summarize %l -> %s row(%n) {vocabulary = 60 : i64} : memref<4x64xf32> -> memref<32xf32>
  return
}
func.func @sample_proposal(%l: memref<4x64xf32>, %w: memref<128xf32>, %q: memref<16x64xf32>, %t: memref<1xi32>, %seed: i64, %pos: index, %temp: f32,
    %k: index, %p: f32, %m: f32) attributes {tile.region} {
  tile.sample_proposal %l, %w, %q -> %t row(%pos) seed(%seed) position(%pos) temperature(%temp) top_k(%k) top_p(%p) min_p(%m) {vocabulary = 60 : i64}
      : memref<4x64xf32>, memref<128xf32>, memref<16x64xf32> -> memref<1xi32>
  return
}
func.func @sample_reject(%l: memref<4x64xf32>, %w: memref<128xf32>, %ids: memref<32xi32>, %t: memref<1xi32>, %seed: i64, %pos: index, %temp: f32,
    %k: index, %p: f32, %m: f32) attributes {tile.region} {
  tile.sample_reject %l, %w, %ids -> %t row(%pos) drafted(%k) seed(%seed) position(%pos) temperature(%temp) top_k(%k) top_p(%p) min_p(%m) {vocabulary = 60 : i64}
      : memref<4x64xf32>, memref<128xf32>, memref<32xi32> -> memref<1xi32>
  return
}
func.func @sample_typical(%l: memref<4x64xf32>, %w: memref<128xf32>, %ids: memref<32xi32>, %t: memref<1xi32>, %seed: i64, %pos: index, %temp: f32,
    %k: index, %p: f32, %m: f32) attributes {tile.region} {
  tile.sample_typical %l, %w, %ids -> %t row(%pos) drafted(%k) seed(%seed) position(%pos) temperature(%temp) top_k(%k) top_p(%p) min_p(%m) {vocabulary = 60 : i64, epsilon = 0.09 : f32, delta = 0.3 : f32}
      : memref<4x64xf32>, memref<128xf32>, memref<32xi32> -> memref<1xi32>
  return
}
func.func @sample_judged(%l: memref<4x64xf32>, %w: memref<128xf32>, %ids: memref<32xi32>, %s: memref<32xf32>, %t: memref<2xi32>, %seed: i64, %pos: index, %temp: f32,
    %k: index, %p: f32, %m: f32) attributes {tile.region} {
  tile.sample_judged %l, %w, %ids, %s -> %t row(%pos) drafted(%k) seed(%seed) position(%pos) temperature(%temp) top_k(%k) top_p(%p) min_p(%m) {vocabulary = 60 : i64}
      : memref<4x64xf32>, memref<128xf32>, memref<32xi32>, memref<32xf32> -> memref<2xi32>
  return
}
func.func @read_history(%h: memref<256xi32>, %ids: memref<8xi32>, %n: index, %at: index) attributes {tile.region} {
  tile.read_history %h -> %ids rows(%n) at(%at) : memref<256xi32> -> memref<8xi32>
  return
}
func.func @read_history_tokens(%h: memref<256xi32>, %ids: memref<8xi32>, %t: memref<32xi32>, %n: index, %at: index) attributes {tile.region} {
  tile.read_history %h -> %ids rows(%n) at(%at) tokens(%t : memref<32xi32>) : memref<256xi32> -> memref<8xi32>
  return
}
func.func @map_logits(%x: memref<1x64xf32>, %t: memref<32xi32>, %y: memref<4x32xf32>) attributes {tile.region} {
  tile.map_logits %x, %t -> %y : memref<1x64xf32>, memref<32xi32> -> memref<4x32xf32>
  return
}
)";

Cost constant(int64_t value) { return {.constant = value}; }
Cost perRow(int64_t value) { return {.perRow = value}; }

struct Expected {
  Cost weights = {}, activations = {}, state = {}, int8 = {}, f32 = {},
       bf16 = {};
};

// A row of 64 columns is 256 bytes; quantized 64 codes, and 8 bytes of each of
// three sides.
const std::map<std::string, Expected> kExpected = {
    {"embed", {.weights = perRow(4352 / 64), .activations = perRow(256)}},
    {"rms_norm",
     {.weights = constant(256),
      .activations = perRow(2 * 256),
      .f32 = perRow(4 * 64)}},
    {"quantize",
     {.activations = perRow(256 + 64 + 3 * 8), .f32 = perRow(2 * 64)}},
    {"quantize_norm_terms",
     {.weights = constant(256),
      .activations = perRow(256 + 2 * (64 + 3 * 8)),
      .f32 = perRow(2 * 2 * 64 + 4 * 64)}},
    {"contract",
     {.weights = constant(3840 + 4 * 96),
      .activations = perRow(64 + 3 * 8 + 4 * 96),
      .int8 = perRow(2 * 96 * 64)}},
    {"contract_f32_residual",
     {.weights = constant(3840),
      .activations = perRow(256 + 2 * 4 * 96),
      .f32 = perRow(2 * 96 * 64)}},
    {"contract_bf16",
     {.weights = constant(3840),
      .activations = perRow(2 * 64 + 2 * 4 * 96),
      .bf16 = perRow(2 * 96 * 64)}},
    {"rms_norm_bf16",
     {.weights = constant(256),
      .activations = perRow(256 + 128),
      .f32 = perRow(4 * 64)}},
    {"gated_bf16",
     {.activations = perRow((4 + 4 + 2) * 32), .f32 = perRow(4 * 32)}},
    {"attention_bf16",
     {.activations = perRow(256 + 128),
      .state = {.perPosition = 32 * 2 + 32 * 4},
      .bf16 = {.perPair = 4 * 64}}},
    {"contract_gate",
     {.weights = constant(2560),
      .activations = perRow(256 + 4 * 32),
      .f32 = perRow(2 * 64 * 64)}},
    {"gated", {.activations = perRow(3 * 4 * 32), .f32 = perRow(4 * 32)}},
    {"add", {.activations = perRow(3 * 256), .f32 = perRow(64)}},
    {"rope_table",
     {.weights = constant(128), .activations = perRow(8 * 2 * 4)}},
    {"rope", {.activations = perRow(2 * 4 * 32 + 64), .f32 = perRow(3 * 32)}},
    // Two heads of 16 columns, two bytes each in K and four in V.
    {"kv_append",
     {.activations = perRow(2 * 4 * 32), .state = perRow(32 * 2 + 32 * 4)}},
    {"attention",
     {.activations = perRow(2 * 256),
      .state = {.perPosition = 32 * 2 + 32 * 4},
      .f32 = {.perPair = 4 * 64}}},
    {"attention_window",
     {.activations = perRow(2 * 256),
      .state = {.perPosition = 32 * 2 + 32 * 4},
      .f32 = {.perPair = 4 * 64}}},
    {"penalize", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"sample", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"argmax", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"silu", {.activations = perRow(2 * 256), .f32 = perRow(3 * 64)}},
    {"judge",
     {.weights = constant(4 * 60),
      .activations = perRow(4 * 61),
      .f32 = perRow(2 * 60)}},
    {"rank", {.activations = perRow(4 * 60), .f32 = perRow(60)}},
    {"sample_best", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"pool", {.activations = perRow(4 * 40), .f32 = perRow(40)}},
    {"cosines",
     {.weights = constant(4 * 40 * 5),
      .activations = constant(4 * 45),
      .f32 = constant(2 * 40 * 5)}},
    {"vote",
     {.weights = constant(4 * 5 * 3),
      .activations = constant(4 * 5),
      .f32 = constant(2 * (5 + 2 * 3))}},
    {"summarize", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"sample_proposal", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"sample_reject", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"sample_typical", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"sample_judged", {.activations = constant(4 * 60), .f32 = constant(60)}},
    {"similarity", {.activations = constant(2 * 256), .f32 = constant(6 * 60)}},
    {"logistic",
     {.weights = constant(3 * 4),
      .activations = constant(128),
      .f32 = constant(4 * 3)}},
    {"move_rows", {.activations = perRow(2 * 256)}},
    {"read_history", {.activations = perRow(2 * 4)}},
    {"read_history_tokens", {.activations = perRow(3 * 4)}},
    {"map_logits",
     {.weights = constant(32 * 4), .activations = constant(4 * (64 + 32))}},
};

struct CostModel : testing::Test {
  CostModel() {
    context.loadDialect<tile::TileDialect, encoding::EncodingDialect,
                        func::FuncDialect>();
  }
  OwningOpRef<ModuleOp> parse(const std::string &text) {
    return parseSourceString<ModuleOp>(kAliases + text, &context);
  }
  MLIRContext context;
};

TEST_F(CostModel, EachOp) {
  auto module = parse(kRegions);
  ASSERT_TRUE(module);
  size_t seen = 0;
  for (auto region : module->getOps<func::FuncOp>()) {
    SCOPED_TRACE(region.getSymName().str());
    const Expected &expected = kExpected.at(region.getSymName().str());
    ++seen;
    OpCost cost = costOf(&region.getBody().front().front());
    EXPECT_EQ(cost.weightBytes.terms(), expected.weights.terms());
    EXPECT_EQ(cost.activationBytes.terms(), expected.activations.terms());
    EXPECT_EQ(cost.stateBytes.terms(), expected.state.terms());
    EXPECT_EQ(cost.int8Ops.terms(), expected.int8.terms());
    EXPECT_EQ(cost.f32Ops.terms(), expected.f32.terms());
    EXPECT_EQ(cost.bf16Ops.terms(), expected.bf16.terms());
    EXPECT_TRUE(region.getSymName().starts_with(cost.name));
    // Ops that take rows say which scalar holds them, and so do positions.
    auto scalars =
        llvm::make_filter_range(region.getArguments(), [](BlockArgument a) {
          return a.getType().isIndex();
        });
    bool perVocabulary = expected.activations.constant != 0;
    EXPECT_EQ(bool(cost.rows), !perVocabulary);
    if (cost.rows)
      EXPECT_EQ(cost.rows, *scalars.begin());
    if (cost.at)
      EXPECT_EQ(cost.at, *std::next(scalars.begin()));
    bool windowed = region.getSymName() == "attention_window";
    EXPECT_EQ(cost.seenFirst, windowed ? 4 : 0);
    EXPECT_EQ(cost.seenLast, windowed ? 128 : 0);
  }
  EXPECT_EQ(seen, kExpected.size());
}

TEST_F(CostModel, NoOpIsForgotten) {
  // What is no work: declarations, launches, barriers, scalars of launches.
  const std::set<std::string> others = {
      "packed",     "vector", "tokens",   "text",   "buffer", "state",
      "recurrence", "half",   "unplayed", "launch", "barrier"};
  auto module = parse(kRegions);
  ASSERT_TRUE(module);
  std::set<std::string> known = others;
  module->walk([&](Operation *op) {
    if (isa_and_nonnull<tile::TileDialect>(op->getDialect()))
      known.insert(op->getName().stripDialect().str());
  });
  for (RegisteredOperationName name : context.getRegisteredOperations())
    if (name.getDialectNamespace() == "tile")
      EXPECT_TRUE(known.count(name.stripDialect().str()))
          << name.getStringRef().str() << " has no rule that is tested";
}

TEST_F(CostModel, BarriersEndStages) {
  auto module = parse(R"(
func.func @r(%x: memref<8x64xf32>, %n: index) attributes {tile.region} {
  tile.add %x, %x -> %x rows(%n) {cols = 64 : i64} : memref<8x64xf32>, memref<8x64xf32> -> memref<8x64xf32>
  tile.add %x, %x -> %x rows(%n) {cols = 64 : i64} : memref<8x64xf32>, memref<8x64xf32> -> memref<8x64xf32>
  tile.barrier many(%n)
  tile.barrier
  tile.add %x, %x -> %x rows(%n) {cols = 64 : i64} : memref<8x64xf32>, memref<8x64xf32> -> memref<8x64xf32>
  return
})");
  ASSERT_TRUE(module);
  SmallVector<StageOp> ops = stagesOf(*module->getOps<func::FuncOp>().begin());
  ASSERT_EQ(ops.size(), 3u);
  EXPECT_EQ(ops[0].stage, 0u);
  EXPECT_EQ(ops[1].stage, 0u);
  EXPECT_EQ(ops[2].stage, 2u);
  for (int i : {0, 1}) {
    ASSERT_TRUE(ops[i].end);
    EXPECT_TRUE(ops[i].end.getMany());
  }
  EXPECT_FALSE(ops[2].end);
}

} // namespace
