//===- RegionBuilder.h - one tile region from llm ops -----------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_CONVERSION_LLMTOTILE_REGIONBUILDER_H
#define SINTER_LIB_CONVERSION_LLMTOTILE_REGIONBUILDER_H

#include "dialects/Llm/LlmOps.h"
#include "dialects/Tile/StripLayout.h"
#include "dialects/Tile/TileOps.h"
#include "dialects/Tile/VerifyRule.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace sinter {

/// Columns of a buffer of rows: whole vectors.
inline int64_t padded(int64_t cols) { return llvm::alignTo(cols, 32); }

/// What the whole conversion has decided, as values.
enum class Activations { Int8, Bf16, F32 }; // inside contractions
struct TileOptions {
  Activations activations = Activations::Int8;
  bool attentionBf16 = false;    // products of attention
  mlir::Type keyType, valueType; // of the KV cache
  int64_t window = 0, sinks = 0; // positions that attention sees; 0: all
  int64_t slack = 0;             // and that are kept behind the window
  int64_t maxRows = 512;
  int64_t logitsRows = 4;
  int64_t maxContext = 0;
  VerifyRule rule;        // which drafted ids become tokens
  bool proposals = false; // a model drafts, and rule reject wants what it said
  bool summarize = false; // a policy wants to know how sure a model is
  bool best = false;      // a model drafts trees
  int64_t ranked = 0;     // best ids of each row that a drafter wants to know
};

/// Buffers that live across regions, in the fixed part of the arena.
struct FixedBuffer {
  int64_t offset;
  mlir::MemRefType type;
};

/// What a buffer argument of a region is bound to at a launch.  Weights may be
/// arguments of the outlined function, so each launch resolves them.
struct BindingSpec {
  mlir::Attribute fixed;                  // set: the binding itself
  llvm::SmallVector<mlir::Value> weights; // values of the llm function
  tile::PackedAttr packed;                // set: a matrix of `weights`
  int64_t vectorSize = 0;                 // else: a vector of `weights`
  tile::Arrange arrange = tile::Arrange::Stack;
  int plane = -1; // >= 0: plane of the launch's layer
};

/// An f32 value of the llm function: columns of a buffer.
struct Rows {
  mlir::Value buffer;
  int64_t firstCol = 0;
  int64_t cols = 0;
};

/// Builds one region function.  Buffer arguments come first (the arena is
/// argument 0), scalars after them.
class RegionBuilder {
public:
  /// `rows`: capacity of the row buffers. Scalar 0 is the row count; in a
  /// layer, scalar 1 is the position of the first row, and scalar 2 the number
  /// of runs (see tile.rope_table).
  RegionBuilder(mlir::ModuleOp module, llvm::StringRef name,
                const TileOptions &options, int64_t rows, unsigned numScalars);
  RegionBuilder(mlir::ModuleOp module, llvm::StringRef name,
                const TileOptions &options, int64_t rows,
                llvm::ArrayRef<mlir::Type> scalars);

  mlir::func::FuncOp function() { return func; }
  llvm::ArrayRef<BindingSpec> bindings() const { return specs; }
  mlir::OpBuilder &ops() { return builder; }
  mlir::Location loc() const { return location; }
  mlir::Value scalar(unsigned index);

  /// A transient buffer of rows; `cols` is padded to 32. f32 but where
  /// `element` says something else.
  mlir::Value allocRows(int64_t cols, mlir::Type element = {});
  mlir::Value allocRows(int64_t rows, int64_t cols, mlir::Type element);
  mlir::Value alloc(llvm::ArrayRef<int64_t> shape, mlir::Type element);

  /// Buffer arguments; equal requests share one.
  mlir::Value fixedBuffer(mlir::Attribute binding, mlir::MemRefType type);
  mlir::Value matrix(mlir::ValueRange weights, tile::PackedAttr packed);
  mlir::Value vector(mlir::ValueRange weights, tile::Arrange arrange);
  mlir::Value plane(int index, llm::KVCacheType cache);
  mlir::Value pages();
  /// Where rows stand when they are of several sequences.
  mlir::Value rowPlaces();

