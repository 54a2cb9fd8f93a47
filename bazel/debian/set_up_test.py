"""Tests of the parts of the set-up that decide; fetching and unpacking are proved by every first run of bazelw."""

import os
import shlex
import tempfile
import unittest
from unittest import mock

import archive
import bazel_runtime
import bootstrap
import closure
import libraries


class FakeDebian:
    """Offers versions of one source package, some of which cannot be fetched; `packages` are the binary ones."""

    def __init__(self, offered=None, missing=(), packages=None):
        self._offered = offered or {}
        self._missing = missing
        self._packages = packages or {}

    def packages(self):
        return self._packages, {}

    def source_versions(self, _):
        return self._offered

    def fetch_source(self, package, version, folder):
        if version in self._missing:
            raise archive.Stop(f"404 {package} {version}")
        if os.path.isdir(folder):
            write(os.path.join(folder, self._offered[version][0]), version)


def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def read(path):
    with open(path) as file:
        return file.read()


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="with blank ")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name


class OpenArchive(InFolder):
    def opened(self, answering, mirrors):
        def update(opened):
            if opened.mirror not in answering:
                raise archive.Stop(f"no answer from {opened.mirror}")

        class Archive(archive.Archive):
            def __init__(self, state, mirror):
                super().__init__(state, mirror)
                self.mirror = mirror

        with (mock.patch("archive.mirrors", lambda: mirrors), mock.patch("archive.Archive", Archive),
              mock.patch.object(Archive, "update", update)):
            return archive.open_archive(self.folder).mirror

    def test_the_first_mirror_that_answers_is_taken(self):
        self.assertEqual(self.opened(["b", "c"], ["a", "b", "c"]), "b")
        self.assertIn(" b sid main\n", read(self.folder + "/sources.list"))

    def test_the_last_failure_is_told_when_none_answers(self):
        with self.assertRaisesRegex(archive.Stop, "no answer from b"):
            self.opened([], ["a", "b"])
        with self.assertRaisesRegex(archive.Stop, "no Debian archive among"):
            self.opened([], [])


class Update(InFolder):
    def updated(self, *answers):
        """The archive after an update in which apt gave these answers, one after the other; its words are kept."""
        self.words = []
        left = list(answers)

        def run(*command, cwd=None):
            self.words.append(command)
            if answer := left.pop(0):
                raise archive.Stop(answer)

        debian = archive.Archive(self.folder, "mirror")
        with mock.patch("archive.run", run):
            debian.update()
        return debian

    def test_a_mirror_that_is_out_of_date_is_taken_with_a_warning(self):
        debian = self.updated("E: Release file for mirror/dists/sid/InRelease is expired (invalid since 2d 3h). ...", "")
        self.assertIn("Acquire::Check-Valid-Until=false", self.words[1])
        self.assertRegex(debian.warnings[0], "out of date .invalid since 2d 3h.")

    def test_a_mirror_that_is_well_is_asked_once_and_with_every_check(self):
        self.assertEqual(self.updated("").warnings, [])
        self.assertNotIn("Acquire::Check-Valid-Until=false", self.words[0])

    def test_any_other_failure_is_final(self):
        with self.assertRaisesRegex(archive.Stop, "no answer"):
            self.updated("E: no answer")
        with self.assertRaisesRegex(archive.Stop, "bad signature"):
            self.updated("E: Release file for x is expired (1d)", "E: bad signature")


class Fetch(unittest.TestCase):
    PIN = libraries.Pin("abseil", "2.0")

    def fetched(self, offered, missing=()):
        return libraries.fetch(FakeDebian(offered, missing), self.PIN, "wanted", "/d")

    def test_the_pinned_sum_comes_before_newer_versions(self):
        self.assertEqual(self.fetched({"9.0-1": ("a9", "x"), "2.0-3": ("a2", "wanted")}), ("/d/a2", None))

    def test_without_the_pinned_sum_the_newest_comes_with_a_warning(self):
        offered = {"2.1-1": ("b", "x"), "2.10-1": ("c", "y"), "1:0.5-1": ("d", "z"), "2.9-1": ("e", "w")}
        path, warning = self.fetched(offered)
        self.assertEqual(path, "/d/d")
        self.assertRegex(warning, "Debian no longer has abseil 2.0; took 1:0.5-1")

    def test_a_version_that_is_listed_and_not_there_gives_way_to_the_next_with_another_warning(self):
        path, warning = self.fetched({"3-1": ("c", "y"), "2.0-1": ("b", "wanted")}, missing=["2.0-1"])
        self.assertEqual(path, "/d/c")
        self.assertRegex(warning, "Debian lists abseil 2.0, but it could not be fetched; took 3-1")

    def test_another_revision_with_the_pinned_sum_is_as_good(self):
        offered = {"2.0-2": ("b", "wanted"), "2.0-1": ("b", "wanted"), "3-1": ("c", "y")}
        self.assertEqual(self.fetched(offered, missing=["2.0-2"]), ("/d/b", None))

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
        elsewhere = set(libraries.PINS) | set(bazel_runtime.PACKAGED_RULES)
        self.assertEqual(set(libraries.declared()) - elsewhere, set())

    def test_archives_have_names_of_their_own_in_the_distdir(self):
        names = [os.path.basename(rule["urls"][0]) for rule in libraries.declared().values()]
        self.assertEqual(len(names), len(set(names)))


