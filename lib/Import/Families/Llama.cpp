// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Architecture `llama`: pre-norm decoder, rotary positions on adjacent pairs
// (the converter has permuted the rows of q and k), grouped heads, gated MLP.
#include "lib/Import/Families/ModelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/Support/Endian.h"

#include <bit>
#include <cmath>

using namespace mlir;
using namespace sinter;

namespace {
class LlamaBuilder {
public:
  explicit LlamaBuilder(ModelBuilder &model)
      : model(model), builder(model.builder), loc(model.loc) {}
  void run();

private:
  void readShape();
  void readHeads();
  void readRope();
  bool readFrequencies(std::vector<float> &freqs);
  void claimTensors();
  void claimLinear(const std::string &name, int64_t out, int64_t in);
  bool readFrequencyFactors(std::vector<double> &factors);
  bool isKnown(StringRef name) const;

  void buildForward();
  void buildLayer(int64_t layer, Value &x, Value &kv);
  Value buildAttention(const std::string &prefix, int64_t layer, Value x,
                       Value &kv);
  Value buildMlp(const std::string &prefix, Value x);
  void buildHead();
  void setAttributes();

  Value linear(Value x, const std::string &name);
  Value norm(Value x, const std::string &name);
  Value rope(Value x, int64_t count);

  ModelBuilder &model;
  OpBuilder &builder;
  Location loc;
  int64_t layers = 0, width = 0, ffn = 0, heads = 0, kvHeads = 0, headDim = 0,
          rot = 0, vocabulary = 0, context = 0;
  double eps = 0, base = 0, ropeScale = 1;
  Value positions, frequencies;
};
} // namespace

static constexpr int64_t kMost = int64_t(1) << 24;

void LlamaBuilder::readShape() {
  // More layers than tensors cannot be: the bound keeps the loops finite.
  int64_t tensors = model.file.tensors().size();
  layers =
      model.integer("llama.block_count", {}, 1, std::max<int64_t>(tensors, 1));
  width = model.integer("llama.embedding_length", {}, 1, kMost);
  ffn = model.integer("llama.feed_forward_length", {}, 1, kMost);
  context = model.integer("llama.context_length", {}, 1, int64_t(1) << 31);
  eps = model.number("llama.attention.layer_norm_rms_epsilon", {});
  // The table says how many tokens there are; the key must agree.
  const gguf::Tensor *table = model.file.tensor("token_embd.weight");
  vocabulary = table && table->shape.size() == 2 ? table->shape[0] : 0;
  int64_t stated = model.integer("llama.vocab_size", vocabulary, 1, kMost);
  const gguf::Value *tokens = model.file.find("tokenizer.ggml.tokens");
  if (vocabulary == 0)
    vocabulary = stated;
  if (stated != vocabulary && stated)
    model.problem("metadata 'llama.vocab_size' is " + Twine(stated) +
                  ", but the token table has " + Twine(vocabulary) + " rows");
  if (tokens && tokens->size() != static_cast<uint64_t>(vocabulary))
    model.problem("the tokenizer has " + Twine(tokens->size()) +
                  " tokens, but the token table has " + Twine(vocabulary) +
                  " rows");
}

void LlamaBuilder::readHeads() {
  heads = model.integer("llama.attention.head_count", {}, 1, 65536);
  kvHeads = model.integer("llama.attention.head_count_kv", heads, 1, 65536);
  if (heads && kvHeads && heads % kvHeads != 0)
    model.problem(Twine(heads) + " attention heads do not share " +
                  Twine(kvHeads) + " key-value heads evenly");
  int64_t share = heads ? width / heads : 0;
  if (!model.has("llama.attention.key_length") && heads && width % heads != 0)
    model.problem("a width of " + Twine(width) + " does not divide into " +
                  Twine(heads) + " heads");
  headDim = model.integer("llama.attention.key_length", share, 1, 65536);
  int64_t values =
      model.integer("llama.attention.value_length", headDim, 1, 65536);
  if (values != headDim)
    model.problem("values of size " + Twine(values) + " beside keys of size " +
                  Twine(headDim) + " are not supported");
}

void LlamaBuilder::readRope() {
  rot = model.integer("llama.rope.dimension_count", headDim, 2, 65536);
  if (headDim && (rot % 2 != 0 || rot > headDim))
    model.problem("metadata 'llama.rope.dimension_count' is " + Twine(rot) +
                  ", expected an even number up to the head size " +
                  Twine(headDim));
  base = model.number("llama.rope.freq_base", 10000.0);
  for (StringRef key : {"type", "factor", "original_context_length",
                        "finetuned", "attn_factor"})
    model.ignore(("llama.rope.scaling." + key).str());
  StringRef type =
      model.file.findString("llama.rope.scaling.type").value_or("none");
  // The older form of linear scaling.
  if (model.has("llama.rope.scale_linear"))
    ropeScale = model.number("llama.rope.scale_linear", {});
  if (type == "linear")
    ropeScale = model.number("llama.rope.scaling.factor", {});
  else if (type != "none")
    model.problem("rope scaling of type '" + type +
                  "' is not supported (supported: none, linear, and "
                  "frequency factors in rope_freqs.weight)");
}

