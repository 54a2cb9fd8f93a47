"""Tests of count.py, on reports as GoogleTest and Bazel write them."""

import contextlib
import io
import json
import os
import pathlib
import tempfile
import unittest

import count

GTEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1" disabled="1" errors="0" name="AllTests">
  <testsuite name="A" tests="4" failures="1" disabled="1" skipped="1" errors="0">
    <testcase name="Good" status="run" result="completed" classname="A" />
    <testcase name="Skips" status="run" result="skipped" classname="A">
      <skipped message="a.cc:4&#x0A;no java"><![CDATA[a.cc:4
no java]]></skipped>
    </testcase>
    <testcase name="DISABLED_Off" status="notrun" result="suppressed" classname="A" />
    <testcase name="Bad" status="run" result="completed" classname="A">
      <failure message="a.cc:9" type=""><![CDATA[a.cc:9]]></failure>
    </testcase>
  </testsuite>
</testsuites>
"""

EMPTY = '<testsuites tests="0" name="AllTests"></testsuites>'

BAZEL = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="t/sh" tests="1" failures="0" errors="0">
    <testcase name="t/sh" status="run" duration="1" time="1"></testcase>
    <system-out>Generated test.log:
<![CDATA[starting
%s
]]></system-out>
  </testsuite>
</testsuites>
"""


class Count(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.notes = io.StringIO()
        self.enterContext(contextlib.redirect_stderr(self.notes))

    def result(self, report, status="PASSED", label="//t:t", shard=1):
        """The event of a test that left this report; None: it left none."""
        path = pathlib.Path(self._folder.name) / f"test report {shard}.xml"
        if report is not None:
            path.write_text(report)
        output = [{"name": "test.xml", "uri": path.as_uri()}] if report is not None else []
        return {"id": {"testResult": {"label": label}}, "testResult": {"status": status, "testActionOutput": output}}

    def test_each_case_counts_and_a_skipped_one_has_failed(self):
        self.assertEqual(count.count([self.result(GTEST, "FAILED")], 3), (1, 2))
        self.assertIn("SKIPPED //t:t A.Skips: no java", self.notes.getvalue())
        self.assertIn("FAILED //t:t A.Bad", self.notes.getvalue())
        self.assertIn("DISABLED //t:t A.DISABLED_Off", self.notes.getvalue())

    def test_a_program_that_says_skipped_has_failed(self):
        self.assertEqual(count.count([self.result(BAZEL % "SKIPPED: no mvn on the PATH")], 0), (0, 1))
        self.assertIn("SKIPPED: no mvn on the PATH", self.notes.getvalue())

    def test_a_program_without_cases_is_one_case(self):
        self.assertEqual(count.count([self.result(BAZEL % "done")], 0), (1, 0))

    def test_a_test_that_ended_badly_after_good_cases_has_failed(self):
        self.assertEqual(count.count([self.result(BAZEL % "done", "TIMEOUT")], 3), (1, 1))

    def test_a_test_without_a_report_has_failed(self):
        self.assertEqual(count.count([self.result(None)], 0), (0, 1))

    def test_a_test_that_ran_no_case_has_failed(self):
        self.assertEqual(count.count([self.result(EMPTY), self.result(BAZEL % "done", label="//t:u", shard=2)], 0), (1, 1))
        self.assertIn("FAILED //t:t: ran no case", self.notes.getvalue())

    def test_a_shard_may_have_no_case(self):
        self.assertEqual(count.count([self.result(EMPTY), self.result(BAZEL % "done", shard=2)], 0), (1, 0))

    def test_a_report_cut_off_has_failed(self):
        self.assertEqual(count.count([self.result(GTEST[:300])], 0), (0, 1))

    def test_what_did_not_build_has_failed_and_what_is_incompatible_does_not_count(self):
        events = [
            {"id": {"targetCompleted": {"label": "//a:broken"}}, "completed": {"failureDetail": {}}},
            {"id": {"targetConfigured": {"label": "//a:never"}}, "aborted": {"reason": "ANALYSIS_FAILURE"}},
            {"id": {"targetCompleted": {"label": "//a:never"}}, "aborted": {"reason": "ANALYSIS_FAILURE"}},
            {"id": {"targetConfigured": {"label": "//a:good"}}, "configured": {"targetKind": "cc_library rule"}},
            {"id": {"targetCompleted": {"label": "//a:fuzz"}}, "aborted": {"reason": "SKIPPED"}},
            {"id": {"targetCompleted": {"label": "//a:good"}}, "completed": {"success": True}},
        ]
        self.assertEqual(count.count(events, 1), (0, 2))
        self.assertIn("FAILED TO BUILD //a:broken", self.notes.getvalue())

    def test_a_call_that_failed_otherwise_is_one_failure(self):
        self.assertEqual(count.count([], 37), (0, 1))

    def test_events_end_where_the_file_was_cut_off(self):
        path = os.path.join(self._folder.name, "events.json")
        with open(path, "w") as file:
            file.write(json.dumps({"id": {"started": {}}}) + '\n{"id": {"testRes')
        self.assertEqual(count.read_events(path), [{"id": {"started": {}}}])
        self.assertEqual(count.read_events(path + ".none"), [])


if __name__ == "__main__":
    unittest.main()
