# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two models of a plan write in turns, by entropy (Simonds, 2025): against the paper's loop over the two models alone."""
import json
import statistics

import numpy as np
import pytest

import make_gguf
import permute_vocabulary
from conftest import ONE_LEVEL, compile_plan, figure, logits, run
from test_speculation import tokenize, workload_prompts

TINY = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 2}
SAMPLING = [["--temperature", "0"], ["--temperature", "0.8", "--seed", "3"]]
# Of these random models: between the entropies of their rows.
BITS = 8.2


@pytest.fixture(scope="module")
def models(new_folder):
    """Plans of the large and of the small model alone, too."""
    folder = new_folder()
    make_gguf.write(TINY, str(folder / "large.gguf"))
    make_gguf.write(TINY | {"layers": 1, "width": 64, "heads": 4, "kv_heads": 1, "ffn": 96, "type": "Q8_0"}, str(folder / "small.gguf"), seed=1)
    permute_vocabulary.permute(str(folder / "small.gguf"), str(folder / "shuffled.gguf"))
    for name in ("large", "small"):
        compile_plan(folder / f"{name}.gguf", folder / f"{name}.plan", "--no-golden", ONE_LEVEL)
    return folder


def turns(models, policy, *options, small="small"):
    name = "".join(c if c.isalnum() else "-" for c in small + policy + "".join(options))
    return compile_plan(models / "large.gguf", models / f"t{name[-60:]}.plan", "--no-golden", ONE_LEVEL, f"--speculate=draft:{models / small}.gguf",
                        f"--spec-policy=switch:{policy}", *options)


def ids(start, count):
    return [(start * 31 + i * i) % 400 for i in range(count)]


def generate(plan, text, count, *options):
    return json.loads(run("llm-run", plan, "--ids", ",".join(map(str, text)), "-n", count, "--ignore-eos", "--json", *options).stdout)


def bits(row):
    """Of the distribution of a row of logits, before temperature."""
    row = row.astype(np.float64) - row.max()
    chances = np.exp(row) / np.exp(row).sum()
    return -(chances * np.log2(chances)).sum()


def by_the_paper(models, text, count, threshold, window, least, sampling, folder):
    """Tokens, who wrote each (1: the large model), and what a model had to read when it took over."""
    text, start, held, read = list(text), len(text), [0, 0], []
    writer, run_length, switched, seen, writers = 0, 0, False, [], []
    plans = [models / "small.plan", models / "large.plan"]
    for _ in range(count):
        seen.append(bits(logits(plans[writer], text, folder / "row.npy")[-1]))
        held[writer] = len(text)
        wanted = int(statistics.fmean(seen[-window:]) >= threshold)
        if wanted != writer and not (switched and run_length < least):
            writer, run_length, switched, seen = wanted, 0, True, []
            read.append(len(text) - held[writer])
            held[writer] = len(text)
        # A draw depends on seed and position, on nothing that came before.
        text += generate(plans[writer], text, 1, *sampling)["tokens"]
        run_length += 1
        writers.append(writer)
    return text[start:], writers, read


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
def test_the_ends_are_the_two_models(models, sampling):
    for start, count in ((1, 1), (2, 6), (3, 40)):
        text = ids(start, count)
        large, small = (generate(models / f"{name}.plan", text, 120, *sampling)["tokens"] for name in ("large", "small"))
        assert large != small
        for policy, tokens, share in (("0", large, 1), ("inf", small, 0)):
            answer = generate(turns(models, policy), text, 120, *sampling)
            assert answer["tokens"] == tokens and answer["model_switch"]["large_share"] == share, policy
        assert answer["model_switch"]["switches"] == 0, "nobody asked for the large model"
        answer = generate(turns(models, "inf"), text, 120, *sampling, "--no-speculate")
        assert answer["tokens"] == large and answer["model_switch"]["large_share"] == 1


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
@pytest.mark.parametrize("window, least", [(5, 10), (3, 4), (1, 1)])
def test_who_writes_is_what_the_paper_says(models, window, least, sampling, tmp_path):
    text, count = ids(4, 20), 40
    tokens, writers, read = by_the_paper(models, text, count, BITS, window, least, sampling, tmp_path)
    assert 0 < sum(writers) < count and len(read) > 1, "both write"
    answer = generate(turns(models, f"{BITS},{window},{least}"), text, count, *sampling)
    assert answer["tokens"] == tokens
    told = answer["model_switch"]
    assert (told["large_tokens"], told["small_tokens"]) == (sum(writers), count - sum(writers))
    assert (told["switches"], told["catch_up_tokens"]) == (len(read), sum(read)) and told["catch_up_ms"] > 0