/// The divisors of the frequencies; ones if the file has none.
bool LlamaBuilder::readFrequencyFactors(std::vector<double> &factors) {
  factors.assign(rot / 2, 1.0);
  if (!model.hasTensor("rope_freqs.weight"))
    return true;
  if (!model.claim("rope_freqs.weight", {rot / 2}))
    return false;
  const gguf::Tensor &tensor = *model.file.tensor("rope_freqs.weight");
  std::optional<encoding::Preset> preset = presetOfType(tensor.type);
  if (!preset)
    return false;
  std::vector<float> values(rot / 2);
  encoding::decodeRow(*preset, model.file.bytes(tensor).data(), rot / 2,
                      values.data());
  for (auto [factor, value] : llvm::zip(factors, values)) {
    factor = value;
    if (!std::isfinite(value) || value <= 0) {
      model.problem("tensor 'rope_freqs.weight' holds a factor that is not a "
                    "positive number");
      return false;
    }
  }
  return true;
}

bool LlamaBuilder::readFrequencies(std::vector<float> &freqs) {
  std::vector<double> factors;
  if (!readFrequencyFactors(factors))
    return false;
  for (int64_t i = 0; i < rot / 2; ++i) {
    double inverse = std::pow(base, -2.0 * static_cast<double>(i) /
                                        static_cast<double>(rot));
    freqs.push_back(static_cast<float>(inverse / factors[i] / ropeScale));
  }
  return true;
}

void LlamaBuilder::claimLinear(const std::string &name, int64_t out,
                               int64_t in) {
  model.claim(name + ".weight", {out, in});
  model.claimOptional(name + ".bias", {out});
}

void LlamaBuilder::claimTensors() {
  model.claim("token_embd.weight", {vocabulary, width});
  model.claim("output_norm.weight", {width});
  model.claimOptional("output.weight", {vocabulary, width});
  for (int64_t layer = 0; layer < layers; ++layer) {
    std::string prefix = "blk." + std::to_string(layer) + ".";
    model.claim(prefix + "attn_norm.weight", {width});
    model.claim(prefix + "ffn_norm.weight", {width});
    claimLinear(prefix + "attn_q", heads * headDim, width);
    claimLinear(prefix + "attn_k", kvHeads * headDim, width);
    claimLinear(prefix + "attn_v", kvHeads * headDim, width);
    claimLinear(prefix + "attn_output", width, heads * headDim);
    claimLinear(prefix + "ffn_gate", ffn, width);
    claimLinear(prefix + "ffn_up", ffn, width);
    claimLinear(prefix + "ffn_down", width, ffn);
  }
}

/// Whether the family has a tensor of that name, whatever its shape.
bool LlamaBuilder::isKnown(StringRef name) const {
  for (StringRef single : {"token_embd.weight", "output_norm.weight",
                           "output.weight", "rope_freqs.weight"})
    if (name == single)
      return true;
  uint64_t layer;
  if (!name.consume_front("blk.") || name.consumeInteger(10, layer) ||
      !name.consume_front(".") ||
      (layers && layer >= static_cast<uint64_t>(layers)))
    return false;
  if (name == "attn_norm.weight" || name == "ffn_norm.weight")
    return true;
  if (!name.consume_back(".weight") && !name.consume_back(".bias"))
    return false;
  for (StringRef linear : {"attn_q", "attn_k", "attn_v", "attn_output",
                           "ffn_gate", "ffn_up", "ffn_down"})
    if (name == linear)
      return true;
  return false;
}

