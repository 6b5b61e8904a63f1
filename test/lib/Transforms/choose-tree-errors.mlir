// RUN: not llm-opt %s --decode-choose-tree 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not llm-opt %s --decode-choose-tree=acceptance=0.3,0.4 2>&1 | FileCheck %s --check-prefix=RISES
// RUN: not llm-opt %s --decode-choose-tree=acceptance=0.8,0.4 2>&1 | FileCheck %s --check-prefix=SUM
// RUN: not llm-opt %s --decode-choose-tree="acceptance=0.5 leaf=-1" 2>&1 | FileCheck %s --check-prefix=LEAF
// RUN: not llm-opt %s --decode-choose-tree=acceptance=0.5 2>&1 | FileCheck %s --check-prefix=TABLE

// NONE: error: acceptance: chances of siblings add up to more than 0 and at most 1
// RISES: error: acceptance: chances are above 0 and fall, from 1 at most
// SUM: error: acceptance: chances of siblings add up to more than 0 and at most 1
// LEAF: error: leaf: a cost is not below 0
// TABLE: error: 'decode.drafter' op has no cost table to choose a tree by: run decode-predict-costs before
decode.drafter @copy copy match(3 to 16) most(7) policy(goodput)
decode.drafter @merge merge most(7) policy(goodput) parts([@copy]) branches(6)
