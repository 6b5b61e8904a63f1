// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Damaged and forged files: each ends in a status or in the same answer.
#include "runtime/schema/PlanFile.h"
#include "test/runtime/TinyPlan.h"
#include "test/runtime/TinyProgram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <random>
#include <unistd.h>

using namespace sinter::test;
namespace plan = sinter::plan;

namespace {

const std::vector<int32_t> kPrompt = {1, 2, 3, 250};

struct Opened {
  PlanOwner plan;
  sinter_code code;
  std::string message;
};

Opened open(const std::string &path) {
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.threads = 1;
  sinter_plan *plan = nullptr;
  StatusOwner status(sinter_plan_open(path.c_str(), &options, &plan));
  return {PlanOwner(plan), sinter_status_code(status.get()),
          sinter_status_message(status.get())};
}

Opened open(const std::vector<uint8_t> &bytes) {
  TemporaryFile file(bytes);
  return open(file.path);
}

TEST(Corrupt, TruncatedAnywhere) {
  TinyPlan tiny;
  std::string path = tiny.write();
  size_t size = tiny.bytes().size();
  for (size_t bytes = size; bytes-- > 0;) {
    ASSERT_EQ(truncate(path.c_str(), off_t(bytes)), 0);
    Opened opened = open(path);
    ASSERT_EQ(opened.code, SINTER_CORRUPT) << bytes;
    ASSERT_EQ(opened.plan, nullptr);
    ASSERT_EQ(opened.message.rfind(path + ": ", 0), 0u) << opened.message;
  }
}

TEST(Corrupt, AnyByteFlipped) {
  TinyPlan tiny;
  std::string path = tiny.write();
  std::vector<uint8_t> file = tiny.bytes();
  std::vector<int32_t> expected =
      generate(openSession(open(path).plan), kPrompt, greedy(4)).ids;
  int descriptor = ::open(path.c_str(), O_WRONLY);
  size_t accepted = 0;
  for (size_t i = 0; i < file.size(); ++i) {
    uint8_t flipped = file[i] ^ uint8_t(1u << i % 8);
    ASSERT_EQ(pwrite(descriptor, &flipped, 1, off_t(i)), 1);
    Opened opened = open(path);
    if (opened.plan) {
      // Only the padding between sections is covered by no digest.
      ++accepted;
      ASSERT_EQ(file[i], 0) << "offset " << i;
      if (accepted % 64 == 1) {
        ASSERT_EQ(generate(openSession(opened.plan), kPrompt, greedy(4)).ids,
                  expected);
      }
    } else {
      ASSERT_NE(opened.code, SINTER_OK);
      ASSERT_NE(opened.code, SINTER_INTERNAL);
    }
    ASSERT_EQ(pwrite(descriptor, &file[i], 1, off_t(i)), 1);
  }
  close(descriptor);
  EXPECT_LT(accepted, 3 * 4096u);
}

TEST(Corrupt, MutatedTablesWithGoodDigests) {
  TinyPlan tiny;
  const std::vector<uint8_t> file = tiny.bytes();
  sinter_plan_header header;
  memcpy(&header, file.data(), sizeof(header));
  std::mt19937 random(1);
  size_t refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<uint8_t> bytes = file;
    for (unsigned i = 0; i < 1 + random() % 4; ++i) {
      size_t at = header.meta_offset + random() % header.meta_bytes;
      bytes[at] = random() % 4 ? uint8_t(random()) : uint8_t(bytes[at] + 1);
    }
    fixDigests(bytes);
    Opened opened = open(bytes);
    refused += opened.plan == nullptr;
    if (!opened.plan)
      continue;
    // What passed must be usable, short of running its code.
    sinter_session *session = nullptr;
    messageOf(sinter_session_create(opened.plan.get(), nullptr, &session));
    SessionOwner owner(session);
    int32_t ids[8];
    size_t count = 0;
    messageOf(sinter_plan_tokenize(opened.plan.get(), "ab\xff", 3, 3, ids, 8,
                                   &count));
    sinter_plan_property(opened.plan.get(), "activations");
    sinter_plan_memory(opened.plan.get(), 3, 1000);
  }
  EXPECT_GT(refused, 1000u);
}

