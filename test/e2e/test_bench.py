# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The benchmark's own arithmetic and plumbing, with engines that answer made-up rates: no time is measured here."""

import os
import re
import subprocess
import sys
import types

import pytest

from conftest import BUILD, ROOT

sys.path.insert(0, str(ROOT / "test" / "bench"))
import history  # noqa: E402
import table  # noqa: E402
import worker  # noqa: E402
from model import Figure, Result, Row, Subject, Test  # noqa: E402
from rows import ROWS  # noqa: E402
from sampling import Bench  # noqa: E402
from workshop import Missing, Workshop  # noqa: E402

OURS, PEER, OTHER = Subject("sinter"), Subject("llama.cpp"), Subject("openvino-genai")
TEST = Test(generate=64)


def row(threads=None, peers=(PEER, OTHER)):
    return Row("row", "what", "group", OURS, peers, TEST, 2.0, 3.0, threads)


class FakeEngine:
    def __init__(self, rates):
        self.rates = list(rates)

    def sample(self, _):
        if not self.rates:
            raise Missing("ran out")
        return {"rate": self.rates.pop(0)}

    def close(self):
        pass


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """A Bench whose engines answer from `bench.rates`."""
    result = Bench(Workshop(tmp_path, tmp_path), {"": tmp_path}, [1, 2])
    result.rates = {}

    def open_engine(cell, _, running):
        if cell[:2] not in result.rates:
            raise Missing("not here")
        running[cell[:2]] = FakeEngine(result.rates[cell[:2]])
    monkeypatch.setattr(result, "open", open_engine)
    return result


def test_each_side_at_its_best_thread_count(bench):
    bench.rates = {(OURS, 1): [10, 10, 10], (OURS, 2): [30, 20, 40], (PEER, 1): [10, 5, 10], (PEER, 2): [1, 1, 1],
                   (OTHER, 1): [2, 2, 2], (OTHER, 2): [3, 3, 3]}
    bench.measure([row()], 3)
    result = table.result_of(bench, row())
    assert result.ratios == [3, 4, 4] and result.ours == 30 and result.peer == 10
    assert result.peer_name == "llama.cpp q4_1, 1 t" and table.verdict(result) == "aim"


def test_equal_threads(bench):
    bench.rates = {(OURS, 2): [10], (PEER, 2): [4], (OTHER, 2): [5]}
    bench.measure([row(threads=2)], 1)
    result = table.result_of(bench, row(threads=2))
    assert result.ratios == [2] and result.peer_name == "openvino-genai q4_1, 2 t" and table.verdict(result) == "pass"


def test_one_engine_against_itself(bench):
    scaling = row(threads=(2, 1), peers=(OURS,))
    bench.rates = {(OURS, 1): [10], (OURS, 2): [19]}
    bench.measure([scaling], 1)
    assert table.result_of(bench, scaling).ratios == [1.9]
    assert table.verdict(table.result_of(bench, scaling)) == "FAIL"


def test_a_missing_peer_is_named_and_the_others_count(bench):
    bench.rates = {(OURS, 1): [9], (PEER, 1): [3]}
    bench.measure([row(threads=1)], 1)
    text = table.table([table.result_of(bench, row(threads=1))])
    assert "missing in row: openvino-genai q4_1: not here" in text and "3.00" in text


def test_a_peer_that_fails_midway_does_not_count(bench):
    bench.rates = {(OURS, 1): [9, 9], (PEER, 1): [3, 3], (OTHER, 1): [100]}
    bench.measure([row(threads=1)], 2)
    result = table.result_of(bench, row(threads=1))
    assert result.ratios == [3, 3] and "ran out" in result.missing


def test_nobody_to_compare_with(bench):
    bench.rates = {(OURS, 1): [9]}
    bench.measure([row(threads=1)], 1)
    result = table.result_of(bench, row(threads=1))
    assert table.verdict(result) == "missing" and "llama.cpp q4_1: not here" in result.missing
    table.table([result])


def test_smaller_figures_are_better():
    figure = Figure("f", "what", "g", None, "ms", 25, 12)
    assert [table.verdict(Result(figure, ratios=[value])) for value in (26, 20, 12)] == ["FAIL", "pass", "aim"]
    assert "20.0 ms" in table.table([Result(figure, ratios=[19, 20, 30])])


