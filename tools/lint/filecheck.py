# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds FileCheck directives that check nothing.

A directive whose prefix no RUN line names is a comment; a prefix without a
directive makes FileCheck fail or, with several prefixes, checks nothing.
"""
import re

# In a .test file, which is a script and nothing else, the comment mark is optional.
RUN = re.compile(r"^\s*(?://|#|;)?\s*RUN:(.*)$", re.M)
SUFFIX = r"(?:-(?:NEXT|SAME|NOT|DAG|LABEL|EMPTY|COUNT-\d+))?(?:\{LITERAL\})?"
DIRECTIVE = re.compile(rf"^\s*(?://|#|;)?\s*([A-Z][A-Z0-9_-]*?){SUFFIX}:(?!:)", re.M)
KEYWORDS = {"RUN", "REQUIRES", "UNSUPPORTED", "XFAIL", "ALLOW_RETRIES", "DEFINE", "REDEFINE", "END", "COM",
            "NOTE", "SPDX-License-Identifier"}


def run_lines(text):
    """RUN lines with continuations joined."""
    return re.sub(r"\\\s*\n", " ", "\n".join(RUN.findall(text)))


def named_prefixes(runs):
    prefixes = set()
    for command in re.split(r"\n|&&|\||;", runs):
        if not re.search(r"\bFileCheck\b", command):
            continue
        given = re.findall(r"--?check-prefix(?:es)?[= ]([\w,-]+)", command)
        prefixes.update(prefix for group in given for prefix in group.split(","))
        if not given:
            prefixes.add("CHECK")
    return prefixes


def problems(text):
    runs = run_lines(text)
    if not runs.strip():
        yield "no RUN line"
        return
    named = named_prefixes(runs)
    used = set(DIRECTIVE.findall(text)) - KEYWORDS
    for prefix in sorted(used - named):
        yield f"prefix {prefix} is named by no RUN line: its directives check nothing"
    for prefix in sorted(named - used):
        yield f"prefix {prefix} has no directive"
    if not named and "verify-diagnostics" not in runs and not re.search(r"\b(not|diff|cmp|grep|test|count)\b", runs):
        yield "neither FileCheck nor --verify-diagnostics nor a comparison: cannot fail but by a crash"
