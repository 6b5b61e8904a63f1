# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llm-run and llm-bench on a double of the runtime."""
import json
import os
import pathlib
import pty
import resource
import select
import signal
import struct
import subprocess
import time
import unittest

from tool_test import BIN, VOCABULARY, ToolTest, row


def read_npy(data):
    length = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10:10 + length])  # the format is a Python literal; the file is our own
    return header, struct.unpack(f"<{(len(data) - 10 - length) // 4}f", data[10 + length:])


class Run(ToolTest):
    def test_prompt_gives_the_text_alone(self):
        self.assertEqual(self.run_tool("llm-run", self.plan, "-p", "a", "-n", 3), ("bcd", ""))

    def test_generation_ends_with_the_model(self):
        self.assertEqual(self.out("llm-run", self.plan, "-p", "w"), "xyz")
        self.assertEqual(self.out("llm-run", self.plan, "-p", "w", "-n", 5, "--ignore-eos"), "xyz{|")

    def test_prompt_from_a_file_and_standard_input(self):
        self.assertEqual(self.out("llm-run", self.plan, "-n", 2, "-f", self.path("p", "a")), "bc")
        self.assertEqual(self.out("llm-run", self.plan, "-n2", stdin="b"), "cd")

    def test_ids_and_seed(self):
        self.assertEqual(self.out("llm-run", self.plan, "--ids", "65,66", "-n", 2), "CD")
        self.assertEqual(self.out("llm-run", self.plan, "-p", "a", "-n", 2, "--temperature", 1, "--seed", 2), "dg")

    def test_statistics_go_to_standard_error(self):
        out, error = self.run_tool("llm-run", self.plan, "-p", "ab", "-n", 3, "--stats")
        self.assertEqual(out, "cde")
        self.assertRegex(error, r"^\nprefill 2000\.0 tok/s  decode 1000\.0 tok/s  load \S+ ms  peak \d+ MiB\n$")

    def test_json_is_one_object(self):
        result = json.loads(self.out("llm-run", self.plan, "-p", "a", "-n", 2, "--json", "--seed", 9))
        self.assertEqual((result["text"], result["tokens"], result["stop"]), ("bc", [98, 99], "max_tokens"))
        self.assertEqual((result["prompt_tokens"], result["generated_tokens"], result["seed"]), (1, 2, 9))
        self.assertEqual(json.loads(self.out("llm-run", self.plan, "-p", "y", "--json"))["stop"], "end_of_text")

    def test_bos_is_put_before_a_prompt_and_eos_is_not(self):
        result = json.loads(self.out("llm-run", self.plan, "-p", "a", "-n", 1, "--json", FAKE_BOS="1"))
        self.assertEqual((result["prompt_tokens"], result["text"]), (2, "b"))

    def test_context(self):
        self.assertIn("prompt has 3 tokens, the context 2", self.error("llm-run", self.plan, "-p", "abc", "-c", 2))
        self.assertIn("4097 is more than the 4096", self.error("llm-run", self.plan, "-p", "a", "--context", 4097))
        self.assertIn("5000 tokens", self.error("llm-run", self.plan, "-n", 1, stdin="a" * 5000))
        out, error = self.run_tool("llm-run", self.plan, "-p", "ab", "-c", 4)
        self.assertEqual(out, "cde")
        self.assertIn("context is full", error)

    def test_sessions_are_saved_and_loaded(self):
        saved = self.path("s")
        self.out("llm-run", self.plan, "-p", "abc", "-n", 3, "--save-session", saved)
        with open(saved, "rb") as file:
            self.assertEqual(file.read(), struct.pack("<5i", *b"abcde"))  # the last token is in no state yet
        out = json.loads(self.out("llm-run", self.plan, "-p", "abcdx", "-n", 1, "--json", "--load-session", saved))
        self.assertEqual((out["reused_tokens"], out["prompt_tokens"], out["text"]), (4, 1, "y"))
        self.assertIn("x: the snapshot is damaged", self.error("llm-run", self.plan, "-p", "a", "--load-session", self.path("x", "abc")))
        self.assertIn("too long", self.error("llm-run", self.plan, "-p", "a", "-c", 4, "--load-session", saved))
        # A prompt that needs less room than the snapshot.
        self.assertEqual(self.out("llm-run", self.plan, "-p", "a", "-n", 1, "--load-session", saved), "b")
        self.assertIn("s: the snapshot is too long", self.error("llm-run", self.plan, "-p", "a", "-n", 1, "--load-session",
                                                                self.path("s", bytes(4 * 4097))))
        self.assertEqual(self.out("llm-run", self.plan, "-p", "a", "-n", 1, "--load-session", self.path("s", bytes(4 * 4096))), "b")
        self.assertIn("cannot create", self.error("llm-run", self.plan, "-p", "a", "-n", 1, "--save-session", self.path("none/s")))
        self.assertIn("none", self.error("llm-run", self.plan, "-p", "a", "--load-session", self.path("none")))
        self.assertIn("--save-session belongs to", self.error("llm-run", self.plan, "--selftest", "--save-session", saved, code=2))

    def test_what_drafts_taught_is_kept(self):
        store = self.path("d")
        for answers in (1, 2):  # the file need not be there
            self.out("llm-run", self.plan, "-p", "abc", "-n", 3, "--draft-store", store, FAKE_DRAFTS="1")
            with open(store, "rb") as file:
                self.assertEqual(file.read(), struct.pack("<I", answers))
        self.assertIn("x: the draft store is damaged",
                      self.error("llm-run", self.plan, "-p", "a", "--draft-store", self.path("x", "abc"), FAKE_DRAFTS="1"))
        self.assertIn("the plan drafts nothing", self.error("llm-run", self.plan, "-p", "a", "--draft-store", self.path("none")))
        self.assertFalse(os.path.exists(self.path("none")))
        self.assertIn("cannot create", self.error("llm-run", self.plan, "-p", "a", "--draft-store", self.path("none/d"), FAKE_DRAFTS="1"))
        for other in ("--no-speculate", "--selftest"):
            self.assertIn("--draft-store", self.error("llm-run", self.plan, "-p", "a", other, "--draft-store", store, code=2))

    def test_usage_errors(self):
        for arguments, message in [
                (["-p", "a"], "no PLAN"), ([self.plan, "--nope"], "'--nope'"), ([self.plan, "-n", "x"], "'x'"),
                ([self.plan, "-n", "0"], "at least 1"), ([self.plan, "-p", "a", "-f", "b"], "exclude each other"),
                ([self.plan, "--chat", "--selftest"], "--chat and --selftest exclude each other"),
                ([self.plan, "--chat", "--ids", "1"], "--ids"), ([self.plan, "-p", "a", "--top-p", "2"], "--top-p"),
                ([self.plan, "-p", "a", "--temperature", "-1"], "--temperature"),
                ([self.plan, "-p", "a", "--exit-threshold", "0"], "--exit-threshold wants more than 0 and at most 1"),
                ([self.plan, "-p", "a", "--depth", "0"], "--depth wants at least 1"), ([self.plan, "-p"], "wants a value"),
                ([self.plan, "--verify=md5"], "md5"), ([self.plan, "--ids", "1,,2"], "--ids"),
                ([self.plan, "-p", "a", "--temperatur", "1"], "is it '--temperature'?")]:
            self.assertIn(message, self.error("llm-run", *arguments, code=2))

    def test_errors(self):
        self.assertIn("prompt is empty", self.error("llm-run", self.plan, "-p", ""))
        self.assertIn("prompt is empty", self.error("llm-run", self.plan, "-p", "", FAKE_BOS="1"))
        self.assertIn("prompt is empty", self.error("llm-run", self.plan))
        self.assertIn("none.txt", self.error("llm-run", self.plan, "-f", self.path("none.txt")))
        self.assertIn("none.plan", self.error("llm-run", self.path("none.plan"), "-p", "a"))
        self.assertIn("is no plan", self.error("llm-run", self.path("x.plan", "text"), "-p", "a"))
        self.assertIn("id 260", self.error("llm-run", self.plan, "--ids", "260", "-n", 1))

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([BIN / "llm-run", self.plan, "-p", "a", "-n", "2"], stdout=full, stderr=subprocess.PIPE,
                                    env=self.environment({}), timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"No space left", result.stderr)

    def test_verify(self):
        self.assertIn("verified", self.out("llm-run", self.plan, "--verify"))
        self.assertIn("SHA-256", self.error("llm-run", self.plan, "--verify", FAKE_DAMAGED="1"))
        self.assertEqual(self.out("llm-run", self.plan, "--verify", "-p", "a", "-n", 1), "b")

    def test_selftest(self):
        out = self.out("llm-run", self.plan, "--selftest", "--cpu", "fake-v2")
        self.assertIn("ok      logits: 2 positions\nself-test on fake-v2: 2 passed, 0 failed\n", out)
        out, error = self.run_tool("llm-run", self.plan, "--selftest", code=1, FAKE_DAMAGED="1")
        self.assertIn("FAILED  logits", out)
        self.assertIn("1 passed, 1 failed", out)


