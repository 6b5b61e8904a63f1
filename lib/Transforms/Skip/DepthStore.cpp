//===- DepthStore.cpp - texts, and what each depth makes of them
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Skip/DepthStore.h"

#include "lib/Import/Safetensors/SafetensorsFile.h"
#include "lib/Transforms/Skip/LayerOrder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace sinter;
using llvm::Twine;
namespace json = llvm::json;

static constexpr llvm::StringLiteral kQuality = "quality.";

//===-- the choice --------------------------------------------------------===//

/// 16 lanes and one tree, as the plan's code adds them.
static float dot(llvm::ArrayRef<float> x, llvm::ArrayRef<float> y) {
  float lanes[16] = {};
  for (size_t i = 0; i < x.size(); ++i)
    lanes[i % 16] = std::fma(x[i], y[i], lanes[i % 16]);
  for (size_t half = 8; half > 0; half /= 2)
    for (size_t i = 0; i < half; ++i)
      lanes[i] += lanes[i + half];
  return lanes[0];
}

size_t DepthStore::choose(llvm::ArrayRef<float> key,
                          const RetrievalRule &rule) const {
  if (entries.empty())
    return 0;
  const float length = std::sqrt(dot(key, key));
  std::vector<float> near;
  for (const Entry &entry : entries) {
    float cosine = dot(key, entry.key) / length;
    near.push_back(cosine > 0 ? std::min(cosine, 1.f) : 0);
  }
  if (*llvm::max_element(near) < float(rule.similar))
    return 0;
  std::vector<float> sums(depths());
  for (int64_t i = 0; i < rule.nearest; ++i) {
    auto nearest = llvm::max_element(near);
    const Entry &entry = entries[nearest - near.begin()];
    for (size_t depth = 0; depth < depths(); ++depth)
      sums[depth] = std::fma(*nearest, entry.law[depth], sums[depth]);
    *nearest = -1;
  }
  const float enough = *llvm::max_element(sums) * float(rule.keep);
  size_t choice = 0;
  for (size_t depth = 0; depth < depths(); ++depth)
    if (sums[depth] >= enough)
      choice = depth;
  return choice;
}

DepthStore::Figures DepthStore::measure(const RetrievalRule &rule,
                                        llvm::ArrayRef<int64_t> skipped) const {
  Figures figures;
  figures.chosen.resize(depths());
  for (const Held &text : held) {
    size_t depth = choose(text.key, rule);
    ++figures.chosen[depth];
    figures.kl += text.kl[depth] / double(held.size());
    figures.agreement += text.agreement[depth] / double(held.size());
    figures.layersSaved += double(skipped[depth]) / double(held.size());
  }
  return figures;
}

//===-- files -------------------------------------------------------------===//

static llvm::Error wrong(llvm::StringRef path, const Twine &what) {
  return llvm::createStringError(path + ": " + what);
}

static std::string joined(llvm::ArrayRef<int64_t> numbers) {
  return llvm::formatv("{0:$[,]}",
                       llvm::make_range(numbers.begin(), numbers.end()));
}

namespace {

/// The tensors of a file in the making.
class Tensors {
public:
  template <typename Row>
  void add(llvm::StringRef name, llvm::ArrayRef<Row> rows,
           std::vector<float> Row::*part) {
    auto begin = int64_t(4 * numbers.size());
    for (const Row &row : rows)
      llvm::append_range(numbers, row.*part);
    auto width = int64_t((rows.front().*part).size());
    head[name] = json::Object{
        {"dtype", "F32"},
        {"shape", json::Array{int64_t(rows.size()), width}},
        {"data_offsets", json::Array{begin, int64_t(4 * numbers.size())}}};
  }
  json::Object head;
  std::vector<float> numbers;
};

/// Reads a file, whose first mistake is kept.
class Reader {
public:
  explicit Reader(const safetensors::File &file) : file(file) {}
  std::string text(llvm::StringRef key) {
    auto value = file.find(key);
    if (!value)
      fail("__metadata__ '" + key + "' is missing");
    return value.value_or("").str();
  }
  std::vector<int64_t> list(llvm::StringRef key) {
    llvm::SmallVector<llvm::StringRef> parts;
    std::string value = text(key);
    llvm::StringRef(value).split(parts, ',', -1, /*KeepEmpty=*/false);
    std::vector<int64_t> numbers(parts.size());
    for (auto [part, number] : llvm::zip(parts, numbers))
      if (part.getAsInteger(10, number) || number < 0)
        fail("__metadata__ '" + key + "' is no list of numbers");
    return numbers;
  }
  template <typename Row>
  void matrix(llvm::StringRef name, std::vector<Row> &rows,
              std::vector<float> Row::*part, size_t width) {
    const safetensors::Tensor *tensor = file.tensor(name);
    if (!tensor || tensor->type != "F32" || tensor->shape.size() != 2 ||
        tensor->shape[0] < 1 ||
        (!rows.empty() && size_t(tensor->shape[0]) != rows.size()) ||
        (width && size_t(tensor->shape[1]) != width))
      return fail(
          "tensor '" + name + "' is no matrix of " +
          (rows.empty() ? Twine("") : Twine(rows.size()) + " rows of ") +
          (width ? Twine(width) + " " : Twine("")) + "F32");
    rows.resize(tensor->shape[0]);
    const uint8_t *from = file.bytes(*tensor).data();
    for (Row &row : rows)
      for (float &number : ((row.*part).resize(tensor->shape[1]), row.*part)) {
        number = llvm::bit_cast<float>(llvm::support::endian::read32le(from));
        from += 4;
        if (!std::isfinite(number))
          return fail("tensor '" + name + "' has no finite number");
      }
  }
  void fail(const Twine &what) {
    if (message.empty())
      message = what.str();
  }
  std::string message;

private:
  const safetensors::File &file;
};

} // namespace