@pytest.mark.parametrize("options", [["--max-rows=4"], ["--kv=int8"], ["--kv-window=24", "--kv-slack=0", "--max-rows=16"], ["--activations=f32"]], ids=" ".join)
def test_however_text_is_read(models, options):
    """In chunks, on one thread and on two, in a session or in one that was saved."""
    plan = turns(models, f"{BITS},3,4", *options)
    text = ids(5, 50)
    answer = generate(plan, text, 100, "--threads", 1)
    assert answer["model_switch"]["switches"] > 2
    assert generate(plan, text, 100, "--threads", 2)["tokens"] == answer["tokens"]
    assert generate(plan, text, 100, "--chunk", 3)["tokens"] == answer["tokens"]
    saved = models / "saved"
    generate(plan, text, 30, "--save-session", saved)
    longer = text + answer["tokens"][:30]
    again = generate(plan, longer, 40, "--load-session", saved)
    assert again["reused_tokens"] == len(longer) - 1 and again["tokens"] == generate(plan, longer, 40)["tokens"]


def test_numbers_are_those_that_were_asked_for(models, tmp_path):
    """The small model writes: its numbers are no matter of speed alone, as those of a draft are."""
    numbers = ["--activations=f32", "--kv=f32"]
    small = compile_plan(models / "small.gguf", tmp_path / "small.plan", "--no-golden", ONE_LEVEL, *numbers)
    text = ids(9, 30)
    expected = generate(small, text, 100, "--temperature", "0.8")["tokens"]
    assert generate(turns(models, "inf", *numbers), text, 100, "--temperature", "0.8")["tokens"] == expected
    assert generate(models / "small.plan", text, 100, "--temperature", "0.8")["tokens"] != expected


def test_another_vocabulary(models):
    """The same small model under other ids writes the same text."""
    text = ids(6, 30)
    for policy in ("inf", f"{BITS},3,4"):
        answers = [generate(turns(models, policy, small=small), text, 60) for small in ("small", "shuffled")]
        assert answers[0]["tokens"] == answers[1]["tokens"]
        assert [answer["model_switch"]["switches"] for answer in answers] == [answers[0]["model_switch"]["switches"]] * 2


@pytest.mark.parametrize("options", [[], ["--kv-window=24", "--kv-slack=0", "--max-rows=16"]], ids=["whole", "ring"])
def test_logits_are_those_of_the_large_model(models, options, tmp_path):
    plain = compile_plan(models / "large.gguf", tmp_path / "plain.plan", "--no-golden", ONE_LEVEL, *options)
    text = ids(7, 90)
    expected = logits(plain, text, tmp_path / "plain.npy")
    for policy in ("inf", f"{BITS},3,4"):
        assert np.array_equal(expected, logits(turns(models, policy, *options), text, tmp_path / "turns.npy"))


def test_the_end_of_the_context(models):
    answer = generate(turns(models, f"{BITS},3,4"), ids(8, 150), 100)
    assert answer["stop"] == "context" and answer["generated_tokens"] == 51


def test_the_plan_says_what_it_is_and_what_it_costs(models, tmp_path):
    summary = run("llm-dump", turns(models, "8.2,3,4")).stdout
    assert "lossy = model_switch 8.2,3,4, not measured\n" in summary and "text             positions that the others follow" in summary
    assert "the large one writes where the last 3 rows have a mean of at least 8.2 bits, each for 4 tokens at least" in summary
    assert json.loads(run("llm-dump", turns(models, "8.2,3,4"), "--json").stdout)["model_switch"]["window"] == 3
    assert json.loads(run("llm-dump", turns(models, "inf"), "--json").stdout)["model_switch"]["threshold"] == "INF"
    assert "fidelity = exact\n" in run("llm-dump", turns(models, "0")).stdout
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"text {i} of some: {i * 37 % 11} and {i * 53 % 17} are numbers\n" for i in range(4)), encoding="utf-8")
    told = generate(turns(models, "inf", f"--calibration={texts}"), ids(1, 9), 3)["lossy"]
    figures = {key: float(told.split(key)[1].split(",")[0].split()[0]) for key in ("kl ", "agreement ", "large model ")}
    assert figures["kl "] > 0.01 and figures["agreement "] < 0.9 and figures["large model "] == 0, told


def test_another_threshold_for_a_call(models):
    """Of the run: another one than the plan's."""
    plan, text = turns(models, f"{BITS},3,4"), ids(1, 30)
    for bits in (8.15, 8.25):
        expected = generate(turns(models, f"{bits},3,4"), text, 60)
        answer = generate(plan, text, 60, "--switch-bits", bits)
        assert (answer["tokens"], answer["model_switch"]["switches"]) == (expected["tokens"], expected["model_switch"]["switches"])
    for plan, why in ((models / "large.plan", "one model writes"), (turns(models, "0"), "lets the large model write everything")):
        result = run("llm-run", plan, "--ids", "5,6", "-n", 4, "--switch-bits", 1, check=False)
        assert result.returncode == 1 and why in result.stderr


def test_bits_for_a_share(models, tmp_path):
    """The threshold at which the large model writes as much of the texts as was asked for."""
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"text {i} of some: {i * 37 % 11} and {i * 53 % 17} are numbers\n" for i in range(8)), encoding="utf-8")
    shares = []
    for asked in (20, 50, 80):
        told = generate(turns(models, f"{asked}%,3,4", f"--calibration={texts}"), ids(1, 9), 3)["lossy"]
        assert 7.5 < float(told.split("model_switch ")[1].split(",")[0]) < 8.5, told
        shares.append(float(told.split("large model ")[1]))
    assert shares == sorted(shares) and all(abs(share - asked) < 0.2 for share, asked in zip(shares, (0.2, 0.5, 0.8))), shares


