"""Rule for tests that start real Apache RocketMQ servers."""

load("@rules_cc//cc:defs.bzl", "cc_test")
load("//bazel:copts.bzl", "COROCKET_COPTS")

def real_server_test(name, **kwargs):
    """A cc_test with the servers' jars in its runfiles, alone on the machine while it runs.

    Alone, because four JVMs of one test keep two cores busy while they boot, and because what these tests look at
    (who answers, and when) suffers from neighbours.

    Never from a cache (`external`), because what the test finds on the machine (Java, `ip`, `tc`, the right to make
    networks) is no input that Bazel knows. A skip ends well: once cached it would stand after what was missing is
    there, in a disk cache even on another day.

    Args:
      name: name of the test.
      **kwargs: as for cc_test.
    """
    cc_test(
        name = name,
        size = kwargs.pop("size", "medium"),
        copts = COROCKET_COPTS,
        data = kwargs.pop("data", []) + [
            "@rocketmq_jars//:jars",
            "@rocketmq_jars//:java_path",
        ],
        tags = kwargs.pop("tags", []) + [
            "exclusive",
            "external",
            "integration",
        ],
        **kwargs
    )
