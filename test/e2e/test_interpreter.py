# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Importer and reference interpreter against the independent reference, and passes against the interpreter."""
import numpy as np
import pytest

import gguf_numpy
import make_gguf
from conftest import run
from test_tiny import GOOD, reference_logits

ROWS = 16


def interpret(module, ids, out, *options):
    options = " ".join([f"ids={','.join(map(str, ids))}", f"output={out}", *options])
    run("llm-opt", module, f"--interpret={options}", "-o", "/dev/null")
    return np.load(out)


def lower(model, out, phase):
    run("llm-compile", model, f"--compile-to={phase}", "-o", out, "--activations=f32")
    return out


@pytest.mark.parametrize("name", GOOD)
def test_logits_of_generated_models(name, tmp_path):
    path = tmp_path / "model.gguf"
    make_gguf.write(name, str(path))
    ids = make_gguf.prompt(make_gguf.CONFIGS[name]["vocab"], ROWS)
    expected = reference_logits(name, path, ids, tmp_path)
    module = lower(path, tmp_path / "import.mlir", "import")
    got = interpret(module, ids, tmp_path / "a.npy")
    assert got.dtype == np.float32 and got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-4
    exact = interpret(module, ids, tmp_path / "b.npy", "f64=1")
    assert exact.dtype == np.float64 and np.abs(exact - expected).max() <= 1e-4


def test_logits_of_a_real_model(model, reference, tmp_path):
    ids = [504, 3575, 282, 4649, 314]
    reference.reset()
    expected = reference.forward(ids)
    module = lower(model, tmp_path / "import.mlir", "import")
    whole = interpret(module, ids, tmp_path / "a.npy")
    assert np.abs(whole - expected).max() <= 2e-4
    # However the prompt is cut, a row has the same bits.
    assert interpret(module, ids, tmp_path / "b.npy", "chunk=2").tobytes() == whole.tobytes()


@pytest.mark.parametrize("phase", ["fuse", "outline"])
@pytest.mark.parametrize("name", ["llama-gqa-8-2", "llama-untied-mixed", "llama-biases", "llama-rope-partial", "llama-odd"])
def test_passes_keep_the_numbers(name, phase, tmp_path):
    path = tmp_path / "model.gguf"
    make_gguf.write(name, str(path))
    ids = make_gguf.prompt(make_gguf.CONFIGS[name]["vocab"], ROWS)
    before = interpret(lower(path, tmp_path / "import.mlir", "import"), ids, tmp_path / "a.npy")
    after = interpret(lower(path, tmp_path / "after.mlir", phase), ids, tmp_path / "b.npy", "chunk=5")
    assert after.tobytes() == before.tobytes()