def test_a_workload_tells_share_and_catching_up(models, tmp_path):
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps({"name": str(i), "text": f"prompt {i} of some: {i * 37 % 11} and {i * 53 % 17} are numbers"}) + "\n"
                            for i in range(4)), encoding="utf-8")
    result = run("llm-bench", turns(models, f"{BITS},3,4"), f"--workload={file}", "-n", 40, "-r", 1, "--temperatures", 0, "--json")
    sampling = json.loads(result.stdout)["samplings"][0]
    assert 0 < sampling["model_switch"]["large_share"] < 1 and sampling["model_switch"]["catch_up_ms"] > 0 and "excess_kl" in sampling
    text = run("llm-bench", turns(models, f"{BITS},3,4"), f"--workload={file}", "-n", 40, "-r", 1, "--temperatures", 0).stdout
    assert "positions caught up in" in text


@pytest.mark.parametrize("options, message", [
    (["--spec-policy=switch"], "does not say from how many bits"), (["--spec-policy=switch:-1"], "does not say from how many bits"),
    (["--spec-policy=switch:nan"], "does not say from how many bits"), (["--spec-policy=switch:2,0"], "does not say from how many bits"),
    (["--spec-policy=switch:2,65"], "does not say from how many bits"), (["--spec-policy=switch:2,5,0"], "does not say from how many bits"),
    (["--spec-policy=switch:2,5,10,1"], "does not say from how many bits"), (["--spec-policy=switch:100%"], "does not say from how many bits"),
    (["--spec-policy=switch:30%", "--compile-to=plan"], "is chosen by measuring, with a plan"),
    (["--spec-policy=switch:2", "--speculate=self"], "give --speculate=draft:MODEL and nothing beside it"),
    (["--spec-policy=switch:2", "--speculate=copy,draft:SMALL"], "give --speculate=draft:MODEL and nothing beside it"),
    (["--spec-policy=switch:2", "--speculate=auto,draft:SMALL"], "give --speculate=draft:MODEL and nothing beside it"),
    (["--spec-policy=switch:2", "--verify-rule=reject"], "verifies nothing: leave out --verify-rule"),
    (["--spec-policy=switch:2", "--measure-cost"], "--spec-policy=switch drafts nothing"),
    (["--spec-policy=switch:2", "--early-exit=sequence:retrieve"], "--spec-policy=switch:2 and --early-exit exclude each other"),
    (["--spec-policy=switch:2", "--tree=4"], "drafts nothing: leave out --tree"),
    (["--spec-policy=switch:2", "--early-exit=sequence"], "--spec-policy=switch:2 and --early-exit exclude each other"),
])
def test_what_makes_no_sense_is_refused(models, options, message, tmp_path):
    if not any(option.startswith("--speculate") for option in options):
        options = [*options, "--speculate=draft:SMALL"]
    options = [option.replace("SMALL", str(models / "small.gguf")) for option in options]
    result = run("llm-compile", models / "large.gguf", "-o", tmp_path / "x.plan", *options, check=False)
    assert result.returncode == 2 and message in result.stderr and not (tmp_path / "x.plan").exists()


def test_sessions_of_such_a_plan_do_not_step_together(models):
    result = run("llm-bench", turns(models, f"{BITS}"), "-p", 20, "-n", 4, "--batch", 2, "-r", 1, check=False)
    assert result.returncode == 1 and "no function 'step', which computes rows of several sessions; models that write in turns do so in one" in result.stderr


@pytest.mark.long
@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
def test_conformance_of_a_real_pair(model, new_folder, sampling):
    """The Q4_1 file and its bf16 twin: every tenth prompt of all workloads, 128 tokens."""
    folder = new_folder()
    make_gguf.requantize(str(model), "BF16", str(folder / "twin.gguf"))
    options = ["--no-golden", ONE_LEVEL]
    small, large = (compile_plan(file, folder / name, *options) for file, name in ((model, "small.plan"), (folder / "twin.gguf", "large.plan")))
    plans = {bits: compile_plan(folder / "twin.gguf", folder / f"{bits}.plan", *options, f"--speculate=draft:{model}", f"--spec-policy=switch:{bits}")
             for bits in ("0", "inf", "2")}
    prompts = tokenize(small, folder, workload_prompts())[::10]
    shares, differing = [], 0
    for prompt in prompts:
        text = {name: generate(plan, prompt, 128, *sampling) for name, plan in {**plans, "small": small, "large": large}.items()}
        assert text["0"]["tokens"] == text["large"]["tokens"] and text["inf"]["tokens"] == text["small"]["tokens"], prompt
        shares.append(text["2"]["model_switch"]["large_share"])
        differing += text["2"]["tokens"] != text["large"]["tokens"]
    figure(f"models in turns, {' '.join(sampling)}", f"{len(prompts)} prompts x 128 tokens: 0 bits and inf are the two models; at 2 bits the large one "
           f"wrote {statistics.fmean(shares):.3f}, {differing} texts are not its own")
