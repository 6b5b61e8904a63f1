# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Another build of sinter to compare with: a build folder, or a commit that is built in the cache."""
import dataclasses
import os
import pathlib
import subprocess
import sys

from model import Figure, FigureRegression, Kernel, Regression
from workshop import HERE, say

OLD = "old"
# A fall of less than 2 % is not told from noise.
FLOOR = 0.98


def rows_for(rows, thread_counts):
    """New over old for everything of ours that these rows measure, each once, at each thread count."""
    found = {}
    for row in rows:
        if isinstance(row, Kernel):
            continue  # a program of the tests, which the old build need not have
        if isinstance(row, Figure):
            found[row.measure] = FigureRegression(row.name, row.what, row.group, FLOOR, 1.0, None, (), None, measure=row.measure)
            continue
        asked = row.threads[0] if isinstance(row.threads, tuple) else row.threads
        for threads in [asked] if asked else thread_counts:
            what = " ".join([str(row.test), row.ours.checkpoint.upper(), *row.ours.options, row.ours.cpu]).strip()
            found.setdefault((row.ours, row.test, threads), Regression(
                f"{row.name.split('@')[0]}@{threads}", what, row.group, FLOOR, 1.0, row.ours,
                (dataclasses.replace(row.ours, build=OLD),), row.test, threads))
    return list(found.values())


def old_build(workshop, text):
    """The build folder that `text` names or, for a commit, makes."""
    if (pathlib.Path(text) / "bin" / "llm-bench").is_file():
        return pathlib.Path(text).resolve()
    result = subprocess.run(["git", "rev-parse", "--verify", "--quiet", text + "^{commit}"], cwd=HERE, capture_output=True, text=True,
                            check=False)
    if result.returncode:
        sys.exit(f"bench: --against {text} is neither a build folder with bin/llm-bench nor a commit")
    return build(workshop, result.stdout.strip())


def build(workshop, commit):
    """The commit's own ./dev builds it, where it stays; the compiler cache spares what both have."""
    folder, done = workshop.cache / "builds" / commit[:12], workshop.cache / "builds" / f"{commit[:12]}.done"
    if done.exists():
        return folder / "build"
    say(f"building {commit[:12]}, which takes minutes")
    folder.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(["git", "archive", commit], cwd=HERE.parent.parent, stdout=subprocess.PIPE) as archive:
        subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("SINTER_BUILD_DIR", "CCACHE_BASEDIR")}
    with open(workshop.cache / "against.log", "w", encoding="utf-8") as log:
        if subprocess.run([folder / "dev", "build", "llm-compile", "llm-run", "llm-bench"], env=environment,
                          stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode:
            sys.exit(f"bench: {commit[:12]} does not build, see {log.name}")
    done.touch()
    return folder / "build"
