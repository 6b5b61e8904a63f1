// RUN: llm-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{unknown number format 'u9'}}
func.func private @f(tensor<4x32xf32, #encoding.weight<dense, u9, [(1, 32) f16]>>)

// -----

// expected-error @+1 {{integer codes need at least one scale level}}
func.func private @f(tensor<4x32xf32, #encoding.weight<dense, u4>>)

// -----

// expected-error @+1 {{codes of format f16 take no scale levels}}
func.func private @f(tensor<4x32xf32, #encoding.weight<dense, f16, [(1, 32) f16]>>)

// -----

// expected-error @+1 {{level 0: groups of 2 rows are not supported, expected 1}}
func.func private @f(tensor<4x32xf32, #encoding.weight<dense, u4, [(2, 32) f16]>>)

// -----

// expected-error @+1 {{level 1: group of 48 columns is not a proper multiple of the inner 32}}
func.func private @f(tensor<4x96xf32, #encoding.weight<dense, u4, [(1, 32) u6, (1, 48) f16]>>)

// -----

// expected-error @+1 {{the outermost scale must be a floating point number}}
func.func private @f(tensor<4x32xf32, #encoding.weight<dense, u4, [(1, 32) u6]>>)

// -----

// expected-error @+1 {{only the innermost level may have a zero point}}
func.func private @f(tensor<4x256xf32, #encoding.weight<dense, u4, [(1, 32) u6, (1, 256) f16 zero 8]>>)

// -----

// expected-error @+1 {{minima of a level need a scale in the next level}}
func.func private @f(tensor<4x256xf32, #encoding.weight<dense, u4, [(1, 32) u6 sub u6, (1, 256) f16]>>)

// -----

// expected-error @+1 {{rows of 48 elements do not divide into blocks of 32}}
func.func private @f(tensor<4x48xf32, #encoding.weight<dense, s8, [(1, 32) f16]>>)

// -----

// expected-error @+1 {{an encoded weight has logical element type f32}}
func.func private @f(tensor<4x32xf16, #encoding.weight<dense, s8, [(1, 32) f16]>>)

// -----

// expected-error @+1 {{an encoded weight is a vector or a matrix}}
func.func private @f(tensor<2x4x32xf32, #encoding.weight<dense, f16>>)

// -----

// expected-error @+1 {{an encoded weight has a static shape}}
func.func private @f(tensor<?x32xf32, #encoding.weight<dense, f16>>)