  /// Converts the ops of an llm function body; `values` maps row tensors.
  mlir::LogicalResult convertBody(mlir::Block &body);
  void bind(mlir::Value value, Rows rows) { values[value] = rows; }
  /// Ids of the llm function are those of `buffer` from `row` on.
  void bindIds(mlir::Value value, mlir::Value buffer, int64_t row) {
    ids[value] = {buffer, row};
  }
  /// The head: its norm reads rows from scalar 1 on.
  bool selectsRows = false;
  /// The linear writes there.
  void place(llm::LinearOp linear, Rows rows) { places[linear] = rows; }
  /// RoPE tables of the forward, by the symbol of the frequencies.
  llvm::MapVector<mlir::StringAttr, FixedBuffer> *ropeTables = nullptr;
  Rows rowsOf(mlir::Value value) { return values.lookup(value); }
  void finish();

  /// Creates the contraction of a linear, and the quantization of its input.
  mlir::LogicalResult contract(llm::LinearOp linear, tile::Gate gate,
                               mlir::Value residual, mlir::Value out);
  static tile::PackedAttr packedOf(llm::LinearOp linear);
  unsigned residualsFused = 0;

private:
  mlir::Value addArgument(mlir::Type type, BindingSpec spec);
  mlir::FailureOr<mlir::Value> wholeBuffer(mlir::Value value,
                                           mlir::Operation *user);
  void joinKeysAndValues(llm::KVAppendOp append);
  void joinParts(llm::ConcatOp concat);
  /// The columns as a buffer of their own.
  mlir::Value view(Rows rows);
  mlir::Value placeOr(mlir::Operation *op,
                      mlir::function_ref<mlir::Value()> alloc);
  /// An input of linears as int8 codes.
  struct Quantized {
    mlir::Value codes, scale, start, ssum;
    tile::Split split = tile::Split::Rows;
  };
  mlir::FailureOr<tile::StripLayout> layoutOf(llm::LinearOp linear);
  bool readsCodes(const tile::StripLayout &layout) const {
    return layout.hasDot() && options.activations == Activations::Int8;
  }
  /// Code rows of a row: the head sees few rows and waits for memory, so that a
  /// second term is free there and takes a quarter off the distance from exact
  /// logits.
  int64_t terms() const { return selectsRows ? 2 : 1; }
  mlir::FailureOr<Quantized> quantize(llm::LinearOp linear,
                                      const tile::StripLayout &layout);
  void quantizeNorm(llm::RmsNormOp op, mlir::Value x, mlir::Value weight,
                    const tile::StripLayout &layout);
  Quantized allocCodes(const tile::StripLayout &layout, tile::Split split);
  tile::ColumnsAttr columnsOf(Rows rows, int64_t unit);
  mlir::Type elementOf(mlir::Value rows);

  mlir::LogicalResult convert(llm::EmbeddingOp op);
  mlir::LogicalResult convert(llm::ConcatOp op);
  mlir::LogicalResult convert(llm::SiluOp op);
  mlir::LogicalResult convert(llm::RmsNormOp op);
  mlir::LogicalResult convert(llm::LinearOp op);
  mlir::LogicalResult convert(llm::ColumnsOp op);
  mlir::LogicalResult convert(llm::RopeOp op);
  mlir::LogicalResult convert(llm::KVAppendOp op);
  mlir::LogicalResult convert(llm::AttentionOp op);
  mlir::LogicalResult convert(llm::AddOp op);
  mlir::LogicalResult convert(llm::GatedOp op);

  mlir::func::FuncOp func;
  mlir::OpBuilder builder;
  mlir::Location location;
  const TileOptions &options;
  int64_t rowCapacity;
  llvm::SmallVector<BindingSpec> specs;
  /// Where ops write whose results must lie together.
  llvm::DenseMap<mlir::Operation *, Rows> places;
  llvm::DenseMap<mlir::Value, Rows> values;
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, int64_t>> ids;
  /// Quantized forms of an input of linears, by what weights ask of them: the
  /// offset of their codes, and their scales per block.
  using CodesKey = std::tuple<mlir::Value, int64_t, int64_t>;
  static CodesKey keyOf(mlir::Value x, const tile::StripLayout &layout) {
    return {x, layout.zero, layout.scalesPerBlock()};
  }
  llvm::DenseMap<CodesKey, Quantized> quantized;
  /// Rows of which workers may have copies (Split::Own).
  llvm::DenseSet<mlir::Value> copied;
  /// How workers share the columns that contractions write, by buffer.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<tile::ColumnsAttr>> written;
};

/// True if the linear is computed where its only reader stands.
bool isDeferred(llm::LinearOp linear);

} // namespace sinter

#endif // SINTER_LIB_CONVERSION_LLMTOTILE_REGIONBUILDER_H
