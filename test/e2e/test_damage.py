# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Damaged input: the same answer, or one message, exit code 1 and no file.

Truncations and bit flips are drawn with a fixed seed; the first bytes, where
counts and offsets stand, are all tried.
"""
import concurrent.futures
import os
import random

import gguf
import pytest

import make_gguf
from conftest import ONE_LEVEL, compile_plan, error_lines, run

IDS = "5,9,2,7"
WORKERS = 2


def in_parallel(function, cases):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return [bad for bad in pool.map(function, cases) if bad]


@pytest.fixture(scope="module")
def small_gguf(new_folder):
    path = new_folder() / "tiny.gguf"
    make_gguf.write({"layers": 1, "width": 32, "heads": 2, "kv_heads": 1, "ffn": 64, "vocab": 270, "type": "Q4_1",
                     "embedding": "Q8_0"}, str(path))
    return path


@pytest.fixture(scope="module")
def small_plan(small_gguf, new_folder):
    return compile_plan(small_gguf, new_folder() / "tiny.plan")


def flip(data, bit):
    copy = bytearray(data)
    copy[bit // 8] ^= 1 << (bit % 8)
    return bytes(copy)


def run_plan(data, folder, name):
    plan, out = folder / f"{name}.plan", folder / f"{name}.npy"
    plan.write_bytes(data)
    result = run("llm-run", plan, "--ids", IDS, "--logits", out, check=False, timeout=60)
    answer = out.read_bytes() if out.exists() else None
    for path in (plan, out):
        if path.exists():
            path.unlink()
    return result, answer


def judge_plan(result, answer, expected, what):
    """None when the outcome is one of the two that are right."""
    if result.returncode == 0:
        return None if answer == expected else f"{what}: exit 0 with another answer"
    if result.returncode != 1:
        return f"{what}: exit {result.returncode}: {result.stderr[-300:]}"
    if answer is not None:
        return f"{what}: failed, but left a file"
    if len(error_lines(result.stderr)) != 1:
        return f"{what}: {len(error_lines(result.stderr))} messages: {result.stderr[-300:]}"
    return None


def test_truncated_plans(small_plan, tmp_path):
    data = small_plan.read_bytes()
    expected = run_plan(data, tmp_path, "whole")[1]
    assert expected
    draw = random.Random(1)
    cuts = sorted({*range(0, 160, 3), *(draw.randrange(len(data)) for _ in range(150)), len(data) - 1})

    def attempt(cut):
        result, answer = run_plan(data[:cut], tmp_path, f"cut{cut}")
        if result.returncode == 0:
            return f"cut at {cut} of {len(data)} was accepted"
        return judge_plan(result, answer, expected, f"cut at {cut}")

    assert not in_parallel(attempt, cuts)


def test_flipped_bits_of_a_plan(small_plan, tmp_path):
    data = small_plan.read_bytes()
    expected = run_plan(data, tmp_path, "whole")[1]
    draw = random.Random(2)
    bits = sorted({*range(0, 128 * 8, 5), *(draw.randrange(len(data) * 8) for _ in range(300))})

    def attempt(bit):
        result, answer = run_plan(flip(data, bit), tmp_path, f"flip{bit}")
        return judge_plan(result, answer, expected, f"bit {bit % 8} of byte {bit // 8}")

    assert not in_parallel(attempt, bits)


def test_appended_bytes_do_not_change_the_answer(small_plan, tmp_path):
    data = small_plan.read_bytes()
    expected = run_plan(data, tmp_path, "whole")[1]
    result, answer = run_plan(data + b"\0" * 4096, tmp_path, "longer")
    assert judge_plan(result, answer, expected, "4096 bytes appended") is None


def compile_bytes(data, folder, name):
    gguf, plan = folder / f"{name}.gguf", folder / f"{name}.plan"
    gguf.write_bytes(data)
    result = run("llm-compile", gguf, "-o", plan, ONE_LEVEL, check=False, timeout=120)
    left = [entry for entry in os.listdir(folder) if entry.startswith(name) and entry != gguf.name]
    gguf.unlink()
    return result, plan, left


def judge_compile(result, left, what):
    if result.returncode != 1:
        return f"{what}: exit {result.returncode}: {result.stderr[-300:]}"
    if left:
        return f"{what}: failed, but left {left}"
    if len(error_lines(result.stderr)) != 1:
        return f"{what}: {len(error_lines(result.stderr))} messages: {result.stderr[-300:]}"
    return None


def test_truncated_gguf(small_gguf, tmp_path):
    data = small_gguf.read_bytes()
    draw = random.Random(3)
    cuts = sorted({*range(0, 64, 7), *(draw.randrange(len(data)) for _ in range(60)), len(data) - 1})

    def attempt(cut):
        result, _, left = compile_bytes(data[:cut], tmp_path, f"cut{cut}x")
        return judge_compile(result, left, f"cut at {cut} of {len(data)}")

    assert not in_parallel(attempt, cuts)


def test_flipped_bits_of_a_gguf(small_gguf, tmp_path):
    """Metadata has no digest: a flip may name another model, which must then compile and run."""
    data = small_gguf.read_bytes()
    draw = random.Random(4)
    head = gguf.GGUFReader(small_gguf).data_offset
    bits = sorted({*range(0, 24 * 8, 9), *(draw.randrange(head * 8) for _ in range(60)),
                   *(draw.randrange(len(data) * 8) for _ in range(6))})

    def attempt(bit):
        what = f"bit {bit % 8} of byte {bit // 8}"
        result, plan, left = compile_bytes(flip(data, bit), tmp_path, f"flip{bit}x")
        if result.returncode != 0:
            return judge_compile(result, left, what)
        ran = run("llm-run", plan, "--selftest", check=False, timeout=120)
        plan.unlink()
        if ran.returncode != 0:
            return f"{what}: compiled, but the plan fails: {ran.stderr[-300:]}"
        return None

    assert not in_parallel(attempt, bits)