TEST(Corrupt, NotAPlan) {
  EXPECT_NE(open(std::string("/nonexistent/x.plan")).message.find("No such"),
            std::string::npos);
  EXPECT_EQ(open(std::string("/nonexistent/x.plan")).code, SINTER_NOT_FOUND);
  EXPECT_EQ(open(std::string("/tmp")).code, SINTER_INVALID_ARGUMENT);
  EXPECT_EQ(open(std::vector<uint8_t>()).code, SINTER_CORRUPT);
  EXPECT_NE(open(std::vector<uint8_t>(500, 'x')).message.find("not a plan"),
            std::string::npos);
}

TEST(Corrupt, Versions) {
  TinyPlan tiny;
  std::vector<uint8_t> file = tiny.bytes();
  file[offsetof(sinter_plan_header, format_version)] = 9;
  fixDigests(file);
  Opened opened = open(file);
  EXPECT_EQ(opened.code, SINTER_VERSION);
  EXPECT_NE(opened.message.find("format 9"), std::string::npos);
  file = tiny.bytes();
  file[offsetof(sinter_plan_header, min_runtime)] = 99;
  fixDigests(file);
  EXPECT_EQ(open(file).code, SINTER_VERSION);
  tiny.tables.kernel_abi = 7;
  EXPECT_EQ(open(tiny.bytes()).code, SINTER_VERSION);
}

/// A change of the tables and a part of the message it must give.
struct Forgery {
  const char *message;
  void (*change)(TinyPlan &);
};

BlockBuilder nested(int depth) {
  BlockBuilder b;
  if (depth)
    b.branch(0, nested(depth - 1), BlockBuilder());
  return b;
}

void replaceBody(TinyPlan &tiny, BlockBuilder body) {
  tiny.tables.functions[2]->body = std::move(body.block);
}

plan::ExitT *withExit(TinyPlan &tiny) {
  tiny.tables.states[0]->layers = 2;
  tiny.tables.exits.push_back(std::make_unique<plan::ExitT>());
  plan::ExitT *exit = tiny.tables.exits.back().get();
  exit->after = 1;
  exit->threshold = 0.5f;
  return exit;
}

plan::FfnsT *withFfns(TinyPlan &tiny) {
  tiny.tables.ffns = std::make_unique<plan::FfnsT>();
  return tiny.tables.ffns.get();
}

/// Two texts over two depths of a model of two layers.
plan::RetrievalT *withRetrieval(TinyPlan &tiny) {
  plan::PlanT &tables = tiny.tables;
  tables.states[0]->layers = 2;
  for (uint32_t percent : {100, 50}) {
    tables.depths.push_back(std::make_unique<plan::DepthT>());
    tables.depths.back()->percent = percent;
  }
  tables.depths[1]->skips = {1};
  tables.retrieval = std::make_unique<plan::RetrievalT>();
  plan::RetrievalT *store = tables.retrieval.get();
  store->width = 32;
  store->entries = 2;
  store->nearest = 1;
  for (uint32_t bytes : {256, 256}) {
    tables.buffers.push_back(std::make_unique<plan::BufferT>());
    tables.buffers.back()->bytes = bytes;
  }
  store->choice = uint32_t(tables.buffers.size()) - 1;
  store->key = store->choice - 1;
  for (uint64_t numbers : {2 * 32, 2 * 2}) {
    tables.weights.push_back(std::make_unique<plan::WeightT>());
    tables.weights.back()->rows = 1;
    tables.weights.back()->cols = numbers;
    tables.weights.back()->bytes = (numbers + 31) / 32 * 32 * 4;
  }
  store->laws = uint32_t(tables.weights.size()) - 1;
  store->keys = store->laws - 1;
  return store;
}

plan::DrafterT *withDrafter(TinyPlan &tiny, plan::DrafterKind kind) {
  tiny.tables.drafters.push_back(std::make_unique<plan::DrafterT>());
  plan::DrafterT *drafter = tiny.tables.drafters.back().get();
  drafter->name = "drafter";
  drafter->kind = kind;
  drafter->min_match = 1;
  drafter->max_match = drafter->max_draft = 3;
  return drafter;
}

plan::CostsT *withCosts(TinyPlan &tiny) {
  tiny.tables.costs = std::make_unique<plan::CostsT>();
  tiny.tables.costs->rows.assign(16, 1.0f);
  return tiny.tables.costs.get();
}

