# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the time of a real plan goes: tables that add up, a trace that loads, and counts that are those of the model."""
import json

import pytest

from conftest import figure, run


def table(text, title):
    """{row: numbers} of the table under a title."""
    lines = text[text.index(title):].splitlines()[2:]
    rows = {}
    for line in lines:
        words = line.rsplit(maxsplit=12)
        if len(words) < 13:
            break
        roof = words.pop(11)
        assert roof in ("stream", "dot", "fma", "bf16", "-")
        rows[words[0].strip()] = [float(word) for word in words[1:]]
    return rows


CALLS, TIME, PERCENT, MEGABYTES = range(4)


@pytest.fixture(scope="module")
def profiled(fast, new_folder):
    trace = new_folder() / "trace.json"
    plain = run("llm-run", fast, "-p", "The sea is", "-n", 9, "--temperature", 0, "--ignore-eos")
    result = run("llm-run", fast, "-p", "The sea is", "-n", 9, "--temperature", 0, "--ignore-eos", f"--profile={trace}")
    assert result.stdout == plain.stdout
    return result.stderr, json.loads(trace.read_text())


def test_the_stages_add_up_to_the_token(profiled):
    rows = table(profiled[0], "a token, mean of 8")
    whole, ops, between = (rows.pop(name) for name in ("the whole", "sum of the ops", "between dispatches"))
    assert sum(row[TIME] for row in rows.values()) == pytest.approx(ops[TIME], abs=0.05 * len(rows) + 0.1)
    assert ops[TIME] + between[TIME] == pytest.approx(whole[TIME], abs=0.3)
    assert any("attention" in name for name in rows) and any("contract" in name for name in rows)


def test_next_to_nothing_lies_between_the_stages(fast, tmp_path):
    """Within 3 % of the token. Nobody reads along (--json), and what else runs on the machine spoils a run, not each."""
    best = 0
    for _ in range(5):
        run("llm-run", fast, "-p", "The sea is", "-n", 65, "--temperature", 0, "--ignore-eos", "--json",
            f"--profile={tmp_path}/trace.json")
        token = json.loads((tmp_path / "trace.json").read_text())["otherData"]["token"]
        best = max(best, token["us"] / token["wall_us"])
    figure("llm-run --profile: ops, of the time of a token", f"{100 * best:.1f} %")
    assert 0.97 <= best <= 1


def test_a_token_reads_the_weights_once(profiled, fast):
    """Every byte of the plan's weights but the tied embedding's other use: head and embedding are one table."""
    token = profiled[1]["otherData"]["token"]
    sections = json.loads(run("llm-dump", fast, "--json").stdout)["sections"]
    weights, = [section["bytes"] for section in sections if section["kind"] == "weights"]
    assert token["weight_bytes"] == pytest.approx(weights, rel=0.001)
    megabytes = table(profiled[0], "a token, mean of 8")["the whole"][MEGABYTES]
    assert megabytes == pytest.approx((token["weight_bytes"] + token["state_bytes"]) / 1e6, abs=0.001)
    rows = json.loads(run("llm-bench", fast, "-p", 0, "-n", 4, "-r", 1, "--json").stdout)
    assert rows[0]["bytes_per_token"] == pytest.approx(1e6 * megabytes, rel=0.01)


def test_what_the_plan_says_of_its_ops_is_short(fast):
    """One list for all layers of a kind, whatever their number."""
    dump = json.loads(run("llm-dump", fast, "--json").stdout)
    ops = dump["provenance"]["ops"]
    assert set(json.loads(ops)) == {kernel["name"] for kernel in dump["kernels"]}
    assert len(ops) < 4096 and len(ops) < dump["table_bytes"] / 500


def test_the_layers_are_those_of_the_model(profiled):
    lines = profiled[0][profiled[0].index("layer        us"):].splitlines()[1:]
    layers = [line.split()[0] for line in lines if len(line.split()) == 7]
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


def test_the_trace_is_one_that_viewers_read(profiled):
    """The JSON object form of the trace event format: complete events and metadata, numbers where numbers must be."""
    trace = profiled[1]
    assert set(trace) == {"displayTimeUnit", "otherData", "traceEvents"} and trace["displayTimeUnit"] == "ns"
    for event in trace["traceEvents"]:
        assert isinstance(event["name"], str) and event["pid"] == 1 and isinstance(event["tid"], int)
        if event["ph"] == "M":
            assert event["name"] == "thread_name" and isinstance(event["args"]["name"], str)
        else:
            assert event["ph"] == "X" and event["ts"] >= 0 and event["dur"] >= 0


def predicted(phase):
    """What a phase says without having run."""
    measured = ("us", "wait_us", "wall_us")
    one = {key: value for key, value in phase.items() if key not in (*measured, "ops", "layers")}
    return one, *([{key: value for key, value in part.items() if key not in measured} for part in phase[name]]
                  for name in ("ops", "layers"))


def same(a, b):
    if isinstance(a, float):
        return a == pytest.approx(b, rel=1e-5)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def profile_of(plan, ids, tokens, tmp_path):
    run("llm-run", plan, "--ids", ",".join(map(str, ids)), "-n", tokens, "--temperature", 0, "--ignore-eos",
        f"--profile={tmp_path}/trace.json")
    return json.loads((tmp_path / "trace.json").read_text())["otherData"]


def roofline(plan, machine, depth):
    described = "stream:{stream_gb_s:.9g},dot:{dot_gop_s:.9g},fma:{fma_gflop_s:.9g},threads:{threads}".format(**machine)
    if "bf16_gflop_s" in machine:
        described += f",bf16:{machine['bf16_gflop_s']:.9g}"
    arguments = ["--roofline", f"--machine={described}", "--depth", depth]
    report = json.loads(run("llm-dump", plan, "--json", *arguments).stdout)
    assert report["machine"]["measured"] is False and report["depth"] == depth
    return report, run("llm-dump", plan, *arguments).stdout


@pytest.mark.parametrize("phase", ["token", "prompt"])
def test_report_profile_and_dump_say_the_same(fast, tmp_path, phase):
    """The report foretells what the profile finds, op by op and layer by layer: names, calls, bytes, operations, and the
    time on the machine that the profile measured."""
    depth, ids, tokens = {"token": (20, range(1, 21), 2), "prompt": (0, range(1, 513), 1)}[phase]
    found = profile_of(fast, ids, tokens, tmp_path)
    report, text = roofline(fast, found["machine"], depth)
    assert report["chunk"] == 512
    # The sum of float products in another order is the same to six digits.
    for mine, theirs in zip(predicted(report[phase]), predicted(found[phase])):
        assert same(mine, theirs), (mine, theirs)
    table, = [part for part in text.split("\n\n") if part.startswith("a " + phase)]
    for op in report[phase]["ops"]:
        lines = [line.split() for line in table.splitlines() if line.startswith(f"{op['kernel']}: {op['op']} ")]
        assert min(abs(float(words[-5]) - op["predicted_us"]) for words in lines) <= 0.051


def test_this_machine_is_measured(fast):
    machine = json.loads(run("llm-dump", fast, "--roofline", "--json", "--threads", 2).stdout)["machine"]
    assert machine["measured"] and machine["threads"] == 2 and machine["code_object"].startswith("x86-64-")
    assert min(machine[key] for key in ("stream_gb_s", "dot_gop_s", "fma_gflop_s")) > 0
    refused = run("llm-dump", fast, "--roofline", check=False, env={"SINTER_CPU": "armv9"})
    assert refused.returncode == 1 and "--machine" in refused.stderr
