# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tokens that leave the layers early: what a session holds is always what all layers put there; with verify=exact so is the text."""
import json
import subprocess
import sys

import numpy as np
import pytest

import make_gguf
import safetensors
import train_exits
from conftest import ROOT, compile_plan, figure, levels_here, run, tool
from test_draft_model import ids
from test_self_draft import tiny  # noqa: F401, a fixture
from test_speculation import PROMPTS, SAMPLING, generate, tokenize, workload_prompts

TARGET = f"--target={levels_here()[-1]}"
PROBES = ["max_prob", "margin", "entropy", "similarity", "chance", "max_prob:32", "margin:64", "entropy:32"]
WIDTH = 128


def tiny_plan(folder, exits, *options, model="m"):
    path = folder / ("".join(c if c.isalnum() else "-" for c in model + exits + "".join(options)) + "-exits.plan")
    return compile_plan(folder / f"{model}.gguf", path, f"--early-exit={exits}", "--no-golden", TARGET, *options)


def probe(plan, folder, prompts, tokens, temperature=0, threshold=0, threads=2):
    """The state with exits against all layers over the same text; texts against those without exits."""
    path = folder / "ids.txt"
    path.write_text("".join(",".join(map(str, prompt)) + "\n" for prompt in prompts), encoding="utf-8")
    result = run("exit-probe", plan, path, tokens, temperature, 5, threads, threshold, check=False, timeout=3600)
    assert result.stdout, result.stderr
    found = json.loads(result.stdout)
    assert (found["prompts"], found["differing_kv"], found["differing_lengths"]) == (len(prompts), 0, 0), found
    return found


def tiny_prompts(count):
    return [[(start * 31 + i * i) % 400 for i in range(5 + 20 * start)] for start in range(count)]


@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("exits", ["chance@1=0.5", "chance@2=0.2", "chance@1=0.7,chance@2=0.6,chance@3=0.3", "chance@3=0,waiting=1",
                                   "chance@1=0.5,chance@3=0.1,waiting=12"])
def test_random_exits_leave_the_state_of_all_layers(tiny, tmp_path, exits, temperature):  # noqa: F811
    """Whatever leaves where, and however many wait."""
    found = probe(tiny_plan(tiny, f"token:{exits}"), tmp_path, tiny_prompts(6), 70, temperature)
    assert sum(found["left"]) == found["owed"] > 0 and found["differing_texts"] > 0


@pytest.mark.parametrize("options", [["--activations=f32"], ["--activations=bf16"], ["--kv=k:int8,v:f16"], ["--kv-window=24", "--kv-sinks=2"],
                                     ["--kv-window=20", "--kv-slack=0", "--max-rows=16"]], ids=" ".join)
def test_the_same_in_other_modes(tiny, tmp_path, options):  # noqa: F811
    assert probe(tiny_plan(tiny, "token:chance@1=0.5,chance@3=0.5", *options), tmp_path, tiny_prompts(4), 60, 0.8)["owed"] > 0


@pytest.mark.parametrize("kind", PROBES)
def test_a_threshold_that_nothing_passes(tiny, tmp_path, kind):  # noqa: F811
    """Text and state are those of the plain program, and nobody ever waits."""
    plan = tiny_plan(tiny, f"token:{kind}@1=0.1,{kind}@2=0.1,{kind}@3=0.1")
    for temperature in (0, 0.8):
        found = probe(plan, tmp_path, tiny_prompts(4), 60, temperature, threshold=1)
        assert (found["differing_texts"], found["owed"], found["layers"]) == (0, 0, 4 * found["rows"])
    assert probe(plan, tmp_path, tiny_prompts(4), 60, threshold=1e-6)["owed"] > 0


def test_a_threshold_that_nothing_passes_does_not_fall(tiny, tmp_path):  # noqa: F811
    plan = tiny_plan(tiny, "token:chance@2=1,decay=1000")
    assert "lossy" not in run("llm-dump", plan).stdout
    assert probe(plan, tmp_path, tiny_prompts(4), 60)["owed"] == 0
    assert probe(tiny_plan(tiny, "token:chance@2=0.5,decay=1000"), tmp_path, tiny_prompts(4), 60, threshold=1)["owed"] == 0


