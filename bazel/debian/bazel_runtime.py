"""Debian's Bazel, unpacked into a folder with the libraries, jars and Java it runs on.

Its programs need a newer C library than an older Debian has, so they get a dynamic linker and library path of their
own; compilers and tests go on with the system's.
"""

import glob
import os
import re

from archive import Stop, run
from closure import closure

TRIPLET = "x86_64-linux-gnu"
OWN_JAVA = "openjdk-21-jre-headless"
OLDEST_JAVA = 21
# perfmark is missing among the dependencies of Debian's package; without it the server answers no call.
ROOTS = ["bazel-bootstrap", "libperfmark-java", "patchelf"]
# Repositories that Debian packages beside Bazel: name -> (folder below Bazel's own, the version that was tried).
PACKAGED_RULES = {
    "bazel_skylib": ("tools/skylib", "1.9.1"),
    "rules_cc": ("rules/cc", "0.0.11"),
    "rules_python": ("rules/python", "0.0.0"),
}


def system_java():
    """Home of the oldest Java on this machine that is new enough, or None."""
    found = []
    for release in glob.glob("/usr/lib/jvm/*/release"):
        home = os.path.dirname(release)
        with open(release) as file:
            version = re.search(r'JAVA_VERSION="(\d+)', file.read())
        if version and int(version[1]) >= OLDEST_JAVA and os.access(home + "/bin/java", os.X_OK):
            found.append((int(version[1]), home))
    return min(found)[1] if found else None


class Runtime:
    """Steps from package names to a Bazel that runs: fetch, unpack, write_launcher, check."""

    def __init__(self, debian, folder):
        self._debian = debian
        self._folder = folder
        self._root = os.path.join(folder, "root")
        self._libraries = f"{self._root}/usr/lib/{TRIPLET}"
        self._base = self._root + "/usr/share/bazel"
        self._java = system_java()
        self._packages = debian.packages()
        self.version = self._packages[0].get("bazel-bootstrap", {}).get("Version", "none")
        if not re.match(r"[78]\.", self.version):
            raise Stop(f"Debian's bazel-bootstrap is version {self.version}; WORKSPACE needs Bazel 7 or 8")

    def fetch(self, download):
        """Paths of all packages that running Bazel takes, downloaded where that is still to do."""
        roots = ROOTS + ([] if self._java else [OWN_JAVA])
        folder = os.path.join(download, "packages")
        os.makedirs(folder, exist_ok=True)
        names = closure(*self._packages, roots)
        self._debian.fetch_binaries(names, folder)
        wanted = {name.replace("=", "_").replace(":", "%3a") for name in names}
        paths = []
        for path in sorted(glob.glob(folder + "/*.deb")):
            if os.path.basename(path).rsplit("_", 1)[0] in wanted:
                paths.append(path)
            else:
                os.remove(path)  # Of a version that has gone since.
        return paths

    def unpack(self, packages):
        for package in packages:
            run("dpkg-deb", "-x", package, self._root)
        if not self._java:
            self._java = glob.glob(self._root + "/usr/lib/jvm/java-21-openjdk-*")[0]
            self._keep_links_inside(self._java)
        os.symlink(self._java, self._folder + "/java")
        self._use_own_c_library()
        self._complete_class_path()

    def _keep_links_inside(self, folder):
        """Turns links to /etc and the like into links to the unpacked copy."""
        for parent, _, names in os.walk(folder):
            for link in (os.path.join(parent, name) for name in names):
                if os.path.islink(link) and os.path.exists(self._root + os.readlink(link)):
                    target = self._root + os.readlink(link)
                    os.remove(link)
                    os.symlink(target, link)

    def _use_own_c_library(self):
        path = self._libraries
        programs = [self._root + "/usr/bin/bazel"] + glob.glob(f"{self._root}/usr/libexec/{TRIPLET}/bazel/*")
        if self._java.startswith(self._root):
            path += f":{self._java}/lib"
            programs += [self._java + "/bin/java", self._java + "/lib/jspawnhelper"]
        linker = self._libraries + "/ld-linux-x86-64.so.2"
        patchelf = (linker, "--library-path", self._libraries, self._root + "/usr/bin/patchelf")
        for program in programs:
            # DT_RPATH (--force-rpath) holds for the libraries of a library as well.
            run(*patchelf, "--set-interpreter", linker, "--force-rpath", "--set-rpath", path, program)

    def _complete_class_path(self):
        """The client builds the server's class path from a list that holds absolute names."""
        path = self._base + "/bazel_classpath_debian_depends.txt"
        with open(path) as file:
            jars = [self._root + line.strip() for line in file if line.strip()]
        jars.append(self._root + "/usr/share/java/perfmark-api.jar")
        with open(path, "w") as file:
            file.writelines(jar + "\n" for jar in jars if os.path.exists(jar))

    def warnings(self):
        """What is not of the version that was tried; to be asked once the packages are unpacked."""
        found = []
        for name, (folder, tried) in PACKAGED_RULES.items():
            with open(f"{self._base}/{folder}/MODULE.bazel") as file:
                version = re.search(r'\bversion = "(.*?)"', file.read())[1]
            if version != tried:
                found.append(f"Debian's Bazel comes with {name} {version}; {tried} is what was tried")
        return found

    def write_launcher(self, placed):
        overrides = {name: f"{self._base}/{folder}" for name, (folder, _) in PACKAGED_RULES.items()} | placed.overrides
        with open(self._folder + "/bazelrc", "w") as file:
            # Without a way to the module registry, other workspaces (tests/consumer_workspace) do without it as well.
            file.write(f'common --noenable_bzlmod\ncommon "--distdir={placed.distdir}"\n')
            if self.version.startswith("8."):
                file.write("common --enable_workspace\n")
            file.writelines(f'common "--override_repository={name}={path}"\n' for name, path in sorted(overrides.items()))
        os.makedirs(self._folder + "/bin")
        launcher = self._folder + "/bin/bazel"
        with open(launcher, "w") as file:
            file.write(f'''#!/bin/sh
exec "{self._root}/usr/bin/bazel" --nosystem_rc --bazelrc="{self._folder}/bazelrc" \\
  --install_base="{self._base}" --trust_install_base --server_javabase="{self._folder}/java" "$@"
''')
        os.chmod(launcher, 0o755)

    def check(self):
        """Runs both halves, so that a package which lacks something shows here and not in a hanging build."""
        run(self._folder + "/bin/bazel", "--version")
        run(self._folder + "/java/bin/java", "-version")
