# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The first layers of a model draft for all of them: they change how fast tokens come, never which."""
import json
import os
import re

import gguf
import pytest

import make_gguf
from conftest import compile_plan, figure, levels_here, run
from test_draft_model import ids
from test_speculation import PROMPTS, SAMPLING, compare, conformance, same, tokenize

TARGET = f"--target={levels_here()[-1]}"


def layers(count):
    return make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": count}


def silence(path, layer):
    """Lets a layer add nothing to the hidden state."""
    for tensor in gguf.GGUFReader(path, "r+").tensors:
        if tensor.name in (f"blk.{layer}.attn_output.weight", f"blk.{layer}.ffn_down.weight"):
            tensor.data[:] = 0


@pytest.fixture(scope="module")
def tiny(new_folder):
    """Models with random weights; the last two of four layers of one say nothing, and the last one of another."""
    folder = new_folder()
    make_gguf.write(layers(4), str(folder / "m.gguf"))
    make_gguf.write(layers(1), str(folder / "one.gguf"))
    make_gguf.write(layers(4), str(folder / "early.gguf"))
    for layer in (2, 3):
        silence(folder / "early.gguf", layer)
    make_gguf.write(layers(4), str(folder / "late.gguf"))
    silence(folder / "late.gguf", 3)
    return folder


def tiny_plan(tiny, speculate, *options, model="m"):
    path = tiny / ("".join(c if c.isalnum() else "-" for c in model + speculate + "".join(options)) + ".plan")
    return compile_plan(tiny / f"{model}.gguf", path, f"--speculate={speculate}", "--no-golden", TARGET, *options)


def test_layers_that_draft_few_tokens(tiny):
    """The same weights serve both heads."""
    plan = tiny_plan(tiny, "self:2", "--spec-policy=static:4", "--draft-vocabulary=128", model="early")
    everything = tiny_plan(tiny, "self:2", "--spec-policy=static:4", model="early")
    assert plan.stat().st_size < everything.stat().st_size + (64 << 10)
    drafted = accepted = 0
    for sampling in SAMPLING[:2]:
        for start in range(3):
            figures = same(plan, "--ids", ids(start, 3 + 20 * start), "-n", 250, "--ignore-eos", *sampling)
            drafted, accepted = drafted + figures["drafted"], accepted + figures["accepted"]
    assert 0 < accepted < drafted


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
@pytest.mark.parametrize("model, speculate", [("m", "self"), ("m", "copy,self:2"), ("m", "self:2,lookup"), ("early", "self"), ("early", "self:2"),
                                              ("early", "copy,self:2")])
def test_the_text_is_that_of_plain_decoding(tiny, model, speculate, sampling):
    """Every length up to a full context, on one and two workers. Layers that say all there is to say are always right."""
    plan = tiny_plan(tiny, speculate, model=model)
    drafted = accepted = 0
    for tokens in (1, 2, 7, 64, 250):
        for start in range(3):
            figures = same(plan, "--ids", ids(start, 3 + 20 * start), "-n", tokens, "--ignore-eos", "--threads", 1 + start % 2, *sampling)
            drafted, accepted = drafted + figures["drafted"], accepted + figures["accepted"]
    assert drafted >= accepted and drafted > 0
    if model == "early" and speculate != "self":
        assert accepted > 0.5 * drafted, (accepted, drafted)


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_texts_and_states(real, tmp_path, temperature):
    """Five prompts, 64 tokens; ./dev conformance has 200 of 128."""
    compare(real, tmp_path, tokenize(real, tmp_path, PROMPTS), 64, temperature)


@pytest.mark.long
@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("policy", ["goodput", "entropy"])
def test_conformance_of_speculation_by_layers(model, tmp_path, policy, temperature):
    plan = compile_plan(model, tmp_path / "self.plan", "--speculate=self", f"--spec-policy={policy}", "--no-golden", TARGET)
    conformance(f"self --spec-policy={policy}", plan, tmp_path, temperature)


@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("speculate", ["self:2", "copy,self"])
def test_the_cache_is_that_of_plain_decoding(tiny, tmp_path, speculate, temperature):
    plan = tiny_plan(tiny, speculate, model="early")
    compare(plan, tmp_path, [[(start * 31 + i * i) % 400 for i in range(5 + 20 * start)] for start in range(6)], 70, temperature)