def test_a_hopeless_text_ends(tiny):  # noqa: F811
    plan = tiny_plan(tiny, "token:max_prob@2=1,stop=0.5")
    assert "lossy = early_exit max_prob@2=1,stop=0.5, not measured" in run("llm-dump", plan).stdout
    asked = ["--ids", ids(1, 20), "-n", "30", "--ignore-eos"]
    made, whole = generate(plan, *asked), generate(plan, *asked, "--no-early-exit")
    assert made["stop"] == "hopeless" and len(made["tokens"]) < len(whole["tokens"]) == 30, made
    assert made["tokens"] == whole["tokens"][:len(made["tokens"])]


def linear_probes(path, after=(1, 2, 3), width=WIDTH, kind="linear", bias=2):
    """Probes that say the same of every row: 0.88."""
    safetensors.write(path, {name: value for layer in after for name, value in
                             ((f"exits.{layer}.weight", np.zeros(width, np.float32)), (f"exits.{layer}.bias", np.full(1, bias, np.float32)))},
                      {"probes": kind})
    return path


def test_linear_probes_say_what_their_file_says(tiny, tmp_path):  # noqa: F811
    file = linear_probes(tmp_path / "p.safetensors")
    plan = tiny_plan(tiny, f"token:linear@1=0.89,linear@2=0.87,linear@3=0.87,{file}")
    found = probe(plan, tmp_path, tiny_prompts(3), 60)
    assert found["left"][0] == 0 and found["left"][1] == found["owed"] > 0
    assert probe(plan, tmp_path, tiny_prompts(3), 60, threshold=0.89)["owed"] == 0
    # Other weights under the same name are another plan.
    linear_probes(file, bias=3)
    assert probe(compile_plan(tiny / "m.gguf", tmp_path / "other.plan", f"--early-exit=token:linear@1=0.89,{file}", "--no-golden", TARGET),
                 tmp_path, tiny_prompts(3), 60)["owed"] > 0


@pytest.mark.parametrize("changes, message", [
    ({"width": 96}, "tensor 'exits.2.weight' at offset "), ({"width": 96}, "is not a vector of 128 F32, as this model needs it"),
    ({"after": (1, 3)}, "tensor 'exits.2.weight' is missing; there are probes after these layers: 1, 3"),
    ({"kind": "medusa"}, "__metadata__ 'probes' is 'medusa', expected linear"), ({"bias": np.nan}, "has no finite number")])
def test_linear_probes_that_do_not_fit_are_refused(tiny, tmp_path, changes, message):  # noqa: F811
    file = linear_probes(tmp_path / "p.safetensors", **changes)
    result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", f"--early-exit=token:linear@2=0.9,{file}", "--no-golden", check=False)
    assert result.returncode == 1 and message in result.stderr, result.stderr
    assert not (tmp_path / "x.plan").exists()


def test_training_finds_a_direction():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((3000, 64), np.float32)
    right = x @ rng.standard_normal(64) + 3 * rng.standard_normal(3000) > 4
    above, third, every = train_exits.judge(train_exits.sure(x[2000:], train_exits.train(x[:2000], right[:2000], 10)), right[2000:])
    assert above > 0.85 and third > 1.8 * every, (above, third, every)


