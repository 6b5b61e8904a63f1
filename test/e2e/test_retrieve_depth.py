# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts have the depth that suited texts like them: a model of random weights whose middle layer matters for the words of one half of the alphabet
alone, so that those of the other half can do without."""
import json
import random

import gguf
import numpy as np
import pytest

import make_gguf
import safetensors
from conftest import compile_plan, levels_here, run
from test_depths import properties
from test_speculation import generate, same

TARGET = f"--target={levels_here()[-1]}"
SHALLOW, DEEP = "abcdefghijklm", "nopqrstuvwxyz"
MARKS = 8  # dimensions that say which half a token belongs to
GREEDY = ("--ignore-eos", "--temperature", "0")


def words(letters, seed):
    rng = random.Random(f"{letters}{seed}")
    return " ".join("".join(rng.choices(letters, k=4)) for _ in range(8))


def write_model(path):
    """Three layers, of which the second reads what the embedding says of a token's half, and the others never touch it."""
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 3}, str(path))
    reader = gguf.GGUFReader(path, "r+")
    field = reader.fields["tokenizer.ggml.tokens"]
    deep = np.array([any(letter in DEEP for letter in bytes(field.parts[i]).decode()) for i in field.data])
    for tensor in reader.tensors:
        data = tensor.data
        if tensor.name == "token_embd.weight":
            data[~deep, :MARKS] = 0
            data[deep, :MARKS] *= 4
            data[deep, MARKS:] *= 0.3
        elif tensor.name == "blk.1.attn_output.weight":
            data[:] = 0
        elif tensor.name in ("blk.1.ffn_gate.weight", "blk.1.ffn_up.weight"):
            data[:, MARKS:] = 0
            data[:, :MARKS] *= 4
        elif tensor.name == "blk.1.ffn_down.weight":
            data[:] *= 6
        elif tensor.name.endswith(("attn_output.weight", "ffn_down.weight")):
            data[:MARKS] = 0


@pytest.fixture(scope="module")
def folder(new_folder):
    folder = new_folder()
    write_model(folder / "m.gguf")
    texts = [words(letters, seed) for seed in range(24) for letters in (SHALLOW, DEEP)]
    (folder / "texts").write_text("\n".join(texts) + "\n", encoding="utf-8")
    return folder


def plan_of(folder, early, *options):
    path = folder / ("".join(c if c.isalnum() else "-" for c in early.replace(str(folder), "") + "".join(options)) + ".plan")
    return compile_plan(folder / "m.gguf", path, TARGET, *([f"--early-exit={early}"] if early else []), *options)


@pytest.fixture(scope="module")
def store(folder):
    """What was learned of the texts; the plan that was made with it lies beside."""
    path = folder / "store.safetensors"
    compile_plan(folder / "m.gguf", folder / "learned.plan", TARGET, f"--early-exit=sequence:retrieve,nearest=3,save={path}", "--depths=66",
                 f"--calibration={folder}/texts")
    return path


def test_each_half_gets_its_depth(folder, store):
    plan = folder / "learned.plan"
    for seed in range(100, 106):
        for letters, percent in ((SHALLOW, 66), (DEEP, 100)):
            asked = ["-p", words(letters, seed), "-n", 40, *GREEDY]
            figures = generate(plan, *asked)
            assert figures["retrieved"]["percent"] == percent and 0.5 < figures["retrieved"]["nearest"] <= 1
            assert figures.get("depth", {"saved": 0})["saved"] == (percent == 66)
            assert figures["tokens"] == generate(plan, "--depth", percent, *asked)["tokens"]
    stats = run("llm-run", plan, "-p", words(SHALLOW, 100), "-n", 4, "--stats", *GREEDY).stderr
    assert "depth 66 %, the nearest text is at 0." in stats and "fidelity lossy, early_exit sequence, the nearest 3 of" in stats


