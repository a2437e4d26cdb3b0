#!/usr/bin/env python3
"""Checks that no file's own name hides one that a header declares in the same namespace.

check_names.py ROOT

Files of a target are compiled several at once, and their anonymous namespaces are then one: a constant or a
function in one file's would be taken, by the functions of another file's, for the header's of that name, and no
compiler says so. (Two files that define one thing twice, every compiler refuses.)

Prints one line a violation and exits with 1 where there is any. Reads declarations at the beginning of a line, as
clang-format leaves those of a namespace, and of them the first line.
"""

import collections
import os
import re
import sys

from check_layering import files, lines, report

NAMESPACE = re.compile(r"^(?:inline )?namespace ?([\w:]*) ?\{")
NAMESPACE_END = re.compile(r"^\}  // namespace")
TEMPLATE = re.compile(r"^template <.*?>\s+(?=\w)")
ATTRIBUTE = re.compile(r"\[\[\w+\]\]\s*")
TYPE = re.compile(r"^(?:struct|class|enum class|enum|union|concept) (\w+)")
ALIAS = re.compile(r"^using (?:(\w+) =|[\w:]+::(\w+);)")
# The type, then what is declared: a function, or a variable with its value.
OBJECT = re.compile(r"^[\w:][\w:<>,&*\s()\[\]]*?[\s&*>](\w+)\s*[({=;\[]")
NO_DECLARATION = re.compile(
    r"^(?:public|private|protected|static_assert|TEST|INSTANTIATE|MATCHER|BENCHMARK|return|using (?:namespace|enum))\b")


def declared(line):
    """The name that a line at the level of a namespace declares, or None."""
    line = ATTRIBUTE.sub("", TEMPLATE.sub("", line))
    if NO_DECLARATION.match(line):
        return None
    for pattern in (TYPE, ALIAS, OBJECT):
        match = pattern.match(line)
        if match:
            return next(filter(None, match.groups()))
    return None


def declarations(path):
    """Each (namespace, whether within an anonymous one, name, line number) of a file."""
    within = []
    for number, line in enumerate(lines(path), 1):
        opened = NAMESPACE.match(line)
        if opened:
            within.append(opened.group(1))
        elif NAMESPACE_END.match(line):
            within.pop()
        elif line[:1].isalpha() or line.startswith("[["):
            name = declared(line)
            if name:
                yield "::".join(filter(None, within)), "" in within, name, number


def enclosing(namespace):
    """A namespace and those around it."""
    while namespace:
        yield namespace
        namespace = namespace.rpartition("::")[0]


def sources(root, folders, ending):
    return [path for folder in folders for path in files(os.path.join(root, folder), ending)]


def in_headers(root, folders):
    """The headers that declare each (namespace, name)."""
    where = collections.defaultdict(set)
    for path in sources(root, folders, ".h"):
        for namespace, _, name, _ in declarations(path):
            where[namespace, name].add(os.path.relpath(path, root))
    return where


def hidden(root, folders, headers):
    for path in sources(root, folders, ".cc"):
        own = [(space, name, line) for space, anonymous, name, line in declarations(path) if anonymous]
        for namespace, name, line in own:
            for header in sorted(set().union(*(headers.get((n, name), ()) for n in enclosing(namespace)))):
                yield f"{os.path.relpath(path, root)}:{line}: {name} hides that of {header}"


def check_names(root):
    product = ("core", "server", "client")
    yield from hidden(root, product, in_headers(root, product))
    yield from hidden(root, ("tests",), in_headers(root, product + ("tests",)))


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    return report(check_names(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