class Logits(ToolTest):
    def test_rows_are_written(self):
        for chunk in (1, 2, 512):
            out = self.path(f"{chunk}.npy")
            self.assertEqual(self.run_tool("llm-run", self.plan, "--ids", "5,6,9", "--logits", out, "--chunk", chunk), ("", ""))
            header, values = read_npy(pathlib.Path(out).read_bytes())
            self.assertEqual(header, {"descr": "<f4", "fortran_order": False, "shape": (3, VOCABULARY)})
            self.assertEqual(list(values), row(5) + row(6) + row(9))

    def test_of_a_text(self):
        out = self.path("o.npy")
        self.run_tool("llm-run", self.plan, "-p", "ab", "--logits", out)
        self.assertEqual(list(read_npy(pathlib.Path(out).read_bytes())[1]), row(97) + row(98))

    def test_nothing_is_left_of_a_failure(self):
        self.error("llm-run", self.plan, "--ids", "1,2,300", "--logits", self.path("o.npy"))
        self.assertIn("no depths", self.error("llm-run", self.plan, "--ids", "1", "--depth", 50, "--logits", self.path("o.npy")))
        self.error("llm-run", self.plan, "--ids", "1", "--logits", self.path("none/o.npy"))
        self.assertEqual(os.listdir(self.folder), ["m.plan"])

    def test_a_file_that_may_not_grow(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

        result = subprocess.run([BIN / "llm-run", self.plan, "--ids", ",".join(["1"] * 100), "--logits", self.path("o.npy")],
                                capture_output=True, env=self.environment({}), timeout=60, preexec_fn=limit)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"o.npy': File too large", result.stderr)
        self.assertEqual(os.listdir(self.folder), ["m.plan"])

    def test_an_old_file_survives_a_failure(self):
        old = self.path("o.npy", "old")
        self.error("llm-run", self.plan, "--ids", "300", "--logits", old)
        self.assertEqual(pathlib.Path(old).read_text(), "old")


