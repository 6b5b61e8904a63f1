# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every mix of options proves itself, and what may not change a bit does not."""
import numpy as np
import pytest

import make_gguf
from conftest import compile_plan, levels_here, logits, run

IDS = [5, 9, 2, 7, 100, 33, 41, 8, 77, 12, 19]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("modes") / "m.gguf"
    make_gguf.write(make_gguf.CONFIGS["llama-head-80"], str(path))
    return path


@pytest.mark.parametrize("options", [["--kv=f32"], ["--activations=f32", "--kv=f16"], ["--activations=f32"]], ids=" ".join)
def test_each_mode_passes_its_self_test(tiny, tmp_path, options):
    plan = compile_plan(tiny, tmp_path / "m.plan", *options)
    for level in levels_here():
        out = run("llm-run", plan, "--cpu", level, "--selftest").stdout
        assert "0 failed" in out and "logits 0" in out


def test_rows_of_a_forward_change_no_bit(tiny, tmp_path):
    """--max-rows sets how many rows a compiled region takes, not what it computes."""
    target = f"--target={levels_here()[-1]}"
    rows = [logits(compile_plan(tiny, tmp_path / f"{n}.plan", f"--max-rows={n}", target), IDS, tmp_path / f"{n}.npy")
            for n in (1, 7, 512)]
    for other in rows[1:]:
        assert np.array_equal(rows[0].view(np.int32), other.view(np.int32))
