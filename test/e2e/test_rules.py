# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rules that keep other drafts than those of plain decoding: their limits are plain decoding, and the plan says what they are."""
import json

import pytest

import make_gguf
from conftest import compile_plan, levels_here, run
from test_draft_model import ids
from test_self_draft import layers, silence
from test_speculation import generate, same

TARGET = f"--target={levels_here()[-1]}"
SAMPLED = ["--temperature", "0.8", "--seed", "7"]
GREEDY = ["--temperature", "0"]


@pytest.fixture(scope="module")
def folder(new_folder):
    path = new_folder()
    make_gguf.write(layers(4), str(path / "m.gguf"))
    make_gguf.write(layers(4), str(path / "early.gguf"))
    for layer in (2, 3):
        silence(path / "early.gguf", layer)
    return path


def judge(folder, name, bias, weight="0"):
    """A linear head over the rows of the tiny model."""
    columns = make_gguf.CONFIGS["llama-gqa-8-2"]["width"]
    (folder / name).write_text(f"{weight} " * columns + f"\n{bias}\n", encoding="utf-8")
    return folder / name


def plan_of(folder, rule, speculate="copy,lookup", *options, model="m"):
    name = "".join(c if c.isalnum() else "-" for c in f"{model}{rule}{speculate}{options}")[-120:]
    return compile_plan(folder / f"{model}.gguf", folder / f"{name}.plan", f"--verify-rule={rule}", f"--speculate={speculate}", "--no-golden",
                        TARGET, *options)


@pytest.mark.parametrize("speculate", ["copy,lookup", "self:2", "copy,self"])
@pytest.mark.parametrize("rule", ["typical:1,1e9", "judge"])
def test_the_strict_limits_are_plain_decoding(folder, rule, speculate):
    if rule == "judge":
        rule = f"judge:{judge(folder, 'never.txt', '-inf')}"
    plan = plan_of(folder, rule, speculate, model="early")
    for sampling in (GREEDY, SAMPLED):
        for start in range(3):
            assert same(plan, "--ids", ids(start, 30), "-n", "100", "--ignore-eos", *sampling)["rounds"] > 0


@pytest.mark.parametrize("rule", ["typical:0,0", "judge"])
@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=" ".join)
def test_the_lax_limits_keep_every_draft(folder, rule, sampling):
    if rule == "judge":
        rule = f"judge:{judge(folder, 'always.txt', 'inf')}"
    plan = plan_of(folder, rule, "lookup", "--spec-policy=static:3")
    figures = generate(plan, "--ids", ids(1, 40), "-n", "100", "--ignore-eos", *sampling)["speculation"]
    # All of a draft, but for one that the end of the call cuts short.
    assert figures["drafted"] > 20 and figures["accepted"] >= figures["drafted"] - 3


def workload(plan, folder):
    """Greedy, of texts of which at least one does not loop."""
    file = folder / "prompts.jsonl"
    file.write_text("".join(json.dumps({"name": str(i), "text": f"prompt {i} of some: {i * 37 % 11} and {i * 53 % 17} are numbers"}) + "\n"
                            for i in range(8)), encoding="utf-8")
    result = run("llm-bench", plan, f"--workload={file}", "-n", 40, "-r", 1, "--temperatures", 0, "--json")
    return json.loads(result.stdout)["samplings"][0]


def test_what_a_lossy_rule_loses_is_measured(folder):
    """Of a draft that is always kept most ids are not what the model says."""
    lax = workload(plan_of(folder, "typical:0,0", "lookup", "--spec-policy=static:3"), folder)
    assert lax["differing_texts"] > 0 and lax["agreement"] < 0.9 and lax["excess_kl"] > 0.01, lax
    strict = workload(plan_of(folder, "typical:1,1e9", "lookup", "--spec-policy=static:3"), folder)
    assert strict["differing_texts"] == 0 and "agreement" not in strict


