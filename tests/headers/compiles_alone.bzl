"""Compiles each public header by itself, with nothing but the target that it belongs to."""

load("@rules_cc//cc:defs.bzl", "cc_library", "cc_test")
load("//bazel:copts.bzl", "COROCKET_COPTS")

def _one_include_impl(ctx):
    source = ctx.actions.declare_file(ctx.label.name + ".cc")

    # Twice: a header without a guard redefines what it declares.
    ctx.actions.write(source, '#include "corocket/{0}"\n#include "corocket/{0}"  // NOLINT\n'.format(ctx.attr.header))
    return [DefaultInfo(files = depset([source]))]

_one_include = rule(implementation = _one_include_impl, attrs = {"header": attr.string(mandatory = True)})

def _list_impl(ctx):
    file = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(file, "".join([header + "\n" for header in ctx.attr.headers]))
    return [DefaultInfo(files = depset([file]), runfiles = ctx.runfiles(files = [file]))]

_list = rule(implementation = _list_impl, attrs = {"headers": attr.string_list(mandatory = True)})

def headers_compile_alone(name, main, headers):
    """Makes the test NAME_test, which is passed when it is built, and NAME: the list of headers for other tests to read.

    Args:
      name: of the list.
      main: source with an empty `main`.
      headers: header, as it stands behind corocket/ -> the target that it belongs to.
    """
    alone = []
    for header, target in headers.items():
        stem = header.removesuffix(".h").replace("/", "_")
        _one_include(
            name = stem + "_source",
            testonly = True,
            header = header,
        )
        cc_library(
            name = stem,
            testonly = True,
            srcs = [stem + "_source"],
            copts = COROCKET_COPTS,
            # Linked beside the test's own copy, so that what a header defines without `inline` is there twice.
            alwayslink = True,
            deps = [target],
        )
        _one_include(
            name = stem + "_again_source",
            testonly = True,
            header = header,
        )
        alone.append(stem)
    cc_test(
        name = name + "_test",
        size = "small",
        srcs = [main] + [stem + "_again_source" for stem in alone],
        copts = COROCKET_COPTS,
        deps = [":" + stem for stem in alone] + headers.values(),
    )
    _list(
        name = name,
        testonly = True,
        headers = headers.keys(),
        visibility = ["//tests:__subpackages__"],
    )
