#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The linter's own tests: each rule must fire, and must not fire."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import filecheck  # noqa: E402
import layers  # noqa: E402


def test_unnamed_prefix_is_found():
    text = "// RUN: llm-opt %s | FileCheck %s\n// CHECK: a\n// CHEKC-NEXT: b\n"
    assert any("CHEKC" in problem for problem in filecheck.problems(text))


def test_named_prefixes_pass():
    text = ("// RUN: llm-opt %s | FileCheck %s --check-prefixes=ALL,FAST\n"
            "// ALL-LABEL: a\n// FAST-COUNT-2: b\n// REQUIRES: model\n")
    assert not list(filecheck.problems(text))


def test_unused_prefix_is_found():
    text = "// RUN: llm-opt %s | FileCheck %s --check-prefix=SLOW\n"
    assert list(filecheck.problems(text)) == ["prefix SLOW has no directive"]


def test_a_test_that_cannot_fail_is_found():
    assert list(filecheck.problems("// RUN: llm-opt %s\n"))
    assert not list(filecheck.problems("// RUN: llm-opt %s --verify-diagnostics\n"))


def test_runtime_must_not_reach_the_compiler():
    assert list(layers.violations("runtime/plan/Load.cpp", '#include "lib/Target/Plan/Writer.h"\n'))
    assert list(layers.violations("runtime/plan/Load.cpp", '#include "llvm/ADT/SmallVector.h"\n'))
    assert not list(layers.violations("runtime/plan/Load.cpp", '#include "runtime/base/Status.h"\n'))


def test_arrows_between_compiler_folders():
    assert list(layers.violations("dialects/Llm/LlmOps.cpp", '#include "lib/Import/Gguf.h"\n'))
    assert list(layers.violations("lib/Transforms/Fuse.cpp", '#include "lib/Pipelines/Phases.h"\n'))
    assert not list(layers.violations("lib/Pipelines/Phases.cpp", '#include "lib/Transforms/Passes.h"\n'))
    assert list(layers.violations("tools/llm-run/Main.cpp", '#include "runtime/plan/Load.h"\n'))