def test_the_way_from_texts_to_a_plan(tiny, tmp_path):  # noqa: F811
    """As docs/early-exit.md has it, on a tiny model: texts, training, thresholds, a plan that says what it loses."""
    def script(name, *arguments):
        done = subprocess.run([sys.executable, ROOT / "test" / "support" / name, *map(str, arguments)], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return done.stdout
    plain = compile_plan(tiny / "m.gguf", tmp_path / "plain.plan", "--no-golden", TARGET)
    script("make_texts.py", plain, "-o", tmp_path / "texts", "--llm-run", tool("llm-run"), "--count", 12, "-n", 60, "--temperature", 1)
    said = script("train_exits.py", tiny / "m.gguf", tmp_path / "texts", "-o", tmp_path / "p.safetensors", "--after", "1,2,3")
    assert [line.split(":")[0] for line in said.splitlines()] == ["after 1", "after 2", "after 3"]
    asks = compile_plan(tiny / "m.gguf", tmp_path / "asks.plan", f"--early-exit=token:linear@2,linear@3,{tmp_path}/p.safetensors", "--no-golden", TARGET)
    (tmp_path / "text").write_text("the quick brown fox jumps over the lazy dog " * 40, encoding="utf-8")
    chosen = run("llm-eval", asks, "--calibrate-exit", tmp_path / "text", "--agreement", "0.5", "--tokens", "400", "--context", "200").stdout
    (tmp_path / "exits.json").write_text(chosen, encoding="utf-8")
    assert [exit.split("=")[0] for exit in json.loads(chosen)["exits"]] == ["linear@2", "linear@3"]
    lossy = compile_plan(tiny / "m.gguf", tmp_path / "lossy.plan", f"--early-exit=token:{tmp_path}/exits.json,{tmp_path}/p.safetensors",
                         "--no-golden", TARGET)
    assert "agreement" in run("llm-dump", lossy).stdout
    probe(lossy, tmp_path, tiny_prompts(3), 60)
    other = run("llm-compile", tiny / "early.gguf", "-o", tmp_path / "other.plan",
                f"--early-exit=token:{tmp_path}/exits.json,{tmp_path}/p.safetensors", "--no-golden", TARGET, check=False)
    assert other.returncode == 1 and "the thresholds were chosen with another model, whose file has the SHA-256 " in other.stderr
    assert not (tmp_path / "other.plan").exists()


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
@pytest.mark.parametrize("exits", ["chance@2=0.2", "max_prob@2=0.0001,waiting=12", "chance@1=0.6,similarity@2=0.5,chance@3=0.4"])
@pytest.mark.parametrize("model", ["m", "early"])
def test_held_tokens_are_those_of_all_layers(tiny, model, exits, sampling):  # noqa: F811
    """Every length up to a full context, on one and two workers. The upper layers of `early` say nothing: what leaves behind the others is right."""
    plan = tiny_plan(tiny, f"token:{exits},verify=exact", model=model)
    held = agreed = 0
    for tokens in (1, 2, 7, 64, 250):
        for start in range(3):
            asked = ["--ids", ids(start, 3 + 20 * start), "-n", tokens, "--ignore-eos", "--threads", 1 + start % 2, *sampling]
            left, plain = generate(plan, *asked), generate(plan, "--no-early-exit", *asked)
            for key in ("tokens", "text", "stop"):
                assert left[key] == plain[key], (key, asked)
            assert "early_exit" not in plain
            held += left.get("early_exit", {}).get("held", 0)
            agreed += left.get("early_exit", {}).get("agreed", 0)
    assert held >= agreed and held > 0
    if model == "early" and "@1" not in exits:
        assert agreed == held


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_the_state_of_held_tokens(tiny, tmp_path, temperature):  # noqa: F811
    plan = tiny_plan(tiny, "token:chance@1=0.5,chance@2=0.5,verify=exact", model="early")
    found = probe(plan, tmp_path, tiny_prompts(6), 70, temperature)
    assert found["differing_texts"] == 0 and 0 < found["agreed"] < found["held"]


def test_the_plan_says_what_it_is(tiny):  # noqa: F811
    lossy = tiny_plan(tiny, "token:similarity@2=0.9,decay=4")
    summary = run("llm-dump", lossy).stdout
    assert "fidelity = lossy" in summary and "lossy = early_exit similarity@2=0.9,decay=4, not measured" in summary
    assert "exit.1" in summary and "after 2 of 4 layers" in summary
    text = run("llm-dump", lossy, "--program").stdout
    assert "plan.exit @exit.1 similarity after(2) threshold(" in text and "plan.decide @exit.1" in text and "plan.fill @kv" in text
    for exits in ("token:similarity@2=0.9,verify=exact", "token:similarity"):
        assert "lossy" not in run("llm-dump", tiny_plan(tiny, exits)).stdout
    stats = run("llm-run", lossy, "--ids", ids(1, 20), "-n", "30", "--ignore-eos", "--stats").stderr
    assert "lossy" in stats and "left after 2:" in stats and "layers" in stats


def test_the_memory_formula_counts_rows_that_wait(tiny):  # noqa: F811
    plan = tiny_plan(tiny, "token:chance@1=0.5,similarity@2=0.9,max_prob:64@3")
    for case in json.loads(run("memory-probe", plan, "bound").stdout):
        assert case["peak"] <= case["formula"] <= 1.05 * case["peak"]


@pytest.mark.parametrize("exits, code, message", [
    ("token:chance@4=0.5", 1, "no token can leave after layer 4: the model has 4, so after 1 to 3"),
    ("token:chance@2=0.5,chance@2=0.6", 1, "the exit after layer 2 comes behind the one after layer 2"),
    ("token:chance@2=1.5", 1, "'chance@2=1.5' has no threshold from 0 to 1"),
    ("token:guess@2=0.5", 1, "'guess' is no probe"),
    ("token:max_prob:100@2", 1, "'max_prob:100' does not say a number of tokens that is a multiple of 32"),
    ("token:max_prob:4096@2", 1, "it cannot be asked about the first 4096 alone"),
    ("token:similarity:32@2", 1, "similarity does not ask a head"),
    ("token:linear@2", 2, "linear probes need a FILE.safetensors"),
    ("token:chance@2,x.safetensors", 2, "a FILE.safetensors is for linear probes"),
    ("token:linear@2,none.safetensors", 1, "none.safetensors: "),
    ("token:chance@2=0.5,waiting=0", 1, "0 rows cannot wait, expected 1 to 511"),
    ("token:chance@2=0.5,waiting=16,verify=exact", 1, "16 rows cannot wait, expected 1 to 15"),
    ("token:similarity@3=0.5,stop=1", 1, "stop wants an exit that asks the head"),
    ("token:max_prob@2=0.5,stop=0.1,verify=exact", 2, "verify=exact and stop exclude each other"),
    ("token:chance@2=0.5,verify=some", 2, "verify is exact or none"),
    ("token:chance@2=0.5,decay=-1", 2, "decay=-1 is not between 0 and 1000"),
    ("token:verify=exact", 2, "names no exit"),
    ("layer:chance@2", 2, "--early-exit=layer:chance@2 is none of")])
def test_exits_that_cannot_be_are_refused(tiny, exits, code, message, tmp_path):  # noqa: F811
    result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", f"--early-exit={exits}", "--no-golden", check=False)
    assert result.returncode == code and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())


