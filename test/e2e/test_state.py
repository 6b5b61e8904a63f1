# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sessions that grow, are cut, part, are saved and restored have at every moment the bits of a fresh one, whatever keeps keys and values."""
import json

import pytest

import make_gguf
from conftest import ONE_LEVEL, compile_plan, run

TINY = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 400, "layers": 2}
KINDS = {
    "f32": ["--kv=f32"], "f16": [], "bf16": ["--kv=bf16"], "int8": ["--kv=int8"], "mixed": ["--kv=k:int8,v:f16"],
    "window": ["--kv-window=50"], "sinks": ["--kv=int8", "--kv-window=40", "--kv-sinks=4"],
    "ring": ["--kv-window=24", "--kv-slack=0", "--max-rows=16"],
    "ring, sinks, drafts": ["--kv=int8", "--kv-window=24", "--kv-sinks=20", "--kv-slack=0", "--max-rows=32", "--speculate=copy,recycle", "--tree=2"],
    "ring, draft model": ["--kv-window=30", "--kv-sinks=1", "--kv-slack=0", "--max-rows=16", "--speculate=copy,draft:{draft}"],
    "ring, self": ["--kv-window=30", "--kv-slack=0", "--max-rows=16", "--speculate=self:1"],
    "drafts": ["--speculate=copy,recycle"], "drafts in trees": ["--speculate=copy,recycle", "--tree=4"],
    "draft model": ["--speculate=copy,draft:{draft}"], "draft trees": ["--speculate=copy,draft:{draft}", "--tree=4"],
    "self": ["--kv=int8", "--speculate=self:1"],
    # Both models write: between the entropies of their rows.
    "turns": ["--speculate=draft:{draft}", "--spec-policy=switch:8.2,3,4"],
    "ring, turns": ["--kv-window=30", "--kv-slack=0", "--max-rows=16", "--speculate=draft:{draft}", "--spec-policy=switch:8.2,3,4"],
}


@pytest.fixture(scope="module")
def models(new_folder):
    folder = new_folder()
    make_gguf.write(TINY, str(folder / "m.gguf"))
    make_gguf.write(TINY | {"layers": 1}, str(folder / "draft.gguf"))
    return folder


def plan_of(models, kind):
    options = [option.format(draft=models / "draft.gguf") for option in KINDS[kind]]
    return compile_plan(models / "m.gguf", models / f"{kind.replace(' ', '-').replace(',', '')}.plan", "--no-golden", ONE_LEVEL, *options)


@pytest.mark.parametrize("kind", KINDS)
def test_random_lives(models, kind):
    """Over ends of pages (16) and of a span (256), alone and in a pool."""
    plan = plan_of(models, kind)
    for pooled in (0, 1):
        done = json.loads(run("state-probe", plan, 300, 150, 3 + pooled, 1 + pooled, pooled).stdout)
        assert all(done[what] > 10 for what in ("appended", "generated", "truncated", "forked", "saved", "restored")), done
        assert (done["accepted"] > 0) == ("draft" in kind or "self" in kind), done
        # Positions of the text are never given back.
        assert (done["repeated"] > 0) == ("ring" in kind and "turns" not in kind), done


def test_a_saved_session_goes_on_in_another_process(models, tmp_path):
    plan, saved = plan_of(models, "int8"), tmp_path / "session"
    ids = ",".join(str(i * i % 400) for i in range(90))
    first = json.loads(run("llm-run", plan, "--ids", ids, "-n", 20, "--ignore-eos", "--json", "--save-session", saved).stdout)
    longer = ids + "," + ",".join(map(str, first["tokens"]))
    options = ["--ids", longer, "-n", 30, "--ignore-eos", "--json", "--threads", 1]
    fresh = json.loads(run("llm-run", plan, *options).stdout)
    loaded = json.loads(run("llm-run", plan, *options, "--load-session", saved).stdout)
    assert (fresh["reused_tokens"], loaded["reused_tokens"]) == (0, 109)
    assert loaded["tokens"] == fresh["tokens"]
    # A prompt that needs less room than the snapshot; nobody named a context.
    run("llm-run", plan, "--ids", "5,6", "-n", 4, "--load-session", saved)
    small = run("llm-run", plan, "--ids", "5,6", "-n", 4, "-c", 50, "--load-session", saved, check=False)
    assert small.returncode == 1 and "109 positions, the session has room for 50" in small.stderr


def test_what_is_no_snapshot_of_this_plan_is_refused(models, tmp_path):
    saved = tmp_path / "session"
    run("llm-run", plan_of(models, "f32"), "--ids", "5,6,7", "-n", 2, "--save-session", saved)
    other = run("llm-run", plan_of(models, "f16"), "--ids", "5", "-n", 2, "--load-session", saved, check=False)
    assert other.returncode == 1 and "belongs to another plan" in other.stderr
    saved.write_bytes(saved.read_bytes()[:-20])
    cut = run("llm-run", plan_of(models, "f32"), "--ids", "5", "-n", 2, "--load-session", saved, check=False)
    assert cut.returncode == 1 and "truncated" in cut.stderr
