"""Tests of how a run ends, in a tree of its own with stand-ins for Bazel and for the tools."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent

# Notes how it is called. A call that matches the file `block` says so through the pipe `reached` and goes no further.
BAZELW = r"""
echo "${PWD#"$TREE"}: $*" >>"$TREE/calls"
if [[ -e $TREE/block && $* == $(cat "$TREE/block") ]]; then echo $$ >"$TREE/reached"; exec sleep 600; fi
case $1 in
  --version) echo "bazel 7.7.1" ;;
  info) cat "$TREE/server" ;;
  query) echo "//tests/bench:a" ;;
  test) cp "$TREE/events.json" "$(sed -n 's/^test "--build_event_json_file=\(.*\)"$/\1/p' "$COROCKET_BAZELRC")" ;;
  shutdown|clean) [ ! -e "$TREE/deaf" ] ;;
esac
"""

REPORT = '<testsuites><testsuite name="T"><testcase name="Good" classname="T" status="run"/></testsuite></testsuites>'
BLOCKING_COUNT = "import sys; open(sys.path[0] + '/../reached', 'w').close(); open(sys.path[0] + '/../go').close(); print('5 0')"


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="with blank ")
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name).resolve()
        for name in (".ci", "bazel/debian", "tests/consumer_workspace", "bin"):
            (self.tree / name).mkdir(parents=True)
        for name in ("run", "count.py"):
            shutil.copy(HERE / name, self.tree / ".ci" / name)
        for name in (".ci/a_test.py", "bazel/debian/b_test.py"):
            (self.tree / name).write_text("import unittest\nclass A(unittest.TestCase):\n  def test_a(self): pass\n")
        self.program("bazel/bazelw", BAZELW)
        for name in ("apt-get", "clang-19", "clang-format-19", "ip", "java", "mvn"):
            self.program("bin/" + name)
        self.program("bin/git", "printf 'a.cc\\0'")
        self.program("bin/getent", f'echo "root:x:0:0::{self.tree}:/bin/sh"')
        (self.tree / "test.xml").write_text(REPORT)
        event = {"id": {"testResult": {"label": "//t:t"}}, "testResult": {
            "status": "PASSED", "testActionOutput": [{"name": "test.xml", "uri": (self.tree / "test.xml").as_uri()}]}}
        (self.tree / "events.json").write_text(json.dumps(event) + "\n")
        (self.tree / "server").write_text("1\n")
        os.mkfifo(self.tree / "reached")
        os.mkfifo(self.tree / "go")
        self.environment = {"PATH": f"{self.tree}/bin:{os.environ['PATH']}", "HOME": str(self.tree), "TREE": str(self.tree)}

    def program(self, name, body=""):
        path = self.tree / name
        path.write_text(f"#!/usr/bin/env bash\n{body}\n")
        path.chmod(0o755)

    def start(self, **environment):
        return subprocess.Popen(
            ["bash", self.tree / ".ci/run"], env=self.environment | environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def ended(self, running, code):
        """The last line of a run that ends with this code; nothing of it is left in the tree or running."""
        output, _ = running.communicate()
        self.assertEqual(running.returncode, code, output)
        with self.assertRaises(ProcessLookupError):
            os.killpg(running.pid, 0)
        self.output = output
        return output.splitlines()[-1]

    def interrupted_in(self, block, **environment):
        (self.tree / "block").write_text(block)
        running = self.start(**environment)
        blocked = (self.tree / "reached").read_text().strip()
        (self.tree / "block").unlink()
        running.send_signal(signal.SIGTERM)
        last = self.ended(running, 1)
        self.assertFalse(os.path.exists(f"/proc/{blocked}"))
        return last

    def calls(self):
        return (self.tree / "calls").read_text().splitlines()

    def process(self, name):
        """A process that is called so and does nothing."""
        process = subprocess.Popen(["bash", "-c", 'exec -a "$0" sleep 600', name])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_a_run_to_its_end_counts_all_steps_and_changes_no_file(self):
        (self.tree / ".bazelrc.local").write_text("mine\n")
        self.assertRegex(self.ended(self.start(), 0), r"^\d+ passed, 0 failed$")
        self.assertEqual((self.tree / ".bazelrc.local").read_text(), "mine\n")
        self.assertFalse((self.tree / "tests/consumer_workspace/.bazelrc.local").exists())
        self.assertIn(": test //...", self.calls(), "the README's command")
        self.assertEqual({call for call in self.calls() if "shutdown" in call},
                         {"/tests/consumer_workspace: shutdown", ": shutdown"})

    def test_in_a_clone_made_for_it_the_output_goes_too(self):
        self.ended(self.start(CI="true"), 0)
        self.assertIn(": clean --expunge", self.calls())

    def test_a_run_interrupted_in_bazel_has_failed_and_stops_the_server(self):
        self.assertRegex(self.interrupted_in("test //..."), ", 1 failed$")
        self.assertRegex(self.output, r"\binterrupted +0 passed, 1 failed")
        self.assertEqual(self.calls()[-2:], [": test //...", ": shutdown"])

    def test_a_run_interrupted_while_it_counts_has_failed(self):
        (self.tree / ".ci/count.py").write_text(BLOCKING_COUNT)
        running = self.start()
        (self.tree / "reached").read_text()
        running.send_signal(signal.SIGTERM)
        (self.tree / "go").write_text("")
        self.assertRegex(self.ended(running, 1), ", 1 failed$")

    def test_a_run_interrupted_while_bazel_is_set_up_does_not_begin_that_again(self):
        self.assertRegex(self.interrupted_in("--version"), ", 1 failed$")
        self.assertEqual(self.calls(), [": --version"])

    def test_a_script_that_ends_early_has_failed(self):
        text = (self.tree / ".ci/run").read_text().replace('check "formatting"', 'check "$no_such_variable"')
        (self.tree / ".ci/run").write_text(text)
        self.assertRegex(self.ended(self.start(), 1), ", 1 failed$")

    def test_a_server_that_does_not_stop_is_killed_and_another_process_of_its_number_is_not(self):
        (self.tree / "deaf").touch()
        server, stranger = self.process("java -jar A-server.jar"), self.process("editor")
        (self.tree / "server").write_text(f"{server.pid}\n")
        self.interrupted_in("test //...")
        self.assertEqual(server.wait(), -signal.SIGKILL)
        (self.tree / "server").write_text(f"{stranger.pid}\n")
        self.interrupted_in("test //...")
        self.assertIsNone(stranger.poll())

    def test_without_time_left_every_step_has_failed(self):
        self.assertRegex(self.ended(self.start(COROCKET_CI_MINUTES="0"), 1), r"^0 passed, [1-9]\d* failed$")
        self.assertIn("the 0 minutes of a run are over", self.output)

    def test_a_step_that_fails_does_not_keep_the_others_from_running(self):
        self.program("bin/clang-format-19", "exit 1")
        self.assertRegex(self.ended(self.start(), 1), ", 1 failed$")
        self.assertIn(": test //...", self.calls())

    def test_the_home_folder_need_not_be_in_the_environment(self):
        del self.environment["HOME"]
        self.ended(self.start(), 0)
        self.assertTrue((self.tree / ".cache/corocket-ci/disk").is_dir())


if __name__ == "__main__":
    unittest.main()
