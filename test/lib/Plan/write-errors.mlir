// Whatever goes wrong, no file stays: neither the plan nor a temporary one.
// RUN: rm -rf %t && mkdir %t
// RUN: not plan-write %s -o %t/x.plan --fail-at=w 2>&1 | FileCheck %s --check-prefix=PACK
// PACK: plan-write: error: weight 'w' is refused
// RUN: not plan-write %s -o %t/x.plan --missing-entry=k 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: plan-write: error: code object x86-64-v3 has no entry for kernel 'k'
// A signal that ends the process removes the file too.
// RUN: not --crash plan-write %s -o %t/x.plan --kill-at=w
// RUN: ls -A %t | count 0
// An older plan stays as it was.
// RUN: plan-write %s -o %t/x.plan
// RUN: cp %t/x.plan %t.before
// RUN: not plan-write %s -o %t/x.plan --fail-at=w
// RUN: cmp %t/x.plan %t.before
// RUN: ls -A %t | count 1

// RUN: not plan-write %s -o %t/none/x.plan 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: none/x.plan: cannot write to folder '{{.*}}none': No such file or directory
// RUN: not plan-write %s -o %t 2>&1 | FileCheck %s --check-prefix=IS-FOLDER
// IS-FOLDER: is a folder, expected a file name

plan.model "tiny" architecture("llama") vocabulary(100) max_context(256)
  max_rows(8) logits_rows(2) input(@ids) history(@history)
plan.section @weights weights bytes(64)
plan.buffer @ids bytes(32)
plan.buffer @history bytes(0) per_position(4)
plan.weight @w in(@weights) at(0) bytes(64) shape(1, 16) encoding("f32") sources([])
plan.kernel @k bindings([]) scalars([])