def test_a_plan_says_what_its_rule_cost_on_texts(folder):
    texts = folder / "texts.txt"
    texts.write_text("".join(f"text {i} of some: {i * 37 % 11} and {i * 53 % 17} are numbers\n" for i in range(4)), encoding="utf-8")
    said = {}
    for name, rule, speculate in (("lax", "typical:0,0", "lookup"), ("strict", "typical:1,1e9", "lookup")):
        plan = compile_plan(folder / "m.gguf", folder / f"{name}.plan", "--no-golden", TARGET, f"--speculate={speculate}",
                            f"--verify-rule={rule}", f"--calibration={texts}")
        told = generate(plan, "--ids", ids(1, 30), "-n", "5")["lossy"]
        assert told.startswith("verify_rule ") and f"lossy = {told}\n" in run("llm-dump", plan).stdout
        said[name] = {key: float(told.split(key)[1].split(",")[0].split()[0]) for key in ("kl ", "agreement ")}
    assert said["strict"] == {"kl ": 0, "agreement ": 1}, said
    assert said["lax"]["kl "] > 0.01 and said["lax"]["agreement "] < 0.95, said


def test_rejection_is_plain_decoding_where_it_is_greedy(folder):
    for speculate in ("copy,lookup", "self:2", "copy,self"):
        plan = plan_of(folder, "reject", speculate, "--spec-policy=static:3", model="early")
        assert same(plan, "--ids", ids(1, 30), "-n", "100", "--ignore-eos", *GREEDY)["accepted"] > 0


def test_rejection_keeps_what_the_same_model_drafts(folder):
    """Layers that say nothing are left out of the draft: both laws are one, and nothing is refused."""
    plan = plan_of(folder, "reject", "self:2", "--spec-policy=static:3", model="early")
    figures = generate(plan, "--ids", ids(1, 30), "-n", "150", "--ignore-eos", *SAMPLED)["speculation"]
    assert figures["accepted"] >= figures["drafted"] - 15 and figures["accepted"] > 50
    assert figures["acceptance_by_position"][0] == 1


@pytest.mark.parametrize("speculate", ["lookup", "self:2"])
def test_rejection_keeps_the_law(folder, speculate):
    """The fourth token over many seeds, with drafts and without: of each id about as often."""
    plan = plan_of(folder, "reject", speculate, "--spec-policy=static:3")
    seeds, counts = 300, ({}, {})
    for seed in range(seeds):
        for count, options in zip(counts, ([], ["--no-speculate"])):
            token = generate(plan, "--ids", "5,9,5,9,5,9", "-n", "4", "--ignore-eos", "--temperature", "0.4", "--top-k", "3", "--seed", seed,
                             *options)["tokens"][3]
            count[token] = count.get(token, 0) + 1
    frequent = [token for token in counts[1] if counts[1][token] + counts[0].get(token, 0) >= 10]
    # Two samples of one law: about a degree of freedom an id.
    square = sum((counts[0].get(t, 0) - counts[1][t]) ** 2 / (counts[0].get(t, 0) + counts[1][t]) for t in frequent)
    assert square < 2.5 * len(frequent) + 12, (square, counts)


@pytest.mark.parametrize("policy", ["static:3", "goodput"])
@pytest.mark.parametrize("speculate", ["copy,lookup,recycle", "copy,self:2"])
def test_the_choice_of_a_bandit_changes_no_token(folder, speculate, policy):
    plan = plan_of(folder, "exact", speculate, "--draft-choice=bandit", f"--spec-policy={policy}", model="early")
    assert "one by what it gained of copy" in run("llm-dump", plan).stdout
    tried = {}
    for sampling in (GREEDY, SAMPLED):
        for tokens in (5, 150):
            figures = same(plan, "--ids", ids(1, 30), "-n", tokens, "--ignore-eos", *sampling)
            by = figures["by_drafter"]
            assert sum(d["drafted"] for d in by.values()) == figures["drafted"]
            assert sum(d["accepted"] for d in by.values()) == figures["accepted"]
            tried.update(by)
    assert len(tried) > 1, "each has its turn"


@pytest.mark.parametrize("policy", ["static", "static:2", "ema", "entropy", "disco"])
@pytest.mark.parametrize("speculate", ["self:2", "copy,self"])
def test_policies_change_no_token(folder, policy, speculate):
    if policy == "disco":
        (folder / "sure.txt").write_text("-1 -0.5 4 -1 -0.1\n", encoding="utf-8")
        policy = f"disco:{folder / 'sure.txt'}"
    plan = plan_of(folder, "exact", speculate, f"--spec-policy={policy}", model="early")
    drafted = 0
    for sampling in (GREEDY, SAMPLED):
        for tokens in (1, 5, 100):
            drafted += same(plan, "--ids", ids(1, 30), "-n", tokens, "--ignore-eos", *sampling)["drafted"]
    assert drafted > 0


