#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the last line of ./dev test from Meson's logs: every case of a TAP program counts once, and a
program that died, hung or failed without naming a case counts as one that failed."""
import json
import pathlib
import sys
import xml.etree.ElementTree as ET

passed = skipped = 0
failures = []
for logs in map(pathlib.Path, sys.argv[1:]):
    for case in ET.parse(logs / "testlog.junit.xml").getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failures.append(f"{case.get('classname')} {case.get('name')}")
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    for line in (logs / "testlog.json").read_text().splitlines():
        test = json.loads(line)
        if test["result"] in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"):
            if not any(test["name"] in failure for failure in failures):
                failures.append(f"{test['name']} ({test['result']})")
for failure in failures:
    print("failed:", failure)
print(f"{passed} passed, {len(failures)} failed, {skipped} skipped")
sys.exit(1 if failures or not passed else 0)
