# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rows of several sessions in one forward have the bits that they have alone."""
import json
import re

import pytest

from conftest import levels_here, run


def probe(plan, sessions, longest, seed, threads, env=None):
    result = json.loads(run("batch-probe", plan, sessions, longest, seed, threads, env=env).stdout)
    print(result)
    return result


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_rows_of_a_batch_are_those_of_sessions_alone(mode, threads, request):
    """Sessions at different positions, over ends of pages (16) and spans (256), prompts beside single rows."""
    plan = request.getfixturevalue(mode)
    result = probe(plan, 5, 300, 1 + threads, threads)
    assert result["mixed"] > 5 and result["compared"] > 300


@pytest.mark.parametrize("sessions", [1, 2, 16])
def test_any_number_of_sessions(fast, sessions):
    assert probe(fast, sessions, 40, sessions, 2)["compared"] >= sessions * 2


def test_every_level(fast):
    for level in levels_here():
        assert probe(fast, 3, 40, 3, 2, env={"SINTER_CPU": level})["compared"] > 20


def test_the_plan_says_what_it_needs(fast):
    """Steps came with the second level of the runtime."""
    assert json.loads(run("llm-dump", fast, "--json").stdout)["min_runtime"] == 2
    program = run("llm-dump", fast, "--program").stdout
    step = program[program.index("plan.func @step()"):]
    assert re.search(r"plan\.take_rows.*plan\.reserve_rows.*plan\.call @forward.*plan\.call @head.*plan\.commit_rows",
                     step, re.S)
