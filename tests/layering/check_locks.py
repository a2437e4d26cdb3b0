#!/usr/bin/env python3
"""Checks that clang's thread-safety analysis can see every lock.

check_locks.py ROOT members             what stands after a mutex says by which lock it is guarded
check_locks.py ROOT flags COMMANDS      every command of compile_commands.json makes its findings errors

Members of a class stand in this order: constants and what one thread alone touches, then each mutex with what it
guards. After a mutex, a member needs ABSL_GUARDED_BY unless it is of a kind that needs no lock.

Prints one line a violation and exits with 1 where there is any.
"""

import json
import os
import re
import sys

from check_layering import files, lines

MUTEX = re.compile(r"^(\s+)(?:mutable )?(?:base::)?Mutex (\w+);")
MEMBER = re.compile(r"^\s+[\w:].*?[\s>&*](\w+)(?: ABSL_\w+\([^)]*\))?(?: = [^;]*|\{[^;]*\})?;")
# Locks and their conditions; threads, which are joined by whoever made them; atomics; constants and references.
NEEDS_NO_LOCK = re.compile(r"^\s+(?:mutable )?(?:(?:base::)?(?:Mutex|CondVar)\b|std::(?:thread\b|vector<std::thread>|atomic\b)"
                           r"|const\b|[\w:<>]+&|static\b|using\b|friend\b)")
# Said beside the member or above it: who touches it, or when it is made and gone.
EXPLAINED = re.compile(r"///")
GUARDED = ("ABSL_GUARDED_BY(", "ABSL_PT_GUARDED_BY(")
OWN_MUTEX = "core/base/mutex.h"


def unguarded(path):
    """Each (line number, member) after a mutex of its class that says no lock."""
    indent = None
    before = ""
    for number, line in enumerate(lines(path), 1):
        mutex = MUTEX.match(line)
        if mutex:
            indent = mutex.group(1)
        elif indent is not None and re.match(r"\s*\}", line) and len(line) - len(line.lstrip()) < len(indent):
            indent = None
        elif indent is not None and re.match(rf"^{indent}\S", line) and MEMBER.match(line):
            said = EXPLAINED.search(line) or EXPLAINED.match(before.strip())
            if not NEEDS_NO_LOCK.match(line) and not any(word in line for word in GUARDED) and not said:
                yield number, MEMBER.match(line).group(1)
        before = line


def check_members(root):
    for folder in ("core", "server", "client"):
        for path in files(os.path.join(root, folder), (".h", ".cc")):
            shown = os.path.relpath(path, root)
            for number, member in unguarded(path):
                yield f"{shown}:{number}: {member} stands after a mutex and says no lock"
            for number, line in enumerate(lines(path), 1):
                if "std::mutex" in line and shown != OWN_MUTEX:
                    yield f"{shown}:{number}: std::mutex, which the analysis does not know; take base::Mutex"


def check_flags(root, commands):
    with open(commands, encoding="utf-8") as file:
        entries = json.load(file)
    ours = 0
    for entry in entries:
        shown = os.path.relpath(entry["file"], root)
        if "/gen/" in entry["command"].rpartition(" -c ")[2] or "parallax_proto" in entry["command"]:
            continue  # generated
        ours += 1
        for flag in ("-Wthread-safety", "-Werror"):
            if flag not in entry["command"].split():
                yield f"{shown}: compiled without {flag}"
    if ours == 0:
        yield f"{commands}: no command of ours"


def main(arguments):
    if len(arguments) == 2 and arguments[1] == "members":
        violations = list(check_members(arguments[0]))
    elif len(arguments) == 3 and arguments[1] == "flags":
        violations = list(check_flags(arguments[0], arguments[2]))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
