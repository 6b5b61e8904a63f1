# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command lines: help, exit codes, messages, stdout that scripts can rely on."""
import json
import os
import re

import numpy as np
import pytest

from conftest import error_lines, figure, levels_here, peak_bytes, run

TOOLS = ["llm-compile", "llm-run", "llm-opt", "llm-dump", "llm-bench", "llm-eval"]


@pytest.mark.parametrize("name", TOOLS)
def test_help_goes_to_stdout(name):
    result = run(name, "--help")
    assert "usage" in result.stdout.lower() and len(result.stdout.splitlines()) >= 5
    assert "\x1b[" not in result.stdout, "colours belong on a terminal"


@pytest.mark.parametrize("name", TOOLS)
def test_unknown_flag_is_a_usage_error(name):
    result = run(name, "--no-such-flag", check=False)
    # llm-opt's command line is MLIR's own, which has one exit code.
    assert result.returncode == (1 if name == "llm-opt" else 2)
    assert "no-such-flag" in result.stderr and result.stdout == ""


@pytest.mark.parametrize("name", ["llm-run", "llm-dump", "llm-bench"])
@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "text", "unreadable"])
def test_a_file_that_is_no_plan(name, kind, tmp_path):
    path = tmp_path / "x.plan"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(b"" if kind == "empty" else b"This is no plan.\n" * 100)
    options = {}
    if kind == "unreadable":
        path.chmod(0)
        if os.geteuid() == 0:  # root reads everything
            options = {"user": 65534, "group": 65534, "extra_groups": []}
    arguments = {"llm-run": ["-p", "x"], "llm-dump": [], "llm-bench": ["-p", "8", "-n", "1", "-r", "1"]}[name]
    try:
        result = run(name, path, *arguments, check=False, **options)
    except PermissionError:
        pytest.skip("the build lies where nobody but root may go")
    assert result.returncode == 1, result.stderr
    assert len(error_lines(result.stderr)) == 1 and str(path) in result.stderr, result.stderr


def test_a_plan_is_no_checkpoint(fast, tmp_path):
    result = run("llm-compile", fast, "-o", tmp_path / "x.plan", check=False)
    assert result.returncode == 1 and len(error_lines(result.stderr)) == 1, result.stderr


def test_plan_for_another_machine(fast):
    result = run("llm-run", fast, "-p", "x", "-n", 1, check=False, env={"SINTER_CPU": "armv9"})
    assert result.returncode == 1
    assert "armv9" in result.stderr and "x86-64-v3" in result.stderr, result.stderr


def test_plan_of_a_newer_version(fast, tmp_path):
    data = bytearray(fast.read_bytes()[:1 << 16])
    data[8:12] = (99).to_bytes(4, "little")
    path = tmp_path / "future.plan"
    path.write_bytes(data)
    result = run("llm-run", path, "-p", "x", check=False)
    assert result.returncode == 1 and len(error_lines(result.stderr)) == 1, result.stderr
    assert "99" in result.stderr or "digest" in result.stderr


def test_empty_prompt_is_one_message(fast):
    result = run("llm-run", fast, "-p", "", "-n", 4, check=False)
    assert result.returncode in (1, 2) and len(error_lines(result.stderr)) == 1, result.stderr


def test_prompt_longer_than_the_context_is_one_message(fast):
    result = run("llm-run", fast, "-n", 4, input="word " * 40000, check=False)
    assert result.returncode == 1 and len(error_lines(result.stderr)) == 1, result.stderr
    assert result.stdout == ""


def test_stdin_is_a_prompt(fast):
    piped = run("llm-run", fast, "-n", 12, "--temperature", 0, input="The capital of France is").stdout
    given = run("llm-run", fast, "-n", 12, "--temperature", 0, "-p", "The capital of France is").stdout
    assert piped == given and "Paris" in given


def test_raw_completion_prints_the_text_alone(fast):
    result = run("llm-run", fast, "-p", "The capital of France is", "-n", 5, "--temperature", 0)
    assert result.stdout.strip().startswith("Paris")
    assert "tok/s" not in result.stdout


def test_json_is_one_object(fast):
    result = json.loads(run("llm-run", fast, "-p", "The capital of France is", "-n", 8, "--temperature", 0, "--json").stdout)
    plain = run("llm-run", fast, "-p", "The capital of France is", "-n", 8, "--temperature", 0).stdout
    assert result["text"].strip() == plain.strip()
    assert len(result["tokens"]) == 8


@pytest.mark.parametrize("level", levels_here())
def test_selftest_of_each_code_object(fast, level):
    result = run("llm-run", fast, "--selftest", env={"SINTER_CPU": level})
    assert re.search(r"logits", result.stdout + result.stderr)
    assert level in result.stdout + result.stderr
    figure("llm-run --selftest", result.stdout.strip().splitlines()[-1])


def test_logits_file_is_plain_npy(fast, tmp_path):
    run("llm-run", fast, "--ids", "1,2,3", "--logits", tmp_path / "out.npy")
    array = np.load(tmp_path / "out.npy", allow_pickle=False)
    assert array.dtype == np.float32 and array.shape == (3, 49152) and np.isfinite(array).all()


def test_ids_out_of_the_vocabulary(fast, tmp_path):
    result = run("llm-run", fast, "--ids", "1,49152", "--logits", tmp_path / "out.npy", check=False)
    assert result.returncode == 1 and "49152" in result.stderr, result.stderr
    assert not (tmp_path / "out.npy").exists()


def test_bench_json(fast):
    rows = json.loads(run("llm-bench", fast, "-p", 32, "-n", 8, "-r", 2, "--threads", 1, "--json").stdout)
    assert [row["test"] for row in rows] == ["pp32", "tg8"]
    for row in rows:
        assert row["threads"] == 1
        assert 0 < row["min"] <= row["median"] <= row["max"] and row["tok_per_s"] > 0


def test_dump_shows_program_memory_and_provenance(fast):
    out = run("llm-dump", fast).stdout
    for word in ("sha256", "x86-64-v3", "weights", "generate"):
        assert word.lower() in out.lower(), word


def test_plan_against_itself_has_no_difference(fast, tmp_path):
    out = run("llm-eval", fast, "--against", fast).stdout.strip()
    match = re.fullmatch(r"max_abs (\S+) mean_kl (\S+) top1 (\S+) greedy (\d+)/(\d+)", out)
    assert match, out
    assert float(match[1]) == 0 and float(match[2]) == 0 and float(match[3]) == 1 and match[4] == match[5]


@pytest.mark.parametrize("context", [512, 4096])
def test_peak_memory_of_a_run(fast, context):
    """At most weights + 64 MiB + KV cache, all mapped bytes counted."""
    peak = peak_bytes("llm-run", fast, "-p", "The sea", "-n", 64, "--context", context, "--ignore-eos")
    weights = os.path.getsize(fast)
    cache = 30 * 2 * 3 * 64 * 2 * context
    figure(f"llm-run, peak memory with a context of {context}", f"{peak / 2**20:.0f} MiB, plan {weights / 2**20:.0f} MiB, cache {cache / 2**20:.0f} MiB")
    assert peak <= weights + (64 << 20) + cache
