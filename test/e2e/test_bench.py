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
import against  # noqa: E402
import bench as bench_main  # noqa: E402
import history  # noqa: E402
import kernels  # noqa: E402
import table  # noqa: E402
import worker  # noqa: E402
from model import Cost, Figure, Fraction, Overhead, Repeated, Result, Row, Subject, Test  # noqa: E402
from rows import ROWS  # noqa: E402
from sampling import Bench  # noqa: E402
from workshop import Missing, Workshop  # noqa: E402

OURS, PEER, OTHER = Subject("sinter"), Subject("llama.cpp"), Subject("openvino-genai")
TEST = Test(generate=64)


def row(threads=None, peers=(PEER, OTHER)):
    return Row("row", "what", "group", 2.0, 3.0, OURS, peers, TEST, threads)


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
    assert result.values == [3, 4, 4] and result.ours == 30 and result.peer == 10
    assert result.peer_name == "llama.cpp q4_1, 1 t" and result.verdict == "aim"


def test_equal_threads(bench):
    bench.rates = {(OURS, 2): [10], (PEER, 2): [4], (OTHER, 2): [5]}
    bench.measure([row(threads=2)], 1)
    result = table.result_of(bench, row(threads=2))
    assert result.values == [2] and result.peer_name == "openvino-genai q4_1, 2 t" and result.verdict == "pass"


def test_one_engine_against_itself(bench):
    scaling = row(threads=(2, 1), peers=(OURS,))
    bench.rates = {(OURS, 1): [10], (OURS, 2): [19]}
    bench.measure([scaling], 1)
    assert table.result_of(bench, scaling).values == [1.9]
    assert table.result_of(bench, scaling).verdict == "FAIL"


def test_a_missing_peer_is_named_and_the_others_count(bench):
    bench.rates = {(OURS, 1): [9], (PEER, 1): [3]}
    bench.measure([row(threads=1)], 1)
    text = table.table([table.result_of(bench, row(threads=1))])
    assert "missing in row: openvino-genai q4_1: not here" in text and "3.00" in text


def test_a_peer_that_fails_midway_does_not_count(bench):
    bench.rates = {(OURS, 1): [9, 9], (PEER, 1): [3, 3], (OTHER, 1): [100]}
    bench.measure([row(threads=1)], 2)
    result = table.result_of(bench, row(threads=1))
    assert result.values == [3, 3] and "ran out" in result.missing


def test_nobody_to_compare_with(bench):
    bench.rates = {(OURS, 1): [9]}
    bench.measure([row(threads=1)], 1)
    result = table.result_of(bench, row(threads=1))
    assert result.verdict == "missing" and "llama.cpp q4_1: not here" in result.missing
    table.table([result])


def test_smaller_figures_are_better():
    figure = Figure("f", "what", "g", 25, 12, None, "ms")
    assert [Result(figure, values=[value]).verdict for value in (26, 20, 12)] == ["FAIL", "pass", "aim"]
    assert "20.0 ms" in table.table([Result(figure, values=[19, 20, 30])])


def test_a_fraction_of_a_probe(bench, monkeypatch):
    row = Fraction("fraction", "what", "group", 0.8, 1.0, OURS, TEST, 1, "of_stream")
    monkeypatch.setattr(FakeEngine, "sample", lambda self, _: {"rate": 7, "of_stream": self.rates.pop(0)})
    bench.rates = {(OURS, 1): [0.9, 0.7, 0.85]}
    bench.measure([row], 3)
    result = table.result_of(bench, row)
    assert result.values == [0.9, 0.7, 0.85] and result.verdict == "pass" and result.ours == 7


def test_a_row_that_repeats_is_told_how_often(bench):
    asked = []

    def measure(_workshop, _build, repetitions):
        asked.append(repetitions)
        return [1.0, 2.0, 3.0]
    row = Repeated("r", "what", "g", 1.5, 3, measure)
    results = [bench_main.figure(bench, row, repetitions) for repetitions in (1, 9)]
    assert asked == [3, 9] and results[0].values == [1, 2, 3] and results[0].verdict == "pass"
    assert "| 1.50..2.50 |" in table.table(results)


def test_an_overhead_is_better_when_smaller():
    overhead = Overhead("o", "what", "g", 1.35, 1.15, OURS, Test(rows=4, depth=128), 1, "over_one_row")
    assert [overhead.verdict([value]) for value in (1.4, 1.3, 1.1)] == ["FAIL", "pass", "aim"]
    assert str(overhead.test) == "fw4 @ d128" and overhead.test.tokens == 4


