# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Drafts change how fast tokens come, never which: every text is that of plain decoding, and so is the state."""
import json
import re

import pytest

import make_gguf
from conftest import ROOT, compile_plan, figure, levels_here, run

PROMPTS = [
    "Copy this list twice: apples, pears, plums, cherries, apples, pears,",
    "def add(a, b):\n    return a + b\n\ndef subtract(a, b):\n    return a - b\n\ndef multiply(a, b):\n",
    "The quick brown fox jumps over the lazy dog. The quick brown fox",
    "Once upon a time there was a king who",
    "1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2,",
]
SAMPLING = [["--temperature", "0"], ["--temperature", "0.8", "--seed", "7"],
            ["--temperature", "0.8", "--seed", "3", "--repetition-penalty", "1.1", "--top-p", "0.9"]]
DRAFTERS = ["copy", "lookup", "ngram", "trigram", "recycle"]
ALL = ",".join(DRAFTERS)


def generate(plan, *options):
    return json.loads(run("llm-run", plan, "--json", *options).stdout)


def same(plan, *options, plain="--no-speculate"):
    """Tokens and why they end, with drafts and without; the figures of the drafts."""
    drafted, plain = generate(plan, *options), generate(plan, plain, *options)
    for key in ("tokens", "text", "stop"):
        assert drafted[key] == plain[key], (key, options)
    assert "speculation" not in plain
    return drafted.get("speculation", {"drafted": 0, "accepted": 0, "rounds": 0})


@pytest.fixture(scope="module")
def plan_of(model, new_folder):
    """The real model with drafters, each plan made once."""
    plans = {}

    def make(drafters):
        if drafters not in plans:
            plans[drafters] = new_folder() / "s.plan"
            run("llm-compile", model, "-o", plans[drafters], *f"--speculate={drafters}".split(), f"--target={levels_here()[-1]}", timeout=900)
        return plans[drafters]
    return make


@pytest.fixture(scope="module")
def plan(plan_of):
    return plan_of("copy,lookup")


@pytest.fixture(scope="module", params=["copy,lookup", ALL])
def tiny(new_folder, request):
    """Random weights fall into loops, which drafts find; 40 positions are soon full."""
    folder = new_folder()
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 40, "layers": 2}, str(folder / "m.gguf"))
    return compile_plan(folder / "m.gguf", folder / "m.plan", f"--speculate={request.param}", "--no-golden", f"--target={levels_here()[-1]}")


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
def test_the_text_is_that_of_plain_decoding(plan, sampling):
    drafted = accepted = rounds = 0
    for prompt in PROMPTS:
        figures = same(plan, "-p", prompt, "-n", "64", "--ignore-eos", *sampling)
        drafted, accepted, rounds = drafted + figures["drafted"], accepted + figures["accepted"], rounds + figures["rounds"]
    assert drafted >= accepted > 0
    figure(f"speculation {' '.join(sampling)}", f"accepted {accepted} of {drafted}, {(rounds + accepted) / rounds:.2f} tokens a forward")


def test_what_drafts_taught_is_kept(plan_of, plan, tmp_path):
    """A run that begins with what another one learned says the same in fewer forwards."""
    store = tmp_path / "learned.drafts"
    options = ["-p", PROMPTS[3], "-n", "64", "--ignore-eos", "--temperature", "0", "--no-timing"]
    plain = generate(plan_of("recycle"), *options, "--no-speculate")
    first, again = (generate(plan_of("recycle"), *options, "--draft-store", store) for _ in range(2))
    assert first["tokens"] == again["tokens"] == plain["tokens"]
    rounds = [made["speculation"]["rounds"] for made in (first, again)]
    assert rounds[1] < rounds[0], rounds
    figure("a draft store, recycle, 64 tokens", f"{store.stat().st_size:,} bytes, forwards {rounds[0]}, with what they taught {rounds[1]}")
    damaged = tmp_path / "damaged.drafts"
    damaged.write_bytes(store.read_bytes()[:-9] + bytes(9))
    for other, file, text in ((plan, store, "the draft store belongs to another plan"), (plan_of("recycle"), damaged, "the draft store is damaged")):
        result = run("llm-run", other, *options, "--draft-store", file, check=False)
        assert (result.returncode, result.stdout) == (1, "") and f"{file}: {text}" in result.stderr, result.stderr


def compare(plan, folder, prompts, tokens, temperature, *more, threads=2, timeout=3600):
    """Texts and states with drafts and without, over lists of ids."""
    ids = folder / "ids.txt"
    ids.write_text("".join(",".join(map(str, prompt)) + "\n" for prompt in prompts), encoding="utf-8")
    result = run("speculation-probe", plan, ids, tokens, temperature, 5, threads, *more, check=False, timeout=timeout)
    assert result.stdout, result.stderr
    found = json.loads(result.stdout)
    assert (found["prompts"], found["differing_texts"], found["differing_kv"]) == (len(prompts), 0, 0), found
    return found


