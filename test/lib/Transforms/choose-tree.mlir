// RUN: llm-opt %s --decode-choose-tree=acceptance=0.3,0.25,0.2 | FileCheck %s --check-prefix=WIDE
// RUN: llm-opt %s --decode-choose-tree="acceptance=0.3,0.25,0.2 leaf=0.5" | FileCheck %s --check-prefix=CHAIN
// RUN: llm-opt %s --decode-choose-tree=acceptance=0.7,0.05 | FileCheck %s --check-prefix=CHAIN
// What rows cost, and how often candidates are right, say how many paths pay.

decode.drafter @copy copy match(3 to 16) most(7) policy(goodput)
decode.drafter @lookup lookup match(1 to 3) most(7) policy(goodput)
decode.drafter @merge merge most(7) policy(goodput) parts([@copy, @lookup]) branches(6)
decode.costs rows([1.0, 1.02, 1.05, 1.1, 1.3, 1.6, 1.9, 2.2, 2.5, 2.8, 3.1, 3.4, 3.7, 4.0, 4.3, 4.6]) id(0.0)

// Three candidates behind the root: 1.75 tokens for 1.1 and two more leaves.
// Others are left as they are.
// WIDE: decode.drafter @copy copy match(3 to 16) most(7) policy(goodput)
// WIDE: decode.drafter @merge merge most(7) policy(goodput) parts([@copy, @lookup]) branches(2)
// CHAIN: decode.drafter @copy copy match(3 to 16) most(7) policy(goodput)
// CHAIN: decode.drafter @merge priority most(7) policy(goodput) parts([@copy, @lookup]){{$}}
