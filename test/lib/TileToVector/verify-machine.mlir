// RUN: llm-opt %s --verify-machine --split-input-file --verify-diagnostics

func.func @allowed(%x: f32, %v: vector<16xf32>, %i: i16) -> (f32, vector<16xf32>, i16) {
  %0 = math.sqrt %x : f32
  %1 = math.absf %0 : f32
  %2 = math.roundeven %1 : f32
  %3 = math.fma %v, %v, %v : vector<16xf32>
  %4 = math.ctpop %i : i16
  %5 = math.cttz %4 : i16
  return %2, %3, %5 : f32, vector<16xf32>, i16
}

// -----

func.func @elementary(%x: f32) -> f32 {
  // expected-error @+1 {{'math.tanh' op has no fixed sequence here}}
  %0 = math.tanh %x : f32
  return %0 : f32
}

// -----

func.func @contraction(%v: vector<16xf32>) -> vector<16xf32> {
  // expected-error @+1 {{'vector.fma' op becomes llvm.fmuladd, whose rounding is not fixed: use math.fma}}
  %0 = vector.fma %v, %v, %v : vector<16xf32>
  return %0 : vector<16xf32>
}

// -----

func.func @order(%v: vector<16xf32>) -> f32 {
  // expected-error @+1 {{'vector.reduction' op has no fixed order: reduce with shuffles}}
  %0 = vector.reduction <add>, %v : vector<16xf32> into f32
  return %0 : f32
}

// -----

func.func @fast(%x: f32) -> f32 {
  // expected-error @+1 {{'arith.addf' op carries fast-math flags}}
  %0 = arith.addf %x, %x fastmath<reassoc> : f32
  return %0 : f32
}
