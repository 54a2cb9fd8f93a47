"""Which Debian packages Bazel needs to run: the closure of its dependencies, less what only building it needs."""

import re

# Compilers, documentation, and jars of features that are not used here (git repositories, coverage, Android).
SKIPPED = set("""
    build-essential ca-certificates-java debconf default-jdk-headless default-jre-headless java-common libc-dev-bin
    libc6-dev libjacoco-java libjarjar-java libjgit-java libjpeg62-turbo libjs-jquery liblcms2-2 libnss3 libpcsclite1
    libproguard-java libprotoc32t64 libtomcat9-java linux-libc-dev node-core-js node-html5shiv
    protobuf-compiler-grpc-java-plugin python3 unzip util-linux velocity zlib1g-dev
""".split())
SKIPPED_FAMILIES = re.compile(r"(libmaven|libeclipse|libjetty|libplexus|libsisu|libwagon|libguice|openssl-provider)")


def skipped(name):
    return name in SKIPPED or SKIPPED_FAMILIES.match(name)


def alternatives(fields):
    """For each dependency of a package the names of which one has to be there."""
    for group in f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}".split(","):
        names = [re.split(r"[ (:]", choice.strip())[0] for choice in group.split("|") if choice.strip()]
        if names:
            yield names


def closure(packages, providers, roots):
    """`name=version` of the roots and all they depend on; of alternatives the first."""
    chosen, todo = [], list(roots)
    while todo:
        name = todo.pop(0)
        if name not in packages:
            name = sorted(providers.get(name, [""]))[0]
        if not name or name in chosen or skipped(name):
            continue
        chosen.append(name)
        for names in alternatives(packages[name]):
            if not any(choice in chosen or skipped(choice) for choice in names):
                todo.append(names[0])
    return [f"{name}={packages[name]['Version']}" for name in chosen]
