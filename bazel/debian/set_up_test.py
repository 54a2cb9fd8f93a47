"""Tests of the parts of the set-up that decide; fetching and unpacking are proved by every first run of bazelw."""

import os
import tempfile
import unittest

import archive
import closure
import libraries


class FakeDebian:
    """Offers versions of one source package; some cannot be fetched."""

    def __init__(self, offered, missing=()):
        self._offered = offered
        self._missing = missing

    def source_versions(self, _):
        return self._offered

    def fetch_source(self, package, version, _):
        if version in self._missing:
            raise archive.Stop(f"404 {package} {version}")


class Fetch(unittest.TestCase):
    PIN = libraries.Pin("abseil", "2.0")

    def fetched(self, offered, missing=()):
        return libraries.fetch(FakeDebian(offered, missing), self.PIN, "wanted", "/d")

    def test_the_pinned_sum_comes_before_newer_versions(self):
        self.assertEqual(self.fetched({"9.0-1": ("a9", "x"), "2.0-3": ("a2", "wanted")}), ("/d/a2", "2.0-3"))

    def test_without_the_pinned_sum_the_newest_comes(self):
        offered = {"2.1-1": ("b", "x"), "2.10-1": ("c", "y"), "1:0.5-1": ("d", "z"), "2.9-1": ("e", "w")}
        self.assertEqual(self.fetched(offered), ("/d/d", "1:0.5-1"))

    def test_a_version_that_is_listed_and_not_there_gives_way_to_the_next(self):
        self.assertEqual(self.fetched({"3-1": ("c", "y"), "2.0-1": ("b", "wanted")}, missing=["2.0-1"]), ("/d/c", "3-1"))

    def test_the_last_failure_is_told_when_nothing_can_be_had(self):
        with self.assertRaisesRegex(archive.Stop, "404 abseil 2.0-1"):
            self.fetched({"2.0-1": ("b", "wanted")}, missing=["2.0-1"])
        with self.assertRaisesRegex(archive.Stop, "no version of abseil"):
            self.fetched({})


class Declared(unittest.TestCase):
    def test_every_pinned_library_is_declared_with_what_the_set_up_reads(self):
        rules = libraries.declared()
        for name in libraries.PINS:
            self.assertRegex(rules[name]["sha256"], "^[0-9a-f]{64}$", name)
            self.assertTrue(rules[name]["urls"][0].startswith("https://"), name)

    def test_every_declared_library_is_pinned_or_comes_with_debians_bazel(self):
        from bazel_runtime import PACKAGED_RULES
        self.assertEqual(set(libraries.declared()) - set(libraries.PINS) - set(PACKAGED_RULES), set())

    def test_archives_have_names_of_their_own_in_the_distdir(self):
        names = [os.path.basename(rule["urls"][0]) for rule in libraries.declared().values()]
        self.assertEqual(len(names), len(set(names)))


class MakeRepository(unittest.TestCase):
    def test_a_library_is_patched_and_gets_our_build_file_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(folder + "/asio-9/include/sub")
            for name, text in {"include/sub/BUILD": "x", "BUILD.bazel": "x", "include/a.hpp": "old"}.items():
                with open(f"{folder}/asio-9/{name}", "w") as file:
                    file.write(text)
            archive.run("tar", "cJf", folder + "/asio.orig.tar.xz", "-C", folder, "asio-9")
            rule = {"patch_cmds": ["sed -i s/old/new/ include/a.hpp"], "build_file": "//bazel/third_party:asio.BUILD"}
            libraries.make_repository(folder + "/asio.orig.tar.xz", folder + "/out", rule)
            with open(folder + "/out/include/a.hpp") as file:
                self.assertEqual(file.read(), "new")
            with open(folder + "/out/BUILD.bazel") as file:
                self.assertIn('name = "asio"', file.read())
            self.assertFalse(os.path.exists(folder + "/out/include/sub/BUILD"))
            self.assertTrue(os.path.exists(folder + "/out/WORKSPACE"))


class Closure(unittest.TestCase):
    def test_dependencies_are_followed_once_the_first_alternative_and_what_provides_a_virtual_one(self):
        packages = {
            "bazel": {"Version": "7", "Depends": "libb (>= 1), libx | liby, awk", "Pre-Depends": "libc6:any"},
            "libb": {"Version": "1", "Depends": "bazel"},
            "libx": {"Version": "2"},
            "liby": {"Version": "3"},
            "libc6": {"Version": "2.41"},
            "mawk": {"Version": "4", "Provides": "awk"},
        }
        chosen = closure.closure(packages, {"awk": ["mawk"]}, ["bazel"])
        self.assertEqual(sorted(chosen), ["bazel=7", "libb=1", "libc6=2.41", "libx=2", "mawk=4"])

    def test_an_alternative_that_is_there_already_or_skipped_is_enough(self):
        packages = {
            "bazel": {"Version": "7", "Depends": "libx, liby | libx, libz | python3, libmaven-core-java"},
            "libx": {"Version": "1"}, "liby": {"Version": "1"}, "libz": {"Version": "1"},
            "python3": {"Version": "3"}, "libmaven-core-java": {"Version": "3"},
        }
        self.assertEqual(closure.closure(packages, {}, ["libx", "bazel"]), ["libx=1", "bazel=7"])


if __name__ == "__main__":
    unittest.main()