def test_a_workload_of_answers_that_end_at_once(tiny):  # noqa: F811
    """Where all answers end at their first token, there is no ratio; a report of drafts wants drafts."""
    file = tiny / "w.jsonl"
    file.write_text("".join(json.dumps({"name": str(i), "text": f"prompt {i} of some: {i * 37 % 11}"}) + "\n" for i in range(8)), encoding="utf-8")
    for exits, options, message in (("max_prob@2=1,stop=0.9", [], "every answer falls into a loop or is a single token"),
                                    ("chance@2=0.5", ["--spec-report"], "the plan drafts nothing, which --spec-report is about")):
        plan = tiny_plan(tiny, f"token:{exits}")
        result = run("llm-bench", plan, f"--workload={file}", "-n", 40, "-r", 1, *options, check=False)
        assert result.returncode == 1 and message in result.stderr and not result.stdout, result.stderr


@pytest.mark.parametrize("changes, message", [
    ({"exits": ["chance@2=0.5", 7]}, "is no calibration of exits"), ({"kl": -1}, "is no calibration of exits"),
    ({"model": '""'}, "is no calibration of exits"),
    ({"agreement": 1.5}, "is no calibration of exits"), ({"kl": "1e999"}, "is no calibration of exits"),
    ({"more": "[" * 300000}, "more than 100 levels"), ({}, "with another model")])