class Text(ToolTest):
    def test_tokenize_json_strings(self):
        file = self.path("t", '"ab"\n""\n"\\n<end>é"\n')
        self.assertEqual(self.out("llm-run", self.plan, "--tokenize", file), "[97,98]\n[]\n[10,259,195,169]\n")

    def test_tokenize_plain_lines(self):
        file = self.path("t", 'ab\n\n"a" b\nc')
        self.assertEqual(self.out("llm-run", self.plan, "--tokenize", file), "[97,98]\n[]\n[34,97,34,32,98]\n[99]\n")

    def test_detokenize(self):
        file = self.path("t", "[97,98]\n[]\n[10, 259, 195, 169]\n[195]\n")
        out = self.out("llm-run", self.plan, "--detokenize", file)
        self.assertEqual([json.loads(line) for line in out.splitlines()], ["ab", "", "\n<end>é", "\ufffd"])

    def test_detokenize_says_which_line(self):
        for line in ("{}", "[1.5]", "[-1]", '["a"]', "[1", "[9999999999]", "[[1]]"):
            _, error = self.run_tool("llm-run", self.plan, "--detokenize", self.path("t", f"[97]\n{line}\n"), code=1)
            self.assertIn("t:2: expected a JSON list", error)

    def test_detokenize_refuses_deep_lists(self):
        for levels, message in ((101, "expected a JSON list"), (102, "more than 100 levels"), (300000, "more than 100 levels")):
            file = self.path("t", f"[97]\n{'[' * levels}{']' * levels}\n")
            self.assertIn(f"t:2: {message}", self.run_tool("llm-run", self.plan, "--detokenize", file, code=1)[1])

    def test_render(self):
        file = self.path("m.json", '[{"role":"user","content":"hi"}]')
        self.assertEqual(self.out("llm-run", self.plan, "--render", file), "<user>hi<end>A")
        self.assertEqual(self.out("llm-run", self.plan, "--render", file, "--no-generation-prompt"), "<user>hi<end>")
        self.assertIn("messages", self.error("llm-run", self.plan, "--render", self.path("x", "[]")))


