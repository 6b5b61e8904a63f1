# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A machine that takes back what it gave: processors, time, memory. The answer has the same bits, or there is one message."""
import contextlib
import ctypes
import json
import os
import resource
import subprocess
import time

import pytest

from conftest import error_lines, run, tool

PROMPT = ["-p", "The sea was calm and", "--temperature", 0.9, "--seed", 7, "--ignore-eos"]
LONG = [*PROMPT, "-n", 400]


@pytest.fixture(scope="module")
def text(fast):
    """What comes out when nothing happens; sampled, so that a wrong bit of a logit shows."""
    return run("llm-run", fast, *LONG).stdout


def disturbed(fast, threads, disturb):
    """The text of a run that `disturb(process)` does something to when its first characters are there."""
    command = [tool("llm-run"), fast, *LONG, "--threads", threads]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        out = process.stdout.read(1)
        disturb(process)
        out += process.stdout.read()
        assert process.wait(300) == 0
    return out.decode()


def threads_of(process):
    """Ids of the workers that are no callers."""
    return [int(name) for name in os.listdir(f"/proc/{process.pid}/task") if int(name) != process.pid]


@contextlib.contextmanager
def stopped(thread):
    """Stops one thread of another process, as a debugger does."""
    seize, interrupt, detach, wall = 0x4206, 0x4207, 17, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(request):
        if libc.ptrace(request, ctypes.c_long(thread), None, None) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    try:
        ptrace(seize)
    except PermissionError:
        pytest.skip("this machine does not allow ptrace")
    ptrace(interrupt)
    _, status = os.waitpid(thread, wall)
    assert os.WIFSTOPPED(status)
    yield
    ptrace(detach)


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_a_worker_that_stops_for_a_second(fast, text, threads):
    def stop_one(process):
        with stopped(threads_of(process)[-1]):
            time.sleep(1)
            assert process.poll() is None, "ended without all of its workers"
    assert disturbed(fast, threads, stop_one) == text


def test_processors_that_are_taken_away_and_given_back(fast, text):
    everything = os.sched_getaffinity(0)

    def move(process):
        for where in [{min(everything)}, everything] * 3:
            for thread in [process.pid, *threads_of(process)]:
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(thread, where)
            time.sleep(0.05)
    assert disturbed(fast, 3, move) == text


def settings(fast, *options, **more):
    row, = json.loads(run("llm-bench", fast, "-p", 0, "-n", 2, "-r", 1, "--json", *options, **more).stdout)
    return row["threads"]


def test_as_many_threads_as_the_process_may_have_processors(fast):
    one = {min(os.sched_getaffinity(0))}
    assert settings(fast, preexec_fn=lambda: os.sched_setaffinity(0, one)) == 1
    assert settings(fast, "--threads", 3, preexec_fn=lambda: os.sched_setaffinity(0, one)) == 3


def test_more_threads_than_processors(fast, text):
    assert run("llm-run", fast, *LONG, "--threads", 9).stdout == text


def test_threads_that_cannot_be_had_are_one_message(fast):
    """A limit of memory that the weights fit into, but not so many stacks."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    result = run("llm-run", fast, *PROMPT, "-n", 1, "--threads", 1000, check=False, preexec_fn=limit)
    assert result.returncode == 1 and len(error_lines(result.stderr)) == 1, result.stderr
    assert "fewer threads" in result.stderr


def test_any_limit_of_memory_gives_the_answer_or_one_message(fast):
    """From too little to load the program to enough, in steps of a quarter."""
    expected = run("llm-run", fast, *PROMPT, "-n", 4).stdout
    outcomes = []
    limit = 20 << 20
    while not outcomes or outcomes[-1] != 0:
        result = run("llm-run", fast, *PROMPT, "-n", 4, "--threads", 2, check=False,
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        outcomes.append(result.returncode)
        if result.returncode == 0:
            assert result.stdout == expected
        elif result.returncode == 127:
            assert "error while loading shared libraries" in result.stderr  # of the system, before the program
        else:
            assert result.returncode == 1 and len(error_lines(result.stderr)) == 1, (limit, result)
            assert result.stdout == ""
        limit += limit // 4
        assert limit < 4 << 30
    assert 1 in outcomes


def test_a_context_beyond_that_of_the_plan_is_one_message(fast):
    result = run("llm-run", fast, *PROMPT, "-n", 4, "--context", 8193, check=False)
    assert result.returncode == 1 and len(error_lines(result.stderr)) == 1, result.stderr
    assert "8193" in result.stderr and "8192" in result.stderr