def test_calibrations_that_make_no_sense_are_refused(tiny, changes, message, tmp_path):  # noqa: F811
    told = {"model": "0" * 64, "exits": ["chance@2=0.5"], "kl": 0.1, "agreement": 0.9, "layers_saved": 0.2, "positions": 10} | changes
    text = ",".join(f"{json.dumps(key)}:{value if isinstance(value, str) and key in changes else json.dumps(value)}" for key, value in told.items())
    (tmp_path / "e.json").write_text("{" + text + "}", encoding="utf-8")
    result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", f"--early-exit=token:{tmp_path}/e.json", "--no-golden", check=False)
    assert result.returncode in (1, 2) and message in result.stderr, result.stderr


@pytest.mark.parametrize("exits", ["token:similarity", "token:chance@1=0.5", "auto"])
def test_one_layer_has_no_exit(new_folder, exits):
    folder = new_folder()
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"layers": 1}, str(folder / "m.gguf"))
    result = run("llm-compile", folder / "m.gguf", "-o", folder / "x.plan", f"--early-exit={exits}", "--no-golden", TARGET, check=False)
    assert result.returncode == 1 and "the model has one layer, after which no token can leave early" in result.stderr, result.stderr


def test_a_plan_without_exits_has_no_threshold(tiny):  # noqa: F811
    plan = compile_plan(tiny / "m.gguf", tiny / "plain-exits.plan", "--no-golden", TARGET)
    result = run("llm-run", plan, "--ids", "1,2,3", "-n", "3", "--exit-threshold", "0.5", check=False)
    assert result.returncode == 1 and "the plan has no exits" in result.stderr
    assert run("llm-compile", tiny / "m.gguf", "-o", tiny / "both.plan", "--early-exit=token:chance@2", "--speculate=copy", check=False).returncode == 2


def automatic(model, folder, *options, early="auto", check=True):
    return run("llm-compile", model, "-o", folder / "auto.plan", f"--early-exit={early}", "--no-golden", TARGET, *options, check=check, timeout=900)


