# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the time of a real plan goes: tables that add up, a trace that loads, and counts that are those of the model."""
import json
import os

import pytest

from conftest import figure, run


def table(text, title):
    """{row: numbers} of the table under a title."""
    lines = text[text.index(title):].splitlines()[2:]
    rows = {}
    for line in lines:
        words = line.rsplit(maxsplit=10)
        if len(words) < 11:
            break
        rows[words[0].strip()] = [float(word) for word in words[1:]]
    return rows


CALLS, TIME, PERCENT, MEGABYTES = range(4)


@pytest.fixture(scope="module")
def profiled(fast, tmp_path_factory):
    trace = tmp_path_factory.mktemp("profile") / "trace.json"
    plain = run("llm-run", fast, "-p", "The sea is", "-n", 9, "--temperature", 0, "--ignore-eos")
    result = run("llm-run", fast, "-p", "The sea is", "-n", 9, "--temperature", 0, "--ignore-eos", f"--profile={trace}")
    assert result.stdout == plain.stdout
    return result.stderr, json.loads(trace.read_text())


def test_the_stages_add_up_to_the_token(profiled):
    rows = table(profiled[0], "a token, mean of 8")
    whole, ops, between = (rows.pop(name) for name in ("the whole", "sum of the ops", "between dispatches"))
    assert sum(row[TIME] for row in rows.values()) == pytest.approx(ops[TIME], abs=0.05 * len(rows) + 0.1)
    assert ops[TIME] + between[TIME] == pytest.approx(whole[TIME], abs=0.3)
    figure("llm-run --profile: ops, of the time of a token", f"{ops[PERCENT]:.1f} %")
    assert any("attention" in name for name in rows) and any("contract" in name for name in rows)


def test_a_token_reads_the_weights_once(profiled, fast):
    """Every byte of the plan's weights but the tied embedding's other use: head and embedding are one table."""
    megabytes = table(profiled[0], "a token, mean of 8")["the whole"][MEGABYTES]
    rows = json.loads(run("llm-bench", fast, "-p", 0, "-n", 4, "-r", 1, "--json").stdout)
    weights = rows[0]["bytes_per_token"] / 1e6
    assert megabytes == pytest.approx(weights, rel=0.02)
    assert 0.9 < 1e6 * megabytes / os.path.getsize(fast) < 1.0


def test_the_layers_are_those_of_the_model(profiled):
    lines = profiled[0][profiled[0].index("layer        us"):].splitlines()[1:]
    layers = [line.split()[0] for line in lines if len(line.split()) == 4]
    assert layers == ["-", *map(str, range(30))]


def test_the_trace_has_a_track_a_worker_without_overlaps(profiled):
    events = profiled[1]["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    assert list(names.values())[-1] == "tokens" and names[0] == "worker 0"
    for worker in list(names)[:-1]:
        spans = [event for event in events if event["ph"] == "X" and event["tid"] == worker]
        # The caller takes part in every dispatch; a worker that is found late is left out of some.
        assert len(spans) > (9 * 30 * 5 if worker == 0 else 0)
        for before, after in zip(spans, spans[1:]):
            assert before["ts"] + before["dur"] <= after["ts"] + 0.002
    assert sum(event["name"] == "token" for event in events) == 8