def test_the_plan_says_what_it_loses(folder, store):
    """The texts that were held back: none loses anything, and about half of them saves a layer."""
    quality = properties(folder / "learned.plan")
    assert quality["fidelity"] == "lossy" and quality["agreement"] == "1.000" and quality["kl"] == "0.000"
    saved, _, layers = quality["layers_saved"].split()
    assert 0 < float(saved) < 1 and layers == "3"
    whole, shallow = (int(part.split()[0]) for part in quality["retrieved"].split(", "))
    assert min(whole, shallow) > 0 and float(quality["depth.66.kl"]) > 0
    dump = run("llm-dump", folder / "learned.plan").stdout
    assert "the nearest 3 of" in dump and "keys of 128 numbers" in dump
    assert json.loads(run("llm-dump", folder / "learned.plan", "--json").stdout)["retrieval"]["nearest"] == 3
    assert json.loads(run("llm-dump", folder / "learned.plan", "--roofline", "--json", "--machine=stream:40,dot:1000,fma:250").stdout)["prompt"]


def test_a_store_makes_the_plan_again(folder, store):
    assert plan_of(folder, f"sequence:{store},nearest=3").read_bytes() == (folder / "learned.plan").read_bytes()


@pytest.mark.parametrize("mode", [[], ["--activations=f32"], ["--activations=bf16"]], ids=str)
@pytest.mark.parametrize("sampling", [["--temperature", "0"], ["--temperature", "0.8", "--seed", "7"]], ids=" ".join)
def test_where_nothing_is_near_enough_no_bit_changes(folder, store, mode, sampling):
    plan, plain = plan_of(folder, f"sequence:{store},similar=1.5", *mode), plan_of(folder, "", *mode)
    for letters in (SHALLOW, DEEP):
        asked = ["-p", words(letters, 200), "-n", 60, "--ignore-eos", *sampling]
        figures = generate(plan, *asked)
        assert figures["tokens"] == generate(plain, *asked)["tokens"] and figures["retrieved"]["percent"] == 100


def test_the_key_knows_no_portions_and_no_workers(folder, store):
    early = f"sequence:{store},nearest=3"
    plans = [folder / "learned.plan", plan_of(folder, early, "--max-rows=3"), plan_of(folder, early, "--max-rows=16")]
    for letters in (SHALLOW, DEEP):
        asked = ["-p", words(letters, 300), "-n", 20, *GREEDY]
        figures = [generate(plan, *asked, *more) for plan in plans for more in ([], ["--threads", 2], ["--chunk", 2])]
        assert len({str((each["retrieved"], each["tokens"])) for each in figures}) == 1


def test_a_text_keeps_its_depth(folder, store, tmp_path):
    """Saved, restored, and gone on with in words of the other half; a new text is looked up anew."""
    plan, text = folder / "learned.plan", words(SHALLOW, 400)
    longer = f"{text} {words(DEEP, 400)}"
    assert generate(plan, "-p", longer, "-n", 1, *GREEDY)["retrieved"]["percent"] == 100
    run("llm-run", plan, "-p", text, "-n", 1, "-c", 190, *GREEDY, "--save-session", tmp_path / "s")
    turn = generate(plan, "-p", longer, "-n", 20, "-c", 190, *GREEDY, "--load-session", tmp_path / "s")
    assert turn["reused_tokens"] > 0 and turn["depth"]["percent"] == 66
    assert turn["tokens"] == generate(plan, "-p", longer, "-n", 20, "--depth", 66, *GREEDY)["tokens"]


def test_drafts_are_exact_for_the_depth(folder, store):
    plan = plan_of(folder, f"sequence:{store},nearest=3", "--speculate=copy,recycle")
    for letters in (SHALLOW, DEEP):
        same(plan, "-p", words(letters, 500), "-n", 100, *GREEDY)


