# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A second model in the plan drafts: it changes how fast tokens come, never which."""
import json

import pytest

import make_gguf
import permute_vocabulary
from conftest import compile_plan, figure, levels_here, run
from test_speculation import PROMPTS, SAMPLING, compare, conformance, same, tokenize

TINY = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 2}


def target():
    return f"--target={levels_here()[-1]}"


@pytest.fixture(scope="module")
def tiny(new_folder):
    """Models with one vocabulary: a target, a smaller draft, and the target itself as a draft with shuffled tokens."""
    folder = new_folder()
    make_gguf.write(TINY, str(folder / "target.gguf"))
    make_gguf.write(TINY | {"layers": 1, "width": 64, "heads": 4, "kv_heads": 1, "ffn": 96, "type": "Q8_0"}, str(folder / "draft.gguf"), seed=1)
    permute_vocabulary.permute(str(folder / "target.gguf"), str(folder / "shuffled.gguf"))
    permute_vocabulary.permute(str(folder / "target.gguf"), str(folder / "cut.gguf"), keep=400)
    return folder


def tiny_plan(tiny, speculate, *options):
    name = "".join(c if c.isalnum() else "-" for c in speculate + "".join(options))
    path = tiny / f"{name[-60:]}.plan"
    return compile_plan(tiny / "target.gguf", path, f"--speculate={speculate}", "--no-golden", target(), *options)


def ids(start, count):
    return ",".join(str((start * 31 + i * i) % 400) for i in range(count))


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
@pytest.mark.parametrize("draft", ["target", "draft", "shuffled", "cut"])
def test_the_text_is_that_of_plain_decoding(tiny, draft, sampling):
    """A target that drafts for itself is always right, and so is its cache; a random draft never is. Both end where the context does."""
    # A draft as slow as its target does not pay, so that no other policy would draft.
    plan = tiny_plan(tiny, f"draft:{tiny / draft}.gguf", "--spec-policy=static:4")
    drafted = accepted = 0
    for tokens in (1, 2, 7, 64, 250):
        for start in range(3):
            figures = same(plan, "--ids", ids(start, 3 + 20 * start), "-n", tokens, "--ignore-eos", *sampling)
            drafted, accepted = drafted + figures["drafted"], accepted + figures["accepted"]
    assert drafted > 0
    if draft in ("target", "shuffled"):
        assert accepted == drafted


@pytest.mark.parametrize("draft", ["target", "shuffled", "cut"])
def test_a_draft_of_few_tokens(tiny, tmp_path, draft):
    """The target drafts for itself and is right where its token is one of those that are drafted. The text ends in a full context, as above."""
    drafted = f"draft:{tiny / draft}.gguf"
    plan = tiny_plan(tiny, drafted, "--spec-policy=static:4", "--draft-vocabulary=128")
    weights = run("llm-dump", plan, "--weights").stdout
    assert "draft.vocabulary = 128" in run("llm-dump", plan).stdout
    assert "draft.known" in weights and ("draft.tokens" in weights) == (draft != "target")
    drafts = accepted = 0
    for sampling in SAMPLING[:2]:
        for start in range(3):
            figures = same(plan, "--ids", ids(start, 3 + 20 * start), "-n", 250, "--ignore-eos", *sampling)
            drafts, accepted = drafts + figures["drafted"], accepted + figures["accepted"]
    assert 0 < accepted < drafts
    compare(tiny_plan(tiny, f"copy,{drafted}", "--draft-vocabulary=128", "--tree=4"), tmp_path, [[7, 1, 8 + start] for start in range(4)], 70, 0.8)


@pytest.mark.parametrize("options, status, message", [
    (["--speculate=draft:{}", "--draft-vocabulary=100"], 2, "--draft-vocabulary=100 is no positive multiple of 32"),
    (["--speculate=draft:{}", "--draft-vocabulary=0"], 2, "--draft-vocabulary=0 is no positive multiple of 32"),
    (["--speculate=draft:{}", "--draft-vocabulary=32", "--spec-policy=switch:2"], 2, "the model writes all tokens"),
    (["--speculate=copy", "--draft-vocabulary=32"], 2, "wants --speculate=draft:MODEL or self"),
    (["--speculate=draft:{}", "--draft-vocabulary=4096"], 1, "it cannot be asked about the first 4096 alone")])