const Forgery kForgeries[] = {
    {"lies outside of its image",
     [](TinyPlan &t) { t.tables.code[0]->segments[0]->bytes = 1 << 30; }},
    {"lies outside of its image",
     [](TinyPlan &t) { t.tables.code[0]->segments[0]->address += 16; }},
    {"segments 0 and 1 overlap",
     [](TinyPlan &t) { t.tables.code[0]->segments[1]->address = 0; }},
    {"lies outside of its code",
     [](TinyPlan &t) { t.tables.code[0]->entries[2] = 0; }},
    {"expected one a kernel",
     [](TinyPlan &t) { t.tables.code[0]->entries.pop_back(); }},
    {"no section of code", [](TinyPlan &t) { t.tables.code[0]->section = 0; }},
    {"no section of code", [](TinyPlan &t) { t.tables.code[0]->section = 9; }},
    {"no code objects", [](TinyPlan &t) { t.tables.code.clear(); }},
    {"weight 0 at", [](TinyPlan &t) { t.tables.weights[0]->bytes = ~0ull; }},
    {"weight 0 lies in section 1",
     [](TinyPlan &t) { t.tables.weights[0]->section = 1; }},
    {"vocabulary", [](TinyPlan &t) { t.tables.vocabulary = 0; }},
    {"positions", [](TinyPlan &t) { t.tables.max_context = 0; }},
    {"input buffer", [](TinyPlan &t) { t.tables.input_buffer = 6; }},
    {"input buffer", [](TinyPlan &t) { t.tables.max_rows = 9; }},
    {"history buffer", [](TinyPlan &t) { t.tables.history_buffer = 0; }},
    {"no states", [](TinyPlan &t) { t.tables.states.clear(); }},
    {"pages of 63 bytes",
     [](TinyPlan &t) { t.tables.states[0]->page_bytes[1] = 63; }},
    {"pages of 0 positions",
     [](TinyPlan &t) { t.tables.states[0]->page_tokens = 0; }},
    {"expected the bytes of a K page",
     [](TinyPlan &t) { t.tables.states[0]->page_bytes.pop_back(); }},
    {"exit 0 is after 2 layers, expected 1 to 1",
     [](TinyPlan &t) { withExit(t)->after = 2; }},
    {"exit 0 has the threshold 2 and the decay 0",
     [](TinyPlan &t) { withExit(t)->threshold = 2; }},
    {"exit 0 has the threshold 0.5 and the decay -1",
     [](TinyPlan &t) { withExit(t)->decay = -1; }},
    {"exit 0 has the threshold 0.5",
     [](TinyPlan &t) { withExit(t)->stop = 0.6f; }},
    {"exit 0 has a probe of unknown kind 9",
     [](TinyPlan &t) { withExit(t)->probe = plan::ProbeKind(9); }},
    {"9 exits, expected at most 8",
     [](TinyPlan &t) {
       for (int i = 0; i < 9; ++i)
         withExit(t);
     }},
    {"exit 0 has a head of 1 tokens",
     [](TinyPlan &t) { withExit(t)->tokens = 1; }},
    {"exit 0 has a head of 1000000 tokens",
     [](TinyPlan &t) { withExit(t)->tokens = 1000000; }},
    {"drafter 0 has no name",
     [](TinyPlan &t) {
       withDrafter(t, plan::DrafterKind::Copy)->name.clear();
     }},
    {"drafter 0 of kind Bandit has 0 parts",
     [](TinyPlan &t) { withDrafter(t, plan::DrafterKind::Bandit); }},
    {"drafter 9 of kind Bandit has 9 parts",
     [](TinyPlan &t) {
       for (int i = 0; i < 9; ++i)
         withDrafter(t, plan::DrafterKind::Copy);
       withDrafter(t, plan::DrafterKind::Bandit)->parts = {0, 1, 2, 3, 4,
                                                           5, 6, 7, 8};
     }},
    {"are counted in buffer 99 of",
     [](TinyPlan &t) { withFfns(t)->buffer = 99; }},
    {"which needs 20 bytes",
     [](TinyPlan &t) {
       withFfns(t);
       t.tables.buffers[0]->bytes = 16;
     }},
    {"the block of layer 7 of 2 is left out",
     [](TinyPlan &t) {
       t.tables.states[0]->layers = 2;
       withFfns(t)->layers = {7};
     }},
    {"the block of layer 1 of 2 is left out",
     [](TinyPlan &t) {
       t.tables.states[0]->layers = 2;
       withFfns(t)->layers = {1, 1};
     }},
    {"blocks are left out over 2, expected 0 to 1",
     [](TinyPlan &t) { withFfns(t)->threshold = 2; }},
    {"depths are looked up, but the plan has none",
     [](TinyPlan &t) {
       withRetrieval(t);
       t.tables.depths.clear();
     }},
    {"keys of 4000 numbers, for which",
     [](TinyPlan &t) { withRetrieval(t)->width = 4000; }},
    {"for which buffers 99 and",
     [](TinyPlan &t) { withRetrieval(t)->key = 99; }},
    {"the nearest 3 of 2 texts choose",
     [](TinyPlan &t) { withRetrieval(t)->nearest = 3; }},
    {"the nearest 0 of 2 texts choose",
     [](TinyPlan &t) { withRetrieval(t)->nearest = 0; }},
    {"keys of the store of texts are 64 numbers, expected 32: 2 rows of 16; it "
     "was made for another model",
     [](TinyPlan &t) { withRetrieval(t)->width = 16; }},
    {"laws of the store of texts are 6 numbers, expected 4: 2 rows of 2",
     [](TinyPlan &t) {
       withRetrieval(t);
       t.tables.weights.back()->cols = 6;
     }},
    {"laws of the store of texts are 0 numbers, expected 4",
     [](TinyPlan &t) { withRetrieval(t)->laws = 99; }},
    {"keys of the store of texts are 64 numbers, expected 64",
     [](TinyPlan &t) {
       uint32_t keys = withRetrieval(t)->keys;
       t.tables.weights[keys]->bytes = 128;
     }},
    {"costs of 3 numbers of rows, expected 16",
     [](TinyPlan &t) { withCosts(t)->rows.resize(3); }},
    {"a row costs 2, which is the unit",
     [](TinyPlan &t) { withCosts(t)->rows[0] = 2; }},
    {"3 rows cost 0.5 and 2 rows 1; expected rising costs",
     [](TinyPlan &t) { withCosts(t)->rows[2] = 0.5f; }},
    {"16 rows cost nan", [](TinyPlan &t) { withCosts(t)->rows[15] = NAN; }},
    {"16 rows cost inf",
     [](TinyPlan &t) { withCosts(t)->rows[15] = INFINITY; }},
    {"an id of a draft costs -1, expected 0 to 1000",
     [](TinyPlan &t) { withCosts(t)->id = -1; }},
    {"buffer 0 has",
     [](TinyPlan &t) { t.tables.buffers[0]->bytes = uint64_t(1) << 60; }},
    {"registers", [](TinyPlan &t) { t.tables.functions[0]->registers = 1; }},
    {"register 5 of 5",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.constant(5, 1);
       replaceBody(t, std::move(b));
     }},
    {"does not hold the places of 8 rows",
     [](TinyPlan &t) { t.tables.buffers[5]->bytes = 7 * 16; }},
    {"2 results, expected 3",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.takeRows({0, 1}, 5);
       replaceBody(t, std::move(b));
     }},
    {"kernel 50 of 6",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.dispatch(50, {}, {});
       replaceBody(t, std::move(b));
     }},
    {"0 bindings for kernel 0, expected 6",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.dispatch(0, {}, {});
       replaceBody(t, std::move(b));
     }},
    {"names nothing",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.dispatch(3, {bufferBinding(0, 4096)}, {0});
       replaceBody(t, std::move(b));
     }},
    {"names nothing",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.dispatch(3, {bufferBinding(0, 4)}, {0});
       replaceBody(t, std::move(b));
     }},
    {"names nothing",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.dispatch(3, {sectionBinding(1)}, {0});
       replaceBody(t, std::move(b));
     }},
    {"names nothing",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.dispatch(3, {planeBinding(1, 0)}, {0});
       replaceBody(t, std::move(b));
     }},
    {"names nothing",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.dispatch(3, {planeBinding(0, 2)}, {0});
       replaceBody(t, std::move(b));
     }},
    {"no i32 at offset 32",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.load(0, 1, 32);
       replaceBody(t, std::move(b));
     }},
    {"calls function 77",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.call(77, {}, {});
       replaceBody(t, std::move(b));
     }},
    {"0 arguments, expected 3",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.call(0, {}, {});
       replaceBody(t, std::move(b));
     }},
    {"nest deeper than 32 or recur",
     [](TinyPlan &t) {
       BlockBuilder b;
       b.call(2, {0}, {1});
       replaceBody(t, std::move(b));
     }},
    {"state 3 of 1",
     [](TinyPlan &t) {
       BlockBuilder b;
       plan::StateOpT op;
       op.state = 3;
       b.add(op);
       replaceBody(t, std::move(b));
     }},
    {"control flow nests deeper",
     [](TinyPlan &t) { replaceBody(t, nested(25)); }},
    {"tokenizer of the plan",
     [](TinyPlan &t) { t.tables.tokenizer->byte_ids[7] = 300; }},
};