def test_a_draft_ends_where_the_policy_says(folder):
    """A classifier that never agrees leaves one id a draft, one that always does as many as are allowed."""
    counts = []
    for name, bias in (("no.txt", "-1e9"), ("yes.txt", "1e9")):
        (folder / name).write_text(f"{bias} 0 0 0 0", encoding="utf-8")
        plan = plan_of(folder, "exact", "self:2", f"--spec-policy=disco:{folder / name}", model="early")
        figures = same(plan, "--ids", ids(1, 30), "-n", "100", "--ignore-eos", *GREEDY)
        counts.append(len(figures["acceptance_by_position"]))
    assert counts[0] == 1 and counts[1] > 3


def test_the_plan_says_what_it_is(folder):
    for rule, fidelity, knob in (("reject", "distribution", "verify_rule reject"), ("typical", "lossy", "verify_rule typical:0.09,0.3, not measured"),
                                 (f"judge:{judge(folder, 'j.txt', '0')},0.7", "lossy", "verify_rule judge:0.7, not measured"),
                                 ("exact", "exact", None)):
        plan = plan_of(folder, rule, "copy,lookup")
        summary = run("llm-dump", plan).stdout
        assert f"fidelity = {fidelity}\n" in summary and (knob is None or f"{fidelity} = {knob}" in summary)
        told = generate(plan, "--ids", ids(1, 30), "-n", "5")
        assert told["fidelity"] == fidelity and told.get(fidelity) == knob


@pytest.mark.parametrize("options, code, message", [
    (["--verify-rule=luck"], 2, "luck is no rule; there are exact, reject, typical[:EPS,DELTA] and judge:FILE[,TAU]"),
    (["--verify-rule=typical:1.5,0.3"], 2, "EPS must be between 0 and 1"),
    (["--verify-rule=typical:0.1,-1"], 2, "DELTA must not be negative"),
    (["--verify-rule=typical:0.1"], 2, "typical:0.1 does not say EPS,DELTA"),
    (["--verify-rule=judge"], 2, "judge:FILE names the file with the judge's weights"),
    (["--verify-rule=judge:none.txt,1.5"], 2, "TAU must be between 0 and 1"),
    (["--verify-rule=judge:none.txt"], 1, "cannot read the judge none.txt"),
    (["--verify-rule=judge:SHORT"], 1, "has 3 numbers; rows of the model have"),
    (["--verify-rule=judge:WORDS"], 1, "has 'one' where a number is wanted"),
    (["--spec-policy=entropy", "--speculate=auto,self"], 2, "and --speculate=auto may choose drafters that have none"),
    (["--speculate=auto", "--max-rows=1"], 2, "--speculate needs --max-rows of at least 2"),
    (["--tree=4", "--speculate=heads:x.safetensors"], 2, "wants drafters of the text or a model"),
    (["--tree=auto", "--speculate=self"], 2, "wants drafters of the text"),
    (["--tree=auto", "--speculate=copy", "--max-rows=16"], 2, "needs --max-rows of at least 32"),
    (["--draft-choice=bandit", "--speculate=auto"], 2, "--draft-choice wants several drafters"),
    (["--draft-choice=luck"], 2, "is neither surest nor bandit"),
    (["--draft-choice=bandit"], 2, "--draft-choice wants several drafters"),
    (["--draft-choice=bandit", "--speculate=copy,lookup", "--tree=4"], 2, "takes the draft of one drafter; --tree=4 merges"),
    (["--spec-policy=static:0"], 2, "does not say how many ids are drafted"),
    (["--spec-policy=disco"], 2, "does not say where its weights are"),
    (["--spec-policy=luck"], 2, "luck is no policy; there are"),
    (["--spec-policy=entropy"], 2, "looks at the rows of a model that drafts"),
    (["--verify-rule=reject", "--speculate=off"], 2, "--verify-rule and --spec-policy want drafters")])
def test_what_makes_no_sense_is_refused(folder, tmp_path, options, code, message):
    (folder / "short.txt").write_text("1 2 3", encoding="utf-8")
    (folder / "words.txt").write_text("one two", encoding="utf-8")
    given = [o.replace("SHORT", str(folder / "short.txt")).replace("WORDS", str(folder / "words.txt")) for o in options]
    if not any(o.startswith("--speculate") for o in given):
        given.append("--speculate=copy")
    result = run("llm-compile", folder / "m.gguf", "-o", tmp_path / "x.plan", *given, check=False)
    assert result.returncode == code and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())
