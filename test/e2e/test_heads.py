# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Heads over a hidden row draft: they change how fast tokens come, never which."""
import json
import struct
import subprocess
import sys

import numpy as np
import pytest

import make_gguf
import safetensors
from conftest import ONE_LEVEL, ROOT, compile_plan, figure, run, tool
from test_draft_model import ids
from test_speculation import SAMPLING, compare, conformance, same

WIDTH, VOCABULARY = 128, 500
# Every kind, some tokens or all of them, every type.
FILES = {
    "medusa": ("medusa", 3, None, np.float32),
    "medusa-some": ("medusa", 5, range(3, 300, 2), np.float16),
    "hydra": ("hydra", 3, None, np.float16),
    "hydra-some": ("hydra", 2, [*range(0, 40), *range(100, VOCABULARY)], safetensors.Bfloat16),
    "hydra-one": ("hydra", 1, [7], np.float32),
}


def heads(name, **changes):
    kind, count, vocabulary, store = FILES[name]
    return safetensors.random_heads(**({"width": WIDTH, "kind": kind, "count": count, "vocabulary": vocabulary, "store": store} | changes))


@pytest.fixture(scope="module")
def tiny(new_folder):
    folder = new_folder()
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 2}, str(folder / "m.gguf"))
    for name in FILES:
        safetensors.write(folder / f"{name}.safetensors", heads(name), {"heads": FILES[name][0]})
    for kind in ("medusa", "hydra"):
        safetensors.write(folder / f"sure-{kind}.safetensors", safetensors.sure_heads(WIDTH, kind), {"heads": kind})
    return folder


def plan_of(tiny, speculate, *options):
    """`speculate`: drafters, of which `@NAME` are the heads of that file."""
    path = tiny / ("".join(c if c.isalnum() else "-" for c in speculate + "".join(options)) + ".plan")
    if path.exists():
        return path
    drafters = ",".join(f"heads:{tiny}/{d[1:]}.safetensors" if d[0] == "@" else d for d in speculate.split(","))
    return compile_plan(tiny / "m.gguf", path, f"--speculate={drafters}", "--no-golden", ONE_LEVEL, *options)


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
@pytest.mark.parametrize("speculate", [*(f"@{name}" for name in FILES), "copy,@hydra", "@medusa,lookup", "recycle,@sure-hydra", "@sure-medusa"])
def test_the_text_is_that_of_plain_decoding(tiny, speculate, sampling):
    """Every length up to a full context, on one and two workers."""
    plan = plan_of(tiny, speculate)
    drafted = accepted = 0
    for tokens in (1, 2, 7, 64, 250):
        for start in range(3):
            figures = same(plan, "--ids", ids(start, 3 + 20 * start), "-n", tokens, "--ignore-eos", "--threads", 1 + start % 2, *sampling)
            drafted, accepted = drafted + figures["drafted"], accepted + figures["accepted"]
    assert drafted >= accepted and drafted > 0
    if "sure" in speculate and sampling == SAMPLING[0]:
        assert accepted > 0


@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("speculate", ["@medusa-some", "@sure-hydra", "copy,@sure-medusa"])
def test_the_cache_is_that_of_plain_decoding(tiny, tmp_path, speculate, temperature):
    compare(plan_of(tiny, speculate), tmp_path, [[(start * 31 + i * i) % 400 for i in range(5 + 20 * start)] for start in range(6)], 70, temperature)


@pytest.mark.parametrize("options", [["--activations=f32"], ["--activations=bf16"], ["--kv=k:int8,v:f16"], ["--heads-weights=file"]], ids=" ".join)
@pytest.mark.parametrize("name", ["sure-hydra", "medusa-some"])
def test_any_model_and_any_weights(tiny, name, options):
    plan = plan_of(tiny, f"@{name}", *options)
    assert same(plan, "--ids", ids(1, 40), "-n", "100", "--ignore-eos", "--temperature", "0")["drafted"] > 0


