"""Compiler options of this project's own packages; third-party code is compiled silently."""

COROCKET_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
] + select({
    "@bazel_tools//tools/cpp:clang": ["-Wthread-safety"],
    "//conditions:default": [],
})