llvm::Error DepthStore::write(llvm::StringRef path) const {
  Tensors tensors;
  tensors.add("keys", llvm::ArrayRef(entries), &Entry::key);
  tensors.add("laws", llvm::ArrayRef(entries), &Entry::law);
  tensors.add("held.keys", llvm::ArrayRef(held), &Held::key);
  tensors.add("held.kl", llvm::ArrayRef(held), &Held::kl);
  tensors.add("held.agreement", llvm::ArrayRef(held), &Held::agreement);
  json::Object metadata{{"store", "depths"},
                        {"model", model},
                        {"layers", std::to_string(layers)},
                        {"depths", joined(percents)},
                        {"order", joined(order)}};
  for (const auto &[name, value] : quality)
    metadata[(kQuality + name).str()] = value;
  tensors.head["__metadata__"] = std::move(metadata);
  std::string head = llvm::formatv("{0}", json::Value(std::move(tensors.head)));
  head.resize(llvm::alignTo(head.size(), 8), ' ');
  std::error_code code;
  llvm::raw_fd_ostream out(path, code);
  if (code)
    return wrong(path, code.message());
  char length[8];
  llvm::support::endian::write64le(length, head.size());
  out.write(length, sizeof(length));
  out << head;
  for (float number : tensors.numbers) {
    char bytes[4];
    llvm::support::endian::write32le(bytes, llvm::bit_cast<uint32_t>(number));
    out.write(bytes, sizeof(bytes));
  }
  out.close();
  if (!out.has_error())
    return llvm::Error::success();
  code = out.error();
  out.clear_error();
  return wrong(path, code.message());
}

/// Compilers before this one left out a layer less for some depths.
std::string DepthStore::otherLayers() const {
  for (int64_t percent : percents) {
    std::string name = ("depth." + Twine(percent) + ".layers_saved").str();
    std::string gone = llvm::formatv(
        "{0} of {1}", layers - keptLayers(layers, percent), layers);
    for (const auto &[key, value] : quality)
      if (key == name && value != gone)
        return llvm::formatv("was measured with {0} layers left out for {1} %, "
                             "which leaves out {2} now; make the store again",
                             value, percent, gone);
  }
  return "";
}

llvm::Expected<DepthStore> DepthStore::read(llvm::StringRef path) {
  auto file = safetensors::File::open(path);
  if (!file)
    return file.takeError();
  if ((*file)->find("store") != "depths")
    return wrong(path, "is no store of depths, as --early-exit="
                       "sequence:retrieve,save=FILE writes it");
  Reader reader(**file);
  DepthStore store;
  store.model = reader.text("model");
  std::vector<int64_t> layers = reader.list("layers");
  if (layers.size() != 1)
    reader.fail("__metadata__ 'layers' is no number");
  else
    store.layers = layers.front();
  store.percents = reader.list("depths");
  store.order = reader.list("order");
  reader.matrix("keys", store.entries, &Entry::key, 0);
  reader.matrix("laws", store.entries, &Entry::law, store.depths());
  reader.matrix("held.keys", store.held, &Held::key, store.width());
  reader.matrix("held.kl", store.held, &Held::kl, store.depths());
  reader.matrix("held.agreement", store.held, &Held::agreement, store.depths());
  for (int64_t percent : store.percents)
    for (llvm::StringRef what : {"kl", "agreement", "layers_saved"}) {
      std::string name = ("depth." + Twine(percent) + "." + what).str();
      store.quality.emplace_back(name, reader.text(kQuality.str() + name));
    }
  if (!reader.message.empty())
    return wrong(path, reader.message);
  if (std::string other = store.otherLayers(); !other.empty())
    return wrong(path, other);
  return store;
}
