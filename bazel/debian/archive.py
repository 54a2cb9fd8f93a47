"""The Debian archive, read through apt with a state of its own: the system's lists, packages and hooks stay untouched."""

import functools
import os
import re
import subprocess

# bookworm and trixie keep what a pinned source package needs; sid has the newest, Bazel 7 among it.
SOURCE_SUITES = ("bookworm", "trixie", "sid")
BINARY_SUITE = "sid"
# bazelw looks for these before it installs anything.
DEBIAN_SUITES = ("bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Read after the system's own configuration, of which only proxies and the like shall count. The hooks have to go:
# those of container images empty the archive folder that another apt may be writing to.
CONFIG = """\
#clear APT::Update;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "{state}/lists/";
Dir::State::status "{state}/status";
Dir::State::extended_states "{state}/extended_states";
Dir::Cache "{state}/cache/";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Acquire::Languages "none";
Acquire::GzipIndexes "false";
Acquire::Retries "3";
APT::Sandbox::User "root";
APT::Default-Release "{suite}";
"""


class Stop(Exception):
    """The set-up cannot go on; the text is for the user."""


def run(*command, cwd=None):
    """Standard output of a command; Stop with the end of its error output if it fails."""
    environment = os.environ | {"LC_ALL": "C.UTF-8"}  # Some failures are told apart by their text.
    done = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        words = " ".join(command[:6]) + (" ..." if len(command) > 6 else "")
        raise Stop(f"'{words}' failed:\n" + "\n".join(done.stderr.strip().splitlines()[-6:]))
    return done.stdout


def mirrors():
    """Addresses of the Debian archives that this system's apt uses, without names written down here."""
    lines = run("apt-get", "indextargets", "--format", "$(RELEASE)|$(COMPONENT)|$(REPO_URI)").splitlines()
    found = [line.split("|", 2)[2] for line in lines if line.split("|")[0] in DEBIAN_SUITES and line.split("|")[1] == "main"]
    return list(dict.fromkeys(found))


def open_archive(state):
    """The first of this system's Debian archives that answers, its lists read."""
    failures = ["no Debian archive among this system's apt sources"]
    for mirror in mirrors():
        archive = Archive(state, mirror)
        try:
            archive.update()
            return archive
        except Stop as failure:
            failures.append(str(failure))
    raise Stop(failures[-1])


def newest_first(versions):
    def compare(a, b):
        return -1 if subprocess.run(["dpkg", "--compare-versions", a, "gt", b]).returncode == 0 else 1

    return sorted(set(versions), key=functools.cmp_to_key(compare))


class Archive:
    """Packages of one Debian archive, checked by apt against the archive's signature. `warnings`: what is odd about it."""

    def __init__(self, state, mirror):
        self.warnings = []
        self._config = os.path.join(state, "apt.conf")
        for folder in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(state, folder), exist_ok=True)
        open(os.path.join(state, "status"), "a").close()
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        with open(os.path.join(state, "sources.list"), "w") as file:
            file.write(f"deb {signed}{mirror} {BINARY_SUITE} main\n")
            file.writelines(f"deb-src {signed}{mirror} {suite} main\n" for suite in SOURCE_SUITES)
        with open(self._config, "w") as file:
            file.write(CONFIG.format(state=state, suite=BINARY_SUITE))

    def _apt(self, tool, *words, cwd=None):
        return run(tool, "-q", "-c", self._config, *words, cwd=cwd)

    def update(self):
        # Without the option a list that cannot be had is a warning and an exit code of 0.
        words = ["apt-get", "-o", "APT::Update::Error-Mode=any", "update"]
        try:
            self._apt(*words)
        except Stop as failure:
            expired = re.search(r"Release file for \S+ is expired \((.*?)\)", str(failure))
            if not expired:
                raise
            # A mirror that is no longer fed, or a snapshot: old, and signed all the same.
            self._apt(*words[:1], "-o", "Acquire::Check-Valid-Until=false", *words[1:])
            self.warnings.append(f"this system's Debian mirror is out of date ({expired[1]}); its packages are signed "
                                 "by Debian, but may lack mends of the last days")

    def packages(self):
        """Name -> control fields of every binary package, and virtual name -> names that provide it."""
        fields_of, providers = {}, {}
        for paragraph in self._apt("apt-cache", "dumpavail").split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", paragraph, re.M))
            if "Package" not in fields:
                continue
            fields_of[fields["Package"]] = fields
            for provided in fields.get("Provides", "").split(","):
                providers.setdefault(provided.strip().split(" ")[0], []).append(fields["Package"])
        return fields_of, providers

    def source_versions(self, package):
        """Version -> (file name, sha256) of the upstream archive, for every version on offer."""
        found = {}
        for paragraph in self._apt("apt-cache", "showsrc", "--only-source", package).split("\n\n"):
            version = re.search(r"^Version: (.*)$", paragraph, re.M)
            archive = re.search(r"^ ([0-9a-f]{64}) \d+ (\S+\.orig\.tar\.\w+)$", paragraph, re.M)
            if version and archive:
                found[version[1]] = (archive[2], archive[1])
        return found

    def binary_versions(self, package):
        """Version -> (file name as apt saves it, sha256), for every version on offer."""
        found = {}
        for paragraph in self._apt("apt-cache", "show", package).split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", paragraph, re.M))
            if "Version" in fields:
                version = fields["Version"]
                name = f"{package}_{version.replace(':', '%3a')}_{fields['Architecture']}.deb"
                found[version] = (name, fields["SHA256"])
        return found

    def fetch_source(self, package, version, folder):
        # Only the upstream archive: Debian's own part of some packages is not on every mirror.
        self._apt("apt-get", "source", "--tar-only", "--download-only", f"{package}={version}", cwd=folder)

    def fetch_binaries(self, names, folder):
        self._apt("apt-get", "download", *names, cwd=folder)