class Chat(ToolTest):
    def test_one_turn(self):
        self.assertEqual(self.out("llm-run", self.plan, "--chat", "-p", "hi", "-n", 2), "BC")

    def test_turns_from_standard_input_reuse_the_state(self):
        out = self.out("llm-run", self.plan, "--chat", "-n", 2, "--json", stdin="hi\nho\n", code=0)
        first, second = map(json.loads, out.splitlines())
        self.assertEqual((first["text"], second["text"]), ("BC", "BC"))
        self.assertEqual(first["reused_tokens"], 0)
        # <user>hi<end> is common; then comes A, or the message with the answer.
        self.assertEqual(second["reused_tokens"], 4)
        self.assertEqual(self.out("llm-run", self.plan, "--chat", "-n", 2, stdin="hi\nho"), "BC\nBC\n")

    def test_system_message_and_long_lines(self):
        result = json.loads(self.out("llm-run", self.plan, "--chat", "--system", "s", "-p", "hi", "-n", 1, "--json"))
        self.assertEqual(result["prompt_tokens"], 3 + 4 + 1)
        out = self.out("llm-run", self.plan, "--chat", "-n", 1, "--json", stdin="a\\\nb\n")
        self.assertEqual(len(out.splitlines()), 1)

    def test_on_a_terminal(self):
        master, slave = pty.openpty()
        process = subprocess.Popen([BIN / "llm-run", self.plan, "--chat", "-n", "2"], stdin=slave, stdout=slave, stderr=slave,
                                   env=self.environment({"TERM": "xterm"}), start_new_session=True)
        os.close(slave)
        self.addCleanup(process.kill)
        text = self.read_until(master, "> ")
        for said, expected in [("hi\n", "BC"), ("/help\n", "/clear"), ("/clear\n", "> "), ("ho\n", "BC")]:
            os.write(master, said.encode())
            text = self.read_until(master, expected)
        os.write(master, b"/exit\n")
        self.assertEqual(process.wait(20), 0, text)

    def read_until(self, master, expected):
        text, deadline = "", time.monotonic() + 20
        while expected not in text.replace("\x1b[0m", "") and time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                text += os.read(master, 4096).decode()
        self.assertIn(expected, text.replace("\x1b[0m", ""))
        return text


