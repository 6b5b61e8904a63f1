# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every mix of options proves itself, and what may not change a bit does not."""
import json

import numpy as np
import pytest

import make_gguf
from conftest import BF16_LEVELS, LEVELS, ONE_LEVEL, compile_plan, levels_here, logits, run

IDS = [5, 9, 2, 7, 100, 33, 41, 8, 77, 12, 19]


@pytest.fixture(scope="module")
def tiny(new_folder):
    path = new_folder() / "m.gguf"
    make_gguf.write(make_gguf.CONFIGS["llama-head-80"], str(path))
    return path


@pytest.mark.parametrize("options", [["--kv=f32"], ["--activations=f32", "--kv=f16"], ["--activations=f32"], ["--kv=bf16"],
                                     ["--kv=k:int8,v:f16"], ["--activations=bf16"], ["--attention=bf16"],
                                     ["--activations=bf16", "--attention=f32", "--kv=f32"]], ids=" ".join)
def test_each_mode_passes_its_self_test(tiny, tmp_path, options):
    plan = compile_plan(tiny, tmp_path / "m.plan", *options)
    levels = BF16_LEVELS if {"--activations=bf16", "--attention=bf16"} & set(options) else LEVELS
    for level in levels_here(levels):
        out = run("llm-run", plan, "--cpu", level, "--selftest").stdout
        assert "0 failed" in out and "logits 0" in out


def test_rows_of_a_forward_change_no_bit(tiny, tmp_path):
    """--max-rows sets how many rows a compiled region takes, not what it computes."""
    rows = [logits(compile_plan(tiny, tmp_path / f"{n}.plan", f"--max-rows={n}", ONE_LEVEL), IDS, tmp_path / f"{n}.npy")
            for n in (1, 7, 512)]
    for other in rows[1:]:
        assert np.array_equal(rows[0].view(np.int32), other.view(np.int32))


@pytest.mark.parametrize("kv", ["f32", "f16", "bf16", "int8", "k:int8,v:bf16"])
def test_rows_and_workers_change_no_bit_of_any_kv_type(kv, tmp_path):
    """515 positions: two spans of attention and a rest; rows alone, a few at a time, and in blocks."""
    path = tmp_path / "m.gguf"
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 600, "layers": 2}, str(path))
    narrow, wide = levels_here()[0], levels_here()[-1]
    plan = compile_plan(path, tmp_path / "m.plan", f"--kv={kv}", "--no-golden", f"--target={narrow},{wide}")
    assert f"kv = {kv}" in run("llm-dump", plan).stdout
    ids = [(7 * i * i + 3 * i) % 490 for i in range(515)]
    first = logits(plan, ids, tmp_path / "first.npy", "--chunk", 512, "--threads", 2)
    for number, (level, threads, chunk) in enumerate(
            [(narrow, 1, 512), (wide, 1, 1), (narrow, 2, 7), (wide, 3, 100)]):
        other = logits(plan, ids, tmp_path / f"{number}.npy", "--threads", threads, "--chunk", chunk, env={"SINTER_CPU": level})
        assert np.array_equal(first.view(np.int32), other.view(np.int32)), (level, threads, chunk)


@pytest.mark.parametrize("options", [["--kv-sinks=20"], ["--kv=int8"], ["--kv=k:bf16,v:f32", "--kv-sinks=1"], ["--attention=bf16", "--kv-sinks=5"]], ids=" ".join)
def test_a_ring_has_the_bits_of_a_cache_that_keeps_all(options, tmp_path):
    """515 positions, of which a session has 16 pages at most."""
    path = tmp_path / "m.gguf"
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 600, "layers": 2}, str(path))
    ids = [(7 * i * i + 3 * i) % 490 for i in range(515)]
    expected = None
    for slack, rows in ((1000, 512), (0, 64), (100, 16)):
        plan = compile_plan(path, tmp_path / "m.plan", "--kv-window=70", f"--kv-slack={slack}", f"--max-rows={rows}", "--no-golden", ONE_LEVEL, *options)
        memory = json.loads(run("llm-dump", plan, "--json").stdout)["memory"]
        assert (memory["ring_pages"] < 17) == (slack < 1000)
        for threads, chunk in ((1, rows), (2, 7), (3, 16)):
            found = logits(plan, ids, tmp_path / "found.npy", "--threads", threads, "--chunk", chunk).view(np.int32)
            expected = found if expected is None else expected
            assert np.array_equal(expected, found), (slack, threads, chunk)


def test_code_for_bf16_dots_is_there_where_it_differs(tiny, tmp_path):
    """Other plans would hold the same code twice."""
    plan = compile_plan(tiny, tmp_path / "m.plan", "--no-golden")
    assert "x86-64-v4-bf16" not in run("llm-dump", plan).stdout
    for options in (["--activations=bf16"], ["--attention=bf16"]):
        plan = compile_plan(tiny, tmp_path / "m.plan", "--no-golden", *options)
        dump = run("llm-dump", plan).stdout
        assert "x86-64-v4-bf16" in dump and "attention = bf16" in dump and "kv = bf16" in dump


@pytest.mark.parametrize("options", [["--activations=bf16"], ["--attention=bf16"], ["--activations=bf16", "--kv=k:f16,v:int8"],
                                     ["--attention=bf16", "--kv-window=100", "--kv-sinks=5"]], ids=" ".join)
def test_rows_workers_and_levels_change_no_bit_of_bf16_products(options, tmp_path):
    """The dot instruction and the two fma in its place; rows alone and in blocks, in panels and without."""
    path = tmp_path / "m.gguf"
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 600, "layers": 2}, str(path))
    plan = compile_plan(path, tmp_path / "m.plan", "--no-golden", *options)
    ids = [(7 * i * i + 3 * i) % 490 for i in range(515)]
    levels = levels_here(BF16_LEVELS)
    first = logits(plan, ids, tmp_path / "first.npy", "--chunk", 512, "--threads", 2, env={"SINTER_CPU": levels[-1]})
    cases = [(levels[-1], 1, 1), (levels[0], 1, 512), (levels[0], 2, 7), (levels[-1], 3, 100)]
    for number, (level, threads, chunk) in enumerate(cases + [(level, 2, 33) for level in levels]):
        other = logits(plan, ids, tmp_path / f"{number}.npy", "--threads", threads, "--chunk", chunk, env={"SINTER_CPU": level})
        assert np.array_equal(first.view(np.int32), other.view(np.int32)), (level, threads, chunk)
