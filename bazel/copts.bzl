"""Compiler options of this project's own packages; third-party code is compiled silently."""

COROCKET_COPTS = [
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
    "//conditions:default": [],
})