def test_few_tokens_that_nobody_drafts(tiny, tmp_path, options, status, message):
    given = [option.format(tiny / "draft.gguf") for option in options]
    result = run("llm-compile", tiny / "target.gguf", "-o", tmp_path / "x.plan", *given, "--no-golden", check=False)
    assert result.returncode == status and message in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("order", ["copy,draft:{}", "draft:{},lookup", "copy,lookup,draft:{}"])
def test_merged_with_drafters_that_look_at_the_text(tiny, order, threads):
    plan = tiny_plan(tiny, order.format(tiny / "shuffled.gguf"))
    for sampling in SAMPLING[:2]:
        for start in range(3):
            same(plan, "--ids", ids(start, 30) + "," + ids(start, 30), "-n", "120", "--threads", threads, "--ignore-eos", *sampling)


def test_exact_modes_and_windows(tiny):
    """The draft's own numbers are the fast ones; what the target computes is as asked."""
    for options in (["--activations=f32"], ["--kv=int8"], ["--kv-window=24", "--kv-sinks=2"], ["--kv-window=24", "--kv-slack=0", "--max-rows=16"]):
        plan = tiny_plan(tiny, f"draft:{tiny / 'target'}.gguf", "--spec-policy=static:4", *options)
        figures = same(plan, "--ids", ids(1, 40), "-n", "100", "--ignore-eos", "--temperature", "0.8", "--seed", "3")
        assert figures["drafted"] >= figures["accepted"] > 0
        # With a window of its own the draft sees what its target does.
        assert figures["drafted"] == figures["accepted"] or not any("window" in option for option in options)


def test_the_plan_says_what_drafts(tiny):
    plan = tiny_plan(tiny, f"draft:{tiny / 'cut'}.gguf")
    summary = run("llm-dump", plan).stdout
    assert "draft = cut.gguf" in summary and "draft.kv" in summary
    assert "Model, up to 15 ids, policy Goodput" in summary and "fidelity = exact" in summary
    text = run("llm-dump", plan, "--program").stdout
    assert "plan.drafter @model model" in text and "plan.propose" in text and "plan.truncate @draft.kv" in text
    assert "draft.tokens" in run("llm-dump", plan, "--weights").stdout


@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("draft", ["draft", "cut"])
def test_the_cache_is_that_of_plain_decoding(tiny, tmp_path, draft, temperature):
    plan = tiny_plan(tiny, f"copy,draft:{tiny / draft}.gguf")
    compare(plan, tmp_path, [[(start * 31 + i * i) % 400 for i in range(5 + 20 * start)] for start in range(6)], 70, temperature)


@pytest.mark.long
@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("keep, drafted", [(None, None), (None, 24576), (32000, None)])
def test_conformance_of_speculation_by_a_draft_model(model, tmp_path, keep, drafted, temperature):
    """The Q4_1 file drafts for its bf16 twin, with its own vocabulary, half of it, and with another one."""
    make_gguf.requantize(str(model), "BF16", str(tmp_path / "twin.gguf"))
    draft = model
    if keep:
        draft = tmp_path / "cut.gguf"
        permute_vocabulary.permute(str(model), str(draft), keep=keep)
    few = [f"--draft-vocabulary={drafted}"] if drafted else []
    plan = compile_plan(tmp_path / "twin.gguf", tmp_path / "twin.plan", f"--speculate=draft:{draft}", target(), *few)
    conformance(f"draft model{f' of {drafted} tokens' if drafted else ''}{f' with {keep} tokens in another order' if keep else ''}", plan, tmp_path, temperature)


