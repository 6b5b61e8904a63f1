# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tests of the tools on a double of the runtime (FakeRuntime.h) share.

The double's model is a formula (logit() there and here), so each output is known.
Standard library only.  Environment: SINTER_BIN (the tools), SINTER_FAKE (the double).
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["SINTER_BIN"])
FAKE = os.environ["SINTER_FAKE"]
VOCABULARY, BOS = 260, 256


def logit(token, following):
    distance = (following - token - 1) % VOCABULARY
    return -0.5 * (distance % 32) + (distance == 0)


def row(token):
    return [logit(token, following) for following in range(VOCABULARY)]


class ToolTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.plan = self.path("m.plan", "FAKE")

    def path(self, name, text=None):
        path = self.folder / name
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def environment(self, extra):
        # A sanitizer's library must come first of all.
        preload = ":".join(filter(None, [os.environ.get("LD_PRELOAD"), FAKE]))
        return {**os.environ, "LD_PRELOAD": preload, **extra}

    def run_tool(self, name, *arguments, code=0, stdin="", **env):
        result = subprocess.run([BIN / name, *map(str, arguments)], input=stdin.encode(), capture_output=True,
                                env=self.environment(env), timeout=60)
        error = result.stderr.decode()
        self.assertEqual(result.returncode, code, error)
        if code in (1, 2):
            self.assertEqual(len([line for line in error.splitlines() if "error:" in line]), 1, error)
        self.assertNotIn(b"\x1b", result.stdout + result.stderr, "colours belong on a terminal")
        return result.stdout.decode(), error

    def out(self, name, *arguments, **options):
        return self.run_tool(name, *arguments, **options)[0]

    def error(self, name, *arguments, code=1, **options):
        out, error = self.run_tool(name, *arguments, code=code, **options)
        self.assertEqual(out, "")
        return error