TEST(Corrupt, ForgedTables) {
  for (const Forgery &forgery : kForgeries) {
    TinyPlan tiny;
    forgery.change(tiny);
    Opened opened = open(tiny.bytes());
    EXPECT_EQ(opened.code, SINTER_CORRUPT) << forgery.message;
    EXPECT_NE(opened.message.find(forgery.message), std::string::npos)
        << "got " << opened.message << "\nfor " << forgery.message;
  }
}

TEST(Corrupt, OverlappingSections) {
  TinyPlan tiny;
  std::vector<uint8_t> file = tiny.bytes();
  // Let the second section begin where the first does.
  sinter_plan_header header;
  memcpy(&header, file.data(), sizeof(header));
  auto *root = plan::GetPlan(file.data() + header.meta_offset);
  uint8_t *offset = const_cast<uint8_t *>(
      reinterpret_cast<const flatbuffers::Table *>(root->sections()->Get(1))
          ->GetAddressOf(plan::Section::VT_OFFSET));
  uint64_t value = 4096;
  memcpy(offset, &value, sizeof(value));
  fixDigests(file);
  EXPECT_NE(open(file).message.find("sections 0 and 1 overlap"),
            std::string::npos);
}

TEST(Corrupt, CpuLevel) {
  TinyPlan tiny;
  tiny.tables.code[0]->features = {"sse2", "neon-512"};
  Opened opened = open(tiny.bytes());
  EXPECT_EQ(opened.code, SINTER_UNSUPPORTED);
  EXPECT_NE(opened.message.find("lacks neon-512"), std::string::npos);
  TinyPlan good;
  std::string path = good.write();
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.cpu = "z80";
  sinter_plan *none = nullptr;
  EXPECT_NE(messageOf(sinter_plan_open(path.c_str(), &options, &none))
                .find("no code for CPU level \"z80\""),
            std::string::npos);
  // The environment decides where the caller does not.
  setenv("SINTER_CPU", "6502", 1);
  EXPECT_NE(open(path).message.find("\"6502\""), std::string::npos);
  setenv("SINTER_CPU", "x86-64", 1);
  EXPECT_STREQ(sinter_plan_property(open(path).plan.get(), "cpu"), "x86-64");
  unsetenv("SINTER_CPU");
}

TEST(Corrupt, Verification) {
  TinyPlan tiny;
  std::vector<uint8_t> file = tiny.bytes();
  file[4096 + 100] ^= 1; // in the weights, unused by the script
  TemporaryFile damaged(file);
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.verify = SINTER_VERIFY_METADATA;
  sinter_plan *out = nullptr;
  EXPECT_EQ(messageOf(sinter_plan_open(damaged.path.c_str(), &options, &out)),
            "");
  sinter_plan_release(out);
  options.verify = SINTER_VERIFY_WEIGHTS;
  EXPECT_NE(messageOf(sinter_plan_open(damaged.path.c_str(), &options, &out))
                .find("offset 4096: block 0 of section 'weights'"),
            std::string::npos);
  options.verify = SINTER_VERIFY_SHA256;
  TemporaryFile whole(tiny.bytes());
  EXPECT_NE(messageOf(sinter_plan_open(whole.path.c_str(), &options, &out))
                .find("sha256:weights"),
            std::string::npos);
}

} // namespace
