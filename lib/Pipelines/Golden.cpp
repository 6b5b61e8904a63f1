//===- Golden.cpp - what a plan proves itself with
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Golden.h"

#include "lib/Import/Import.h"
#include "lib/Interpret/Interpreter.h"
#include "lib/Pipelines/Pipelines.h"
#include "lib/Target/Plan/Sha256.h"
#include "mlir/Pass/PassManager.h"
#include "sinter-c/depth.h"
#include "sinter-c/runtime.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <cstring>

using namespace sinter;

static llvm::Error error(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// Ids spread over the vocabulary: no tokenizer is needed for logits.
static std::vector<int32_t> probeIds(int64_t vocabulary) {
  std::vector<int32_t> ids;
  for (int64_t i = 1; i <= 4; ++i)
    ids.push_back(int32_t(vocabulary * i / 7 % vocabulary));
  return ids;
}

static constexpr size_t kTopLogits = 8;

llvm::Expected<ReferenceLogits>
sinter::referenceLogits(const gguf::File &file, llm::CheckpointSource &source,
                        llvm::ArrayRef<int64_t> dropLayers) {
  mlir::MLIRContext context;
  std::string said;
  context.getDiagEngine().registerHandler(
      [&](mlir::Diagnostic &diagnostic) { said += diagnostic.str(); });
  auto module = importGguf(file, &context);
  if (failed(module))
    return error("golden logits: " + said);
  if (!dropLayers.empty()) {
    mlir::PassManager manager(&context);
    buildOutline(manager, dropLayers);
    if (failed(manager.run(**module)))
      return error("golden logits: " + said);
  }
  auto vocabulary = (**module)->getAttrOfType<mlir::IntegerAttr>(
      llm::LlmDialect::kVocabulary);
  interpret::Interpreter<float> interpreter(**module, source);
  auto cache = interpreter.makeCache();
  if (failed(cache))
    return error("golden logits: " + said);
  ReferenceLogits reference;
  reference.ids = probeIds(vocabulary.getInt());
  auto logits = interpreter.logits(*cache, reference.ids);
  if (failed(logits))
    return error("golden logits: " + said);
  const auto &rows = **logits;
  const float *row = rows.row(rows.rows() - 1);
  reference.row.assign(row, row + rows.cols());
  return reference;
}

/// An entry is the ids and the row, and the number of ids before them.
llvm::Expected<ReferenceLogits> sinter::cachedReferenceLogits(
    const gguf::File &file, llm::CheckpointSource &source,
    llvm::StringRef sourceSha256, llvm::ArrayRef<int64_t> dropLayers,
    Cache &cache) {
  Sha256 digest;
  digest.update(sourceSha256);
  for (int64_t layer : dropLayers)
    digest.update("-" + std::to_string(layer));
  digest.update(compilerId());
  std::string key = digest.final();
  if (auto entry = cache.find("reference", key)) {
    ReferenceLogits reference;
    const char *at = entry->bytes().data();
    uint32_t ids = 0;
    std::memcpy(&ids, at, sizeof(ids));
    reference.ids.resize(ids);
    reference.row.resize(entry->bytes().size() / 4 - 1 - ids);
    std::memcpy(reference.ids.data(), at + 4, 4 * ids);
    std::memcpy(reference.row.data(), at + 4 + 4 * ids,
                4 * reference.row.size());
    return reference;
  }
  auto reference = referenceLogits(file, source, dropLayers);
  if (!reference)
    return reference;
  std::string bytes;
  auto append = [&](const void *from, size_t count) {
    bytes.append(static_cast<const char *>(from), count);
  };
  uint32_t ids = reference->ids.size();
  append(&ids, sizeof(ids));
  append(reference->ids.data(), 4 * size_t(ids));
  append(reference->row.data(), 4 * reference->row.size());
  cache.store("reference", key, bytes);
  return reference;
}

namespace {

/// A plan held open; errors of the C API as llvm::Error.
struct OpenPlan {
  sinter_plan *plan = nullptr;
  ~OpenPlan() { sinter_plan_release(plan); }
};

llvm::Error take(sinter_status *status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error result =
      error(llvm::Twine("golden section: ") + sinter_status_message(status) +
            " (--no-golden leaves it out)");
  sinter_status_release(status);
  return result;
}

} // namespace

static llvm::Expected<std::unique_ptr<plan::GoldenTextT>>
goldenText(sinter_plan *plan, llvm::StringRef text) {
  auto golden = std::make_unique<plan::GoldenTextT>();
  golden->text = text.str();
  golden->ids.resize(text.size() + 8);
  size_t count = 0;
  if (auto failed = take(sinter_plan_tokenize(
          plan, text.data(), text.size(), SINTER_TEXT_SPECIAL,
          golden->ids.data(), golden->ids.size(), &count)))
    return failed;
  golden->ids.resize(count);
  return golden;
}

static llvm::Expected<std::unique_ptr<plan::GoldenChatT>>
goldenChat(sinter_plan *plan, llvm::StringRef messages) {
  auto golden = std::make_unique<plan::GoldenChatT>();
  golden->messages_json = messages.str();
  size_t bytes = 0;
  golden->rendered.resize(1 << 16);
  if (auto failed = take(sinter_plan_render(
          plan, messages.data(), messages.size(), 1, golden->rendered.data(),
          golden->rendered.size(), &bytes)))
    return failed;
  golden->rendered.resize(bytes);
  return golden;
}

/// Logits of the last id by the plan itself.
static llvm::Expected<std::vector<float>>
planLogits(sinter_plan *plan, llvm::ArrayRef<int32_t> ids) {
  struct Last {
    std::vector<float> row;
    size_t columns;
  } last{{}, size_t(sinter_plan_number(plan, SINTER_VOCABULARY))};
  sinter_session_options options;
  sinter_session_options_initialize(&options);
  options.context = uint32_t(ids.size());
  sinter_session *session = nullptr;
  if (auto failed = take(sinter_session_create(plan, &options, &session)))
    return failed;
  auto keepLast = [](void *user, uint32_t, uint32_t rows, const float *logits) {
    auto &last = *static_cast<Last *>(user);
    const float *row = logits + (rows - 1) * last.columns;
    last.row.assign(row, row + last.columns);
    return 0;
  };
  // The reference has all layers, whatever the plan chooses.
  auto failed = take(sinter_session_set_depth(session, 100));
  if (!failed)
    failed = take(
        sinter_session_score(session, ids.data(), ids.size(), keepLast, &last));
  sinter_session_release(session);
  if (failed)
    return failed;
  return last.row;
}

/// Root mean square of a row around its mean.
static double spread(llvm::ArrayRef<float> row) {
  double mean = 0, sum = 0;
  for (float x : row)
    mean += x / double(row.size());
  for (float x : row)
    sum += (x - mean) * (x - mean);
  return std::sqrt(sum / row.size());
}

static llvm::Expected<std::unique_ptr<plan::GoldenLogitsT>>
goldenLogits(sinter_plan *plan, const ReferenceLogits &reference) {
  auto row = planLogits(plan, reference.ids);
  if (!row)
    return row.takeError();
  std::vector<float> apart;
  float most = 0;
  for (auto [ours, theirs] : llvm::zip_equal(*row, reference.row)) {
    apart.push_back(ours - theirs);
    most = std::max(most, std::abs(ours - theirs));
  }
  // int8 activations were seen at 0.1 of the spread; a wrong kernel is near 1.
  double ratio = spread(apart) / spread(reference.row);
  if (!(ratio < 0.5))
    return error("golden section: logits of the plan are " +
                 std::to_string(ratio) +
                 " of their spread away from those of "
                 "the reference interpreter; a kernel is wrong");
  std::vector<int32_t> order(reference.row.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = int32_t(i);
  size_t count = std::min(kTopLogits, order.size());
  std::partial_sort(order.begin(), order.begin() + count, order.end(),
                    [&](int32_t a, int32_t b) {
                      float x = reference.row[a], y = reference.row[b];
                      return x != y ? x > y : a < b;
                    });
  auto golden = std::make_unique<plan::GoldenLogitsT>();
  golden->ids = reference.ids;
  golden->tolerance = most + 1e-3f;
  for (size_t i = 0; i < count; ++i) {
    golden->top_ids.push_back(order[i]);
    golden->top_logits.push_back(reference.row[order[i]]);
  }
  return golden;
}

llvm::Expected<std::unique_ptr<plan::GoldenT>>
sinter::buildGolden(llvm::StringRef path, bool chat,
                    const ReferenceLogits &reference) {
  OpenPlan open;
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.verify = SINTER_VERIFY_METADATA; // it was written a moment ago
  options.threads = 1;
  if (auto failed =
          take(sinter_plan_open(path.str().c_str(), &options, &open.plan)))
    return failed;
  auto golden = std::make_unique<plan::GoldenT>();
  for (llvm::StringRef text :
       {"Hello, world!", "  two  spaces\n\nand 12345 digits\t",
        "na\xc3\xafve \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x91\xa9\xe2\x80\x8d"
        "\xf0\x9f\x9a\x80"}) {
    auto vector = goldenText(open.plan, text);
    if (!vector)
      return vector.takeError();
    golden->texts.push_back(std::move(*vector));
  }
  if (chat) {
    auto rendering =
        goldenChat(open.plan, R"({"messages": [{"role": "user", "content": )"
                              R"("Hello!"}], "strftime_now": 0})");
    // Some templates refuse such a list; then there is nothing to compare.
    if (rendering)
      golden->chats.push_back(std::move(*rendering));
    else
      llvm::consumeError(rendering.takeError());
  }
  auto logits = goldenLogits(open.plan, reference);
  if (!logits)
    return logits.takeError();
  golden->logits.push_back(std::move(*logits));
  return golden;
}
