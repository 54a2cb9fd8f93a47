"""Compiler options of this project's own packages; third-party code is compiled silently."""

# Warnings are for those who work on this project: in a workspace of somebody else's, whose compiler and flags we do not
# know, our code is third-party code.
_HERE = Label("//bazel:copts.bzl").repo_name == ""

_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
] + select({
    "@rules_cc//cc/compiler:clang": [
        "-Wthread-safety",
        # Of libstdc++ 12 itself, in std::stable_sort and the like. Our own uses are caught by g++.
        "-Wno-deprecated-declarations",
    ],
    # g++ 12 at -O2 sees Asio take the memory of a coroutine frame from aligned_alloc and give it back by the frame's own
    # operator delete, but not that the latter frees it in the same way.
    "//conditions:default": ["-Wno-mismatched-new-delete"],
})

COROCKET_COPTS = _WARNINGS if _HERE else ["-w"]
