# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trees that a model drafts change how fast tokens come, never which."""
import json

import pytest

import make_gguf
import permute_vocabulary
from conftest import ONE_LEVEL, compile_plan, figure, run
from test_draft_model import ids
from test_speculation import PROMPTS, SAMPLING, compare, conformance, generate, same, tokenize

TINY = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 400, "layers": 2}
KINDS = {
    "f16": [], "int8": ["--kv=int8"], "exact": ["--activations=f32"], "window": ["--kv-window=20"], "ring": ["--kv-window=20", "--kv-slack=0", "--max-rows=64"],
    "sinks": ["--kv=int8", "--kv-window=24", "--kv-sinks=4"], "two paths": ["--tree=2"], "observed": ["--speculate=recycle,draft:{}"],
    "many paths": ["--tree=15"],
}


@pytest.fixture(scope="module")
def tiny(new_folder):
    """A target; drafts: itself, with other tokens, nearly itself, and another model."""
    folder = new_folder()
    make_gguf.write(TINY, str(folder / "target.gguf"))
    make_gguf.write(TINY | {"type": "Q4_1"}, str(folder / "near.gguf"))
    make_gguf.write(TINY | {"layers": 1, "width": 64, "heads": 4, "kv_heads": 1, "ffn": 96, "type": "Q8_0"}, str(folder / "other.gguf"), seed=1)
    permute_vocabulary.permute(str(folder / "target.gguf"), str(folder / "shuffled.gguf"))
    permute_vocabulary.permute(str(folder / "target.gguf"), str(folder / "cut.gguf"), keep=400)
    return folder


def tiny_plan(tiny, speculate, *options):
    name = "".join(c if c.isalnum() else "-" for c in speculate + "".join(options))
    tree = [] if any("--tree" in option for option in options) else ["--tree=4"]
    return compile_plan(tiny / "target.gguf", tiny / f"{name[-60:]}.plan", f"--speculate={speculate}", "--no-golden", ONE_LEVEL, *tree, *options)


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
@pytest.mark.parametrize("draft", ["target", "near", "other", "shuffled", "cut"])
def test_the_text_is_that_of_plain_decoding(tiny, draft, sampling):
    """A target that drafts for itself has the right id on some path: its cache is that of the path that was kept."""
    plan = tiny_plan(tiny, f"draft:{tiny / draft}.gguf", "--spec-policy=static:6")
    drafted = accepted = 0
    for tokens in (1, 2, 7, 64, 450):
        for start in range(3):
            figures = same(plan, "--ids", ids(start, 3 + 20 * start), "-n", tokens, "--ignore-eos", "--threads", 1 + start % 2, *sampling)
            drafted, accepted = drafted + figures["drafted"], accepted + figures["accepted"]
            if draft in ("target", "shuffled") and tokens > 7:
                assert figures["acceptance_by_position"][0] == 1 and figures["block_efficiency"] > 4, figures
    assert drafted > accepted >= 0
    assert accepted > 0 or draft == "other"


@pytest.mark.parametrize("tree", ["off", "4"])
@pytest.mark.parametrize("draft", ["target", "near"])
def test_the_end_of_a_text_inside_a_draft(tiny, tmp_path, draft, tree):
    """What the model says anyway becomes its end-of-text id, in the middle of a path."""
    free = tiny_plan(tiny, "copy")
    for start, temperature in ((0, 0), (1, 0.8), (2, 0)):
        prompt, sampling = ids(start, 12 + start), ["--temperature", temperature, "--seed", 5]
        said = generate(free, "--ids", prompt, "-n", 24, "--ignore-eos", *sampling)["tokens"]
        # The first round gives the first ids; new ones alone end where they are wanted.
        end = next(at for at in range(3, 24) if said[at] not in said[:at] + list(map(int, prompt.split(","))))
        make_gguf.write(TINY | {"eos": said[end]}, str(tmp_path / "m.gguf"))
        plan = compile_plan(tmp_path / "m.gguf", tmp_path / "m.plan", f"--speculate=draft:{tiny / draft}.gguf", f"--tree={tree}",
                            "--spec-policy=static:6", "--no-golden", ONE_LEVEL)
        figures = same(plan, "--ids", prompt, "-n", 60, *sampling)
        made = generate(plan, "--ids", prompt, "-n", 60, *sampling)
        assert (made["stop"], made["tokens"][:end]) == ("end_of_text", said[:end]) and len(made["tokens"]) in (end, end + 1), made
        assert figures["accepted"] > 0
        compare(plan, tmp_path, [list(map(int, prompt.split(",")))], 60, temperature, "ends")


@pytest.mark.parametrize("order", ["copy,draft:{}", "draft:{},lookup", "copy,lookup,recycle,draft:{}", "copy,self:1", "self:1"])
def test_merged_with_drafters_that_look_at_the_text(tiny, order):
    plan = tiny_plan(tiny, order.format(tiny / "near.gguf"))
    for sampling in SAMPLING:
        for start in range(3):
            same(plan, "--ids", ids(start, 30) + "," + ids(start, 30), "-n", "120", "--ignore-eos", *sampling)


