"""Source archives of the libraries in bazel/deps.bzl, taken from Debian.

Where Debian's archive is the upstream one byte for byte, Bazel finds it through --distdir and checks its sha256 again.
Where Debian repacked it, or no longer offers the pinned version, the library is unpacked here as deps.bzl would have
it (patches, BUILD file) and Bazel gets it through --override_repository.
"""

import dataclasses
import glob
import hashlib
import os
import shutil

from archive import Stop, newest_first, run

BAZEL_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclasses.dataclass(frozen=True)
class Pin:
    """A library in Debian: what counts is the sum of its archive, of whichever Debian revision."""

    package: str
    version: str  # For people.
    sha256: str = None  # None: the archive is the upstream one, whose sum is in deps.bzl.
    binary: bool = False  # Headers of a binary package, where the source archive is not on every mirror.


PINS = {
    "abseil-cpp": Pin("abseil", "20260526.0"),
    "asio": Pin("libasio-dev", "1.36.0-1", "e4434d60a3d6eb09b87d36831a9dbb8197dda1b1f3679d7080f17a9fdb8805ef", binary=True),
    "fmt": Pin("fmtlib", "11.1.1+ds1", "7d8550c9c5fdc4d03d50b55e0697176a19d3f34a3070580fb54e282da1aca555"),
    "google_benchmark": Pin("benchmark", "1.9.1"),
    "googletest": Pin("googletest", "1.12.1"),
    "nlohmann_json": Pin("nlohmann-json3", "3.11.2"),
    "spdlog": Pin("spdlog", "1.15.3+ds", "f41541b61f6b3a78afeb2b355596a75fdb267e8caa2dba3906459fbde5e081dc"),
}


@dataclasses.dataclass
class Placed:
    """What Bazel has to be told: the --distdir, and name -> folder of the overridden repositories."""

    distdir: str
    overrides: dict
    warnings: list


def declared():
    """Name -> arguments of every http_archive in deps.bzl, which is plain enough to run as Python."""
    found = {}

    def maybe(_, name, **arguments):
        found[name] = arguments

    path = os.path.join(BAZEL_FOLDER, "deps.bzl")
    scope = {"load": lambda *_: None, "maybe": maybe, "http_archive": None, "Label": str}
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), scope)
    scope["corocket_dependencies"]()
    return found


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def fetch(debian, pin, want, folder):
    """Path of the pinned archive and None or, where that cannot be had, of the newest one that can and a warning."""
    offered = debian.binary_versions(pin.package) if pin.binary else debian.source_versions(pin.package)
    versions = sorted(newest_first(offered), key=lambda version: offered[version][1] != want)
    why = f"Debian no longer has {pin.package} {pin.version}"
    failure = f"Debian offers no version of {pin.package}"
    for version in versions:
        name, pinned = offered[version][0], offered[version][1] == want
        try:
            if pin.binary:
                debian.fetch_binaries([f"{pin.package}={version}"], folder)
            else:
                debian.fetch_source(pin.package, version, folder)
        except Stop as stop:
            failure = stop
            if pinned:
                why = f"Debian lists {pin.package} {pin.version}, but it could not be fetched"
        else:
            return os.path.join(folder, name), None if pinned else f"{why}; took {version}, signed by the archive as well"
    raise Stop(failure)


def unpack(path, folder):
    os.makedirs(folder)
    if path.endswith(".deb"):
        run("dpkg-deb", "-x", path, folder + ".deb")
        shutil.move(folder + ".deb/usr/include", folder + "/include")
        shutil.rmtree(folder + ".deb")
    else:
        run("tar", "xf", path, "-C", folder, "--strip-components=1")


def make_repository(path, folder, arguments):
    """Does what http_archive does with an archive and its arguments."""
    unpack(path, folder)
    for command in arguments.get("patch_cmds", []):
        run("bash", "-c", command, cwd=folder)
    if "build_file" in arguments:
        for build_file in glob.glob(folder + "/**/BUILD*", recursive=True):
            os.remove(build_file)
        name = arguments["build_file"].removeprefix("//").replace(":", "/").removeprefix("bazel/")
        shutil.copy(os.path.join(BAZEL_FOLDER, name), folder + "/BUILD.bazel")
    open(os.path.join(folder, "WORKSPACE"), "a").close()


def provide(debian, download, folder):
    """Puts every library of PINS below `folder`."""
    placed = Placed(os.path.join(folder, "dist"), {}, [])
    os.makedirs(placed.distdir)
    rules = declared()
    for name, pin in PINS.items():
        upstream = rules[name]["sha256"]
        path, warning = fetch(debian, pin, pin.sha256 or upstream, download)
        if warning:
            placed.warnings.append(warning)
        if sha256(path) == upstream:
            shutil.copy(path, os.path.join(placed.distdir, os.path.basename(rules[name]["urls"][0])))
        else:
            placed.overrides[name] = os.path.join(folder, "repositories", name)
            make_repository(path, placed.overrides[name], rules[name])
    return placed