def tokenize(plan, folder, texts):
    """Ids of each text, whose line breaks become spaces."""
    file = folder / "texts.txt"
    file.write_text("".join(" ".join(text.split("\n")) + "\n" for text in texts), encoding="utf-8")
    lines = run("llm-run", plan, f"--tokenize={file}").stdout.splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("drafters", [*DRAFTERS, ALL, "recycle --tree=8", f"{ALL} --tree=8"])
def test_texts_and_states(plan_of, tmp_path, drafters, temperature):
    """Five prompts, 64 tokens; ./dev conformance has 200 of 128."""
    plan = plan_of(drafters)
    compare(plan, tmp_path, tokenize(plan, tmp_path, PROMPTS), 64, temperature)


def workload_prompts():
    """What people ask in test/bench/workloads, and the first half of each: text enough for 200 prompts."""
    texts = []
    for file in sorted((ROOT / "test" / "bench" / "workloads").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            prompt = json.loads(line)
            texts.append(prompt.get("text") or " ".join(message.get("content", "") for message in prompt["messages"]))
    return [*texts, *(text[:len(text) // 2] for text in texts)]


def conformance(name, plan, folder, temperature):
    """What ./dev conformance speculation asks of all drafters, trees and policies: 200 prompts or more, 128 tokens. Each
    on one thread: as many cases run at once as there are cores, and bits do not depend on threads."""
    prompts = tokenize(plan, folder, workload_prompts())
    assert len(prompts) >= 200
    found = compare(plan, folder, prompts, 128, temperature, threads=1, timeout=7200)
    assert found["accepted"] > 0, found
    figure(f"conformance of speculation, {name}, temperature {temperature}",
           f"{len(prompts)} prompts x 128 tokens, differing texts {found['differing_texts']}, differing KV {found['differing_kv']} "
           f"(drafted {found['drafted']}, accepted {found['accepted']})")


@pytest.mark.long
@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("drafters", [*DRAFTERS, ALL, f"{ALL} --tree=8", f"{ALL} --spec-policy=ema", f"{ALL} --spec-policy=static",
                                      f"{ALL} --draft-choice=bandit", "recycle:4 --tree=8"])
def test_conformance_of_speculation(plan_of, tmp_path, drafters, temperature):
    conformance(drafters, plan_of(drafters), tmp_path, temperature)


def gains(plan, prompts, tokens, temperature=0):
    """Tokens a unit of cost of each prompt, by the plan's table, so that it is the same on any machine: rounds by their
    rows, and the ids that a model or layers of it drafted. The first token comes from the prompt."""
    costs = json.loads(run("llm-dump", plan, "--json").stdout)["costs"]
    found = []
    for ids in prompts:
        made = generate(plan, "--ids", ",".join(map(str, ids)), "-n", tokens, "--ignore-eos", "--temperature", temperature, "--seed", 5, "--no-timing")
        figures = made["speculation"]
        cost = sum(rounds * rows for rounds, rows in zip(figures["rounds_by_rows"], costs["rows"]))
        found.append((len(made["tokens"]) - 1, cost + costs["id"] * figures["drafted"]))
    return found


@pytest.mark.long
@pytest.mark.parametrize("temperature", [0, 0.8])
@pytest.mark.parametrize("drafters", [ALL, f"{ALL} --tree=8", "self"])
def test_no_prompt_costs_more_with_speculation(plan_of, tmp_path, drafters, temperature):
    plan = plan_of(drafters)
    ratios = sorted(made / cost for made, cost in gains(plan, tokenize(plan, tmp_path, workload_prompts()), 128, temperature))
    figure(f"counted cost with speculation, {drafters}, temperature {temperature}",
           f"{len(ratios)} prompts, lowest {ratios[0]:.3f}, median {ratios[len(ratios) // 2]:.3f} x")
    assert ratios[0] >= 0.98


@pytest.mark.long
def test_what_speculation_chooses_is_near_the_best_of_a_grid(model, tmp_path):
    """Lengths and trees over texts of all kinds; the policy that the compiler takes for them."""
    def gain(*options):
        plan = compile_plan(model, tmp_path / "grid.plan", f"--speculate={ALL}", "--no-golden", f"--target={levels_here()[-1]}", *options)
        made, cost = map(sum, zip(*gains(plan, tokenize(plan, tmp_path, workload_prompts()[::6]), 64)))
        return made / cost
    grid = {(tree, ids): gain(f"--tree={tree}", f"--spec-policy=static:{ids}") for tree in ("off", 2, 4, 8) for ids in (1, 2, 3, 4, 6, 8, 12)}
    best, chosen = max(grid, key=grid.get), gain("--tree=auto")
    figure("what is chosen against a grid of trees and lengths", f"{chosen:.3f} x, best of {len(grid)} {grid[best]:.3f} x (tree {best[0]}, {best[1]} ids)")
    assert chosen >= 0.95 * grid[best]


@pytest.mark.parametrize("sampling", SAMPLING[:2], ids=" ".join)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_full_context_and_any_number_of_tokens(tiny, threads, sampling):
    """Drafts end where the context does, or where enough tokens were made."""
    for tokens in (1, 2, 3, 7, 100):
        for start in range(6):
            ids = ",".join(str(start * 31 + i % 3) for i in range(5 + 3 * start))
            same(tiny, "--ids", ids, "-n", tokens, "--threads", threads, "--ignore-eos", *sampling)


def test_a_stop_text_ends_a_draft_in_the_middle(plan):
    same(plan, "-p", PROMPTS[4], "-n", "64", "--temperature", "0", "--stop", "4, 5, 1")


def test_the_state_afterwards_is_that_of_plain_decoding(plan):
    """The second turn starts from the cache that the first one left."""
    turns = "Say: red green blue red green blue red green\nAgain, please.\n"
    options = ["--chat", "-n", "48", "--temperature", "0"]
    assert run("llm-run", plan, *options, input=turns).stdout == run("llm-run", plan, *options, "--no-speculate", input=turns).stdout


def test_the_plan_says_what_drafts(plan):
    text = run("llm-dump", plan, "--program").stdout
    assert "plan.drafter @copy copy" in text and "plan.draft @priority" in text
    summary = run("llm-dump", plan).stdout
    assert "a round has up to 16 rows of the 512 of a forward" in summary and "policy Goodput" in summary
    assert re.search(r"^quality +fidelity = exact$", summary, re.M)


def costs_of(plan):
    return json.loads(run("llm-dump", plan, "--json").stdout)["costs"]


def test_the_plan_says_what_rows_cost(plan, tmp_path):
    """Predicted, or measured here; it changes how fast tokens come, never which."""
    predicted = costs_of(plan)
    assert len(predicted["rows"]) == 16 and predicted["rows"] == sorted(predicted["rows"]) and predicted["rows"][0] == 1
    assert not predicted["measured"] and predicted["id"] == 0 and "predicted, of 1, 2, ... rows" in run("llm-dump", plan).stdout
    folder = tmp_path
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 3}, str(folder / "m.gguf"))
    texts = []
    for measure in ([], ["--measure-cost"]):
        tiny = compile_plan(folder / "m.gguf", folder / "m.plan", "--speculate=copy,self", "--no-golden", f"--target={levels_here()[-1]}", *measure)
        costs = costs_of(tiny)
        assert costs["measured"] == bool(measure) and costs["rows"] == sorted(costs["rows"]) and 0 < costs["id"] < 100
        assert f"{'measured' if measure else 'predicted'}, of 1, 2, ... rows" in run("llm-dump", tiny).stdout
        texts.append(generate(tiny, "--ids", "5,6,7,5,6,7,5", "-n", 100, "--ignore-eos")["tokens"])
    assert texts[0] == texts[1]
    refused = run("llm-compile", folder / "m.gguf", "-o", folder / "n.plan", "--measure-cost", check=False)
    assert refused.returncode == 1 and "no drafts are verified in this plan" in refused.stderr


def test_the_report_of_each_length(plan, tmp_path):
    """A draft of n ids is verified in n + 1 rows; the times are those of this machine, what follows from them is not."""
    workload = tmp_path / "w.jsonl"
    workload.write_text("".join(json.dumps({"name": str(i), "text": text}) + "\n" for i, text in enumerate(PROMPTS[:2])), encoding="utf-8")
    report = json.loads(run("llm-bench", plan, f"--workload={workload}", "--spec-report", "-n", 40, "-r", 1, "--temperatures", 0, "--json").stdout)
    assert [length["draft_tokens"] for length in report["lengths"]] == list(range(1, 9))
    for length in report["lengths"]:
        assert len(length["forward_ns"]) == length["draft_tokens"] + 1 and min(length["forward_ns"]) > 0
        assert length["differing_texts"] == 0 and 0 < length["acceptance_rate"] <= 1
        # No forward makes more tokens than it has rows, and none makes less than one.
        assert 1 <= length["block_efficiency"] <= length["draft_tokens"] + 1
        assert 0 < length["predicted"] / length["block_efficiency"] <= length["forward_ns"][0] / min(length["forward_ns"])
    assert report["best"] == max(report["lengths"], key=lambda length: length["measured"])["draft_tokens"] and report["policy"] > 0
    workload.write_text('{"name": "short", "text": "a"}', encoding="utf-8")
    run("llm-bench", plan, f"--workload={workload}", "--spec-report", "-n", 3, "-r", 1)  # has room for the nine rows of the longest draft


@pytest.mark.parametrize("value, message", [("oracle", "is no drafter; there are copy, lookup, ngram, trigram, recycle, draft:MODEL, self and heads:FILE"),
                                            ("heads:x", "names the file of the heads"), ("copy,copy", "twice"), ("draft", "names the model that drafts"),
                                            ("draft:x.gguf,draft:y.gguf", "twice"), ("recycle,recycle:2", "twice"),
                                            ("recycle:17", "does not keep 1 to 16 ids of each"), ("recycle:", "does not keep")])
def test_what_cannot_draft_is_named(model, tmp_path, value, message):
    result = run("llm-compile", model, "-o", tmp_path / "x.plan", f"--speculate={value}", check=False)
    assert result.returncode == 2 and message in result.stderr
    assert not list(tmp_path.iterdir())
