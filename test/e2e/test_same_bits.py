# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A row of logits has the same bits however it is computed."""
import json

import numpy as np
import pytest

from conftest import levels_here, logits, run

CHUNKS = [1, 2, 8, 512]
THREADS = [1, 2]


@pytest.mark.parametrize("mode,count", [("fast", 515), ("exact", 261)])
def test_chunks_threads_and_levels(mode, count, request, text_ids, tmp_path):
    """515 tokens: more than one chunk of 512, two spans of 256 positions and a rest; 261 cross one span.

    Every pair of a level, a chunk and a number of threads occurs, not every triple.
    """
    plan, ids = request.getfixturevalue(mode), text_ids[:count]
    expected = logits(plan, ids, tmp_path / "first.npy", "--chunk", 512, "--threads", 2).view(np.int32)
    for i, level in enumerate(levels_here()):
        for j, chunk in enumerate(CHUNKS):
            threads = THREADS[(i + j) % 2]
            rows = 261 if chunk == 1 else count  # one by one they take long
            got = logits(plan, ids[:rows], tmp_path / "other.npy", "--chunk", chunk, "--threads", threads,
                         env={"SINTER_CPU": level})
            assert np.array_equal(got.view(np.int32), expected[:rows]), (mode, level, threads, chunk)


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_who_fetches_weights(mode, request, text_ids, tmp_path):
    plan = request.getfixturevalue(mode)
    for chunk in (1, 2, 4, 37):
        cpu, code = (logits(plan, text_ids[:37], tmp_path / "some.npy", "--chunk", chunk, env={"SINTER_PREFETCH": who}).tobytes()
                     for who in ("cpu", "code"))
        assert cpu == code, chunk
    refused = run("llm-run", plan, "-p", "x", "-n", 1, check=False, env={"SINTER_PREFETCH": "nobody"})
    assert refused.returncode == 1
    assert 'SINTER_PREFETCH is "nobody", expected cpu or code' in refused.stderr


def test_prefix_does_not_depend_on_what_follows(fast, text_ids, tmp_path):
    whole = logits(fast, text_ids[:100], tmp_path / "whole.npy")
    part = logits(fast, text_ids[:37], tmp_path / "part.npy")
    assert whole[:37].tobytes() == part.tobytes()


def test_sampling_repeats_for_any_chunk_and_threads(fast):
    def text(*options):
        return run("llm-run", fast, "-p", "The sea was calm and", "-n", 48, "--temperature", 0.9, "--seed", 7,
                   *options).stdout

    first = text("--threads", 1)
    assert len(first) > 20
    assert text("--threads", 2) == first
    assert text("--threads", 2, "--chunk", 1) == first
    assert run("llm-run", fast, "-p", "The sea was calm and", "-n", 48, "--temperature", 0.9, "--seed",
               8).stdout != first


def test_chat_continues_from_its_cache_with_the_same_bits(fast):
    """Two turns in one process answer as a process that gets the whole conversation at once."""
    turns = ["Name a colour.\n", "And another one.\n"]
    options = ["--chat", "-n", 24, "--temperature", 0]
    both = run("llm-run", fast, *options, input="".join(turns)).stdout
    first = run("llm-run", fast, *options, "-p", turns[0].strip()).stdout.strip()
    assert first and first in both
    conversation = [{"role": "user", "content": turns[0].strip()}, {"role": "assistant", "content": first},
                    {"role": "user", "content": turns[1].strip()}]
    rendered = render(fast, conversation)
    second = run("llm-run", fast, "-p", rendered, "-n", 24, "--temperature", 0).stdout.strip()
    assert second and second in both


def render(plan, messages):
    import tempfile
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(messages, file)
        file.flush()
        return run("llm-run", plan, "--render", file.name).stdout
