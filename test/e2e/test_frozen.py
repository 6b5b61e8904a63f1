# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plans of released formats load and answer as on the day they were made."""
import hashlib
import json
import re

import pytest

from conftest import ROOT, levels_here, logits, run

PLANS = sorted((ROOT / "test/golden").glob("*.plan"))


def test_each_released_format_has_a_frozen_plan():
    header = (ROOT / "runtime/schema/PlanFile.h").read_text()
    version = int(re.search(r"SINTER_PLAN_FORMAT_VERSION (\d+)u", header)[1])
    assert [path.stem for path in PLANS] == [f"format-{n}" for n in range(1, version + 1)]


@pytest.mark.parametrize("level", levels_here())
@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_answers_are_those_of_the_day(path, level, tmp_path):
    facts = json.loads(path.with_suffix(".json").read_text())
    if level not in {code["level"] for code in json.loads(run("llm-dump", path, "--json").stdout)["code"]}:
        pytest.skip(f"the plan is older than {level}")
    assert path.stat().st_size < 1 << 20
    assert hashlib.sha256(path.read_bytes()).hexdigest() == facts["plan_sha256"], "a frozen plan must not change"
    env = {"SINTER_CPU": level}
    rows = logits(path, facts["ids"], tmp_path / "x.npy", env=env)
    assert hashlib.sha256(rows.tobytes()).hexdigest() == facts["logits_sha256"]
    out = run("llm-run", path, "--ids", ",".join(map(str, facts["ids"])), "-n", 16, "--temperature", 0.8, "--seed", 1,
              "--ignore-eos", "--json", env=env).stdout
    assert json.loads(out)["tokens"] == facts["sampled"]
