# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What policy disco and rule judge are trained with: texts of a tiny model, training, a plan with what was learned."""
import json
import subprocess
import sys

import pytest

import make_gguf
from conftest import ONE_LEVEL, ROOT, compile_plan, run, tool
from test_draft_model import ids
from test_speculation import same

TINY = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 300, "layers": 2}


def script(name, *arguments):
    done = subprocess.run([sys.executable, ROOT / "test" / "support" / name, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(new_folder):
    """A model, one with a layer less, and texts of the first, cold and warm."""
    folder = new_folder()
    make_gguf.write(TINY, str(folder / "m.gguf"))
    make_gguf.write(TINY | {"layers": 1}, str(folder / "draft.gguf"))
    plain = compile_plan(folder / "m.gguf", folder / "plain.plan", "--no-golden", ONE_LEVEL)
    for temperature in ("0", "1.2"):
        script("make_texts.py", plain, "-o", folder / f"texts-{temperature}", "--llm-run", tool("llm-run"), "--count", 12, "-n", 60,
               "--temperature", temperature)
    return folder


def test_a_classifier_for_disco(folder):
    said = script("train_disco.py", folder / "draft.gguf", folder / "texts-0", "-o", folder / "disco", "--most", 8)
    gains = dict(pair.split(":") for pair in said.split("static")[1].split("disco")[0].split())
    mine, all_known = (float(said.split(word)[1].split()[0].rstrip(",")) for word in ("disco", "knowing all"))
    assert list(gains) == list(map(str, range(1, 9))) and 0 < mine <= all_known + 1e-9
    assert len((folder / "disco").read_text().split()) == 5
    plan = compile_plan(folder / "m.gguf", folder / "disco.plan", f"--speculate=draft:{folder}/draft.gguf", f"--spec-policy=disco:{folder}/disco",
                        "--no-golden", ONE_LEVEL)
    for start in range(3):
        same(plan, "--ids", ids(start, 9), "-n", 60, "--ignore-eos", "--temperature", 0)


def test_a_head_for_judge(folder):
    said = script("train_judge.py", folder / "m.gguf", folder / "texts-1.2", "-o", folder / "judge", "--within", "0.5")
    assert said.startswith("examples ") and "\nkept " in said
    weights = list(map(float, (folder / "judge").read_text().split()))
    assert len(weights) == 129 and any(weights)
    plan = compile_plan(folder / "m.gguf", folder / "judge.plan", "--speculate=lookup", f"--verify-rule=judge:{folder}/judge,0.01",
                        "--spec-policy=static:4", "--no-golden", ONE_LEVEL)
    assert "lossy" in run("llm-dump", plan).stdout
    answer = json.loads(run("llm-run", plan, "--json", "--ids", ids(1, 30), "-n", 60, "--ignore-eos", "--temperature", 0).stdout)
    assert answer["speculation"]["accepted"] > 0


def test_a_judge_tells_good_ids_from_bad_ones(folder):
    """Of a model whose head reads what makes an id good: the examples of the script, and its rule."""
    sys.path.insert(0, str(ROOT / "test" / "support"))
    import numpy as np
    import train_judge
    from gguf_numpy import Model
    model = Model(str(folder / "m.gguf"))
    text = json.loads((folder / "texts-1.2").read_text().splitlines()[0])
    rows, nats = train_judge.examples(model, text)
    model.reset()
    logits = model.forward(text["ids"])
    want = [logits[at - 1].max() - logits[at - 1, text["ids"][at]] for at in range(max(1, text["from"]), len(text["ids"]))]
    assert np.allclose(nats, [loss for loss in want if loss > 0], atol=1e-3) and len(rows) == len(nats) > 0