def test_table_is_markdown():
    lines = table.table([Result(row(), 30.0, 10.0, "llama.cpp q4_1, 1 t", [2.0, 3.0, 2.5])]).splitlines()
    assert len({line.count("|") for line in lines}) == 1 and len({len(line) for line in lines}) == 1
    assert re.search(r"\| +2\.50 \| 2\.25\.\.2\.75 +\| +2 \| +3 \| pass \|$", lines[2]), lines[2]


def test_history_keeps_the_newest_of_each_row(tmp_path):
    path = tmp_path / "bench.jsonl"
    assert history.read(path) == []
    for ratios in ([1.0], [2.0, 4.0]):
        history.append(path, history.record([Result(row(), 5.0, 1.0, "p", ratios)], {"stream": 1}))
    other = history.record([Result(row(), 5.0, 1.0, "p", [9.0])], {})
    history.append(path, {**other, "commit": "another"})
    results, probes = history.latest(history.read(path), [row()], history.commit())
    assert [result.ratios for result in results] == [[2.0, 4.0]] and probes == {"stream": 1}


def test_rows_have_names_of_their_own_and_sound_bounds():
    names = [each.name for each in ROWS]
    assert len(set(names)) == len(names)
    for each in ROWS:
        assert (each.aim <= each.floor) if isinstance(each, Figure) else (each.aim >= each.floor), each.name


def test_worker_protocol(tmp_path, monkeypatch):
    """A process that answers, one that stops early; libraries that print do not disturb."""
    script = tmp_path / "peer.py"
    script.write_text("import os, sys\nimport worker\n\n\nclass Engine:\n"
                      "    def __init__(self, path, threads, positions):\n        print('noise')\n"
                      "    def prefill(self, tokens):\n        return tokens / 8\n"
                      "    def decode(self, tokens, depth):\n        sys.exit(3)\n\n\nworker.serve(Engine)\n")
    workshop = Workshop(tmp_path, tmp_path)
    (workshop.venv / "bin").mkdir(parents=True)
    os.symlink(sys.executable, workshop.python)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("engines.module", lambda name: types.SimpleNamespace(__name__="peer"))
    peer = worker.Worker(workshop, "peer", "path", 1, 64)
    assert peer.sample(Test(prompt=64)) == {"rate": 8.0} == peer.sample(Test(prompt=64))
    with pytest.raises(Missing, match="exit code 3"):
        peer.sample(Test(generate=1))
    peer.close()


def test_a_package_that_cannot_be_installed_is_missing(tmp_path):
    workshop = Workshop(tmp_path, tmp_path)
    (workshop.venv / "bin").mkdir(parents=True)
    os.symlink("/bin/false", workshop.python)
    with pytest.raises(Missing, match="pip install nothing"):
        workshop.install("peer", "nothing", ["nothing"])
    assert "pip install nothing" in workshop.failed["peer"]


def test_made_once_and_anew_when_its_source_is_newer(tmp_path):
    workshop, source, calls = Workshop(tmp_path, tmp_path), tmp_path / "source", []
    source.touch()

    def make(out):
        calls.append(out)
        out.write_text("x")
    for _ in range(2):
        assert workshop.made(tmp_path / "out", make, source).read_text() == "x"
    assert len(calls) == 1
    later = (tmp_path / "out").stat().st_mtime + 10
    os.utime(source, (later, later))
    workshop.made(tmp_path / "out", make, source)
    assert len(calls) == 2 and sorted(os.listdir(tmp_path)) == ["out", "source"]


def bench_py(*arguments):
    return subprocess.run([sys.executable, ROOT / "test/bench/bench.py", *arguments], capture_output=True, text=True, check=False)


def test_command_line(tmp_path):
    places = ["--model", tmp_path, "--build", tmp_path, "--cache", tmp_path]
    assert "decode-q4_1" in bench_py("--list", *places).stdout
    wrong = bench_py("no-such-row", *places)
    assert wrong.returncode == 1 and "no-such-row" in wrong.stderr


def test_llm_bench_answers_as_the_bench_reads_it(fast):
    """Real measurements of ours, whatever they come to."""
    import engines.sinter
    engine = engines.sinter.Engine(BUILD, fast, 1, "x86-64-v3")
    assert engine.sample(Test(prompt=16))["rate"] > 0
    assert engine.sample(Test(generate=4, depth=8))["cpu"] == "x86-64-v3"
