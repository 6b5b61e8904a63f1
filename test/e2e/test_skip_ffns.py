# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tokens leave out feed-forward blocks: what passes no threshold changes no bit, and keys and values are always there."""
import pytest

import make_gguf
from conftest import compile_plan, levels_here, run
from test_depths import properties
from test_draft_model import ids
from test_rules import workload
from test_self_draft import silence
from test_speculation import generate

TARGET = f"--target={levels_here()[-1]}"
ANY = ("--exit-threshold", 0.000001)  # every block lets the next ones go
GREEDY = ("--ignore-eos", "--temperature", "0")


@pytest.fixture(scope="module")
def tiny(new_folder):
    """Eight layers with random weights; the fourth of one model says nothing."""
    folder = new_folder()
    for name in ("m", "silent"):
        make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 8}, str(folder / f"{name}.gguf"))
    silence(folder / "silent.gguf", 3)
    return folder


def plan_of(folder, *options, name="m"):
    path = folder / ("".join(c if c.isalnum() else "-" for c in name + "".join(options)) + ".plan")
    return compile_plan(folder / f"{name}.gguf", path, TARGET, *options)


FFN = "--early-exit=ffn:2,3,5=0.5"


@pytest.mark.parametrize("mode", [[], ["--activations=f32"], ["--activations=bf16"]], ids=str)
def test_what_passes_nothing_changes_no_bit(tiny, mode):
    some, plain = plan_of(tiny, FFN, *mode), plan_of(tiny, *mode)
    for sampling in (["--temperature", "0"], ["--temperature", "0.8", "--seed", "7"]):
        for threads in (1, 2):
            asked = ["--ids", ids(1, 40), "-n", 120, "--ignore-eos", "--threads", threads, *sampling]
            text = generate(plain, *asked)["tokens"]
            for nothing in (["--exit-threshold", 1], ["--exit-threshold", 0.9999999], ["--no-early-exit"]):
                figures = generate(some, *nothing, *asked)
                assert figures["tokens"] == text
                assert figures["ffns"] == {"rows": 119, "blocks": 119 * 8, "skipped": 0, "share": 0.0}


def test_prompts_and_the_first_positions_leave_nothing_out(tiny):
    """25 positions compute everything: 20 of the prompt, 5 that are decoded."""
    some, plain = plan_of(tiny, FFN), plan_of(tiny)
    asked = ["--ids", ids(2, 20), *GREEDY]
    figures = generate(some, *ANY, *asked, "-n", 6)
    assert figures["ffns"]["rows"] == 5 and figures["ffns"]["skipped"] == 0
    assert figures["tokens"] == generate(plain, *asked, "-n", 6)["tokens"]
    assert generate(some, *ANY, *asked, "-n", 7)["ffns"]["skipped"] == 3


def test_all_blocks_that_may_go_go(tiny):
    asked = [*ANY, "--ids", ids(1, 30), "-n", 101, *GREEDY]
    figures = generate(plan_of(tiny, FFN), *asked)
    assert figures["ffns"] == {"rows": 100, "blocks": 800, "skipped": 300, "share": 0.375}
    assert figures["fidelity"] == "lossy" and figures["generated_tokens"] == 101 and figures["stop"] == "max_tokens"
    for options in (["--threads", 2], ["--chunk", 7]):
        assert generate(plan_of(tiny, FFN), *asked, *options)["tokens"] == figures["tokens"]


def test_blocks_are_compared_with_all_of_them(tiny):
    measured = workload(plan_of(tiny, "--early-exit=ffn:2,3,5=0.000001"), tiny)
    assert measured["ffns_saved"] == 0.375 and measured["layers_saved"] == 0 and measured["ratio"]["median"] > 0
    assert measured["differing_texts"] > 0 and measured["agreement"] < 1 and measured["excess_kl"] > 0
    nothing = workload(plan_of(tiny, "--early-exit=ffn:2,3,5=1"), tiny)
    assert nothing["ffns_saved"] == 0 and nothing["differing_texts"] == 0 and "agreement" not in nothing


