# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llm-bench on a double of the runtime."""
import json
import unittest

from tool_test import ToolTest


class Bench(ToolTest):
    def test_json(self):
        rows = json.loads(self.out("llm-bench", self.plan, "-p", "16,8", "-n", "4", "-r", "3", "-t", "1,2", "--json"))
        self.assertEqual([(r["test"], r["threads"]) for r in rows],
                         [("pp16", 1), ("pp8", 1), ("tg4", 1), ("pp16", 2), ("pp8", 2), ("tg4", 2)])
        for r in rows:
            self.assertEqual(len(r["samples"]), 3)
            self.assertLessEqual(0, r["min"])
            self.assertLessEqual(r["min"], r["median"])
            self.assertLessEqual(r["median"], r["max"])
            self.assertAlmostEqual(r["tok_per_s"], sum(r["samples"]) / 3)
            for probe in ("stream_gb_s", "dot_gop_s", "fma_gflop_s"):
                self.assertGreater(r[probe], 0)
            self.assertEqual(r.get("barrier_ns"), 50 if r["threads"] == 2 else None)
            self.assertEqual("of_stream" in r, r["test"].startswith("tg"))
            tokens = int(r["test"][2:])
            self.assertEqual((r["bytes"], r["int8_ops"], r["f32_ops"]), (1264 * tokens, 5000 * tokens, 56 * tokens))
            if "of_stream" in r:
                self.assertEqual(r["bytes_per_token"], 1264)
            for fraction in ("of_peak", "of_stream") if "of_stream" in r else ("of_peak",):
                self.assertLessEqual(r[fraction + "_min"], r[fraction])
                self.assertLessEqual(r[fraction], r[fraction + "_max"])

    def test_fractions(self):
        """Of the peaks: the time of all operations at the probe's pace, over what a repetition took."""
        r, = json.loads(self.out("llm-bench", self.plan, "-p", 16, "-n", 0, "-r", 1, "--json", FAKE_SLOW_MS="1"))
        seconds = 16 / r["samples"][0]
        self.assertAlmostEqual(r["of_peak"], (1e-9 * r["int8_ops"] / r["dot_gop_s"] + 1e-9 * r["f32_ops"] / r["fma_gflop_s"])
                               / seconds)

    def test_a_plan_that_says_nothing(self):
        for r in json.loads(self.out("llm-bench", self.plan, "-p", 4, "-n", 4, "-r", 1, "--json", FAKE_OLD="1")):
            self.assertNotIn("of_peak", r)
            if r["test"] == "tg4":
                self.assertEqual(r["bytes_per_token"], 1 << 20)
                self.assertIn("of_stream", r)

    def test_rate(self):
        """Sleeping a token long, the model makes at most so many a second."""
        rows = json.loads(self.out("llm-bench", self.plan, "-p", 10, "-n", 10, "-r", 1, "--json", FAKE_SLOW_MS="5"))
        for r in rows:
            self.assertLess(r["max"], 201)

    def test_depth_is_not_measured_but_is_there(self):
        rows = json.loads(self.out("llm-bench", self.plan, "-p", 8, "-n", 8, "-d", "0,100", "-r", 1, "--json",
                                   FAKE_POSITIONS="1"))
        self.assertEqual([r["test"] for r in rows], ["pp8", "tg8", "pp8 @ d100", "tg8 @ d100"])
        # Each of the eight rows sees itself, those before it and the depth.
        self.assertEqual([r["bytes"] for r in rows], [36, 36, 836, 836])

    def test_batch_counts_the_tokens_of_all_sessions(self):
        rows = json.loads(self.out("llm-bench", self.plan, "-p", 0, "-n", 8, "-d", 20, "--batch", "1,4", "-r", 1,
                                   "--json", FAKE_SLOW_MS="2"))
        self.assertEqual([r["test"] for r in rows], ["tg8 @ d20", "tg8 x 4 @ d20"])
        for r in rows:
            self.assertLess(r["max"], 501)  # the double is as slow for each row
        self.assertEqual([r["bytes"] for r in rows], [8 * 1264] * 2)  # a dispatch a step
        self.assertEqual([r["bytes_per_token"] for r in rows], [1264, 1264 // 4])
        self.assertNotIn("over_one_row", rows[0])
        self.assertGreater(rows[1]["over_one_row"], 1)
        self.assertAlmostEqual(rows[1]["ms"], 1e3 * 4 / rows[1]["median"])

    def test_forwards_are_compared_with_one_row(self):
        rows = json.loads(self.out("llm-bench", self.plan, "-p", 0, "-n", 0, "-d", 10, "--rows", "4,2", "-r", 2, "--json",
                                   FAKE_SLOW_MS="2"))
        self.assertEqual([r["test"] for r in rows], ["fw1 @ d10", "fw2 @ d10", "fw4 @ d10"])
        self.assertEqual(rows[0]["over_one_row"], 1)
        for count, r in zip((1, 2, 4), rows):
            self.assertEqual(r["bytes"], 1264 * count)  # the double dispatches each row apart
            self.assertGreaterEqual(r["ms"], 2 * count)
            self.assertAlmostEqual(r["ms"], 1e3 * count / r["median"])
            self.assertLessEqual(r["over_one_row_min"], r["over_one_row"])
        self.assertGreater(rows[2]["over_one_row"], rows[1]["over_one_row"])
        text = self.out("llm-bench", self.plan, "-p", 0, "-n", 0, "--rows", 4, "-r", 1, "-t", 1)
        self.assertRegex(text.splitlines()[-1], r"^fw4, 1 thread: \d+\.\d{3} ms, \S+ \(\S+ to \S+\) times one row$")
        self.assertIn("allows 7", self.error("llm-bench", self.plan, "-p", 0, "-n", 0, "--rows", 8))

    def test_table(self):
        lines = self.out("llm-bench", self.plan, "-p", 4, "-n", 4, "-r", 1, "-t", "1,2", FAKE_SLOW_MS="1").splitlines()
        head, table = lines[:lines.index("")], lines[lines.index("") + 1:]
        self.assertEqual({len(line) for line in table}, {len(table[0])})
        self.assertRegex(table[0], r"\bmedian +\| +of stream +\| +of peak \|$")
        self.assertIn("pp4", table[2])
        self.assertRegex(head[0], r"^code object fake-v1, prefetch by the code; CPU has .*avx2")
        self.assertIn("reads 1.0 MiB", head[1])
        roofs = r"stream \S+ GB/s .* dot \S+ Gop/s .* fma \S+ Gflop/s \([^)]*\)"
        self.assertRegex(head[2], f"^probe, 1 thread: {roofs}$")  # which waits for nobody
        self.assertRegex(head[3], f"^probe, 2 threads: {roofs}, barrier 50 ns \\(50 to 50\\)$")

    def test_errors(self):
        self.error("llm-bench", self.plan, "-r", 0, code=2)
        self.error("llm-bench", self.plan, "-p", 0, "-n", 0, code=2)
        self.error("llm-bench", self.plan, "--batch", 0, code=2)
        self.error("llm-bench", self.plan, "-p", "1,x", code=2)
        self.assertIn("4096", self.error("llm-bench", self.plan, "-p", 5000))


class Workload(ToolTest):
    def workload(self, *prompts):
        return "--workload=" + self.path("w.jsonl", "".join(json.dumps(prompt) + "\n" for prompt in prompts))

    def test_json(self):
        file = self.workload({"name": "one", "text": "a"}, {"name": "two", "messages": [{"role": "user", "content": "b"}]})
        result = json.loads(self.out("llm-bench", self.plan, file, "-n", 8, "-r", 3, "--json", FAKE_DRAFTS="1"))
        self.assertEqual((result["new_tokens"], result["repetitions"]), (8, 3))
        self.assertEqual([sampling["temperature"] for sampling in result["samplings"]], [0, 0.8])
        for sampling in result["samplings"]:
            self.assertEqual((sampling["prompts_counted"], sampling["prompts_left_out"], sampling["differing_texts"]), (2, 0, 0))
            self.assertEqual(sampling["ratio"]["values"], [1, 1, 1])  # the double is as fast with drafts
            self.assertEqual(sampling["tokens"], 16)
            figures = sampling["speculation"]
            self.assertEqual((figures["rounds"], figures["drafted"], figures["accepted"]), (8, 16, 8))
            self.assertEqual((figures["block_efficiency"], figures["acceptance_rate"]), (2, 0.5))
            self.assertEqual(figures["acceptance_by_position"], [1, 0])
            self.assertEqual(figures["by_drafter"], {"copy": {"drafted": 16, "accepted": 8}})
            self.assertEqual([prompt["name"] for prompt in sampling["prompts"]], ["one", "two"])

    def test_what_the_assistant_said_may_be_left_to_the_model(self):
        turns = [{"role": "user", "content": "x"}, {"role": "assistant"}, {"role": "user", "content": "y"}]
        text = self.out("llm-bench", self.plan, self.workload({"name": "turns", "messages": turns}), "-n", 8, "-r", 1,
                        "--temperatures", "0.5", FAKE_DRAFTS="1")
        self.assertIn("1 prompts, 0 left out", text)
        self.assertRegex(text, r"\| 0\.5 \| 1\.00 \| 1\.00\.\.1\.00 \| 8 \|.*\| 0\.50 \| 2\.00 \|")
        self.assertIn("accepted by position at 0.5: 1.00 0.00\n", text)
        self.assertTrue(text.endswith("differing texts 0\n"))

    def test_what_leaves_something_out_is_compared_with_the_whole(self):
        file = self.workload({"name": "one", "text": "a"}, {"name": "two", "text": "bc"})
        for early, layers, ffns in (("sequence", 0.5, 0), ("ffn", 0, 0.25)):
            for sampling in json.loads(self.out("llm-bench", self.plan, file, "-n", 8, "-r", 3, "--json", FAKE_EARLY=early))["samplings"]:
                self.assertEqual((sampling["ratio"]["values"], sampling["differing_texts"]), ([2, 2, 2], 2 * (sampling["temperature"] == 0)))
                self.assertEqual((sampling["layers_saved"], sampling["ffns_saved"]), (layers, ffns))
                if sampling["temperature"] == 0:  # each letter but one follows another than the model says
                    self.assertEqual(sampling["agreement"], 0)
                    self.assertEqual(sampling["excess_kl"], 1.5)
        text = self.out("llm-bench", self.plan, file, "-n", 8, "-r", 1, FAKE_EARLY="sequence")
        self.assertIn("left out at 0.8: 0.500 of the layers, 0.000 of the feed-forward blocks\n", text)

    def test_an_answer_of_one_token_tells_no_ratio(self):
        one, two = {"name": "one", "text": "a"}, {"name": "two", "text": "bc"}
        result = json.loads(self.out("llm-bench", self.plan, self.workload(one, two), "-n", 8, "-r", 2, "--json", FAKE_EARLY="stop"))
        for sampling in result["samplings"]:
            self.assertEqual((sampling["prompts_counted"], sampling["prompts_left_out"], sampling["tokens"]), (1, 1, 8))
            self.assertEqual(sampling["ratio"]["values"], [1, 1])
            self.assertEqual(sampling["prompts"][0], {"name": "one", "left_out": "one token"})
        self.assertIn("every answer falls into a loop or is a single token",
                      self.error("llm-bench", self.plan, self.workload(one), "-n", 8, FAKE_EARLY="stop"))

    def test_a_report_of_drafts_wants_drafts(self):
        for early in ("sequence", "ffn", "stop"):
            error = self.error("llm-bench", self.plan, self.workload({"name": "one", "text": "a"}), "--spec-report", "-n", 8, FAKE_EARLY=early)
            self.assertIn("the plan drafts nothing, which --spec-report is about", error)

    def test_a_report_of_short_answers(self):
        """Nine rows are timed, for which a short answer has no room."""
        for tokens in (2, 5, 8, 9):
            report = json.loads(self.out("llm-bench", self.plan, self.workload({"name": "one", "text": "a"}), "--spec-report", "-n", tokens,
                                         "-r", 1, "--temperatures", 0, "--json", FAKE_DRAFTS="1"))
            self.assertEqual([len(length["forward_ns"]) for length in report["lengths"]], list(range(2, 10)))

    def test_a_file_of_a_long_name(self):
        folder = self.folder.joinpath("a" * 200, "b" * 200, "c" * 200)
        folder.mkdir(parents=True)
        file = folder / "w.jsonl"
        file.write_text('{"name": "one", "text": "a"}\n')
        for report, heading in (([], ": 1 prompts, 0 left out (plain greedy answers that loop, answers of one token), up to 8 tokens, 1 repetitions, 2 threads"),
                                (["--spec-report"], ", temperature 0.0, 2 threads")):
            lines = self.out("llm-bench", self.plan, f"--workload={file}", "-n", 8, "-r", 1, *report, FAKE_DRAFTS="1").splitlines()
            self.assertEqual(lines[0], f"{file}{heading}")
            self.assertTrue(lines[1].startswith("| "))

    def test_drafts_that_change_texts_fail(self):
        """But for a plan that is not exact; the figures come all the same."""
        file = self.workload({"name": "one", "text": "a"}, {"name": "two", "text": "b"})
        for report, texts in ([], 2), (["--spec-report"], 2 * 9):  # of 8 lengths and the policy
            arguments = ["llm-bench", self.plan, file, "-n", 8, "-r", 1, "--temperatures", 0, "--json", *report]
            out, error = self.run_tool(*arguments, code=1, FAKE_DRAFTS="wrong")
            self.assertIn(f"drafts changed {texts} texts", error)
            self.assertEqual(json.loads(out)["workload"], file.removeprefix("--workload="))
            self.out(*arguments, FAKE_DRAFTS="wrong", FAKE_EARLY="sequence")

    def test_errors(self):
        good = {"name": "one", "text": "a"}
        self.assertIn("drafts nothing and leaves nothing out", self.error("llm-bench", self.plan, self.workload(good), "-n", 8, "-r", 1))
        self.assertIn("--speculate= or --early-exit=", self.error("llm-bench", self.plan, self.workload(good), "-n", 8, "-r", 1))
        self.assertIn("w.jsonl:2: expected", self.error("llm-bench", self.plan, self.workload(good, {"name": "no text"})))
        bad = {"name": "b", "messages": [{"role": "user"}]}
        self.assertIn("w.jsonl:1: expected", self.error("llm-bench", self.plan, self.workload(bad)))
        deep = '{"name": "d", "messages": [{"role": "user", "content": "b", "more": ' + "[" * 300000 + "]" * 300000 + "}]}"
        self.assertIn("w.jsonl:1: more than 100 levels", self.error("llm-bench", self.plan, "--workload=" + self.path("w.jsonl", deep)))
        self.assertIn("no prompts", self.error("llm-bench", self.plan, self.workload()))
        for report in ([], ["--spec-report"]):
            for prompt, tokens, message in ((good, 5000, "one: a prompt and its answer need 5001 positions, the plan allows 4096"),
                                            ({"name": "none", "text": ""}, 8, "none: the prompt is empty")):
                self.assertIn("w.jsonl: prompt " + message,
                              self.error("llm-bench", self.plan, self.workload(prompt), "-n", tokens, *report, FAKE_DRAFTS="1"))
        self.assertIn("--workload", self.error("llm-bench", self.plan, self.workload(good), "-n", "1,2", code=2))
        self.assertIn("--temperatures", self.error("llm-bench", self.plan, "--temperatures", "x", code=2))


if __name__ == "__main__":
    unittest.main()
