#!/usr/bin/env python3
"""Runs clang-tidy on source files, all cores at once, and remembers what passed.

  tests/tidy.py --build DIR [--checks CHECKS] [--group N] FILE...

Nearly all of the time goes into headers of libraries. So up to N files are read as one translation unit
(tidy_groups.py), and findings are named by the file that they come from. What depends on a file being alone is
looked at file by file, which takes little more than compiling it: that it includes what it uses, and ALONE_CHECKS.

A group passes for good: contents of all files that it reads, its flags, the checks and clang-tidy's version make a
key, and a key that passed once is not looked at again, in this checkout or another (PARALLAX_TIDY_CACHE, by default
~/.cache/parallax/tidy). A finding counts where its location lies in the project: the static analyzer follows calls
into libraries and reports there what is not ours to mend.
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import tidy_groups  # noqa: E402

CLANG_TIDY = "clang-tidy-14"
PROJECT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = PROJECT / ".clang-tidy"
FINDING = re.compile(r"^(?P<file>/[^:]+):\d+:\d+: (?:fatal )?(?:error|warning): ")
COMPILE_ERROR = "[clang-diagnostic-error]"

# Files of one group would hide these findings from each other, or make up false ones.
ALONE_CHECKS = ("misc-unused-using-decls", "misc-unused-alias-decls", "bugprone-forward-declaration-namespace",
                "readability-duplicate-include")

# As it would be alone, a function that a caller in its group goes through is analyzed by itself as well, and a large
# function of a header may be gone into 32 times a file. A third of the default number of nodes a function takes half
# of the time and reaches the same blocks of our functions: the other nodes are further ways to the same places.
ANALYZER = ("-analyzer-inlining-mode=all",
            "-analyzer-config", "max-nodes=75000,max-times-inline-large=1000")


class Tidy:
    """Runs clang-tidy; what passed is remembered in `cache`, generated files stand in `folder`."""

    def __init__(self, cache, folder):
        self.cache, self.folder = cache, folder
        version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, check=True, text=True).stdout
        self.setting = version + CONFIG.read_text() + " ".join(ANALYZER)

    def passed(self, sources, checks):
        """File that is there if this passed before."""
        return self.cache / tidy_groups.digest_of([self.setting, checks, *(source.digest for source in sources)])

    def findings(self, sources, checks):
        """Findings in the project, each with the notes that follow it."""
        unit = tidy_groups.Unit(sources, self.folder)
        command = [CLANG_TIDY, f"--config-file={CONFIG}", "--quiet", "--checks=" + checks, unit.path, "--", *unit.flags]
        command += itertools.chain.from_iterable(("-Xclang", word) for word in ANALYZER)
        result = subprocess.run(command, cwd=unit.directory, capture_output=True, text=True)
        ours, keep = [], False
        for line in unit.translated(result.stdout).splitlines():
            match = FINDING.match(line)
            if match:
                keep = COMPILE_ERROR in line or pathlib.Path(match["file"]).is_relative_to(PROJECT)
                if keep:
                    ours.append(line)
            elif keep:
                ours[-1] += "\n" + line
        if result.returncode not in (0, 1):
            ours.append(f"{unit.path}: {CLANG_TIDY} ended with {result.returncode}\n{result.stderr}")
        return ours

    def check(self, sources, checks):
        """Findings of a group, or None if it is known to pass."""
        passed = self.passed(sources, checks)
        if passed.exists():
            return None
        found = []
        for group in tidy_groups.compiling_groups(sources, self.folder):
            part = self.passed(group, checks)
            if part.exists():
                continue
            own = self.findings(group, checks)
            found += own
            if not own:
                part.touch()
        if not found:
            passed.touch()
        return found


def tasks_of(sources, size, checks):
    """What to run, the longest first: (files, checks)."""
    groups = sorted(tidy_groups.groups_of(sources, size), key=len, reverse=True)
    shared = ",".join([checks, *("-" + check for check in ALONE_CHECKS)])
    for group in groups:
        yield group, checks if len(group) == 1 else shared
    for source in itertools.chain.from_iterable(group for group in groups if len(group) > 1):
        yield [source], "-*," + ",".join(ALONE_CHECKS)


def run(tidy, tasks):
    """Prints each finding once; returns how many tasks passed, were known to pass, and failed."""
    begin, told, passed, known, failed = time.monotonic(), set(), 0, 0, 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        jobs = {pool.submit(tidy.check, *task): task for task in tasks}
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            found, (group, _) = job.result(), jobs[job]
            known += found is None
            passed += found == []
            failed += bool(found)
            for finding in found or ():
                if finding not in told:
                    print(finding)
                told.add(finding)
            if found is not None and len(group) > 1:
                print(f"clang-tidy: {group[0].name} and {len(group) - 1} more {'failed' if found else 'passed'}, "
                      f"{done} of {len(tasks)} after {time.monotonic() - begin:.0f} s", flush=True)
    return passed, known, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path, help="folder with compile_commands.json")
    parser.add_argument("--checks", default="", help="added to those of .clang-tidy")
    parser.add_argument("--group", type=int, default=30, help="files a group at most (default: %(default)s)")
    parser.add_argument("files", nargs="*", metavar="FILE", help="relative to the project")
    options = parser.parse_args()
    cache = pathlib.Path(os.environ.get("PARALLAX_TIDY_CACHE", "~/.cache/parallax/tidy")).expanduser()
    folder = (options.build / "tidy").resolve()
    for needed in (cache, folder):
        needed.mkdir(parents=True, exist_ok=True)
    entries = {entry["file"]: entry for entry in json.loads((options.build / "compile_commands.json").read_text())}
    sources = [tidy_groups.Source(entries[str(PROJECT / file)], PROJECT) for file in options.files]
    tasks = list(tasks_of(sources, options.group, options.checks))
    passed, known, failed = run(Tidy(cache, folder), tasks)
    print(f"clang-tidy: {len(sources)} files in {len(tasks)} tasks: {passed} passed, {known} known to pass, "
          f"{failed} failed; {resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.0f} s of CPU")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