@pytest.fixture(scope="module")
def misfits(tiny):
    make_gguf.write(TINY, str(tiny / "other.gguf"), seed=2)
    make_gguf.write(TINY | {"context": 100}, str(tiny / "short.gguf"))
    make_gguf.write(TINY | {"arch": "mystery"}, str(tiny / "mystery.gguf"))
    make_gguf.write(TINY | {"merges": False}, str(tiny / "mute.gguf"))
    permute_vocabulary.permute(str(tiny / "target.gguf"), str(tiny / "renamed.gguf"), rename={300: "zzzz"})
    return tiny


@pytest.mark.parametrize("draft, messages", [
    ("renamed", ["cannot draft for", "'zzzz' is no token of the other vocabulary"]),
    ("other", ["cannot draft for", "is no token of the other vocabulary"]),
    ("short", ["cannot draft for", "a context of 100 positions, 200 are wanted; --context=100 fits both"]),
    ("mystery", ["architecture 'mystery' is not supported", "is to draft for"]),
    ("mute", ["cannot draft for", "tokenizer.ggml.merges is missing"]),
    ("nowhere", ["nowhere.gguf", "is to draft for"])])
def test_what_does_not_fit_is_refused(misfits, draft, messages, tmp_path):
    result = run("llm-compile", misfits / "target.gguf", "-o", tmp_path / "x.plan", f"--speculate=draft:{misfits / draft}.gguf", "--no-golden", check=False)
    assert result.returncode == 1
    for message in [*messages, "target.gguf", f"{draft}.gguf"]:
        assert message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())


def test_a_second_turn_and_a_stop_text(tiny, model, tmp_path):
    """The draft's cache follows what the first turn left, and what other drafters said."""
    plan = compile_plan(model, tmp_path / "self.plan", f"--speculate=copy,draft:{model}", target())
    turns = "Say: red green blue red green blue red green\nAgain, please.\nName three rivers.\n"
    for sampling in (["--temperature", "0"], ["--temperature", "0.8", "--seed", "7"]):
        options = ["--chat", "-n", "40", *sampling]
        assert run("llm-run", plan, *options, input=turns).stdout == run("llm-run", plan, *options, "--no-speculate", input=turns).stdout
    same(plan, "-p", PROMPTS[4], "-n", "64", "--temperature", "0", "--stop", "4, 5, 1")


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
def test_a_real_draft_with_another_vocabulary(model, sampling, tmp_path):
    permute_vocabulary.permute(str(model), str(tmp_path / "cut.gguf"), keep=32000)
    plan = compile_plan(model, tmp_path / "cut.plan", f"--speculate=draft:{tmp_path / 'cut.gguf'}", "--spec-policy=static:4", target())
    drafted = accepted = 0
    for prompt in PROMPTS:
        figures = same(plan, "-p", prompt, "-n", "48", "--ignore-eos", *sampling)
        drafted, accepted = drafted + figures["drafted"], accepted + figures["accepted"]
    assert accepted > 0.6 * drafted > 0
    figure(f"draft with another vocabulary {' '.join(sampling)}", f"accepted {accepted} of {drafted}")


def test_memory_of_two_models(tiny):
    """The formula counts both caches and is kept; every allocation may fail; rows of a batch know nothing of drafts."""
    plan = tiny_plan(tiny, f"copy,draft:{tiny / 'cut'}.gguf")
    memory = json.loads(run("llm-dump", plan, "--json").stdout)["memory"]
    for case in json.loads(run("memory-probe", plan, "bound").stdout):
        pages = -(-case["context"] // memory["page_tokens"])
        session = memory["session_bytes"] + memory["session_bytes_per_page"] * pages + 2 * memory["session_bytes_per_worker"]
        formula = memory["load_bytes"] + case["sessions"] * session + 2 * memory["worker_bytes"]
        assert case["peak"] <= case["formula"] <= 1.05 * case["peak"]
        assert case["peak"] <= formula
    assert json.loads(run("memory-probe", plan, "refuse").stdout)["requests"] > 50
    assert json.loads(run("batch-probe", plan, 5, 120, 1, 2).stdout)["compared"] > 100
