"""Collects the sources of our own packages behind a set of targets, so that a test can read every file that is shipped."""

_Sources = provider("Sources of our packages.", fields = {"files": "depset of source files"})

def _is_ours(label):
    return label.workspace_name == "" and (label.package == "sdk" or label.package.startswith("sdk/"))

def _collect_impl(target, ctx):
    direct = []
    if _is_ours(target.label):
        for attribute in ["srcs", "hdrs", "textual_hdrs"]:
            direct += [f for f in getattr(ctx.rule.files, attribute, []) if f.is_source]
    below = [dep[_Sources].files for dep in getattr(ctx.rule.attr, "deps", []) if _Sources in dep]
    return [_Sources(files = depset(direct, transitive = below))]

_collect = aspect(implementation = _collect_impl, attr_aspects = ["deps"])

def _library_sources_impl(ctx):
    files = depset(transitive = [dep[_Sources].files for dep in ctx.attr.deps])
    manifest = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(manifest, "".join([path + "\n" for path in sorted([f.short_path for f in files.to_list()])]))
    return [DefaultInfo(
        files = depset([manifest]),
        runfiles = ctx.runfiles(files = [manifest], transitive_files = files),
    )]

library_sources = rule(
    doc = "A list (NAME.txt) of the sources under //sdk that `deps` are made of; the sources come with it as runfiles.",
    implementation = _library_sources_impl,
    attrs = {"deps": attr.label_list(aspects = [_collect], mandatory = True)},
)