def test_what_the_stream_itself_gains_is_taken_off(bench, monkeypatch):
    scaling = Row("row", "what", "group", 1.0, 1.15, OURS, (OURS,), TEST, (2, 1), over_stream=True)
    answers = {(OURS, 1): {"rate": 10, "stream_gb_s": 20, "cpu": "best"}, (OURS, 2): {"rate": 15, "stream_gb_s": 24, "cpu": "best"}}
    bench.rates = {who: [answer] for who, answer in answers.items()}
    monkeypatch.setattr(FakeEngine, "sample", lambda self, _: self.rates.pop(0))
    bench.measure([scaling], 1)
    assert table.result_of(bench, scaling).values == [pytest.approx(1.25)]
    probes = table.probes_of(bench)
    assert probes["2"] == {"code_object": "best", "stream_gb_s": 24}
    assert table.probe_lines(probes)[0] == "probes, 1 thread: stream 20.0 GB/s; code object best"


def test_against_measures_each_thing_of_ours_once():
    every = against.rows_for(ROWS, [1, 2])
    assert len({row.name for row in every}) == len(every)
    cells = [(row.ours, row.test, row.threads) for row in every if row.test]
    assert len(set(cells)) == len(cells) and all(row.peers[0].build == against.OLD for row in every if row.test)
    assert [row.name for row in against.rows_for([row(), row()], [1, 2])] == ["row@1", "row@2"]


@pytest.mark.parametrize("values, verdict", [([0.9, 0.95, 0.97, 0.96], "FALLEN"), ([0.9, 0.95, 1.02, 1.01], "same"),
                                             ([0.99, 0.99, 0.99], "same"), ([1.2, 1.1], "faster")])
def test_noise_is_no_regression(values, verdict):
    regression, = against.rows_for([row(threads=1)], [1])
    assert Result(regression, values=values).verdict == verdict


def test_a_figure_of_two_builds(bench, tmp_path):
    seen = {tmp_path: 20, tmp_path / "old": 10}
    figure = Figure("f", "what", "g", 25, 12, lambda _, build: seen[build], "ms")
    bench.builds[against.OLD] = tmp_path / "old"
    regression, = against.rows_for([figure], [1])
    result = bench_main.figure(bench, regression, 3)
    assert result.values == [0.5] * 3 and result.verdict == "FALLEN" and (result.ours, result.peer) == (20, 10)


def test_kernels_are_read_from_their_programs(tmp_path):
    """What contract-bench and attention-bench print; no such program or line: named."""
    (tmp_path / "bin").mkdir()
    for name, line in (("contract-bench", '[{"encoding": "Q4_1", "level": "x86-64-v4-vnni", "prefill": 0.612, "x4": 1.1}]'),
                       ("attention-bench", '[{"kind": "decode", "type": "i8", "count": 8192, "of_stream": 0.74, "of_peak": 0.5}]')):
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\necho '{line}'\n")
        path.chmod(0o755)
    assert kernels.contraction("q4_1", "prefill")(None, tmp_path) == 0.612
    assert kernels.contraction("q4_1", "x4")(None, tmp_path) == 1.1
    assert kernels.attention("decode", 8192, "i8")(None, tmp_path) == 0.74
    with pytest.raises(Missing, match="no decode"):
        kernels.contraction("q4_1", "decode")(None, tmp_path)
    with pytest.raises(Missing, match="not in this build"):
        kernels.attention("prefill", 512)(None, tmp_path / "other")


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
    old = history.record([Result(row(), 5.0, 1.0, "p", [7.0])], {}, against="a build")
    history.append(path, old)
    results, probes, commits = history.latest(history.read(path), [row()])
    assert [result.values for result in results] == [[9.0]] and probes == {"stream": 1} and commits == {"another": ["row"]}


def test_rows_have_names_of_their_own_and_sound_bounds():
    names = [each.name for each in ROWS]
    assert len(set(names)) == len(names)
    for each in ROWS:
        assert (each.aim <= each.floor) if isinstance(each, (Figure, Cost, Overhead)) else (each.aim >= each.floor), each.name


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


@pytest.mark.parametrize("where", ["", "one-core", "neighbour"])
def test_llm_bench_answers_as_the_bench_reads_it(fast, where):
    """Real measurements of ours, whatever they come to."""
    import engines.sinter
    engine = engines.sinter.Engine(BUILD, fast, 2, Subject("sinter", cpu="x86-64-v3", where=where))
    assert engine.sample(Test(prompt=16))["rate"] > 0
    assert engine.sample(Test(generate=4, depth=8))["cpu"] == "x86-64-v3"
    forward = engine.sample(Test(rows=4, depth=8))
    assert forward["test"] == "fw4 @ d8" and forward["over_one_row"] > 0
    step = engine.sample(Test(generate=2, depth=8, sessions=3))
    assert step["test"] == str(Test(generate=2, depth=8, sessions=3)) == "tg2 x 3 @ d8" and step["over_one_row"] > 0
