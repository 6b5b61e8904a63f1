# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""--speculate=auto takes the drafters that pay on calibration texts, or none, and says so."""
import json
import re

import numpy as np
import pytest

import make_gguf
import safetensors
from conftest import ONE_LEVEL, run
from test_speculation import same


@pytest.fixture(scope="module")
def folder(new_folder):
    folder = new_folder()
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 2}, str(folder / "m.gguf"))
    return folder


def choose(model, folder, *options, speculate="auto", check=True):
    return run("llm-compile", model, "-o", folder / "auto.plan", f"--speculate={speculate}", "--no-golden", ONE_LEVEL, *options, check=check,
               timeout=900)


def stored(folder):
    return json.loads(run("llm-dump", folder / "auto.plan", "--json").stdout)["provenance"]["speculate.auto"]


@pytest.mark.parametrize("speculate, options, message", [
    ("auto,copy", [], "--speculate=auto chooses the drafters of the text itself"), ("auto,auto", [], "names auto twice"),
    ("copy", ["--calibration=x"], "--calibration wants something to choose or to measure"), ("auto", ["--compile-to=plan"], "--speculate=auto wants a checkpoint")])
def test_what_makes_no_sense_is_refused(folder, tmp_path, speculate, options, message):
    result = choose(folder / "m.gguf", tmp_path, *options, speculate=speculate, check=False)
    assert result.returncode == 2 and message in result.stderr, result.stderr


def test_texts_of_the_compiler_that_do_not_fit(folder, tmp_path):
    result = choose(folder / "m.gguf", tmp_path, "--context=64", check=False)
    assert result.returncode == 1 and "the compiler's own texts do not suit this model: a context of" in result.stderr, result.stderr
    assert "--calibration=FILE takes others" in result.stderr and not list(tmp_path.iterdir())
    result = choose(folder / "m.gguf", tmp_path, "--verify-rule=typical", f"--calibration={folder}/m.gguf", "--compile-to=plan", speculate="copy", check=False)
    assert result.returncode == 2 and "--calibration measures --verify-rule and --spec-policy with a plan" in result.stderr


def test_texts_that_cannot_be_read(folder, tmp_path):
    for content, message in (("", "no text to choose by"), ('{"text": 3}\n', ":1: has neither text nor messages"), ("{\n", ":1: ")):
        (tmp_path / "t").write_text(content, encoding="utf-8")
        result = choose(folder / "m.gguf", tmp_path, f"--calibration={tmp_path}/t", check=False)
        assert result.returncode == 1 and message in result.stderr, result.stderr
    result = choose(folder / "m.gguf", tmp_path, f"--calibration={tmp_path}/none", check=False)
    assert result.returncode == 1 and "none: No such file" in result.stderr
    assert not (tmp_path / "auto.plan").exists()


WIDTH = 576
COPIED = ["The harbor was quiet that morning. Three boats lay at the pier, and a man in a blue coat painted the rail of the smallest one.",
          "To bake the bread, mix flour, water, salt and yeast, wait for an hour, fold the dough twice and put it into the hot oven.",
          "In 1897 the company moved to Leeds, where it built forty engines a year until the works were closed in 1931."]


@pytest.fixture(scope="module")
def texts(new_folder):
    path = new_folder() / "texts"
    path.write_text("".join(json.dumps({"messages": [{"role": "user", "content": f"Repeat this text word for word: {text}"}]}) + "\n"
                            for text in COPIED), encoding="utf-8")
    return path


def test_what_pays_is_chosen_said_and_stored(model, texts, tmp_path):
    """Copies pay, heads that say nothing do not. Twice the same; nothing is left beside the plan."""
    heads = tmp_path / "h.safetensors"
    safetensors.write(heads, {"heads.0.weight": np.zeros((WIDTH, WIDTH), np.float16), "heads.0.bias": np.full(WIDTH, -30, np.float32)},
                      {"heads": "medusa"})
    options = {"speculate": f"auto,heads:{heads}"}
    said = [choose(model, tmp_path, f"--calibration={texts}", *more, **options).stderr for more in ([], ["--early-exit=auto"])]
    assert "early-exit=auto: off, as drafts pay, and lose nothing" in said[1]
    lines = [[line for line in text.splitlines() if line.startswith(("  ", "chosen", "speculate"))] for text in said]
    assert lines[0] == lines[1], said
    assert lines[0][0].startswith("speculate=auto: 3 texts, 64 tokens each")
    tried = [re.match(r"  (.*?) +([\d.]+)x: (drafts|by policy)", line).groups() for line in lines[0][1:-1]]
    gains = {name: float(gain) for name, gain, how in tried if how == "drafts"}
    best = max(gains, key=gains.get)
    assert len(gains) == 8 and gains["copy"] > 1.2 and gains["heads"] < 1.1, gains
    # Then how the best of them draft: as many ids as pay, always the same, as an average says; in trees of several sizes.
    ways = {name: float(gain) for name, gain, how in tried if how == "by policy"}
    length = next(line for line in lines[0] if line.startswith(f"  {best} ")).split("drafts of ")[1].split(",")[0]
    assert list(ways) == [best, f"{best} --spec-policy=static:{length}", f"{best} --spec-policy=ema", *(f"{best} --tree={n}" for n in (2, 4, 8))]
    assert abs(ways[f"{best} --spec-policy=static:{length}"] - gains[best]) < 0.1
    chosen = lines[0][-1].removeprefix("chosen: ")
    assert ways[chosen] == max(ways.values()) or (chosen == best and ways[best] * 1.02 > max(ways.values()))
    assert stored(tmp_path).startswith(f"{chosen} of copy {gains['copy']:.2f}; lookup ")
    chosen = chosen.split()[0]
    drafters = run("llm-dump", tmp_path / "auto.plan", "--program").stdout
    assert all((f"plan.drafter @{name} " in drafters) == (name in chosen.split(",")) for name in ("copy", "lookup", "recycle", "heads"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["auto.plan", "h.safetensors"]
    same(tmp_path / "auto.plan", "-p", COPIED[0], "-n", "48", "--ignore-eos")


def test_exits_are_asked_where_no_drafts_pay(model, tmp_path):
    """A short answer about something new has nothing to copy; and this model is not made to be left early."""
    (tmp_path / "t").write_text("Name one unusual sea animal and where it lives.\n", encoding="utf-8")
    said = choose(model, tmp_path, f"--calibration={tmp_path}/t", "--early-exit=auto").stderr
    assert "chosen: off, as nothing pays on these texts" in said and "chosen: off, as nothing that keeps so many tokens pays" in said, said
    plan = json.loads(run("llm-dump", tmp_path / "auto.plan", "--json").stdout)["provenance"]
    assert plan["speculate.auto"].startswith("off of copy ") and plan["early_exit.auto"].startswith("off of similarity ")
