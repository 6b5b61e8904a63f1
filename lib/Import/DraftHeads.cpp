// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Import/DraftHeads.h"

#include "dialects/Llm/LlmOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"

using namespace mlir;
using namespace sinter;

/// A draft has no more ids (see SINTER_SPECULATION_ROWS).
static constexpr int64_t kMostHeads = 15;
static constexpr llvm::StringLiteral kVocabularyTensor = "vocabulary";

static std::string shapeText(ArrayRef<int64_t> shape) {
  return shape.empty() ? std::string("a scalar")
                       : llvm::join(llvm::map_range(shape,
                                                    [](int64_t size) {
                                                      return llvm::utostr(size);
                                                    }),
                                    "x");
}

namespace {

class HeadsBuilder {
public:
  HeadsBuilder(const safetensors::File &file, ModuleOp model,
               const HeadsOptions &options)
      : file(file), model(model), options(options),
        builder(OpBuilder::atBlockEnd(model.getBody())), loc(model.getLoc()) {}

  LogicalResult run();

private:
  void problem(const Twine &what) {
    std::string line;
    llvm::raw_string_ostream os(line);
    llvm::printEscapedString(what.str(), os);
    problems.push_back(line);
  }
  LogicalResult findModel();
  void readKind();
  void countHeads();
  bool claim(const std::string &name, ArrayRef<int64_t> shape,
             ArrayRef<llvm::StringRef> types);
  void claimTensors();
  void reportUnknownTensors();
  void readVocabulary();

  std::string declare(const std::string &name);
  void declareOutput();
  Value weight(llvm::StringRef name);
  Value normed(Value hidden);
  void buildHead(int64_t number);

  const safetensors::File &file;
  ModuleOp model;
  const HeadsOptions &options;
  OpBuilder builder;
  Location loc;
  std::vector<std::string> problems;
  llvm::StringSet<> claimed;

  llm::RmsNormOp norm;      // of the model's head
  llm::WeightOp output;     // what it multiplies
  llm::WeightOp embeddings; // of the model's forward
  int64_t width = 0, heads = 0;
  bool hydra = false;
  std::vector<int32_t> vocabulary; // empty: all of the model's
};

} // namespace

static llm::WeightOp weightBehind(ModuleOp model, Value value) {
  auto ref = value.getDefiningOp<llm::WeightRefOp>();
  return ref ? model.lookupSymbol<llm::WeightOp>(ref.getWeight())
             : llm::WeightOp();
}

/// The parts of the model that heads share with it.
LogicalResult HeadsBuilder::findModel() {
  auto head = model.lookupSymbol<func::FuncOp>("head");
  auto forward = model.lookupSymbol<func::FuncOp>("forward");
  if (!head || !forward)
    return model.emitError("a model has functions @forward and @head");
  auto linear = head.getBody()
                    .front()
                    .getTerminator()
                    ->getOperand(0)
                    .getDefiningOp<llm::LinearOp>();
  norm =
      linear ? linear.getX().getDefiningOp<llm::RmsNormOp>() : llm::RmsNormOp();
  if (norm && linear.getWeights().size() == 1)
    output = weightBehind(model, linear.getWeights().front());
  for (auto embed : forward.getOps<llm::EmbeddingOp>())
    embeddings = weightBehind(model, embed.getTable());
  if (!output || !embeddings)
    return model.emitError("heads can draft for a model with an embedding, and "
                           "a head that is a norm, then a linear");
  width = output.getCols();
  return success();
}

void HeadsBuilder::readKind() {
  std::optional<StringRef> kind = file.find("heads");
  if (kind && (kind == "medusa" || kind == "hydra"))
    hydra = kind == "hydra";
  else
    problem("__metadata__ 'heads' is " +
            (kind ? "'" + *kind + "'" : StringRef("missing")) +
            ", expected medusa or hydra");
  if (hydra && width % 32 != 0)
    problem("hydra heads read rows of a width of " + Twine(width) +
            ", expected a multiple of 32");
  if (options.quantize && width % 32 != 0)
    problem("a width of " + Twine(width) +
            " is no multiple of 32, as Q8_0 needs it; keep the file's types "
            "(--heads-weights=file)");
}

