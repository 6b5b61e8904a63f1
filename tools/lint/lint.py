#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The rules of the house that a machine can check.

usage: lint.py all [--junit FILE]
       lint.py format [--fix | --check]
       lint.py CHECK

A check is a function in CHECKS; its docstring is the rule, and it yields one
message per violation.  Needs Python and clang-format-22 only.
"""
import os
import re
import subprocess
import sys
import xml.sax.saxutils as saxutils

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import filecheck  # noqa: E402
import layers  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CPP = (".cpp", ".h", ".c", ".cc", ".hpp")
CODE = CPP + (".td", ".py", ".sh", ".cmake")
MAX_LINES = 1000


def tree():
    """Files that git tracks or would track, relative to the root."""
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                         check=True, capture_output=True, text=True).stdout
    return [path for path in out.split("\n") if path and os.path.isfile(os.path.join(ROOT, path))]


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def carried(path):
    """Data and other people's texts, to which our style does not apply."""
    return path.startswith(("test/oracles/", "test/golden/", "test/fuzz/corpus/")) or "/Inputs/" in path


def check_format(files):
    """C and C++ are formatted by clang-format-22 (./dev format mends it)"""
    sources = [path for path in files if path.endswith(CPP) and not carried(path)]
    if not sources:
        return
    run = subprocess.run(["clang-format-22", "--dry-run", "-Werror", *sources], cwd=ROOT, capture_output=True, text=True)
    seen = re.findall(r"^(\S+?):\d+:\d+: error: ", run.stderr, re.M)
    yield from sorted(set(seen))
    if run.returncode and not seen:
        yield run.stderr.strip()


def check_size(files):
    """No source file is longer than 1000 lines"""
    for path in files:
        if path.endswith(CODE) and not carried(path):
            lines = text(path).count("\n")
            if lines > MAX_LINES:
                yield f"{path}: {lines} lines"


def check_license(files):
    """Every source file names its license in its first lines"""
    for path in files:
        if path.endswith(CPP + (".td", ".py", ".sh")) and not carried(path):
            if "Apache-2.0 WITH LLVM-exception" not in text(path)[:800]:
                yield f"{path}: no SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"


def check_includes(files):
    """Includes point one way (tools/lint/layers.py holds the arrows)"""
    for path in files:
        if path.endswith(CPP):
            yield from layers.violations(path, text(path))


def check_prefixes(files):
    """Each FileCheck prefix is named by a RUN line and used by a directive"""
    for path in files:
        if path.startswith(("test/dialects/", "test/lib/", "test/tools/")) and path.endswith((".mlir", ".test")):
            if not carried(path):
                yield from (f"{path}: {message}" for message in filecheck.problems(text(path)))


def check_words(files):
    """Nothing refers to a place outside the repository, and no work is left marked as undone"""
    # Spelled in pieces, so that this file passes.
    outside = ["/" + "work/", "../" + "shared", "/" + "root/", "/" + "home/"]
    undone = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    for path in files:
        if carried(path) or path == "LICENSE":
            continue
        for number, line in enumerate(text(path).split("\n"), 1):
            for word in outside:
                if word in line:
                    yield f"{path}:{number}: {word}"
            for word in undone:
                if re.search(rf"\b{word}\b", line):
                    yield f"{path}:{number}: {word}"


def check_names(files):
    """C++ files are CamelCase, tests and flags kebab-case"""
    for path in files:
        name = os.path.basename(path)
        if path.startswith(("dialects/", "lib/", "runtime/")) and name.endswith((".cpp", ".h")):
            if not re.fullmatch(r"[A-Z][A-Za-z0-9]*\.(cpp|h|inc)", name):
                yield f"{path}: not CamelCase"
        elif path.startswith(("test/dialects/", "test/lib/", "test/tools/")) and name.endswith((".mlir", ".test")):
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*", name):
                yield f"{path}: not kebab-case"


CHECKS = {name[6:]: function for name, function in list(globals().items()) if name.startswith("check_")}


def fix_format(files):
    sources = [path for path in files if path.endswith(CPP) and not carried(path)]
    return subprocess.run(["clang-format-22", "-i", *sources], cwd=ROOT).returncode if sources else 0


def junit(results, path):
    failed = sum(bool(messages) for messages in results.values())
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<testsuite name="lint" tests="{len(results)}" failures="{failed}">\n')
        for name, messages in results.items():
            body = f"<failure>{saxutils.escape(chr(10).join(messages))}</failure>" if messages else ""
            file.write(f'<testcase classname="lint" name="{name}">{body}</testcase>\n')
        file.write("</testsuite>\n")


def main():
    arguments = sys.argv[1:]
    what = arguments[0] if arguments else "all"
    files = tree()
    if what == "format" and "--check" not in arguments:
        return fix_format(files)
    if what != "all" and what not in CHECKS:
        print(f"lint.py: unknown check '{what}'; one of: all {' '.join(CHECKS)}", file=sys.stderr)
        return 2
    results = {}
    for name in CHECKS if what == "all" else [what]:
        results[name] = list(CHECKS[name](files))
        print(f"{'FAILED' if results[name] else 'ok':<7}{name}: {CHECKS[name].__doc__}")
        for message in results[name]:
            print("   " + message)
    if "--junit" in arguments:
        junit(results, arguments[arguments.index("--junit") + 1])
    return 1 if any(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
