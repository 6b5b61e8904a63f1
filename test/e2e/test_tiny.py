# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generated models of all shapes and encodings: exact mode equals the reference, damaged models are refused."""
import os

import numpy as np
import pytest

import gguf_numpy
import make_gguf
from conftest import EXACT, compile_plan, error_lines, figure, levels_here, logits, run

# Where integer dots play no part the code of a level differs by the width of its vectors alone.
WIDTHS = [level for level in levels_here() if not level.endswith("vnni")]
GOOD = [name for name in make_gguf.CONFIGS if not name.startswith("bad-")]
BAD = [name for name in make_gguf.CONFIGS if name.startswith("bad-")]
ROWS = 40


def reference_logits(name, path, ids, tmp_path):
    if name == "llama-rope-linear":
        # The reference does not know this key; the same frequencies stated as a tensor.
        path = tmp_path / "same.gguf"
        make_gguf.write("llama-rope-halved", str(path))
    return gguf_numpy.Model(str(path)).forward(ids)


@pytest.mark.parametrize("name", GOOD)
def test_logits(name, tmp_path):
    path = tmp_path / "model.gguf"
    make_gguf.write(name, str(path))
    ids = make_gguf.prompt(make_gguf.CONFIGS[name]["vocab"], ROWS)
    expected = reference_logits(name, path, ids, tmp_path)

    exact = compile_plan(path, tmp_path / "exact.plan", *EXACT, f"--target={','.join(WIDTHS)}")
    results = [logits(exact, ids, tmp_path / "x.npy", "--chunk", chunk, "--threads", threads, env={"SINTER_CPU": level})
               for level in WIDTHS for chunk, threads in ((512, 2), (7, 1), (1, 2))]
    figures = gguf_numpy.compare(expected, results[0])
    figure(f"tiny {name}, exact mode", f"max {figures['max_abs_logit']:.1e}, mean KL {figures['mean_kl']:.0e}")
    assert figures["max_abs_logit"] <= 3e-4 and abs(figures["mean_kl"]) <= 1e-8
    assert all(result.tobytes() == results[0].tobytes() for result in results)


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith("type-")] + ["llama-untied-mixed", "llama-biases"])
def test_fast_mode(name, tmp_path):
    """int8 activations and the f16 cache: near the reference, and the same bits however it is run."""
    path = tmp_path / "model.gguf"
    make_gguf.write(name, str(path))
    ids = make_gguf.prompt(make_gguf.CONFIGS[name]["vocab"], ROWS)
    levels = WIDTHS if name in ("type-f32", "type-f16", "type-bf16") else levels_here()
    plan = compile_plan(path, tmp_path / "fast.plan", f"--target={','.join(levels)}")
    results = [logits(plan, ids, tmp_path / "x.npy", "--chunk", chunk, "--threads", threads, env={"SINTER_CPU": level})
               for level in levels for chunk, threads in ((512, 1), (3, 2))]
    figures = gguf_numpy.compare(reference_logits(name, path, ids, tmp_path), results[0])
    figure(f"tiny {name}, fast mode", f"mean KL {figures['mean_kl']:.1e}")
    assert figures["mean_kl"] <= 1e-3
    assert all(result.tobytes() == results[0].tobytes() for result in results)


# What a message must name: all unknowns at once, not the first.
WORDS = {
    "bad-architecture": ["mystery"],
    "bad-tensors": ["blk.0.attn_qx.weight", "blk.1.ffn_upx.weight"],
    "bad-types": ["Q2_K", "IQ4_NL"],
    "bad-metadata": ["llama.expert_count", "llama.attention.clamp_kqv"],
    "bad-missing": ["llama.block_count", "llama.embedding_length"],
    "bad-merges": ["merges"],
    "bad-nan": ["blk.1.ffn_down.weight"],
    "bad-nan-k": ["blk.0.attn_v.weight"],
    "bad-nan-norm": ["output_norm.weight"],
}


@pytest.mark.parametrize("name", BAD)
def test_refused(name, tmp_path):
    path = tmp_path / "model.gguf"
    make_gguf.write(name, str(path))
    result = run("llm-compile", path, "-o", tmp_path / "x.plan", check=False)
    assert result.returncode == 1, result.stderr
    assert len(error_lines(result.stderr)) == 1, result.stderr
    missing = [word for word in ["model.gguf", *WORDS.get(name, [])] if word.lower() not in result.stderr.lower()]
    assert not missing, (missing, result.stderr)
    assert sorted(os.listdir(tmp_path)) == ["model.gguf"]


@pytest.mark.long
@pytest.mark.parametrize("kind", make_gguf.TYPES)
def test_the_real_model_in_every_type(model, kind, text_ids, tmp_path):
    """SmolLM2 requantized: exact mode, 256 positions."""
    path = tmp_path / "model.gguf"
    make_gguf.requantize(model, kind, str(path))
    ids = text_ids[:256]
    figures = gguf_numpy.compare(gguf_numpy.Model(str(path)).forward(ids),
                                 logits(compile_plan(path, tmp_path / "x.plan", *EXACT), ids, tmp_path / "x.npy"))
    figure(f"SmolLM2 as {kind}, exact mode, 256 positions", f"max {figures['max_abs_logit']:.2e}, mean KL {figures['mean_kl']:.1e}")
    assert figures["max_abs_logit"] <= 3e-4 and abs(figures["mean_kl"]) <= 1e-8


def test_selftest_of_a_tiny_plan(tmp_path):
    make_gguf.write("type-q4-1", str(tmp_path / "model.gguf"))
    plan = compile_plan(tmp_path / "model.gguf", tmp_path / "x.plan")
    for level in levels_here():
        assert run("llm-run", plan, "--selftest", env={"SINTER_CPU": level}).stdout
    assert np.isfinite(logits(plan, [1, 2, 3], tmp_path / "x.npy")).all()
