// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Loads arbitrary bytes as what drafting has learned. Size and digests are put
// right first, so that mutations reach what is behind them. What was accepted
// must draft ids of the vocabulary and be saved as the same bytes, what was not
// must have changed nothing.
#include "runtime/capi/Objects.h"
#include "runtime/decode/DraftStore.h"
#include "runtime/decode/Speculation.h"

#include <cstdlib>
#include <vector>

using namespace sinter::runtime;
namespace plan = sinter::plan;

namespace {

constexpr uint32_t kEach = 2;

void need(bool holds) {
  if (!holds)
    abort();
}

const sinter_plan &openPlan() {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.threads = 1;
  sinter_plan *opened = nullptr;
  need(sinter_plan_open(SINTER_TINY_PLAN, &options, &opened) == nullptr);
  return *opened;
}

/// One drafter that recycles, one that chooses it.
const plan::Plan &drafters() {
  static flatbuffers::FlatBufferBuilder builder;
  if (builder.GetSize() == 0) {
    plan::PlanT tables;
    for (auto kind : {plan::DrafterKind::Recycle, plan::DrafterKind::Bandit}) {
      auto drafter = std::make_unique<plan::DrafterT>();
      drafter->kind = kind;
      drafter->max_draft = 15;
      drafter->policy = plan::PolicyKind::Goodput;
      if (kind == plan::DrafterKind::Bandit)
        drafter->parts = {0};
      tables.drafters.push_back(std::move(drafter));
    }
    builder.Finish(plan::Plan::Pack(builder, &tables));
  }
  return *flatbuffers::GetRoot<plan::Plan>(builder.GetBufferPointer());
}

void use(Speculation &speculation, const Recycled &recycled,
         uint32_t vocabulary) {
  speculation.begin(0, nullptr, /*clock=*/false);
  for (uint32_t id = 0; id < vocabulary; id += 16) {
    const int32_t text[] = {int32_t(id)};
    int32_t ids[SINTER_SPECULATION_ROWS];
    uint32_t count =
        speculation.draft(drafters(), id / 16 % 2, text, recycled, ids, 15);
    for (uint32_t i = 0; i < count; ++i)
      need(ids[i] >= 0 && uint32_t(ids[i]) < vocabulary);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const sinter_plan &plan = openPlan();
  const uint32_t vocabulary = plan.loaded.tables().vocabulary();
  std::vector<uint32_t> entries(vocabulary * kEach);
  const Recycled recycled = {entries.data(), kEach, false};
  Speculation speculation;
  DraftStore store(plan.loaded, speculation, recycled);
  std::vector<uint8_t> bytes(store.bytes()), saved(bytes.size());
  const SealedHeader header =
      sealedHeader(plan.loaded, DraftStore::kSeal, 0, bytes.size());
  // What the input says is changed in a store of a session that learned
  // nothing: four bytes at a place.
  store.save(bytes.data());
  for (; size >= 8; size -= 8, data += 8) {
    uint64_t place = readBytes<uint32_t>(data) % (bytes.size() / 4) * 4;
    memcpy(bytes.data() + place, data + 4, 4);
  }
  writeBytes(bytes.data(), &header, sizeof(header));
  sealBytes(bytes.data(), bytes.data() + bytes.size() - sizeof(uint64_t));
  store.save(saved.data());
  Status status = store.load(bytes);
  if (status.ok()) {
    store.save(saved.data());
    need(saved == bytes);
  } else {
    std::vector<uint8_t> after(saved.size());
    store.save(after.data());
    need(after == saved);
  }
  use(speculation, recycled, vocabulary);
  return 0;
}
