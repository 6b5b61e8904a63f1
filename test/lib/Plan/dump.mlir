// RUN: plan-write %s -o %t.plan --golden
// RUN: llm-dump %t.plan --sessions 2 --context 20 --threads 3 | FileCheck %s
// RUN: llm-dump %t.plan --weights | FileCheck %s --check-prefix=WEIGHTS
// RUN: llm-dump %t.plan --json --context 16 | FileCheck %s --check-prefix=JSON

// CHECK:      model        tiny (llama)
// CHECK-NEXT:              vocabulary 100, context 256, rows 8, rows of logits 2
// CHECK-NEXT: file         {{.*}}, format 1, needs runtime 1, tables
// CHECK-NEXT: sections     weights          weights  at 4096
// CHECK-NEXT:              x86-64-v3        code     at 8192
// CHECK-NEXT: code         x86-64-v3        4096 B in memory, needs avx2 fma
// CHECK-NEXT: kernels      layer                    2 bindings, 1 scalars
// CHECK-NEXT: functions    run(chunk) -> 1
// CHECK-NEXT: buffers      ids              32 B
// CHECK-NEXT:              history          0 B + 4 B a position
// CHECK-NEXT: states       kv               2 layers of f16, pages of 16 positions
// A page: 16 ids of the history, its own id, and 2 layers of K and V.
// CHECK-NEXT: memory       [[LOAD:[0-9]+]] + sessions * ({{[0-9]+}} + 3140 * ceil(context / 16) + 0 * threads)
// CHECK-NEXT:              peak {{.*}} for 2 sessions of 20 positions, 3 threads, beside the mapped file
// CHECK-NEXT: defaults     temperature 0.00, top-k 0, top-p 1.00, min-p 0.00, repetition penalty 1.00
// CHECK-NEXT: provenance   compiler = plan-write
// CHECK-NEXT:              sha256:weights = {{[0-9a-f]+}}
// CHECK-NEXT:              source = tiny.gguf
// CHECK-NEXT: quality      kl = 0.001
// CHECK-NEXT: golden       1 texts, 0 chats, 0 rows of logits

// WEIGHTS:    64          192       1 x 33      norm f32 = norm.weight other

// JSON-DAG: "architecture": "llama"
// JSON-DAG: "context": 16
// JSON-DAG: "file_bytes": {{[0-9]+}}
// JSON-DAG: "peak_bytes": {{[0-9]+}}
// JSON-DAG: "texts": 1
// JSON-DAG: "max_context": 256

plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@ids) history(@history)
plan.section @weights weights bytes(256)
plan.buffer @ids bytes(32)
plan.buffer @history bytes(0) per_position(4)
plan.state @kv layers(2) page_tokens(16) page_bytes([512, 1024]) type("f16")
plan.weight @norm in(@weights) at(64) bytes(192) shape(1, 33) encoding("f32") sources(["norm.weight", "other"])
plan.kernel @layer bindings(["arena", "w"]) scalars(["rows"])
plan.func @run(%chunk: i64) -> i64 attributes {params = ["chunk"]} {
  plan.dispatch @layer bindings([#plan.buffer<@ids>, #plan.weight<@norm>]) scalars(%chunk)
  plan.return %chunk
}
