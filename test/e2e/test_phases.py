# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stop after every phase, resume from every phase: the same model comes out."""
import re

import pytest

import make_gguf
from conftest import ONE_LEVEL, compile_plan, logits, run

PHASES = ["import", "fuse", "outline", "tile", "decode", "plan"]
IDS = [3, 1, 4, 1, 5, 9, 2, 6]


@pytest.fixture(scope="module")
def small(new_folder):
    folder = new_folder()
    make_gguf.write("llama-untied", str(folder / "model.gguf"))
    return folder / "model.gguf"


@pytest.fixture(scope="module")
def straight(small):
    return compile_plan(small, small.parent / "straight.plan", ONE_LEVEL)


def test_the_help_names_every_phase():
    out = run("llm-compile", "--help").stdout
    assert not [phase for phase in PHASES if phase not in out]


@pytest.mark.parametrize("phase", PHASES)
def test_stop_and_resume(small, straight, phase, tmp_path):
    stopped = tmp_path / "stopped.mlir"
    run("llm-compile", small, f"--compile-to={phase}", "-o", stopped)
    resumed = tmp_path / "resumed.plan"
    run("llm-compile", stopped, f"--compile-from={phase}", "-o", resumed, ONE_LEVEL)
    expected = logits(straight, IDS, tmp_path / "a.npy")
    assert logits(resumed, IDS, tmp_path / "b.npy").tobytes() == expected.tobytes()


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_is_text_of_its_level(small, phase, tmp_path):
    """Weights are references: a module of any level stays small and names the file."""
    text = run("llm-compile", small, f"--compile-to={phase}").stdout
    assert len(text) < 400_000
    level = {"import": "llm.", "fuse": "llm.attention", "outline": "call @", "tile": "tile.launch", "decode": "decode.",
             "plan": "plan."}[phase]
    assert level in text
    assert "dense_resource" not in text


def test_dump_has_a_file_for_each_phase(small, tmp_path):
    folder = tmp_path / "dump"
    compile_plan(small, tmp_path / "x.plan", ONE_LEVEL, f"--dump-phases-to={folder}")
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == len(PHASES)
    for phase in PHASES:
        assert [name for name in names if re.search(rf"\b{phase}\b", name.replace("-", " "))], (phase, names)


def test_the_real_model_prints_in_a_screenful_a_layer(model):
    """135 M parameters, 30 layers: no blobs in the IR."""
    lines = run("llm-compile", model, "--compile-to=import").stdout.splitlines()
    assert len(lines) < 30 * 60 + 100


def test_resuming_from_the_wrong_phase_is_one_message(small, tmp_path):
    stopped = tmp_path / "stopped.mlir"
    run("llm-compile", small, "--compile-to=import", "-o", stopped)
    result = run("llm-compile", stopped, "--compile-from=plan", "-o", tmp_path / "x.plan", check=False)
    assert result.returncode == 1 and "error" in result.stderr
    assert not (tmp_path / "x.plan").exists()
