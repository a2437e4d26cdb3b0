#!/usr/bin/env python3
"""Runs clang-tidy on source files, all cores at once, and remembers what passed.

  tests/tidy.py --build DIR [--checks CHECKS] FILE...

A file passes for good: its preprocessed text, the checks and clang-tidy's version make a key, and a key that
passed once is not looked at again, in this checkout or another (PARALLAX_TIDY_CACHE, by default
~/.cache/parallax/tidy). A finding counts where its location lies in the project: the static analyzer follows calls
into libraries and reports there what is not ours to mend.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

CLANG_TIDY = "clang-tidy-14"
PROJECT = pathlib.Path(__file__).resolve().parent.parent
FINDING = re.compile(r"^(?P<file>/[^:]+):\d+:\d+: (?:error|warning): ")


def preprocessed(entry):
    """Text of a translation unit, comments (NOLINT) kept, free of where the checkout lies."""
    command = shlex.split(entry["command"])
    output = command.index("-o")
    del command[output:output + 2]
    command.remove("-c")
    result = subprocess.run(command + ["-E", "-P", "-C"], cwd=entry["directory"], capture_output=True, check=True)
    return result.stdout.replace(str(PROJECT).encode(), b"")


def key_of(entry, checks):
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, check=True).stdout
    digest = hashlib.sha256()
    for part in (version, (PROJECT / ".clang-tidy").read_bytes(), checks.encode(), preprocessed(entry)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def findings(entry, build, checks):
    """Lines of clang-tidy's output from the first finding in the project on, or nothing."""
    result = subprocess.run([CLANG_TIDY, "-p", build, "--quiet", "--checks=" + checks, entry["file"]],
                            capture_output=True, text=True)
    ours, keep = [], False
    for line in result.stdout.splitlines():
        match = FINDING.match(line)
        if match:
            keep = pathlib.Path(match["file"]).is_relative_to(PROJECT)
        if keep:
            ours.append(line)
    if result.returncode not in (0, 1):
        ours.append(f"{entry['file']}: {CLANG_TIDY} ended with {result.returncode}\n{result.stderr}")
    return ours


def check(entry, build, checks, cache):
    passed = cache / key_of(entry, checks)
    if passed.exists():
        return "known", []
    found = findings(entry, build, checks)
    if not found:
        passed.touch()
    return "failed" if found else "passed", found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="folder with compile_commands.json")
    parser.add_argument("--checks", default="", help="added to those of .clang-tidy")
    parser.add_argument("files", nargs="*", metavar="FILE", help="relative to the project")
    options = parser.parse_args()
    cache = pathlib.Path(os.environ.get("PARALLAX_TIDY_CACHE", "~/.cache/parallax/tidy")).expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    commands = {entry["file"]: entry
                for entry in json.loads((pathlib.Path(options.build) / "compile_commands.json").read_text())}
    entries = [commands[str(PROJECT / file)] for file in options.files]
    count = {"known": 0, "passed": 0, "failed": 0}
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        jobs = [pool.submit(check, entry, options.build, options.checks, cache) for entry in entries]
        for job in concurrent.futures.as_completed(jobs):
            state, found = job.result()
            count[state] += 1
            if found:
                print("\n".join(found), flush=True)
    print(f"clang-tidy: {count['passed']} files passed, {count['known']} known to pass, {count['failed']} failed")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