def test_exits_that_pay_are_chosen(tiny, tmp_path):  # noqa: F811
    """The upper half of `early` says nothing: who leaves loses nothing. Twice the same, and nothing is left beside the plan."""
    (tmp_path / "texts").write_text("The old harbor\nTwo and two\nOnce upon a time\nA list of rivers\n", encoding="utf-8")
    file = linear_probes(tmp_path / "p.safetensors")
    options = [f"--calibration={tmp_path}/texts"]
    said = [automatic(tiny / "early.gguf", tmp_path, *options, early=f"auto:linear@2,{file}").stderr for _ in range(2)]
    lines = [[line for line in text.splitlines() if line.startswith(("  ", "chosen", "early-exit"))] for text in said]
    assert lines[0] == lines[1] and len(lines[0]) == 4, said
    assert "texts, 64 tokens each" in lines[0][0] and "agreement 1.0000" in lines[0][1]
    chosen = lines[0][-1].removeprefix("chosen: ")
    assert "@2=" in chosen or "@3=" in chosen, said
    provenance = json.loads(run("llm-dump", tmp_path / "auto.plan", "--json").stdout)["provenance"]
    assert provenance["early_exit"] == chosen and provenance["early_exit.auto"].startswith(f"{chosen} of linear@2 ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["auto.plan", "p.safetensors", "texts"]
    assert probe(tmp_path / "auto.plan", tmp_path, tiny_prompts(3), 60)["owed"] > 0


def test_off_where_nothing_pays(tiny, tmp_path):  # noqa: F811
    """Layers with random weights all matter."""
    (tmp_path / "texts").write_text("The old harbor\nTwo and two\nOnce upon a time\nA list of rivers\n", encoding="utf-8")
    said = automatic(tiny / "m.gguf", tmp_path, f"--calibration={tmp_path}/texts").stderr
    assert said == automatic(tiny / "m.gguf", tmp_path, f"--calibration={tmp_path}/texts", early="token").stderr
    assert "chosen: off, as nothing that keeps so many tokens pays on these texts" in said
    plan = json.loads(run("llm-dump", tmp_path / "auto.plan", "--json").stdout)
    assert plan["provenance"]["early_exit.auto"].startswith("off of similarity ") and "early_exit" not in plan["provenance"]
    assert "exit.1" not in run("llm-dump", tmp_path / "auto.plan").stdout


@pytest.mark.parametrize("early, options, code, message", [
    ("auto:verify=exact", [], 2, "chooses thresholds for exits that do not verify"), ("auto", ["--speculate=copy"], 2, "--speculate"),
    ("token:chance@2", ["--speculate=auto"], 2, "--early-exit=token and --speculate"), ("auto", ["--max-rows=1"], 2, "needs --max-rows of at least 2"),
    ("auto:linear@2", [], 2, "linear probes need a FILE.safetensors"), ("auto", ["--compile-to=plan"], 2, "wants a checkpoint, and makes a plan"),
    ("auto", ["--calibration=/none"], 1, "/none: No such file"), ("auto:guess", [], 1, "'guess' is no probe")])
def test_choices_that_make_no_sense_are_refused(tiny, tmp_path, early, options, code, message):  # noqa: F811
    result = automatic(tiny / "m.gguf", tmp_path, *options, early=early, check=False)
    assert result.returncode == code and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def real(model, new_folder):
    return compile_plan(model, new_folder() / "exits.plan", "--early-exit=token:similarity@20=0.99,max_prob@26=0.6", TARGET)


def test_a_real_model(real, tmp_path):
    prompts = tokenize(real, tmp_path, PROMPTS)
    for temperature in (0, 0.8):
        found = probe(real, tmp_path, prompts, 48, temperature)
        assert found["owed"] > 0
        figure(f"early exit of a real model, temperature {temperature}",
               f"{found['layers'] / found['rows']:.1f} of 30 layers, texts that differ {found['differing_texts']} of {found['prompts']}")
        assert probe(real, tmp_path, prompts, 48, temperature, threshold=1)["differing_texts"] == 0


@pytest.fixture(scope="module")
def held(model, new_folder):
    return compile_plan(model, new_folder() / "held.plan", "--early-exit=token:similarity@20=0.9,verify=exact", "--no-golden", TARGET)


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_held_tokens_of_a_real_model(held, tmp_path, temperature):
    """Five prompts, 64 tokens; ./dev conformance has 200 of 128."""
    found = probe(held, tmp_path, tokenize(held, tmp_path, PROMPTS), 64, temperature)
    assert found["differing_texts"] == 0 and found["held"] > 0


@pytest.mark.long
@pytest.mark.parametrize("temperature", [0, 0.8])
def test_conformance_of_speculation_by_tokens_that_are_held(held, tmp_path, temperature):
    prompts = tokenize(held, tmp_path, workload_prompts())
    assert len(prompts) >= 200
    found = probe(held, tmp_path, prompts, 128, temperature)
    figure(f"conformance of speculation, exits with verification, temperature {temperature}",
           f"{len(prompts)} prompts x 128 tokens, differing texts {found['differing_texts']}, differing KV {found['differing_kv']} "
           f"(held {found['held']}, right {found['agreed']})")
    assert found["differing_texts"] == 0 and found["held"] > 0


def test_a_second_turn_starts_from_what_all_layers_have_seen(held):
    """Rows that waited at the end of the first one are computed again."""
    turns = "Say: red green blue red green blue red green\nAgain, please.\nName three rivers.\n"
    for sampling in (["--temperature", "0"], ["--temperature", "0.8", "--seed", "7"]):
        options = ["--chat", "-n", "40", *sampling]
        assert run("llm-run", held, *options, input=turns).stdout == run("llm-run", held, *options, "--no-early-exit", input=turns).stdout