@pytest.mark.parametrize("policy", ["goodput", "static:3", "ema"])
@pytest.mark.parametrize("temperature", [0, 0.8])
def test_the_cache_is_that_of_plain_decoding(tiny, tmp_path, temperature, policy):
    plan = tiny_plan(tiny, f"draft:{tiny / 'near'}.gguf", f"--spec-policy={policy}")
    compare(plan, tmp_path, [[(start * 31 + i * i) % 400 for i in range(5 + 20 * start)] for start in range(8)], 90, temperature)


@pytest.mark.parametrize("temperature, threads", [(0, 1), (0.8, 3)])
@pytest.mark.parametrize("kind", KINDS)
def test_random_trees(tiny, tmp_path, kind, temperature, threads):
    """A model is asked at random places of random trees. Some begin shortly before the end of a page (16), and of the first span (256)."""
    options = [option.format(tiny / "near.gguf") for option in KINDS[kind]]
    speculate = next((option.partition("=")[2] for option in options if "speculate" in option), f"draft:{tiny / 'near'}.gguf")
    plan = tiny_plan(tiny, speculate, *(option for option in options if "speculate" not in option))
    file = tmp_path / "ids.txt"
    prompts = [[(start * 31 + i * i) % 400 for i in range(length)] for start, length in enumerate((1, 13, 16, 235, 247))]
    file.write_text("".join(",".join(map(str, prompt)) + "\n" for prompt in prompts), encoding="utf-8")
    found = json.loads(run("speculation-probe", plan, file, 40, temperature, 5, threads, 8, check=False, timeout=600).stdout)
    assert (found["prompts"], found["differing_texts"], found["differing_kv"]) == (40, 0, 0), found
    assert found["trees"] > 100 and found["branched"] > 20, found
    assert found["answers"] > 100 or kind == "observed", found


def test_drafts_of_a_given_length_are_chains(tiny):
    """Costs are measured with those."""
    plan = tiny_plan(tiny, f"copy,draft:{tiny / 'target'}.gguf", "--measure-cost")
    assert "costs        measured" in run("llm-dump", plan).stdout
    same(plan, "--ids", "5,6,7", "-n", "60", "--ignore-eos", "--temperature", "0.8")


def test_the_plan_says_that_the_model_drafts_trees(tiny):
    plan = tiny_plan(tiny, f"draft:{tiny / 'near'}.gguf")
    summary = run("llm-dump", plan).stdout
    assert "a tree of up to 4 paths" in summary and "paths of model have" in summary and "fidelity = exact" in summary
    text = run("llm-dump", plan, "--program").stdout
    for op in ("plan.expand @draft.kv", "plan.propose_best @best", "plan.agreed", "branches(3)"):
        assert op in text
    memory = json.loads(run("llm-dump", plan, "--json").stdout)["memory"]
    for case in json.loads(run("memory-probe", plan, "bound").stdout):
        pages = -(-case["context"] // memory["page_tokens"])
        session = memory["session_bytes"] + memory["session_bytes_per_page"] * pages + 2 * memory["session_bytes_per_worker"]
        assert case["peak"] <= memory["load_bytes"] + case["sessions"] * session + 2 * memory["worker_bytes"]


@pytest.mark.parametrize("options, message", [
    (["--verify-rule=reject"], "--verify-rule=reject knows of chains alone what their ids were drawn from; give --tree=off"),
    (["--spec-policy=entropy"], "--spec-policy=entropy says where a chain ends; give --tree=off")])
def test_what_is_for_chains_is_refused(tiny, tmp_path, options, message):
    for drafters in ("draft:{}", "copy,self:1"):
        result = run("llm-compile", tiny / "target.gguf", "-o", tmp_path / "x.plan", f"--speculate={drafters.format(tiny / 'near.gguf')}",
                     "--tree=4", *options, check=False)
        assert result.returncode == 2 and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())


def test_the_compiler_chooses_chains_for_a_model(tiny, tmp_path):
    plan = tiny_plan(tiny, f"copy,draft:{tiny / 'near'}.gguf", "--tree=auto:0.3,0.25,0.2", "--spec-policy=entropy")
    text = run("llm-dump", plan, "--program").stdout
    assert "plan.place_draft" in text and "plan.expand" not in text
    result = run("llm-compile", tiny / "target.gguf", "-o", tmp_path / "x.plan", f"--speculate=draft:{tiny / 'near'}.gguf", "--tree=auto", check=False)
    assert result.returncode == 2 and "a model drafts trees with --tree=PATHS alone" in result.stderr, result.stderr


@pytest.fixture(scope="module")
def real(model, new_folder):
    """The Q4_1 file drafts trees for its bf16 twin."""
    folder = new_folder()
    make_gguf.requantize(str(model), "BF16", str(folder / "twin.gguf"))
    return compile_plan(folder / "twin.gguf", folder / "twin.plan", f"--speculate=draft:{model}", "--tree=8", "--no-golden", ONE_LEVEL)


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_a_real_model(real, tmp_path, temperature):
    found = compare(real, tmp_path, tokenize(real, tmp_path, PROMPTS), 64, temperature)
    assert found["accepted"] > 0
    figure(f"trees of a draft model, temperature {temperature}", f"accepted {found['accepted']} of {found['drafted']}")


@pytest.mark.long
@pytest.mark.parametrize("temperature", [0, 0.8])
def test_conformance_of_speculation_by_trees_of_a_draft_model(real, tmp_path, temperature):
    conformance("trees of a draft model", real, tmp_path, temperature)
