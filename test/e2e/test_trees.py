# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trees of any shape, right and wrong at random, ended and cancelled anywhere, leave text and state of plain decoding."""
import json

import pytest

import make_gguf
from conftest import ONE_LEVEL, compile_plan, run

TINY = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 400, "layers": 2}
KINDS = {
    "f32": ["--kv=f32"], "f16": [], "bf16": ["--kv=bf16"], "int8": ["--kv=int8"], "mixed": ["--kv=k:int8,v:f16"],
    "window": ["--kv-window=20"], "sinks": ["--kv=int8", "--kv-window=24", "--kv-sinks=4"], "exact": ["--activations=f32"],
    "ring": ["--kv-window=20", "--kv-sinks=4", "--kv-slack=0", "--max-rows=128"],
    "one branch": ["--tree=2"], "recycled": ["--speculate=recycle"], "recycled 3": ["--kv=int8", "--speculate=copy,recycle:3"],
}


@pytest.fixture(scope="module")
def model(new_folder):
    folder = new_folder()
    make_gguf.write(TINY, str(folder / "m.gguf"))
    return folder / "m.gguf"


def plan_of(model, kind):
    options = KINDS[kind] if any("speculate" in option for option in KINDS[kind]) else ["--speculate=copy,lookup", *KINDS[kind]]
    if not any("tree" in option for option in options):
        options = [*options, "--tree=8"]
    return compile_plan(model, model.parent / f"{kind.replace(' ', '-')}.plan", "--no-golden", ONE_LEVEL, *options)


@pytest.mark.parametrize("temperature, threads", [(0, 1), (0.8, 3)])
@pytest.mark.parametrize("kind", KINDS)
def test_random_trees(model, tmp_path, kind, temperature, threads):
    """Some begin shortly before the end of a page (16), and of the first span (256)."""
    ids = tmp_path / "ids.txt"
    prompts = [[(start * 31 + i * i) % 400 for i in range(length)] for start, length in enumerate((1, 13, 16, 235, 247))]
    ids.write_text("".join(",".join(map(str, prompt)) + "\n" for prompt in prompts), encoding="utf-8")
    result = run("speculation-probe", plan_of(model, kind), ids, 40, temperature, 5, threads, 12, check=False, timeout=600)
    found = json.loads(result.stdout)
    assert (found["prompts"], found["differing_texts"], found["differing_kv"]) == (60, 0, 0), found
    assert found["trees"] > 200 and found["branched"] > 50, found


def test_the_plan_says_what_its_trees_are(model, tmp_path):
    plans = {paths: compile_plan(model, tmp_path / f"{paths}.plan", "--no-golden", ONE_LEVEL, "--speculate=copy,lookup", f"--tree={paths}") for paths in ("off", "3")}
    summary = run("llm-dump", plans["3"]).stdout
    assert "a tree of up to 3 paths, what there is of copy, lookup" in summary and ", paths of merge have " in summary
    assert "the surest of copy, lookup" in run("llm-dump", plans["off"]).stdout
    ranks = compile_plan(model, tmp_path / "ranks.plan", "--no-golden", ONE_LEVEL, "--speculate=copy,recycle:3", "--tree=3")
    assert "recycle keeps 3 ids of each in" in run("llm-dump", ranks).stdout
    program = run("llm-dump", ranks, "--program").stdout
    assert "buffer(@recycled) keeps(3)" in program and "plan.recycle" in program and f"plan.buffer @recycled bytes({500 * 3 * 4}" in program
    programs = {paths: run("llm-dump", plan, "--program").stdout for paths, plan in plans.items()}
    assert "branches(2)" in programs["3"] and "plan.place_draft" in programs["3"] and "plan.keep_row" in programs["3"]
    chain = compile_plan(model, tmp_path / "auto.plan", "--no-golden", ONE_LEVEL, "--speculate=copy,lookup", "--tree=auto:0.9,0.01")
    assert "the surest of copy, lookup" in run("llm-dump", chain).stdout
    assert "plan.place_draft" not in programs["off"] and "plan.keep_row" not in programs["off"]


@pytest.mark.parametrize("options, message", [
    (["--tree=wide", "--speculate=copy"], "--tree=wide is neither off, auto nor a number of paths"),
    (["--tree=auto:0.2,0.5", "--speculate=copy"], "wants chances above 0 that fall"),
    (["--tree=3"], "--tree wants drafters"),
    (["--tree=16", "--speculate=copy"], "is room for 15 paths"),
    (["--tree=3", "--speculate=copy", "--max-rows=16"], "is room for 1 paths")])
def test_trees_that_do_not_fit(model, tmp_path, options, message):
    result = run("llm-compile", model, "-o", tmp_path / "x.plan", *options, check=False)
    assert result.returncode == 2 and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())