bool HeadsBuilder::claim(const std::string &name, ArrayRef<int64_t> shape,
                         ArrayRef<llvm::StringRef> types) {
  const safetensors::Tensor *tensor = file.tensor(name);
  claimed.insert(name);
  std::string where = "tensor '" + name + "'";
  if (!tensor) {
    problem(where + " of shape " + shapeText(shape) + " is missing");
    return false;
  }
  where += " at offset " + llvm::utostr(tensor->offset);
  if (ArrayRef<int64_t>(tensor->shape) != shape) {
    problem(where + " has shape " + shapeText(tensor->shape) + ", expected " +
            shapeText(shape) + " for a model of width " + Twine(width));
    return false;
  }
  if (!llvm::is_contained(types, tensor->type)) {
    problem(where + " has type " + tensor->type + ", expected " +
            llvm::join(types, ", "));
    return false;
  }
  return true;
}

void HeadsBuilder::countHeads() {
  while (file.tensor("heads." + llvm::utostr(heads) + ".weight"))
    ++heads;
  if (heads == 0)
    problem("tensor 'heads.0.weight' is missing: the file has no heads");
  if (heads > kMostHeads)
    problem("has " + Twine(heads) + " heads, expected at most " +
            Twine(kMostHeads));
}

void HeadsBuilder::claimTensors() {
  const llvm::StringRef numbers[] = {"F32", "F16", "BF16"};
  for (int64_t i = 0; i < std::min(heads, kMostHeads); ++i) {
    std::string name = "heads." + llvm::utostr(i);
    int64_t columns = hydra ? (i + 2) * width : width;
    claim(name + ".weight", {width, columns}, numbers);
    claim(name + ".bias", {width}, numbers);
    if (hydra)
      claim(name + ".skip.weight", {width, columns}, numbers);
  }
}

void HeadsBuilder::readVocabulary() {
  const safetensors::Tensor *tensor = file.tensor(kVocabularyTensor);
  if (!tensor)
    return;
  int64_t most = output.getRows();
  int64_t size = tensor->shape.size() == 1 ? tensor->shape[0] : 0;
  if (!claim(kVocabularyTensor.str(), {std::clamp<int64_t>(size, 1, most)},
             {"I32"}))
    return;
  ArrayRef<uint8_t> bytes = file.bytes(*tensor);
  for (int64_t i = 0; i < size; ++i) {
    auto id = int32_t(llvm::support::endian::read32le(bytes.data() + 4 * i));
    bool rises = vocabulary.empty() ? id >= 0 : id > vocabulary.back();
    if (!rises || id >= most) {
      problem("tensor 'vocabulary' at offset " + Twine(tensor->offset + 4 * i) +
              " has the id " + Twine(id) +
              ", expected rising ids of a vocabulary of " + Twine(most));
      return;
    }
    vocabulary.push_back(id);
  }
}