def test_what_the_plan_says(tiny):
    plan = plan_of(tiny, "copy,@hydra-some")
    summary = run("llm-dump", plan).stdout
    assert "heads            Heads, up to 2 ids" in summary and "draft = hydra-some.safetensors" in summary and "fidelity = exact" in summary
    text = run("llm-dump", plan, "--program").stdout
    assert "plan.drafter @heads heads" in text and "plan.call @draft.head.2" in text
    weights = run("llm-dump", plan, "--weights").stdout
    assert "draft.heads.1.skip.weight" in weights and "draft.tokens" in weights and "heads.output" in weights


def test_another_file_is_another_plan(tiny, tmp_path):
    """Not the cached weights of heads that lie at the same places of another file."""
    digests = set()
    for seed in (1, 2, 1):
        file = tmp_path / "h.safetensors"
        safetensors.write(file, heads("medusa", seed=seed), {"heads": "medusa"})
        plan = compile_plan(tiny / "m.gguf", tmp_path / "p.plan", f"--speculate=heads:{file}", "--no-golden", ONE_LEVEL)
        digests.add(plan.read_bytes())
    assert len(digests) == 2


def test_the_memory_formula_counts_heads(tiny):
    for case in json.loads(run("memory-probe", plan_of(tiny, "copy,@hydra-some"), "bound").stdout):
        assert case["peak"] <= case["formula"] <= 1.05 * case["peak"]


def train(model, folder, texts, training):
    """FOLDER/h.safetensors, by the scripts of docs/speculation.md."""
    def script(name, *arguments):
        done = subprocess.run([sys.executable, ROOT / "test" / "support" / name, *map(str, arguments)], capture_output=True, text=True, timeout=1200)
        assert done.returncode == 0, done.stderr
    plain = compile_plan(model, folder / "plain.plan", "--no-golden", ONE_LEVEL)
    script("make_texts.py", plain, "-o", folder / "texts", "--llm-run", tool("llm-run"), *texts)
    script("train_heads.py", model, folder / "texts", "-o", folder / "h.safetensors", *training)


def test_trained_heads_are_right_more_often(tiny, tmp_path):
    """A tiny model, and prompts that are in none of its texts."""
    train(tiny / "m.gguf", tmp_path, ["--count", 16, "-n", 60, "--temperature", 0],
          ["--heads", 2, "--steps", 80, "--vocabulary", 300, "--batch", 64])
    plans = {"trained": compile_plan(tiny / "m.gguf", tmp_path / "h.plan", f"--speculate=heads:{tmp_path}/h.safetensors",
                                     "--spec-policy=static:2", "--no-golden", ONE_LEVEL),
             "random": plan_of(tiny, "@hydra", "--spec-policy=static:2")}
    rates = {}
    for name, plan in plans.items():
        drafted = accepted = 0
        for start in range(12):
            figures = same(plan, "--ids", ids(start, 4 + start), "-n", 60, "--ignore-eos", "--temperature", 0)
            drafted, accepted = drafted + figures["drafted"], accepted + figures["accepted"]
        rates[name] = accepted / drafted
    figure("heads of a tiny model on other prompts", f"trained {rates['trained']:.2f}, random {rates['random']:.2f} of the ids right")
    assert rates["trained"] > rates["random"] + 0.2, rates


@pytest.fixture(scope="module")
def trained(model, new_folder):
    """Heads of the real model, trained for a minute or two."""
    folder = new_folder()
    train(model, folder, ["--count", 24, "-n", 120], ["--steps", 100, "--vocabulary", 2048])
    return compile_plan(model, folder / "h.plan", f"--speculate=heads:{folder}/h.safetensors", "--no-golden", ONE_LEVEL)


@pytest.mark.long
@pytest.mark.parametrize("temperature", [0, 0.8])
def test_conformance_of_speculation_by_heads(trained, tmp_path, temperature):
    conformance("heads", trained, tmp_path, temperature)


