#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up JUnit reports: summary.py RESULTS STAGE...

Every stage must have left at least one report RESULTS/STAGE*.xml with at least
one test; a stage without counts as one failure, because tests that were not run
did not pass.  The last line is `N passed, M failed`; exit code 1 if M > 0.
"""
import glob
import os
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    # CTest marks a test that it could not start with status="fail" alone.
    if case.get("status") in ("fail", "notrun"):
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "disabled":
        return "skipped"
    return "passed"


def name(case):
    return ".".join(part for part in (case.get("classname"), case.get("name")) if part)


def read_stage(folder, stage):
    """Lists of names by outcome; a report that cannot be read is a failure."""
    cases = {"passed": [], "failed": [], "skipped": []}
    for path in sorted(glob.glob(os.path.join(folder, stage + "*.xml"))):
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError as error:
            cases["failed"].append(f"{path} cannot be read: {error}")
            continue
        for case in root.iter("testcase"):
            cases[outcome(case)].append(name(case))
    if not any(cases.values()):
        cases["failed"].append(f"stage {stage} reported no test")
    return cases


def print_figures(path):
    """What tests measured."""
    if os.path.exists(path):
        print()
        with open(path, encoding="utf-8") as file:
            print("".join(sorted(file)))


def main():
    folder, stages = sys.argv[1], sys.argv[2:]
    total = {"passed": 0, "failed": 0, "skipped": 0}
    print(f"\n{'stage':<10}{'passed':>8}{'failed':>8}{'skipped':>9}")
    lines = []
    for stage in stages:
        cases = read_stage(folder, stage)
        for key in total:
            total[key] += len(cases[key])
        print(f"{stage:<10}{len(cases['passed']):>8}{len(cases['failed']):>8}{len(cases['skipped']):>9}")
        lines += [f"FAILED  {stage}: {test}" for test in cases["failed"]]
        lines += [f"skipped {stage}: {test}" for test in cases["skipped"]]
    for line in lines:
        print(line)
    print_figures(os.path.join(folder, "figures.txt"))
    print(f"{total['passed']} passed, {total['failed']} failed")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
