# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/feature-matrix.md says what the compiler answers; what it allows gives the text of plain decoding."""
import itertools
import pathlib

import pytest

import feature_matrix
from conftest import ONE_LEVEL, ROOT, figure, tool
from test_speculation import same


LOSSY = {"rule typical", "models in turns", "exits that are chosen"}
VERIFIED = "exits that are verified"


@pytest.fixture(scope="module")
def answers(new_folder):
    return feature_matrix.ask(tool("llm-compile"), new_folder())


def test_the_page_is_up_to_date(answers):
    written = (ROOT / "docs" / "feature-matrix.md").read_text(encoding="utf-8")
    assert written == feature_matrix.page(answers), "python test/support/feature_matrix.py build/bin/llm-compile > docs/feature-matrix.md"


def test_what_is_refused_says_which_option(answers):
    refused = {pair: answer for pair, answer in answers.items() if answer}
    assert refused and len(refused) < len(answers) / 2
    for pair, answer in refused.items():
        assert answer.startswith("--") or "'" in answer, (pair, answer)


def have_the_text_of_plain_decoding(answers):
    """Legal pairs with a drafter, or with exits whose tokens all layers confirm."""
    for pair in feature_matrix.pairs():
        names = {pair[0][1], pair[1][1]}
        if answers[pair[0][1], pair[1][1]] or names & LOSSY:
            continue
        if VERIFIED in names or any("--speculate" in option for _, _, options in pair for option in options):
            yield pair, names


@pytest.mark.long
def test_legal_pairs_give_the_text_of_plain_decoding(answers, tmp_path):
    models, checked = feature_matrix.write_models(tmp_path), {"--no-speculate": 0, "--no-early-exit": 0}
    # Enough of them that not all answers fall into loops.
    texts = [f"{one} and {other}\n" for one, other in itertools.permutations(["rain", "two", "harbor", "list", "once", "blue"], 2)]
    pathlib.Path(models["texts"]).write_text("".join(texts), encoding="utf-8")
    for pair, names in have_the_text_of_plain_decoding(answers):
        plan = tmp_path / "pair.plan"
        made = feature_matrix.compile_pair(tool("llm-compile"), models, pair, "-o", str(plan), "--no-golden", "--quiet", ONE_LEVEL)
        assert made.returncode == 0, (pair, made.stderr)
        sampled = [] if "rule reject" in names else [["--temperature", "0.8", "--seed", "5"]]  # it keeps the law, not the draws
        plain = "--no-early-exit" if VERIFIED in names else "--no-speculate"
        for sampling in [["--temperature", "0"], *sampled]:
            try:
                same(plan, "--ids", "5,6,7,8,5,6,7,8,5,6", "-n", 60, "--ignore-eos", *sampling, plain=plain)
            except AssertionError as wrong:
                raise AssertionError(pair) from wrong
        checked[plain] += 1
    figure("legal pairs of features", f"{checked['--no-speculate']} with a drafter, {checked['--no-early-exit']} with exits that are verified, each with the "
           "text of plain decoding, greedy and (but for reject) at 0.8")