void LlamaBuilder::run() {
  readShape();
  readHeads();
  readRope();
  std::vector<float> freqs;
  // A wrong size would make each of the tensors a problem of its own.
  if (!model.hasProblems() && readFrequencies(freqs))
    claimTensors();
  model.reportUnknownTypes();
  model.reportUnknownTensors([&](StringRef name) { return isKnown(name); });
  model.reportUnreadKeys("llama.");
  if (model.hasProblems())
    return;
  setAttributes();
  model.declareWeights();
  model.declareVector("rope.freqs", freqs);
  buildForward();
  buildHead();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value LlamaBuilder::linear(Value x, const std::string &name) {
  SmallVector<Value, 1> biases;
  Value weight = model.weight(name + ".weight");
  if (model.hasTensor(name + ".bias"))
    biases.push_back(model.weight(name + ".bias"));
  return llm::LinearOp::create(builder, loc, x, weight, biases);
}

Value LlamaBuilder::norm(Value x, const std::string &name) {
  return llm::RmsNormOp::create(builder, loc, x, model.weight(name),
                                llvm::APFloat(static_cast<float>(eps)));
}

Value LlamaBuilder::rope(Value x, int64_t count) {
  return llm::RopeOp::create(builder, loc, x, positions, frequencies, count,
                             headDim, rot, /*interleaved=*/true);
}

Value LlamaBuilder::buildAttention(const std::string &prefix, int64_t layer,
                                   Value x, Value &kv) {
  Value q = rope(linear(x, prefix + "attn_q"), heads);
  Value k = rope(linear(x, prefix + "attn_k"), kvHeads);
  Value v = linear(x, prefix + "attn_v");
  Value index = arith::ConstantIndexOp::create(builder, loc, layer);
  Type all = model.rows(kvHeads * headDim);
  auto append = llm::KVAppendOp::create(builder, loc, kv.getType(), all, all,
                                        kv, k, v, positions, index);
  kv = append.getNext();
  auto scale = 1.0f / std::sqrt(static_cast<float>(headDim));
  Type type =
      RankedTensorType::get({heads, ShapedType::kDynamic, ShapedType::kDynamic},
                            builder.getF32Type());
  Value scores =
      llm::ScoresOp::create(builder, loc, type, q, append.getKeys(), heads,
                            kvHeads, headDim, llvm::APFloat(scale));
  scores = llm::CausalMaskOp::create(builder, loc, scores, positions);
  scores = llm::SoftmaxOp::create(builder, loc, scores);
  return llm::MixOp::create(builder, loc, model.rows(heads * headDim), scores,
                            append.getValues(), heads, kvHeads, headDim);
}

Value LlamaBuilder::buildMlp(const std::string &prefix, Value x) {
  Value gate = linear(x, prefix + "ffn_gate");
  Value up = linear(x, prefix + "ffn_up");
  gate = llm::SiluOp::create(builder, loc, gate);
  return llm::MulOp::create(builder, loc, gate, up);
}

void LlamaBuilder::buildLayer(int64_t layer, Value &x, Value &kv) {
  std::string prefix = "blk." + std::to_string(layer) + ".";
  Value h = norm(x, prefix + "attn_norm.weight");
  h = buildAttention(prefix, layer, h, kv);
  h = linear(h, prefix + "attn_output");
  x = llm::AddOp::create(builder, loc, x, h);
  h = norm(x, prefix + "ffn_norm.weight");
  h = buildMlp(prefix, h);
  h = linear(h, prefix + "ffn_down");
  x = llm::AddOp::create(builder, loc, x, h);
}

void LlamaBuilder::buildForward() {
  MLIRContext *ctx = builder.getContext();
  Type element = builder.getF32Type();
  if (model.options.kvType == "f16")
    element = builder.getF16Type();
  else if (model.options.kvType == "bf16")
    element = builder.getBF16Type();
  Type cache = llm::KVCacheType::get(ctx, layers, kvHeads, headDim, element);
  func::FuncOp forward = model.function(
      "forward", {model.ids(), model.ids(), cache}, {model.rows(width), cache});
  positions = forward.getArgument(1);
  frequencies = model.weight("rope.freqs");
  Value x = llm::EmbeddingOp::create(builder, loc, model.rows(width),
                                     forward.getArgument(0),
                                     model.weight("token_embd.weight"));
  Value kv = forward.getArgument(2);
  for (int64_t layer = 0; layer < layers; ++layer)
    buildLayer(layer, x, kv);
  func::ReturnOp::create(builder, loc, ValueRange{x, kv});
}

void LlamaBuilder::buildHead() {
  func::FuncOp head =
      model.function("head", model.rows(width), model.rows(vocabulary));
  Value x = norm(head.getArgument(0), "output_norm.weight");
  // Without a matrix of its own the head is tied to the token table.
  Value weight = model.weight(
      model.hasTensor("output.weight") ? "output.weight" : "token_embd.weight");
  x = llm::LinearOp::create(builder, loc, x, weight);
  func::ReturnOp::create(builder, loc, x);
}

void LlamaBuilder::setAttributes() {
  ModuleOp module = model.module();
  StringRef name = model.file.findString("general.name").value_or("llama");
  using Llm = llm::LlmDialect;
  module->setAttr(Llm::kName, builder.getStringAttr(name));
  module->setAttr(Llm::kArchitecture, builder.getStringAttr("llama"));
  module->setAttr(Llm::kMaxContext, builder.getI64IntegerAttr(context));
  module->setAttr(Llm::kVocabulary, builder.getI64IntegerAttr(vocabulary));
  module->setAttr(Llm::kSource, builder.getStringAttr(model.file.path()));
}

void sinter::buildLlama(ModelBuilder &model) { LlamaBuilder(model).run(); }
