# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A model without some of its layers is smaller, and says that it is another one."""
import json
import os

import pytest

from conftest import compile_plan, levels_here, run
from test_draft_model import ids
from test_self_draft import tiny  # noqa: F401, a fixture
from test_speculation import generate, same

TARGET = f"--target={levels_here()[-1]}"


def plan_of(folder, name, *options):
    path = folder / ("".join(c if c.isalnum() else "-" for c in name + "".join(options)) + "-dropped.plan")
    return compile_plan(folder / f"{name}.gguf", path, TARGET, *options)


def test_layers_that_say_nothing_are_not_missed(tiny):  # noqa: F811
    for options in ([], ["--activations=f32"]):
        whole, cut = plan_of(tiny, "early", *options), plan_of(tiny, "early", "--drop-layers=3,2", *options)
        for sampling in (["--temperature", "0"], ["--temperature", "0.8", "--seed", "3"]):
            asked = ["--ids", ids(1, 40), "-n", "100", "--ignore-eos", *sampling]
            assert generate(whole, *asked)["tokens"] == generate(cut, *asked)["tokens"]
        assert os.path.getsize(cut) < 0.8 * os.path.getsize(whole)
        assert "blk.2" not in run("llm-dump", cut, "--weights").stdout


def test_the_plan_says_that_it_is_lossy(tiny):  # noqa: F811
    """Its golden logits are those of what is left of the model."""
    plan = plan_of(tiny, "m", "--drop-layers=1,2", "--kv-window=64")
    run("llm-run", plan, "--selftest")
    summary = run("llm-dump", plan).stdout
    assert "drop_layers = 1,2" in summary and "fidelity = lossy\n" in summary
    assert "lossy = drop_layers 1,2; kv_window 64" in summary
    assert "kv               2 layers" in summary
    ran = run("llm-run", plan, "--ids", ids(1, 40), "-n", "4", "--stats", "--json")
    assert "fidelity lossy, drop_layers 1,2; kv_window 64" in ran.stderr
    told = json.loads(ran.stdout)
    assert told["fidelity"] == "lossy" and told["lossy"] == "drop_layers 1,2; kv_window 64"
    plain = run("llm-dump", plan_of(tiny, "m")).stdout
    assert "fidelity = exact" in plain
    assert "lossy" not in plain and "drop_layers" not in plain
    asked = ["--ids", ids(1, 40), "-n", "60", "--ignore-eos", "--temperature", "0"]
    assert generate(plan, *asked)["tokens"] != generate(plan_of(tiny, "m"), *asked)["tokens"]


def test_what_is_left_can_draft_for_itself(tiny):  # noqa: F811
    plan = plan_of(tiny, "early", "--drop-layers=0", "--speculate=self:2")
    assert same(plan, "--ids", ids(1, 40), "-n", "100", "--ignore-eos", "--temperature", "0")["accepted"] > 0


@pytest.mark.parametrize("value, options, code, message", [
    ("4", [], 1, "layer 4 cannot be dropped: the model has layers 0 to 3"),
    ("1,1", [], 1, "layer 1 is named twice"),
    ("0,1,2,3", [], 1, "all 4 layers are dropped"),
    ("some", [], 2, "some"),
    ("1", ["--compile-to=fuse"], 2, "--drop-layers wants an input before the phase outline")])
def test_what_cannot_be_dropped_is_refused(tiny, value, options, code, message, tmp_path):  # noqa: F811
    result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", f"--drop-layers={value}", *options, check=False)
    assert result.returncode == code and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())
