"""Tests of bazelw's choice of a Bazel, with stand-ins for every program that decides it."""

import os
import shutil
import subprocess
import tempfile
import unittest

import archive

BAZELW = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bazelw")
TOOLS = "bash cat cut dirname flock getent grep mkdir readlink realpath sed sha256sum sleep tail timeout touch".split()

# Stands for python3, and so for the set-up: `python3 -B bootstrap.py FOLDER`.
SET_UP = r"""
echo "set-up" >>"$LOG"
mkdir -p "$3/java/bin" "$3/bin"
printf '#!/bin/sh\necho "private: $*"\n' >"$3/bin/bazel"
cp "$3/bin/bazel" "$3/java/bin/java"
chmod +x "$3/bin/bazel" "$3/java/bin/java"
printf "$WARNING" >"$3/warnings"
touch "$3/ready"
"""

APT_GET = """
case $* in
  *indextargets*) echo ${SUITE:-bookworm} ;;
  *) echo "apt-get ${*##*Timeout=300 }" >>"$LOG" ;;
esac
"""


class Bazelw(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.bin = self.folder + "/bin"
        self.log = self.folder + "/log"
        os.mkdir(self.bin)
        for tool in TOOLS:
            os.symlink(shutil.which(tool), f"{self.bin}/{tool}")
        for name, body in {"python3": SET_UP, "apt-get": APT_GET, "dpkg": "echo amd64", "id": "echo 0"}.items():
            self.program(name, body)
        for name in ("g++", "git", "xz"):
            self.program(name)
        self.environment = {
            "PATH": self.bin, "HOME": self.folder, "LOG": self.log, "COROCKET_BAZEL_CACHE": self.folder + "/a cache"}

    def program(self, name, body=""):
        path = os.path.join(self.bin, name)
        if os.path.islink(path):
            os.remove(path)
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\nPATH={os.environ['PATH']}\n{body}\n")
        os.chmod(path, 0o755)

    def bazel(self, name, version):
        """A program that answers as a Bazel of this version; else it prints its name and arguments."""
        self.program(name, f'if [ "$1" = --version ]; then echo "bazel {version}"; else echo "{name}: $*"; fi')

    def refusing(self, name, text):
        self.program(name, f"echo 'ERROR: first'; echo '{text}' >&2; exit 1")

    def without(self, name):
        os.remove(os.path.join(self.bin, name))

    def bazelw(self, *arguments, **environment):
        return subprocess.run(
            [BAZELW, *arguments], env=self.environment | environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True)

    def runs(self, what, *arguments, **environment):
        done = self.bazelw(*arguments, **environment)
        self.assertEqual((done.returncode, done.stdout), (0, what + "\n"), done.stderr)
        return done.stderr

    def stops(self, *texts, **environment):
        done = self.bazelw("build", **environment)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)

    def logged(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as file:
            return file.read().splitlines()


class Installed(Bazelw):
    def test_bazelisk_comes_before_bazel(self):
        self.bazel("bazel", "7.1.0")
        self.runs("bazel: build //a:b --x=y z", "build", "//a:b", "--x=y z")
        self.bazel("bazelisk", "7.7.1")
        self.runs("bazelisk: build", "build")
        self.assertEqual(self.logged(), [])

    def test_bazel_8_is_told_to_read_the_workspace_file(self):
        self.bazel("bazel", "8.4.2")
        self.runs(f"bazel: --bazelrc={os.path.dirname(BAZELW)}/bazel8.bazelrc build", "build")

    def test_flags_of_the_call_are_handed_over(self):
        self.bazel("bazel", "7.7.1")
        self.runs("bazel: --bazelrc=/a b build", "build", COROCKET_BAZELRC="/a b")
        self.runs("private: --bazelrc=/a b build", "build", COROCKET_BAZELRC="/a b", COROCKET_BAZEL_FROM_DEBIAN="1")

    def test_others_are_passed_over_and_named(self):
        self.bazel("bazelisk", "9.0.0")
        self.bazel("bazel", "6.5.0")
        told = self.runs("private: build", "build")
        self.assertIn(f"no Bazel 7 here but {self.bin}/bazelisk (version 9.0.0), {self.bin}/bazel (version 6.5.0)", told)

    def test_a_link_to_bazelw_itself_is_none(self):
        os.symlink(BAZELW, self.bin + "/bazel")
        self.runs("private: build", "build")

    def test_one_that_cannot_say_its_version_is_named_with_its_last_words(self):
        self.refusing("bazelisk", "could not download Bazel: no network")
        self.assertIn("bazelisk (version unknown: could not download Bazel: no network)", self.runs("private: build", "build"))

    def test_bazels_own_package_runs_what_it_has_when_that_is_not_the_version_asked_for(self):
        self.refusing("bazel", "requires Bazel 7.7.1, but it was not found")
        self.bazel("bazel-real", "7.4.1")
        self.runs("bazel-real: build", "build")
        self.refusing("bazel-real", "broken")
        self.assertIn("bazel-real (version unknown: broken)", self.runs("private: build", "build"))

    def test_a_long_first_call_is_explained(self):
        self.program("sleep")
        os.mkfifo(self.folder + "/go")
        self.program("bazelisk", f'if [ "$1" = --version ]; then cat "{self.folder}/go"; else echo ran; fi')
        with subprocess.Popen([BAZELW, "build"], env=self.environment, stdout=-1, stderr=-1, text=True) as running:
            self.assertIn(f"waiting for {self.bin}/bazelisk", running.stderr.readline())
            with open(self.folder + "/go", "w") as file:
                file.write("bazel 7.7.1\n")
            self.assertEqual(running.communicate(), ("ran\n", ""))


class Named(Bazelw):
    def test_the_one_that_is_named_runs_though_others_are_installed(self):
        self.bazel("bazel", "7.7.1")
        self.bazel("my-bazel", "7.1.0")
        self.runs("my-bazel: build", "build", BAZEL=self.bin + "/my-bazel")
        self.runs("my-bazel: build", "build", BAZEL="./bin/my-bazel")

    def test_the_one_that_is_named_or_none(self):
        self.bazel("bazel", "7.7.1")
        self.bazel("old", "6.5.0")
        self.stops("BAZEL=old cannot be used: ", "/old (version 6.5.0)", BAZEL="old")
        self.stops("BAZEL=/none cannot be used: no such program", BAZEL="/none")


class FromDebian(Bazelw):
    def test_it_is_set_up_once(self):
        self.assertIn("putting one together from Debian packages", self.runs("private: build //a", "build", "//a"))
        self.assertEqual(self.runs("private: test", "test").strip(), "")
        self.assertEqual(self.logged().count("set-up"), 1)

    def test_installed_ones_are_passed_over_on_demand(self):
        self.bazel("bazel", "7.7.1")
        self.runs("private: build", "build", COROCKET_BAZEL_FROM_DEBIAN="1")

    def test_warnings_of_the_set_up_are_repeated(self):
        for _ in range(2):
            self.assertIn("took asio 2", self.runs("private: build", "build", WARNING="took asio 2\\n"))

    def test_a_finished_one_runs_where_nothing_can_be_written(self):
        self.runs("private: build", "build")
        self.program("touch", "echo 'touch: Read-only file system' >&2; exit 1")
        self.assertEqual(self.runs("private: build", "build").strip(), "")

    def test_a_folder_that_cannot_be_made_is_named_with_the_way_out(self):
        below_a_file = self.bin + "/git/cache"
        self.stops(f"cannot write to {below_a_file}", "COROCKET_BAZEL_CACHE=/folder", COROCKET_BAZEL_CACHE=below_a_file)

    def test_root_gets_what_is_missing_installed(self):
        self.without("g++")
        self.without("xz")
        self.runs("private: build", "build")
        self.assertEqual(self.logged()[0], "apt-get update")
        self.assertRegex(self.logged()[1], r"^apt-get install -y --no-install-recommends g\+\+ xz-utils")

    def test_a_compiler_that_is_missing_after_the_set_up_is_installed_too(self):
        self.runs("private: build", "build")
        self.without("g++")
        self.runs("private: build", "build")
        self.assertIn("apt-get install -y --no-install-recommends g++", self.logged())
        self.assertEqual(self.logged().count("set-up"), 1)

    def test_a_compiler_of_the_users_choice_will_do(self):
        self.without("g++")
        self.program("clang-19")
        self.program("id", "echo 1000")
        self.runs("private: build", "build", CC="clang-19")

    def test_others_than_root_are_told_what_to_install(self):
        self.without("g++")
        self.program("id", "echo 1000")
        self.stops("this machine lacks g++", "sudo apt-get install g++")
        self.assertEqual(self.logged(), [])

    def test_the_end_of_what_apt_says_is_shown(self):
        self.without("g++")
        self.program("apt-get", "case $* in *indextargets*) echo sid ;; *) echo 'E: no network' >&2; exit 100 ;; esac")
        self.stops("E: no network", "apt-get could not install g++")

    def test_nothing_is_installed_where_it_cannot_be_set_up(self):
        self.without("g++")
        self.bazel("bazel", "6.5.0")
        self.stops(f"no usable Bazel here: {self.bin}/bazel (version 6.5.0)", "Debian (amd64) only", "BAZEL=/path", SUITE="noble")
        self.program("dpkg", "echo arm64")
        self.stops("Debian (amd64) only")
        self.without("apt-get")
        self.stops("Debian (amd64) only")
        self.assertEqual(self.logged(), [])

    def test_every_suite_that_the_set_up_knows_is_debian(self):
        for suite in archive.DEBIAN_SUITES:
            self.runs("private: build", "build", SUITE=suite, COROCKET_BAZEL_CACHE=f"{self.folder}/{suite}")

    def test_the_home_folder_need_not_be_in_the_environment(self):
        del self.environment["HOME"], self.environment["COROCKET_BAZEL_CACHE"]
        self.program("getent", f"echo root:x:0:0:root:{self.folder}:/bin/bash")
        self.runs("private: build", "build")
        self.assertTrue(os.path.isdir(self.folder + "/.cache/corocket-bazel"))


if __name__ == "__main__":
    unittest.main()
