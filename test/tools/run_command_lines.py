# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llm-run on a double of the runtime."""
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


if __name__ == "__main__":
    unittest.main()