def broken(what):
    """A file that is refused: its tensors and metadata."""
    tensors, metadata = heads("hydra"), {"heads": "hydra"}
    if what == "width":
        tensors = heads("hydra", width=96)
    elif what == "missing":
        del tensors["heads.1.skip.weight"]
    elif what == "kind":
        metadata = {"heads": "eagle"}
    elif what == "no kind":
        metadata = {}
    elif what == "type":
        tensors["heads.0.weight"] = tensors["heads.0.weight"].astype(np.int32)
    elif what == "unknown":
        tensors["lm_head.weight"] = np.zeros(4, np.float32)
    elif what == "none":
        tensors = {}
    elif what == "many":
        tensors = heads("medusa", count=16)
        metadata = {"heads": "medusa"}
    elif what == "token":
        tensors["vocabulary"] = np.array([3, VOCABULARY], np.int32)
    elif what == "order":
        tensors["vocabulary"] = np.array([3, 3], np.int32)
    elif what == "nan":
        tensors["heads.0.weight"][3, 5] = np.nan
    return tensors, metadata


@pytest.mark.parametrize("what, message", [
    ("width", "tensor 'heads.0.weight' at offset "), ("width", "has shape 96x192, expected 128x256 for a model of width 128"),
    ("missing", "tensor 'heads.1.skip.weight' of shape 128x384 is missing"),
    ("kind", "__metadata__ 'heads' is 'eagle', expected medusa or hydra"), ("no kind", "__metadata__ 'heads' is missing, expected medusa or hydra"),
    ("type", "has type I32, expected F32, F16, BF16"), ("unknown", "unknown tensors: lm_head.weight"),
    ("none", "tensor 'heads.0.weight' is missing: the file has no heads"), ("many", "has 16 heads, expected at most 15"),
    ("token", "has the id 500, expected rising ids of a vocabulary of 500"), ("order", "has the id 3, expected rising ids of a vocabulary of 500"),
    ("nan", "tensor 'heads.0.weight', row 3, column 5: a value is not finite")])
def test_heads_of_another_model_are_refused(tiny, tmp_path, what, message):
    tensors, metadata = broken(what)
    safetensors.write(tmp_path / "h.safetensors", tensors, metadata)
    result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", f"--speculate=heads:{tmp_path}/h.safetensors", "--no-golden", check=False)
    assert result.returncode == 1 and message in result.stderr and "h.safetensors: " in result.stderr, result.stderr
    assert not (tmp_path / "x.plan").exists()


@pytest.mark.parametrize("speculate, code, message", [
    ("heads:none.safetensors", 1, "none.safetensors: No such file"), ("heads", 2, "names the file of the heads"),
    ("heads:x.bin", 2, "names the file of the heads"), ("heads:a.safetensors,self", 2, "one model drafts, draft:MODEL, self or heads:FILE")])
def test_what_cannot_draft_is_refused(tiny, tmp_path, speculate, code, message):
    result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", f"--speculate={speculate}", "--no-golden", check=False)
    assert result.returncode == code and message in result.stderr, result.stderr


def test_a_damaged_file_is_refused(tiny, tmp_path):
    """Cut anywhere, or with a head that says too much: one error that names the file and the offset."""
    whole = (tiny / "hydra.safetensors").read_bytes()
    head = struct.unpack("<Q", whole[:8])[0]
    for bad in (b"", whole[:5], whole[:8], whole[:100], whole[:8 + head], whole[:-1], struct.pack("<Q", 1 << 60) + whole[8:],
                whole[:8] + b"[" + whole[9:], whole.replace(b'"F16"', b'"F17"', 1)):
        (tmp_path / "h.safetensors").write_bytes(bad)
        result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", f"--speculate=heads:{tmp_path}/h.safetensors", "--no-golden", check=False)
        errors = [line for line in result.stderr.splitlines() if "error:" in line]
        assert result.returncode == 1 and len(errors) == 1 and "h.safetensors: offset " in errors[0], result.stderr
