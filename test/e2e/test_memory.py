# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A counting allocator under a compiled plan: the formula holds, and every allocation may fail."""
import json

import pytest

from conftest import ONE_LEVEL, compile_plan, run


@pytest.fixture(scope="module", params=["all positions", "a ring"])
def plan(request, fast, model, new_folder):
    """Of the ring a session has 25 pages at most."""
    options = ["--kv-window=200", "--kv-sinks=4", "--kv-slack=100", "--max-rows=64"]
    return fast if request.param == "all positions" else compile_plan(model, new_folder() / "ring.plan", "--no-golden", ONE_LEVEL, *options)


def test_bound(plan):
    """Never exceeded, at most 5 % too high."""
    for case in json.loads(run("memory-probe", plan, "bound").stdout):
        print(case)
        assert case["peak"] <= case["formula"] <= 1.05 * case["peak"]


def test_formula_of_the_plan(plan):
    """What the compiler wrote into the plan is what the runtime computes, within 5 %."""
    memory = json.loads(run("llm-dump", plan, "--json").stdout)["memory"]
    for case in json.loads(run("memory-probe", plan, "bound").stdout):
        pages = -(-case["context"] // memory["page_tokens"])
        session = (memory["session_bytes"] + memory["session_bytes_per_page"] * pages +
                   memory["ring_bytes_per_page"] * min(memory["ring_pages"], pages) +
                   2 * memory["session_bytes_per_worker"])
        formula = memory["load_bytes"] + case["sessions"] * session + 2 * memory["worker_bytes"]
        assert case["peak"] <= formula <= 1.05 * case["peak"]


def test_every_allocation_fails_once(fast):
    """Each refusal is a status, nothing leaks, and the session goes on."""
    assert json.loads(run("memory-probe", fast, "refuse").stdout)["requests"] > 50
