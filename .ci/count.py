"""Counts test cases from the build events of one Bazel call, and lists on stderr what did not pass.

usage: count.py EVENTS.json EXIT_CODE    prints "PASSED FAILED"

A case that was skipped has failed: a machine that cannot run it proves nothing. So has each target that did not build
and each test that ended without a report or ran no case; and a call that failed for any other reason is one failure.
"""

import collections
import json
import os
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

Counts = collections.namedtuple("Counts", "passed failed")
SKIPPED_LINE = re.compile(r"^SKIPPED:.*", re.M)


def note(text):
    print(f"ci: {text}", file=sys.stderr)


def read_events(path):
    """The events in the file; none if Bazel did not get as far as writing it, or not whole."""
    events = []
    if os.path.exists(path):
        with open(path) as file:
            for line in file:
                try:
                    events.append(json.loads(line))
                except json.JSONDecodeError:
                    break
    return events


def reason(element):
    lines = (element.get("message") or element.text or "").strip().splitlines()
    return lines[-1] if lines else "no reason given"


def count_cases(label, report):
    """Counts the cases in the text of a test.xml."""
    passed = failed = 0
    for suite in ElementTree.fromstring(report).iter("testsuite"):
        # Bazel makes the report for a program that has no cases of its own, and puts the output into it.
        output = SKIPPED_LINE.search(suite.findtext("system-out", ""))
        for case in suite.findall("testcase"):
            name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
            skipped = case.find("skipped")
            if case.get("status") == "notrun":
                note(f"DISABLED {label} {name}")
            elif case.find("failure") is not None or case.find("error") is not None:
                note(f"FAILED {label} {name}")
                failed += 1
            elif skipped is not None:
                note(f"SKIPPED {label} {name}: {reason(skipped)}")
                failed += 1
            elif output:
                note(f"{output[0]} ({label})")
                failed += 1
            else:
                passed += 1
    return Counts(passed, failed)


def count_result(event):
    """Counts one run of one test target."""
    label, result = event["id"]["testResult"]["label"], event["testResult"]
    files = {file["name"]: file.get("uri", "") for file in result.get("testActionOutput", [])}
    path = urllib.parse.unquote(urllib.parse.urlparse(files.get("test.xml", "")).path)
    try:
        with open(path) as file:
            counts = count_cases(label, file.read())
    except (OSError, ElementTree.ParseError) as error:
        note(f"FAILED {label}: no report of its cases ({error})")
        return Counts(0, 1)
    if result["status"] != "PASSED" and not counts.failed:
        note(f"FAILED {label}: {result['status']}")
        return Counts(counts.passed, 1)
    return counts


def did_not_build(event):
    """The label of the target that, by this event, failed in analysis or in building; None if none did."""
    target = event["id"].get("targetCompleted") or event["id"].get("targetConfigured")
    if not target:
        return None
    if "aborted" in event:
        incompatible = event["aborted"].get("reason") == "SKIPPED"  # With this configuration, and says so.
        return None if incompatible else target["label"]
    return None if event.get("completed", {"success": True}).get("success") else target["label"]


def count(events, exit_code):
    passed = failed = 0
    cases = collections.Counter()  # Of each target, over all its shards: one of them may have none.
    not_built = set()
    for event in events:
        if "testResult" in event:
            counts = count_result(event)
            passed, failed = passed + counts.passed, failed + counts.failed
            cases[event["id"]["testResult"]["label"]] += sum(counts)
        elif did_not_build(event):
            not_built.add(did_not_build(event))
    for label in sorted(not_built):
        note(f"FAILED TO BUILD {label}")
    without_case = sorted(label for label in cases if not cases[label])
    for label in without_case:
        note(f"FAILED {label}: ran no case")
    failed += len(not_built) + len(without_case)
    if exit_code and not failed:
        note("FAILED: no time was left" if exit_code == 124 else f"FAILED: Bazel ended with exit code {exit_code}")
        failed = 1
    return Counts(passed, failed)


if __name__ == "__main__":
    print(*count(read_events(sys.argv[1]), int(sys.argv[2])))