void HeadsBuilder::reportUnknownTensors() {
  std::string names;
  for (const safetensors::Tensor &tensor : file.tensors())
    if (!claimed.contains(tensor.name))
      names += (names.empty() ? "" : ", ") + tensor.name;
  if (!names.empty())
    problem("unknown tensors: " + names);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// A tensor of the file as a weight; its name.
std::string HeadsBuilder::declare(const std::string &name) {
  MLIRContext *ctx = builder.getContext();
  const safetensors::Tensor &tensor = *file.tensor(name);
  auto where = llm::FileAttr::get(ctx, file.path(), tensor.name, tensor.offset,
                                  tensor.bytes);
  bool quantize = options.quantize && tensor.shape.size() == 2;
  encoding::Preset preset =
      quantize ? encoding::Preset::Q8_0 : *encoding::presetByName(tensor.type);
  Attribute source = where;
  if (quantize)
    source = llm::QuantizedAttr::get(ctx, where, tensor.type);
  std::string symbol = "draft." + name;
  builder.setInsertionPointToEnd(model.getBody());
  llm::WeightOp::create(builder, loc, symbol,
                        encoding::weightType(ctx, tensor.shape, preset),
                        source);
  return symbol;
}

/// The rows of the model's output matrix that heads know.
void HeadsBuilder::declareOutput() {
  if (vocabulary.empty())
    return;
  MLIRContext *ctx = builder.getContext();
  auto where = cast<llm::FileAttr>(output.getSource());
  int64_t shape[] = {int64_t(vocabulary.size()), width};
  builder.setInsertionPointToEnd(model.getBody());
  output = llm::WeightOp::create(
      builder, loc, "heads.output",
      encoding::weightType(ctx, shape, *output.getEncoding().getPreset()),
      llm::SelectedAttr::get(ctx, where,
                             DenseI32ArrayAttr::get(ctx, vocabulary)));
}

Value HeadsBuilder::weight(llvm::StringRef name) {
  auto op = model.lookupSymbol<llm::WeightOp>(name);
  return llm::WeightRefOp::create(builder, loc, op.getType(), op.getSymName());
}

/// Each reader gets a norm of its own: it is cheaper than what a row costs that
/// several ops read.
Value HeadsBuilder::normed(Value hidden) {
  auto scale = norm.getWeight().getDefiningOp<llm::WeightRefOp>();
  return llm::RmsNormOp::create(builder, loc, hidden, weight(scale.getWeight()),
                                norm.getEpsAttr());
}

void HeadsBuilder::buildHead(int64_t number) {
  std::string name = "heads." + llvm::utostr(number - 1);
  std::string matrix = declare(name + ".weight");
  std::string bias = declare(name + ".bias");
  std::string skip = hydra ? declare(name + ".skip.weight") : "";

  auto rows = [&](int64_t columns) {
    return RankedTensorType::get({ShapedType::kDynamic, columns},
                                 builder.getF32Type());
  };
  SmallVector<Type> inputs = {rows(width)};
  if (hydra)
    inputs.append(number, RankedTensorType::get(ShapedType::kDynamic,
                                                builder.getI32Type()));
  builder.setInsertionPointToEnd(model.getBody());
  auto function = func::FuncOp::create(
      builder, loc, llm::draftHeadName(number),
      builder.getFunctionType(inputs, rows(output.getRows())));
  builder.setInsertionPointToStart(function.addEntryBlock());
  Value hidden = function.getArgument(0), x = normed(hidden), base;
  if (hydra) {
    SmallVector<Value> parts = {x};
    Value table = weight(embeddings.getSymName());
    for (Value ids : function.getArguments().drop_front())
      parts.push_back(
          llm::EmbeddingOp::create(builder, loc, rows(width), ids, table));
    x = llm::ConcatOp::create(builder, loc, rows((number + 1) * width), parts);
    base = llm::LinearOp::create(builder, loc, x, weight(skip));
  } else {
    base = normed(hidden);
  }
  Value inner =
      llm::LinearOp::create(builder, loc, x, weight(matrix), weight(bias));
  inner = llm::SiluOp::create(builder, loc, inner);
  Value sum = llm::AddOp::create(builder, loc, base, inner);
  Value logits =
      llm::LinearOp::create(builder, loc, sum, weight(output.getSymName()));
  func::ReturnOp::create(builder, loc, logits);
}

LogicalResult HeadsBuilder::run() {
  if (failed(findModel()))
    return failure();
  readKind();
  countHeads();
  if (problems.empty())
    claimTensors();
  readVocabulary();
  if (problems.empty())
    reportUnknownTensors();
  if (!problems.empty()) {
    auto source = model->getAttrOfType<StringAttr>(llm::LlmDialect::kSource);
    InFlightDiagnostic error = emitError(UnknownLoc::get(builder.getContext()));
    error << file.path() << ": these heads cannot draft for "
          << (source ? source.getValue() : "the model") << ":";
    for (const std::string &line : problems)
      error << "\n  " << line;
    return error;
  }
  declareOutput();
  for (int64_t number = 1; number <= heads; ++number)
    buildHead(number);
  model->setAttr(llm::LlmDialect::kHeadsSource,
                 builder.getStringAttr(file.path()));
  return success();
}

LogicalResult sinter::importHeads(const safetensors::File &file, ModuleOp model,
                                  const HeadsOptions &options) {
  return HeadsBuilder(file, model, options).run();
}

LogicalResult sinter::importHeads(llvm::StringRef path, ModuleOp model,
                                  const HeadsOptions &options) {
  auto file = safetensors::File::open(path);
  if (!file)
    return emitError(UnknownLoc::get(model.getContext()))
           << toString(file.takeError());
  return importHeads(**file, model, options);
}