class Interrupt(ToolTest):
    def interrupt(self, which, *arguments, until):
        process = subprocess.Popen([BIN / "llm-run", self.plan, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment({"FAKE_SLOW_MS": "20"}))
        self.addCleanup(process.kill)
        until(process)
        process.send_signal(which)
        out, error = process.communicate(timeout=20)
        return process.returncode, out, error

    def test_ctrl_c_ends_the_text(self):
        code, out, error = self.interrupt(signal.SIGINT, "-p", "a", "-n", "4000", "--ignore-eos", "--stats",
                                          until=lambda process: process.stdout.read(3))
        self.assertEqual(code, 130, error)
        self.assertRegex(error, rb"prefill [1-9].* decode [1-9]")

    def test_a_signal_leaves_no_file(self):
        ids = ",".join(["1"] * 4000)

        def until(process):
            while not any("tmp" in name for name in os.listdir(self.folder)):
                time.sleep(0.01)

        for which in (signal.SIGINT, signal.SIGTERM):
            code, out, _ = self.interrupt(which, "--ids", ids, "--logits", self.path("o.npy"), until=until)
            self.assertEqual((code, out), (130, b""))
            self.assertEqual(os.listdir(self.folder), ["m.plan"])


class Profile(ToolTest):
    """The double's dispatch takes 1000 ns: two workers work 100 and 200 ns, meet at 250, then work 350 more."""

    def run_profile(self, *arguments, **env):
        out, error = self.run_tool("llm-run", self.plan, "-p", "abc", "-n", 3, "-t", 2, *arguments, **env)
        self.assertEqual(out, "def")
        return error

    def test_table(self):
        text = self.run_profile("--profile")
        self.assertIn("prompt of 3 tokens", text)
        tables = text.split("a token, mean of 2")
        self.assertEqual(len(tables), 2, text)
        rows = {line.rsplit(maxsplit=12)[0]: line.split()[-12:] for line in tables[1].splitlines() if len(line.split()) > 12}
        norm, rest = rows["layer: norm"], rows["layer: contract w + attention"]
        # calls, us, ..., wait us: the worker's mean
        self.assertEqual((norm[0], norm[1], norm[8]), ("1", "0.2", "0.1"))
        self.assertEqual((rest[0], rest[1], rest[8]), ("1", "0.8", "0.4"))
        self.assertEqual(rows["sum of the ops"][1], "1.0")
        self.assertRegex(tables[1], r"(?m)^7 +1\.0 100\.0 +0\.5 ")
        self.assertIn("barrier 50 ns", text)

    def test_a_plan_that_says_nothing(self):
        self.assertIn("layer: stage 1", self.run_profile("--profile", FAKE_OLD="1"))

    def test_trace(self):
        file = self.path("trace.json", "")
        self.run_profile("--profile=" + file)
        events = json.loads(pathlib.Path(file).read_text())["traceEvents"]
        names = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
        self.assertEqual(names, {0: "worker 0", 1: "worker 1", 2: "tokens"})
        spans = [e for e in events if e["ph"] == "X"]
        for worker in (0, 1):
            own = [e for e in spans if e["tid"] == worker]
            # Five dispatches; what ends one span begins the next one.
            self.assertAlmostEqual(sum(e["dur"] for e in own), 5 * 1.0, places=3)
            self.assertEqual(sum(e["name"] == "norm" for e in own), 5)
        self.assertEqual([e["name"] for e in spans if e["tid"] == 2], ["prompt", "token", "token"])
        self.assertEqual(spans[0]["args"]["bytes"], 64)

    def test_json(self):
        """What the tables say lies in the trace; a prediction is the roofline of what it stands beside."""
        file = self.path("trace.json", "")
        self.run_profile("--profile=" + file)
        other = json.loads(pathlib.Path(file).read_text())["otherData"]
        machine, token = other["machine"], other["token"]
        self.assertTrue(machine["measured"])
        self.assertEqual((machine["threads"], machine["barrier_ns"], machine["code_object"]), (2, 50, "fake-v1"))
        self.assertEqual(other["prompt"]["dispatches"], 3)
        self.assertEqual(token["dispatches"], 1)
        self.assertAlmostEqual(token["us"], 1)
        norm, rest = token["ops"]
        self.assertEqual((norm["op"], norm["weight_bytes"], norm["f32_ops"]), ("norm", 64, 16))
        self.assertEqual((rest["op"], rest["weight_bytes"], rest["state_bytes"], rest["int8_ops"], rest["f32_ops"]),
                         ("contract w + attention", 1000, 200, 5000, 40))

        def least(bytes, dots, flops):
            times = {"stream": bytes / machine["stream_gb_s"], "dot": dots / machine["dot_gop_s"],
                     "fma": flops / machine["fma_gflop_s"]}
            return max(times.values()) / 1e3

        self.assertAlmostEqual(norm["predicted_us"], least(64, 0, 16))
        self.assertAlmostEqual(rest["predicted_us"], least(1000, 5000, 0) + least(200, 0, 40))
        self.assertAlmostEqual(token["predicted_us"], norm["predicted_us"] + rest["predicted_us"])
        self.assertEqual([layer["layer"] for layer in token["layers"]], [7])
        self.assertAlmostEqual(token["layers"][0]["us"], 1)

    def test_errors(self):
        self.assertIn("--profile", self.error("llm-run", self.plan, "--selftest", "--profile", code=2))
        self.assertIn("/no/such", self.error("llm-run", self.plan, "-p", "abc", "-n", 2, "--profile=/no/such/trace"))


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