def test_exact_modes_and_windows(tiny):
    """Layers that draft compute as all of them do, whatever was asked."""
    for options in (["--activations=f32"], ["--activations=bf16"], ["--kv=k:int8,v:f16"], ["--kv-window=24", "--kv-sinks=2"],
                    ["--kv-window=24", "--kv-slack=0", "--max-rows=16"]):
        plan = tiny_plan(tiny, "self:2", *options, model="early")
        assert same(plan, "--ids", ids(1, 40), "-n", "100", "--ignore-eos", "--temperature", "0.8", "--seed", "3")["accepted"] > 0


def test_nothing_is_in_the_plan_twice(tiny):
    plain, plan = tiny_plan(tiny, "off"), tiny_plan(tiny, "self:2")
    assert run("llm-dump", plan, "--weights").stdout == run("llm-dump", plain, "--weights").stdout
    # One small region and the programs.
    assert os.path.getsize(plan) - os.path.getsize(plain) < 64 * 1024
    summary = run("llm-dump", plan).stdout
    assert "draft = the model's first 2 layers" in summary and "fidelity = exact" in summary
    assert "self             Model, up to 15 ids" in summary and re.search("draft.kv +2 layers of .*, behind the positions of kv$", summary, re.M)
    text = run("llm-dump", plan, "--program").stdout
    assert "plan.drafter @self model" in text and "plan.truncate @draft.kv" in text


def test_the_cache_is_there_once(tiny):
    """What a model of its own takes a page for, layers that draft take nothing for but a page's id."""
    plain, plan = (json.loads(run("llm-dump", tiny_plan(tiny, speculate), "--json").stdout)["memory"] for speculate in ("off", "copy,self:2"))
    assert plan["session_bytes_per_page"] - plain["session_bytes_per_page"] < 128


def test_drafts_leave_out_what_the_text_leaves_out(tiny):
    """The layers of a depth have no keys of what came before: three of four draft, and one of them goes."""
    options = ["--early-exit=sequence", "--depths=75", "--spec-policy=static:4"]
    plan = tiny_plan(tiny, "self:3", *options, model="late")
    for depth in ("100", "75"):
        figures = same(plan, "--depth", depth, "--ids", ids(1, 40), "-n", "100", "--ignore-eos", "--temperature", "0")
        assert figures["accepted"] == figures["drafted"] > 0, depth


def test_the_memory_formula_holds(tiny):
    plan = tiny_plan(tiny, "copy,self:2")
    for case in json.loads(run("memory-probe", plan, "bound").stdout):
        assert case["peak"] <= case["formula"] <= 1.05 * case["peak"]


@pytest.mark.parametrize("name, speculate, code, message", [
    ("m", "self:4", 1, "the first 4 layers cannot draft: the model has 4, so 1 to 3 of them can"),
    ("one", "self", 1, "the model has one layer: none of them can draft for the others"),
    ("m", "self:0", 2, "--speculate=self:0 does not say how many layers draft"),
    ("m", "self:", 2, "--speculate=self: does not say how many layers draft"),
    ("m", "self:half", 2, "--speculate=self:half does not say how many layers draft"),
    ("m", "self,self:2", 2, "--speculate names self twice"),
    ("m", "draft:m.gguf,self", 2, "--speculate: one model drafts, draft:MODEL, self or heads:FILE")])
def test_what_cannot_draft_is_refused(tiny, name, speculate, code, message, tmp_path):
    result = run("llm-compile", tiny / f"{name}.gguf", "-o", tmp_path / "x.plan", f"--speculate={speculate}", "--no-golden", check=False)
    assert result.returncode == code and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def real(model, new_folder):
    return compile_plan(model, new_folder() / "self.plan", "--speculate=self", TARGET)


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
def test_a_third_of_a_real_model(real, sampling):
    drafted = accepted = 0
    for prompt in PROMPTS:
        figures = same(real, "-p", prompt, "-n", "48", "--ignore-eos", *sampling)
        drafted, accepted = drafted + figures["drafted"], accepted + figures["accepted"]
    assert drafted >= accepted and drafted > 0
    figure(f"a third of the layers drafts {' '.join(sampling)}", f"accepted {accepted} of {drafted}")


def test_a_second_turn(real):
    """Drafts begin behind what the first turn left."""
    turns = "Say: red green blue red green blue red green\nAgain, please.\nName three rivers.\n"
    for sampling in (["--temperature", "0"], ["--temperature", "0.8", "--seed", "7"]):
        options = ["--chat", "-n", "40", *sampling]
        assert run("llm-run", real, *options, input=turns).stdout == run("llm-run", real, *options, "--no-speculate", input=turns).stdout
