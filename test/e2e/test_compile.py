# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llm-compile as a program: what it starts, writes, needs and leaves behind."""
import contextlib
import filecmp
import os
import re
import resource
import shutil
import signal
import subprocess
import time

import pytest

import make_gguf
from conftest import BUILD, LEVELS, ONE_LEVEL, ROOT, compile_plan, error_lines, figure, peak_bytes, run, tool


def test_recompiling_gives_the_same_bytes(model, fast, tmp_path):
    again = compile_plan(model, tmp_path / "again.plan", "--no-cache")
    assert filecmp.cmp(fast, again, shallow=False)


def test_the_number_of_threads_changes_no_byte(model, tmp_path):
    one, many = (compile_plan(model, tmp_path / f"{jobs}.plan", "--no-cache", ONE_LEVEL, f"--jobs={jobs}") for jobs in (1, 5))
    assert filecmp.cmp(one, many, shallow=False)


def test_starts_nothing_but_the_linker(model, tmp_path):
    if not shutil.which("strace"):
        pytest.fail("strace is not installed (./dev installs it)")
    log = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=execve,execveat", "-e", "signal=none", "-o", str(log),
               tool("llm-compile"), model, "-o", str(tmp_path / "traced.plan"), "--no-cache", ONE_LEVEL]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if "Operation not permitted" in result.stderr and "ptrace" in result.stderr:
        pytest.skip("this machine does not allow ptrace")
    assert result.returncode == 0, result.stderr
    started = re.findall(r'exec(?:ve|veat)\((?:AT_FDCWD, )?"([^"]+)".*= 0$', log.read_text(), re.M)
    assert started[0].endswith("llm-compile")
    assert len(started) > 1, "the linker must have been seen, or the trace proves nothing"
    figure("processes that llm-compile starts", ", ".join(os.path.basename(path) for path in started[1:]))
    assert {os.path.basename(path) for path in started[1:]} <= {"ld.lld-22", "ld.lld"}, started


def test_memory_of_a_compile(model, tmp_path):
    """Under 800 MiB. Time is measured by ./dev bench, not here: other work may run beside."""
    peak = peak_bytes("llm-compile", model, "-o", tmp_path / "out.plan", "--no-cache")
    figure("llm-compile, peak memory", f"{peak / 2**20:.0f} MiB")
    assert peak < 800 * 2**20


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_compile_leaves_nothing(model, tmp_path, name):
    process = subprocess.Popen([tool("llm-compile"), model, "-o", str(tmp_path / "out.plan"), "--no-cache", ONE_LEVEL],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    # The moment that matters is when the temporary file is there.
    while process.poll() is None and not os.listdir(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(name)
    code = process.wait(60)
    assert code != 0, "finished before it could be interrupted"
    assert os.listdir(tmp_path) == []


STUDIES = ["--speculate=auto", "--early-exit=auto", "--early-exit=sequence", "--early-exit=ffn", "--early-exit=sequence:retrieve,nearest=1"]


@pytest.mark.parametrize("study", STUDIES)
def test_an_interrupted_study_leaves_nothing(tmp_path, study):
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"layers": 6}, str(tmp_path / "m.gguf"))
    (tmp_path / "out").mkdir()
    with subprocess.Popen([tool("llm-compile"), tmp_path / "m.gguf", "-o", tmp_path / "out/a.plan", study, "--no-cache", ONE_LEVEL],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        # A plan that is measured, whole: it has more than the bytes of a file that was just made.
        while process.poll() is None and not any(size_of(file) > 1 << 16 for file in (tmp_path / "out").iterdir()):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert [file.name for file in (tmp_path / "out").iterdir()] in ([], ["a.plan"])
    assert process.returncode in (-signal.SIGINT, 130, 1), process.returncode


def size_of(file):
    with contextlib.suppress(FileNotFoundError):
        return file.stat().st_size
    return 0


def test_names_of_files_are_taken_as_they_are(tmp_path):
    """Neither what lies beside the output nor a sign in the name of its folder matters."""
    folder = tmp_path / "50%q 100%%"
    folder.mkdir()
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"layers": 6}, str(folder / "m.gguf"))
    (folder / "a.plan.candidate").write_text("precious")
    for study in (*STUDIES[:3], "--verify-rule=typical"):
        drafters = ["--speculate=copy", f"--calibration={ROOT}/test/bench/workloads/chat.jsonl"] if "rule" in study else []
        compile_plan(folder / "m.gguf", folder / "a.plan", study, *drafters, "--no-golden", ONE_LEVEL, f"--cache-dir={folder / 'c'}")
        assert sorted(file.name for file in folder.iterdir()) == ["a.plan", "a.plan.candidate", "c", "m.gguf"]
    assert (folder / "a.plan.candidate").read_text() == "precious" and any((folder / "c").iterdir())


def test_a_full_disk_is_one_message_and_no_file(model, tmp_path):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    result = run("llm-compile", model, "-o", tmp_path / "out.plan", ONE_LEVEL, check=False, preexec_fn=limit)
    assert result.returncode == 1, result.stderr
    assert len(error_lines(result.stderr)) == 1, result.stderr
    assert os.listdir(tmp_path) == []


def test_an_existing_plan_survives_a_failed_compile(tmp_path):
    plan = tmp_path / "out.plan"
    plan.write_bytes(b"precious")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF\x03\0\0\0")
    result = run("llm-compile", tmp_path / "broken.gguf", "-o", plan, check=False)
    assert result.returncode == 1 and len(error_lines(result.stderr)) == 1, result.stderr
    assert plan.read_bytes() == b"precious"


def test_target_narrows_the_code_objects(model, fast, tmp_path):
    every = run("llm-dump", fast).stdout
    assert all(level in every for level in LEVELS)
    one = compile_plan(model, tmp_path / "one.plan", "--target=x86-64-v3")
    dump = run("llm-dump", one).stdout
    assert "x86-64-v3" in dump and "x86-64-v4" not in dump and "vnni" not in dump
    assert os.path.getsize(one) < os.path.getsize(fast)


def test_weights_are_stored_once(model, fast):
    """One copy serves both code objects: the plan is at most a few MiB larger than the checkpoint."""
    assert os.path.getsize(fast) < os.path.getsize(model) + (16 << 20)


def test_build_has_no_runtime_dependency_on_the_source_tree(fast):
    assert str(BUILD).encode() not in fast.read_bytes()[-(4 << 20):]
