"""Plants bugs in a small project and expects tidy.py to name the same ones in groups and file by file."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
FINDING = re.compile(r"^/\S*/(core/[^:]+):(\d+):\d+: error: .*\[([^],]+)", re.MULTILINE)

SHARED = """#pragma once
inline int Read(const int* place) { return *place; }
inline int* Nothing() { return 0; }
int Checked(const int* place);
"""

# Clean, but for what others make of it: a macro, an include and a constant that the next files have too.
FIRST = """#include "core/shared.h"
#include <utility>
#define PARALLAX_SCRATCH 1
namespace {
constexpr int kSize = PARALLAX_SCRATCH;
}  // namespace
int First() { return std::pair<int, int>(kSize, Checked(&kSize)).first; }
"""

# Only the static analyzer sees lines 5 and 7; a caller in another file of the group proves nothing about line 5.
SECOND = """#include "core/shared.h"
int g_missing = 0;
int Checked(const int* place) {
  if (place == nullptr) ++g_missing;
  return *place;
}
int Second() { return Read(nullptr); }
#ifdef PARALLAX_SCRATCH
void* g_leaked = 0;
#endif
void* g_plain = 0;
"""

THIRD = """#include <utility>
#include <utility>
namespace other {
struct Thing {};
}  // namespace other
using other::Thing;
namespace {
constexpr int kSize = 3;
}  // namespace
int Third() { return kSize; }
int ThirdOf(const int* place) {
  const bool missing = place == nullptr;
  return missing ? *place : 0;
}
"""

# Uses std::pair without an include of its own, and a name that the third file says but does not use.
FOURTH = """namespace other {
struct Thing {};
}  // namespace other
using other::Thing;
int Fourth(Thing /*thing*/) { return std::pair<int, int>(4, 4).first; }
"""

PLANTED = {
    ("core/shared.h", 2, "clang-analyzer-core.NullDereference"),
    ("core/shared.h", 3, "modernize-use-nullptr"),
    ("core/b.cc", 5, "clang-analyzer-core.NullDereference"),
    ("core/b.cc", 11, "modernize-use-nullptr"),
    ("core/c.cc", 2, "readability-duplicate-include"),
    ("core/c.cc", 6, "misc-unused-using-decls"),
    ("core/c.cc", 13, "clang-analyzer-core.NullDereference"),
    ("core/d.cc", 5, "clang-diagnostic-error"),
}


class PlantedProject(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.project = pathlib.Path(folder.name).resolve()
        for name in ("tests/tidy.py", "tests/tidy_groups.py", ".clang-tidy"):
            self.plant(name, (HERE.parent / name).read_text())
        self.plant("core/shared.h", SHARED)
        self.files = dict(zip(("core/a.cc", "core/b.cc", "core/c.cc", "core/d.cc"), (FIRST, SECOND, THIRD, FOURTH)))
        for name, text in self.files.items():
            self.plant(name, text)
        commands = [{"directory": str(self.project), "file": str(self.project / name),
                     "command": f"clang++-14 -I{self.project} -std=c++20 -o {name}.o -c {self.project / name}"}
                    for name in self.files]
        self.plant("build/compile_commands.json", json.dumps(commands))

    def plant(self, name, text):
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def tidy(self, *arguments, cache):
        result = subprocess.run([sys.executable, "tests/tidy.py", "--build", "build", *arguments, *self.files],
                                cwd=self.project, capture_output=True, text=True,
                                env={**os.environ, "PARALLAX_TIDY_CACHE": str(self.project / cache)})
        self.assertEqual(result.stderr, "")
        found = {(file, int(line), check) for file, line, check in FINDING.findall(result.stdout)}
        self.assertEqual(result.returncode, 1 if found else 0, result.stdout)
        return found, result.stdout

    def test_groups_and_single_files_give_the_planted_findings(self):
        self.assertEqual(self.tidy("--group=4", cache="grouped")[0], PLANTED)
        self.assertEqual(self.tidy("--group=1", cache="single")[0], PLANTED)

    def test_a_header_that_is_not_there_is_found(self):
        self.plant("core/c.cc", '#include "core/absent.h"\n')
        found = self.tidy("--checks=-clang-analyzer-*", cache="cache")[0]
        self.assertIn(("core/c.cc", 1, "clang-diagnostic-error"), found)
        self.assertIn(("core/b.cc", 11, "modernize-use-nullptr"), found)

    def test_what_passed_is_known_until_a_file_that_it_reads_changes(self):
        self.files = {name: self.files[name] for name in ("core/a.cc", "core/b.cc")}
        self.plant("core/b.cc", "int Checked(const int* /*place*/) { return 2; }\n")
        self.plant("core/shared.h", SHARED.replace("return 0", "return nullptr"))
        found, told = self.tidy(cache="cache")
        self.assertEqual(found, set(), told)
        self.assertIn("3 passed, 0 known to pass", told)
        self.assertIn("0 passed, 3 known to pass", self.tidy(cache="cache")[1])
        self.plant("core/shared.h", SHARED)
        found, told = self.tidy(cache="cache")
        self.assertEqual(found, {("core/shared.h", 3, "modernize-use-nullptr")})
        self.assertIn("1 passed, 1 known to pass, 1 failed", told)




if __name__ == "__main__":
    unittest.main()