def test_a_laxer_bound_takes_the_shallow_depth(folder, store):
    """A hundredth of the best depth's chance is enough: everybody leaves the layer out, and the figures say what that loses."""
    quality = properties(plan_of(folder, f"sequence:{store},keep=0.01"))
    assert quality["layers_saved"] == "1.0 of 3" and float(quality["kl"]) > 0 and float(quality["agreement"]) < 1


def rewritten(store, path, **metadata):
    data = store.read_bytes()
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8:8 + size])
    head["__metadata__"] |= metadata
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size:])
    return path


@pytest.mark.parametrize("early, options, code, message", [
    ("sequence:retrieve", ["--calibration=/nowhere"], 1, "/nowhere: No such file"),
    ("sequence:retrieve", ["--calibration={folder}/empty"], 1, "the text is empty"),
    ("sequence:retrieve", ["--depths=66", "--calibration={folder}/two"], 1, "2 texts to learn from, at least 3 are needed"),
    ("sequence:retrieve,nearest=90", ["--depths=66", "--calibration={folder}/texts"], 1, "nearest=90, but the store has"),
    ("sequence:{store},nearest=90", [], 1, "nearest=90, but the store has"),
    ("sequence:{store}", ["--depths=50"], 1, "was made for other depths than those of --depths"),
    ("sequence:{other}", [], 1, "was made for another model than"),
    ("sequence:{probes}", [], 1, "is no store of depths"),
    ("sequence:{older}", [], 1, "was measured with 0 of 3 layers left out for 66 %, which leaves out 1 of 3 now; make the store again"),
    ("sequence:{torn}", [], 1, "__metadata__ 'order' is no list of numbers"),
    ("sequence:/nowhere.safetensors", [], 1, "/nowhere.safetensors: No such file"),
    ("sequence:retrieve,{store}", [], 2, "makes a store of texts and takes one"),
    ("sequence:nearest=3", [], 2, "wants retrieve, or a FILE.safetensors"),
    ("sequence:retrieve,nearest=0", [], 2, "nearest=0 is no number of texts"),
    ("sequence:retrieve,similar=3", [], 2, "similar=3 is not more than 0 and at most 2"),
    ("sequence:retrieve,keep=1.5", [], 2, "keep=1.5 is not more than 0 and at most 1"),
    ("sequence:retrieve,save=", [], 2, "save= names no file"),
    ("sequence:retrieve,save=/nowhere/x", ["--calibration=/none"], 1, "cannot create '/nowhere/x'"),
    ("sequence:retrieve,often", [], 2, "often is none of retrieve"),
    ("sequence:retrieve", ["--depths=66@20"], 2, "both choose; take one of them"),
    ("sequence:retrieve", ["--compile-to=plan"], 2, "wants a checkpoint, and makes a plan"),
    ("sequence:{store}", ["--calibration={folder}/texts"], 2, "--calibration wants something to choose")])
def test_what_makes_no_sense_is_refused(folder, store, early, options, code, message, tmp_path):
    (folder / "empty").write_text("", encoding="utf-8")
    # Answers to these two do not fall into loops.
    (folder / "two").write_text(f"{words(SHALLOW, 3)}\n{words(SHALLOW, 5)}\n", encoding="utf-8")
    safetensors.write(folder / "probes.safetensors", {"x": np.zeros(1, np.float32)}, {})
    names = {"folder": folder, "store": store, "probes": folder / "probes.safetensors",
             "other": rewritten(store, folder / "other.safetensors", model="0" * 64),
             "older": rewritten(store, folder / "older.safetensors", **{"quality.depth.66.layers_saved": "0 of 3"}),
             "torn": rewritten(store, folder / "torn.safetensors", order="1,two")}
    result = run("llm-compile", folder / "m.gguf", "-o", tmp_path / "x.plan", TARGET, "--no-golden", f"--early-exit={early.format(**names)}",
                 *(option.format(**names) for option in options), check=False)
    assert result.returncode == code and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())