class MakeRepository(InFolder):
    def test_a_library_is_patched_and_gets_our_build_file_alone(self):
        for name, text in {"include/sub/BUILD": "x", "BUILD.bazel": "x", "include/a.hpp": "old"}.items():
            write(f"{self.folder}/asio-9/{name}", text)
        archive.run("tar", "cJf", self.folder + "/asio.orig.tar.xz", "-C", self.folder, "asio-9")
        rule = {"patch_cmds": ["sed -i s/old/new/ include/a.hpp"], "build_file": "//bazel/third_party:asio.BUILD"}
        out = self.folder + "/out"
        libraries.make_repository(self.folder + "/asio.orig.tar.xz", out, rule)
        self.assertEqual(read(out + "/include/a.hpp"), "new")
        self.assertIn('name = "asio"', read(out + "/BUILD.bazel"))
        self.assertFalse(os.path.exists(out + "/include/sub/BUILD"))
        self.assertTrue(os.path.exists(out + "/WORKSPACE"))


class Provide(InFolder):
    def provided(self, pin, upstream, offered):
        rule = {"sha256": upstream, "urls": ["https://host/of/upstream.tar.gz"]}
        download = self.folder + "/download"
        os.mkdir(download)
        with (mock.patch("libraries.PINS", {"lib": pin}), mock.patch("libraries.declared", lambda: {"lib": rule}),
              mock.patch("libraries.sha256", lambda path: offered[read(path)][1]),
              mock.patch("libraries.make_repository", lambda path, folder, _: write(folder + "/from", path))):
            return libraries.provide(FakeDebian(offered), download, self.folder + "/own")

    def test_an_archive_that_is_the_upstream_one_is_left_to_bazel(self):
        placed = self.provided(libraries.Pin("lib", "2"), "sum", {"2-1": ("lib_2.orig.tar.gz", "sum")})
        self.assertEqual((placed.overrides, placed.warnings), ({}, []))
        self.assertEqual(read(placed.distdir + "/upstream.tar.gz"), "2-1")

    def test_an_archive_that_was_repacked_is_an_override(self):
        placed = self.provided(libraries.Pin("lib", "2", "repacked"), "sum", {"2-1": ("lib_2.orig.tar.gz", "repacked")})
        self.assertEqual((list(placed.overrides), placed.warnings), (["lib"], []))
        self.assertTrue(os.path.exists(placed.overrides["lib"] + "/from"))

    def test_an_archive_other_than_the_pinned_one_is_an_override_with_a_warning(self):
        placed = self.provided(libraries.Pin("lib", "2"), "sum", {"3-1": ("lib_3.orig.tar.gz", "new")})
        self.assertEqual(list(placed.overrides), ["lib"])
        self.assertRegex(placed.warnings[0], "no longer has lib 2; took 3-1")


class Runtime(InFolder):
    def runtime(self, **packages):
        versions = {name.replace("_", "-"): {"Version": version} for name, version in packages.items()}
        return bazel_runtime.Runtime(FakeDebian(packages=versions), self.folder)

    def packaged_rules(self, **other):
        for name, (folder, version) in bazel_runtime.PACKAGED_RULES.items():
            module = f'module(\n    name = "{name}",\n    version = "{other.get(name, version)}",\n)\n' \
                     'bazel_dep(name = "platforms", version = "0.1")\n'
            write(f"{self.folder}/root/usr/share/bazel/{folder}/MODULE.bazel", module)

    def test_an_archive_without_bazel_7_or_8_is_refused_with_what_it_has(self):
        for version in ("6.5.0+ds-1", "9.0.0-1"):
            with self.assertRaisesRegex(archive.Stop, f"is version {version[:3]}.*needs Bazel 7 or 8"):
                self.runtime(bazel_bootstrap=version)
        with self.assertRaisesRegex(archive.Stop, "is version none"):
            self.runtime()

    def test_rules_of_another_version_than_the_tried_one_are_told(self):
        runtime = self.runtime(bazel_bootstrap="7.7.1-1")
        self.packaged_rules()
        self.assertEqual(runtime.warnings(), [])
        self.packaged_rules(rules_cc="0.2.0")
        self.assertEqual(runtime.warnings(), ["Debian's Bazel comes with rules_cc 0.2.0; 0.0.11 is what was tried"])

    def test_the_launcher_reads_paths_with_blanks_as_one_word_each(self):
        placed = libraries.Placed(self.folder + "/dist", {"asio": self.folder + "/repositories/asio"}, [])
        self.runtime(bazel_bootstrap="8.1.0-1").write_launcher(placed)
        flags = [flag for line in read(self.folder + "/bazelrc").splitlines() for flag in shlex.split(line)[1:]]
        self.assertIn(f"--distdir={self.folder}/dist", flags)
        self.assertIn(f"--override_repository=asio={self.folder}/repositories/asio", flags)
        self.assertIn("--enable_workspace", flags)


class RemoveUnused(InFolder):
    def test_what_was_interrupted_or_not_used_for_long_goes_and_nothing_else(self):
        kept, used, old, interrupted = (f"{digit * 16}" for digit in "abcd")
        for name in (kept, used, old):
            write(f"{self.folder}/{name}/ready")
        for name in (kept, old):
            os.utime(f"{self.folder}/{name}/ready", (0, 0))
        write(f"{self.folder}/{interrupted}/root/usr/bin/bazel")
        write(f"{self.folder}/download/abseil.tar.gz")
        write(f"{self.folder}/lock")
        bootstrap.remove_unused(self.folder, kept)
        self.assertEqual(sorted(os.listdir(self.folder)), [kept, used, "download", "lock"])


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
