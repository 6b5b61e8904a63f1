# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What was measured, kept: one line of JSON a run, with the commit."""
import json
import platform
import subprocess
import time

from model import Result
from workshop import HERE


def commit():
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=False).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + ("+" if changed else "")


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.machine()


def record(results, probes, against=""):
    return {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit(), "against": against, "cpu": cpu_name(),
            "probes": probes,
            "rows": [{"name": result.row.name, "ours": result.ours, "peer": result.peer, "peer_name": result.peer_name,
                      "values": result.values, "missing": result.missing, "floor": result.row.floor, "aim": result.row.aim}
                     for result in results]}


def append(path, entry):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def read(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def latest(entries, rows):
    """The newest result of each row, in the order of `rows`; the newest probes; and the rows' names by commit."""
    found, probes, commits = {}, {}, {}
    for entry in entries:
        if entry["against"]:
            continue
        probes = entry["probes"] or probes
        for kept in entry["rows"]:
            if kept["values"] or kept["missing"]:
                found[kept["name"]] = kept
                commits[kept["name"]] = entry["commit"]
    results = [Result(row, *(found[row.name][key] for key in ("ours", "peer", "peer_name", "values", "missing")))
               for row in rows if row.name in found]
    by_commit = {}
    for result in results:
        by_commit.setdefault(commits[result.row.name], []).append(result.row.name)
    return results, probes, by_commit
