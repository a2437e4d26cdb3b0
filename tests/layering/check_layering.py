#!/usr/bin/env python3
"""Checks the dependency rule of docs/architecture.md on the sources themselves.

check_layering.py ROOT target NAME   includes, links and namespaces of one target
check_layering.py ROOT tree          file sizes and words, over the whole tree

Prints one line a violation and exits with 1 where there is any.
"""

import os
import re
import sys

# What each core module may use of the others; everything may use base.
CORE = {
    "base": set(),
    "signal": set(),
    "attribution": set(),
    "surrogate": set(),
    "design": set(),
    "store": {"signal"},
    "divergence": {"signal"},
    "twin": {"signal"},
    "causal": {"attribution", "twin", "signal"},
    "calibration": {"attribution", "divergence", "twin", "signal"},
}
CORE["pipeline"] = set(CORE)

# Include prefixes that name the wire, the transport or the log: none of core's business.
OUTSIDE_CORE = ("grpc", "google/protobuf", "parallax/v1", "spdlog", "fmt/", "proto/")
# What the link line calls the same things.
OUTSIDE_CORE_LINKS = ("gRPC::", "protobuf::", "spdlog::", "fmt::", "parallax_proto",
                      "parallax_server", "parallax_client")

SOURCE = (".h", ".cc")
MAX_LINES = 400
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", "data", "golden", "corpus", ".cache"}
SKIPPED_FILES = {"LICENSE", "package-lock.json"}
TEXT = SOURCE + (".proto", ".py", ".sh", ".cmake", ".txt", ".md", ".toml", ".json", ".yaml", ".service")
# Marks of unfinished work, and of the machine a file was written on. Split, so that this file passes.
WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|place" r"holder)\b|/ho" r"me/\w|/ro" r"ot/|/wo" r"rk/")

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')
NAMESPACE = re.compile(r"^namespace ([\w:]+) \{")
COMMENT = re.compile(r"#[^\n]*")


def files(folder, endings):
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            if name.endswith(endings) and name not in SKIPPED_FILES:
                yield os.path.join(where, name)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def may_include(target, include):
    """Whether a file of `target` may include `include`; system headers of no layer always pass."""
    parts = include.split("/")
    if target in CORE:
        if include.startswith(OUTSIDE_CORE) or parts[0] in ("server", "client", "tests"):
            return False
        return parts[0] != "core" or parts[1] in CORE[target] | {target, "base"}
    if target == "server":
        return parts[0] not in ("client", "tests")
    if target == "client":
        return parts[0] not in ("server", "tests") and (parts[0] != "core" or parts[1] == "base")
    raise ValueError(f"target {target!r} is not one of {sorted(CORE) + ['client', 'server']}")


def may_open(target, namespace):
    """Its own, or that of a module it may use: to_json must stand beside the type it is found by."""
    parts = namespace.split("::")
    if target not in CORE or parts[0] != "parallax":
        return True
    return len(parts) > 1 and parts[1] in CORE[target] | {target, "base"}


def may_link(target, library):
    if target in CORE:
        if library.startswith(OUTSIDE_CORE_LINKS):
            return False
        name = library.removeprefix("parallax_")
        return name == library or name not in CORE or name in CORE[target] | {target, "base"}
    if target == "client":
        name = library.removeprefix("parallax_")
        return name == library or name == "base" or (name not in CORE and not name.startswith("server"))
    return not library.startswith("parallax_client")


def check_target(root, target):
    folder = os.path.join("core", target) if target in CORE else target
    top = os.path.join(root, folder)
    for path in files(top, SOURCE):
        shown = os.path.relpath(path, root)
        for number, line in enumerate(lines(path), 1):
            include = INCLUDE.match(line)
            if include and not may_include(target, include.group(1)):
                yield f"{shown}:{number}: {target} must not include {include.group(1)}"
            namespace = NAMESPACE.match(line)
            if namespace and not may_open(target, namespace.group(1)):
                yield f"{shown}:{number}: namespace {namespace.group(1)}, must be parallax::{target}"
    for path in files(top, ("CMakeLists.txt",)):
        text = COMMENT.sub("", "\n".join(lines(path)))
        for library in re.findall(r"[\w:+]+", text):
            if not may_link(target, library):
                yield f"{os.path.relpath(path, root)}: {target} must not link {library}"


def check_tree(root):
    for path in files(root, TEXT):
        shown = os.path.relpath(path, root)
        content = lines(path)
        if len(content) > MAX_LINES:
            yield f"{shown}: {len(content)} lines, must be <= {MAX_LINES}"
        for number, line in enumerate(content, 1):
            word = WORDS.search(line)
            if word:
                yield f"{shown}:{number}: \"{word.group(0)}\" must not stand in the tree"


def report(violations):
    """Prints each; what the program exits with."""
    count = 0
    for count, violation in enumerate(violations, 1):
        print(violation)
    return 1 if count else 0


def main(arguments):
    if len(arguments) == 3 and arguments[1] == "target":
        return report(check_target(arguments[0], arguments[2]))
    if len(arguments) == 2 and arguments[1] == "tree":
        return report(check_tree(arguments[0]))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