def test_a_text_can_be_saved_between_tokens(tiny, tmp_path):
    """What a token leaves out depends on its position, not on the call that computes it."""
    plan = plan_of(tiny, FFN)
    asked = [*ANY, "-c", 150, *GREEDY]
    whole = generate(plan, *asked, "--ids", ids(1, 30), "-n", 60)["tokens"]
    begun = ids(1, 30).split(",") + [str(token) for token in whole[:20]]
    run("llm-run", plan, *asked, "--ids", ids(1, 30), "-n", 21, "--save-session", tmp_path / "s")
    rest = generate(plan, *asked, "--ids", ",".join(begun), "-n", 40, "--load-session", tmp_path / "s")
    assert rest["reused_tokens"] == 49 and rest["tokens"][1:] == whole[21:]


def test_a_share_is_measured(tiny):
    plan = plan_of(tiny, "--early-exit=ffn")
    quality = properties(plan)
    assert quality["fidelity"] == "lossy" and quality["lossy"].startswith("early_exit ffn ")
    assert 0.25 <= float(quality["ffns_saved"]) <= 0.3 and float(quality["kl"]) > 0 and 0 < float(quality["agreement"]) < 1
    assert "left out over" in run("llm-dump", plan).stdout
    stats = run("llm-run", plan, "--ids", ids(1, 9), "-n", 60, "--ignore-eos", "--stats").stderr
    assert "feed-forward blocks left out" in stats and f"kl {quality['kl']}, agreement {quality['agreement']}, ffns saved" in stats


def test_a_block_that_says_nothing_goes_first_and_costs_nothing(tiny):
    quality = properties(plan_of(tiny, "--early-exit=ffn:12%", name="silent"))
    assert quality["lossy"].startswith("early_exit ffn 3=") and float(quality["kl"]) == 0 and float(quality["agreement"]) == 1


def test_named_blocks_are_measured(tiny):
    quality = properties(plan_of(tiny, "--early-exit=ffn:2,3,5=0.000001"))
    assert float(quality["ffns_saved"]) == 0.375 and float(quality["kl"]) > 0
    quality = properties(plan_of(tiny, "--early-exit=ffn:2,3,5=1"))
    assert float(quality["ffns_saved"]) == 0 and float(quality["kl"]) == 0 and float(quality["agreement"]) == 1


@pytest.mark.parametrize("options, code, message", [
    (["--early-exit=ffn:80%"], 1, "7 of 8 feed-forward blocks cannot go: the first 2 and the last 2 stay"),
    (["--early-exit=ffn:95%"], 2, "--early-exit=ffn:95% is no share of 1% to 90%"),
    (["--early-exit=ffn:much"], 2, "--early-exit=ffn:much is neither PERCENT% nor LAYER,...=THRESHOLD"),
    (["--early-exit=ffn:2,3=3"], 2, "has a threshold that is not more than 0 and at most 1"),
    (["--early-exit=ffn:2,9=0.5"], 1, "the feed-forward block of layer 9 cannot go, those of layers 2 to 5 can"),
    (["--early-exit=ffn:3,3=0.5"], 1, "layer 3 is named twice"),
    (["--early-exit=ffn:0=0.5"], 1, "the feed-forward block of layer 0 cannot go, those of layers 2 to 5 can"),
    (["--early-exit=ffn", "--speculate=copy"], 2, "--early-exit=ffn and --speculate"),
    (["--early-exit=ffn", "--speculate=auto"], 2, "--early-exit=ffn and --speculate"),
    (["--early-exit=ffn:1=1e-60"], 2, "has a threshold that is not more than 0"),
    (["--early-exit=ffn", "--depths=75"], 2, "--depths needs --early-exit=sequence"),
    (["--early-exit=ffn", "--drop-layers=1"], 2, "--early-exit=ffn and --drop-layers exclude each other"),
    (["--early-exit=ffn", "--calibration=/nowhere"], 1, "/nowhere: No such file"),
    (["--early-exit=ffn", "--compile-to=decode"], 2, "--early-exit=ffn wants a checkpoint, and makes a plan")])
def test_what_makes_no_sense_is_refused(tiny, options, code, message, tmp_path):
    result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", TARGET, *options, check=False)
    assert result.returncode == code and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())


def test_a_threshold_without_blocks_is_refused(tiny):
    result = run("llm-run", plan_of(tiny), "--ids", "1", "-n", 1, "--exit-threshold", 0.9, check=False)
    assert result.returncode == 1 and "the plan has no exits; compile it with --early-exit" in result.stderr
