# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each text may go through fewer layers: the whole depth has the bits of a plan without depths, the others those of a
plan without the layers, and a text keeps its depth."""
import json

import numpy as np
import pytest

import make_gguf
from conftest import compile_plan, levels_here, logits, run
from test_draft_model import ids
from test_rules import workload
from test_self_draft import silence
from test_speculation import generate, same

TARGET = f"--target={levels_here()[-1]}"
CONFIG = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 6}
SAMPLING = [["--temperature", "0"], ["--temperature", "0.8", "--seed", "7"]]


@pytest.fixture(scope="module")
def tiny(new_folder):
    """Six layers with random weights; the third and the fifth of one model say nothing."""
    folder = new_folder()
    make_gguf.write(CONFIG, str(folder / "m.gguf"))
    make_gguf.write(CONFIG, str(folder / "silent.gguf"))
    for layer in (2, 4):
        silence(folder / "silent.gguf", layer)
    return folder


def plan_of(folder, name, *options):
    path = folder / ("".join(c if c.isalnum() else "-" for c in name + "".join(options)) + ".plan")
    return compile_plan(folder / f"{name}.gguf", path, TARGET, *options)


def properties(plan):
    return json.loads(run("llm-dump", plan, "--json").stdout)["quality"]


DEPTHS = ["--early-exit=sequence", "--depths=75,50"]


@pytest.mark.parametrize("sampling", SAMPLING, ids=" ".join)
def test_a_depth_has_the_bits_of_a_plan_without_its_layers(tiny, sampling):
    menu, plain = plan_of(tiny, "m", *DEPTHS), plan_of(tiny, "m")
    gone = json.loads(run("llm-dump", menu, "--json").stdout)["depths"]
    assert [depth["percent"] for depth in gone] == [100, 75, 50]
    assert [len(depth["skips"]) for depth in gone] == [0, 2, 3] and set(gone[1]["skips"]) < set(gone[2]["skips"])
    for depth in gone:
        layers = ",".join(map(str, depth["skips"]))
        other = plan_of(tiny, "m", f"--drop-layers={layers}") if layers else plain
        for prompt in (1, 40):
            asked = ["--ids", ids(3, prompt), "-n", 100, "--ignore-eos", *sampling]
            figures = generate(menu, "--depth", depth["percent"], *asked)
            assert figures["tokens"] == generate(other, *asked)["tokens"]
            if layers:
                assert figures["fidelity"] == "lossy"
                assert figures["depth"]["saved"] == len(depth["skips"]) and figures["depth"]["layers"] == 6
            else:
                assert figures["fidelity"] == "exact" and "depth" not in figures


def test_logits_and_chunks_know_the_depth(tiny, tmp_path):
    """Prefill in any chunks; workers; what a depth computes does not depend on them."""
    menu = plan_of(tiny, "m", *DEPTHS)
    texts = set()
    for options in ([], ["--chunk", 3], ["--threads", 2]):
        texts.add(str(generate(menu, "--depth", 50, "--ids", ids(1, 50), "-n", 60, "--ignore-eos", *options)["tokens"]))
    assert len(texts) == 1
    gone = ",".join(map(str, json.loads(run("llm-dump", menu, "--json").stdout)["depths"][2]["skips"]))
    shallow, whole = (logits(menu, [3, 1, 4, 1, 5], tmp_path / "a.npy", *options) for options in (["--depth", 50], []))
    assert np.array_equal(shallow, logits(plan_of(tiny, "m", f"--drop-layers={gone}"), [3, 1, 4, 1, 5], tmp_path / "b.npy"))
    assert not np.array_equal(shallow, whole)


MACHINE = "--machine=stream:40,dot:1000,fma:250"


@pytest.mark.parametrize("depths", ["75,50", "75@20,50@60"])
def test_the_report_is_of_all_layers(tiny, depths, tmp_path):
    def rows(plan):
        return json.loads(run("llm-dump", plan, "--roofline", "--json", MACHINE).stdout)["token"]["layers"]
    menu = compile_plan(tiny / "m.gguf", tmp_path / "m.plan", TARGET, "--no-golden", "--early-exit=sequence", f"--depths={depths}",
                        f"--report={tmp_path}/report.json", MACHINE)
    assert rows(menu) == rows(plan_of(tiny, "m")) == json.loads((tmp_path / "report.json").read_text())["token"]["layers"]


def test_prompts_of_some_length_get_a_depth(tiny):
    menu = plan_of(tiny, "m", "--early-exit=sequence", "--depths=75@20,50@60")
    assert "lossy = early_exit sequence" in run("llm-dump", menu).stdout
    for prompt, percent in ((19, None), (20, 75), (59, 75), (60, 50)):
        asked = ["--ids", ids(2, prompt), "-n", 40, "--ignore-eos", "--temperature", "0"]
        figures = generate(menu, *asked)
        assert figures.get("depth", {"percent": None})["percent"] == percent
        assert figures["tokens"] == generate(menu, "--depth", percent or 100, *asked)["tokens"]


def test_a_depth_is_compared_with_all_layers(tiny):
    """Of drafts at a depth both are measured together."""
    for options in ([], ["--speculate=copy,recycle"]):
        measured = workload(plan_of(tiny, "m", "--early-exit=sequence", "--depths=50@20", *options), tiny)
        assert measured["layers_saved"] == 0.5 and measured["ffns_saved"] == 0 and measured["ratio"]["median"] > 0
        assert measured["differing_texts"] > 0 and measured["agreement"] < 1 and measured["excess_kl"] > 0
    longer = workload(plan_of(tiny, "m", "--early-exit=sequence", "--depths=50@150"), tiny)
    assert longer["layers_saved"] == 0 and longer["differing_texts"] == 0 and "agreement" not in longer
    silent = workload(plan_of(tiny, "silent", "--early-exit=sequence", "--depths=75@20"), tiny)
    assert silent["layers_saved"] == pytest.approx(2 / 6) and silent["differing_texts"] == 0


def test_answers_that_end_at_once_are_timed(tiny):
    """They go on behind their end; nothing is said of what they lose."""
    early = ["--early-exit=sequence", "--depths=50@1"]
    first = generate(plan_of(tiny, "m", *early), "-p", "one two", "-n", 1, "--temperature", 0)["tokens"][0]
    make_gguf.write(CONFIG | {"eos": first}, str(tiny / "ends.gguf"))
    file = tiny / "ends.jsonl"
    file.write_text(json.dumps({"name": "x", "text": "one two"}) + "\n", encoding="utf-8")
    result = run("llm-bench", plan_of(tiny, "ends", *early), f"--workload={file}", "-n", 8, "-r", 1, "--temperatures", 0, "--json")
    measured = json.loads(result.stdout)["samplings"][0]
    assert measured["tokens"] == 8 and measured["differing_texts"] == 1 and "agreement" not in measured


@pytest.mark.parametrize("layers, percents", [(4, [100, 75, 50]), (5, [100, 75, 50]), (8, [100, 75, 50])])
def test_small_models_have_fewer_depths(tiny, layers, percents):
    """Nobody named those that they cannot have."""
    make_gguf.write(CONFIG | {"layers": layers}, str(tiny / f"few{layers}.gguf"))
    plan = plan_of(tiny, f"few{layers}", "--early-exit=sequence")
    assert [depth["percent"] for depth in json.loads(run("llm-dump", plan, "--json").stdout)["depths"]] == percents


def test_layers_that_nobody_leaves_out_are_not_measured(tiny):
    file = tiny / "w.jsonl"
    file.write_text(json.dumps({"name": "one", "text": "some"}) + "\n", encoding="utf-8")
    result = run("llm-bench", plan_of(tiny, "m", *DEPTHS), f"--workload={file}", "-n", 8, "-r", 1, check=False)
    assert result.returncode == 1 and "the plan drafts nothing and leaves nothing out by itself" in result.stderr, result.stderr


def test_layers_that_say_nothing_go_first_and_cost_nothing(tiny):
    quality = properties(plan_of(tiny, "silent", *DEPTHS))
    assert float(quality["depth.75.kl"]) == 0 and float(quality["depth.75.agreement"]) == 1
    plan = plan_of(tiny, "silent", "--drop-layers=30%")
    quality = properties(plan)
    assert quality["fidelity"] == "lossy" and quality["lossy"] == "drop_layers 2,4"
    assert float(quality["kl"]) == 0 and quality["layers_saved"] == "2 of 6"
    stats = run("llm-run", plan, "--ids", "1,2,3", "-n", 4, "--stats").stderr
    assert "kl 0.000, agreement 1.000, layers saved 2 of 6" in stats
    measured = properties(plan_of(tiny, "m", "--drop-layers=1,3"))
    assert float(measured["kl"]) > 0 and measured["layers_saved"] == "2 of 6"


def test_drafts_are_exact_for_the_depth(tiny):
    menu = plan_of(tiny, "m", *DEPTHS, "--speculate=copy,recycle")
    drafted = 0
    for percent in (100, 50):
        drafted += same(menu, "--depth", percent, "--ids", ids(1, 40), "-n", 140, "--ignore-eos", "--temperature", "0")["drafted"]
    assert drafted > 0


def test_a_saved_text_keeps_its_depth(tiny, tmp_path):
    menu = plan_of(tiny, "m", *DEPTHS)
    asked = ["--ids", ids(1, 40), "--ignore-eos", "--temperature", "0"]
    run("llm-run", menu, "--depth", 50, *asked, "-n", 8, "-c", 150, "--save-session", tmp_path / "s")
    back = generate(menu, *asked, "-n", 60, "-c", 150, "--load-session", tmp_path / "s")
    assert back["depth"]["percent"] == 50 and back["reused_tokens"] == 39
    assert back["tokens"] == generate(menu, "--depth", 50, *asked, "-n", 60)["tokens"]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("options", [["--early-exit=sequence", "--depths=50"], ["--early-exit=ffn"], ["--early-exit=ffn:1=0.5"], ["--drop-layers=50%"]],
                         ids=" ".join)
def test_where_no_layer_can_go(new_folder, layers, options):
    folder = new_folder()
    make_gguf.write(make_gguf.CONFIGS["llama-gqa-8-2"] | {"layers": layers}, str(folder / "m.gguf"))
    result = run("llm-compile", folder / "m.gguf", "-o", folder / "x.plan", TARGET, *options, check=False)
    assert result.returncode == 1 and f"the first and the last layer stay, so none of {layers} can go" in result.stderr, result.stderr


@pytest.mark.parametrize("options, code, message", [
    (["--early-exit=sequence", "--depths=83,85"], 1, "a depth of 85 % cannot come after one of 83 %"),
    (["--early-exit=sequence", "--depths=1"], 1, "5 of 6 layers cannot go: the first 1 and the last 1 stay"),
    (["--early-exit=sequence", "--depths=much"], 2, "--depths=much is no share of 1 to 99 percent"),
    (["--early-exit=sequence", "--depths=75@0"], 2, "--depths=75@0 is no share"),
    (["--depths=75"], 2, "--depths needs --early-exit=sequence"),
    (["--early-exit=never"], 2, "--early-exit=never is"),
    (["--early-exit=sequence", "--drop-layers=1"], 2, "exclude each other"),
    (["--drop-layers=100%"], 2, "--drop-layers=100% is neither a list of layers nor a share"),
    (["--drop-layers=1%"], 1, "1 % of 6 layers are none"),
    (["--drop-layers=10%,2"], 2, "--drop-layers=10% is neither"),
    (["--drop-layers=1", "--calibration=/nowhere"], 1, "/nowhere: No such file"),
    (["--drop-layers=1", "--calibration={deep}"], 1, "deep:1: more than 100 levels"),
    (["--calibration=/nowhere"], 2, "--calibration wants something to choose or to measure")])
def test_what_makes_no_sense_is_refused(tiny, options, code, message, tmp_path):
    (tiny / "deep").write_text('{"text":' + "[" * 300000 + "\n", encoding="utf-8")
    options = [option.format(deep=tiny / "deep") for option in options]
    result = run("llm-compile", tiny / "m.gguf", "-o", tmp_path / "x.plan", TARGET, *options, check=False)
    assert result.returncode == code and message in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())


def test_a_depth_that_is_not_there_is_refused(tiny, tmp_path):
    for plan, message in ((plan_of(tiny, "m", *DEPTHS), "a depth of 60 %, but the plan has depths 100, 75 and 50 %"),
                          (plan_of(tiny, "m"), "a depth of 60 %, but the plan has none; it was compiled without --early-exit=sequence")):
        for what in (["-n", 1], ["--logits", tmp_path / "x.npy"]):
            result = run("llm-run", plan, "--ids", "1", *what, "--depth", 60, check=False)
            assert result.returncode == 1 and message in result.stderr, result.stderr


@pytest.mark.parametrize("options", [["--depths=50@1"], ["--depths=80@2,50@4"]], ids=" ".join)
def test_the_self_test_asks_all_layers(tiny, tmp_path, options):
    """Prompts as short as those of the self-test have a depth of their own."""
    plan = compile_plan(tiny / "m.gguf", tmp_path / "m.plan", "--early-exit=sequence", *options, TARGET)
    assert "0 failed" in run("llm-run", plan, "--selftest").stdout
