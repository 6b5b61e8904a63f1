# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The benchmark's random checkpoints are what their arguments say, and the importer takes them."""
import collections
import filecmp
import subprocess
import sys

import pytest
from gguf import GGUFReader

from conftest import ROOT, run

SCRIPT = ROOT / "test/bench/random_gguf.py"


def write(path, *arguments):
    subprocess.run([sys.executable, SCRIPT, *arguments, "-o", path], check=True, timeout=300)
    return path


def test_equal_arguments_give_equal_bytes(tmp_path):
    one, same, other = (write(tmp_path / f"{name}.gguf", "smollm2-135m", "--layers", "1", "--seed", seed)
                        for name, seed in (("one", "3"), ("same", "3"), ("other", "4")))
    assert filecmp.cmp(one, same, shallow=False) and not filecmp.cmp(one, other, shallow=False)


@pytest.mark.parametrize("shape, kind, expected", [("smollm2-135m", "BF16", {"BF16"}), ("llama-3.2-1b", "Q4_K_M", {"Q4_K", "Q6_K"})])
def test_types_of_a_one_layer_model(tmp_path, shape, kind, expected):
    path = write(tmp_path / "m.gguf", shape, "--layers", "1", "--type", kind)
    kinds = collections.Counter(tensor.tensor_type.name for tensor in GGUFReader(path).tensors)
    assert kinds.pop("F32") == 3 and set(kinds) == expected and kinds.total() == 8
    module = run("llm-compile", path, "--compile-to=import", "-o", "-").stdout
    assert f"{shape}, random" in module
