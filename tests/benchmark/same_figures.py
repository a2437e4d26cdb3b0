"""Runs studies twice, the second time on one core, and compares all their figures but those of time.

    same_figures.py UCI_BENCHMARK SURROGATE_BENCHMARK

With the least settings, and for the tabular sets on a table made here: what is compared is that nothing but the seed
decides. Exit code 1 names the first line that differs.
"""

import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TIMES = {"training", "an evaluation", "faster"}


def figures(text: str) -> list[str]:
    """Lines of a study, without the columns and words that tell times."""
    lines, kept = [], range(0)
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            lines.append(re.sub(r"[\d.]+ ms a run", "", line))
            continue
        if TIMES & set(cells):
            kept = [i for i, cell in enumerate(cells) if cell not in TIMES]
        lines.append(" | ".join(cells[i] for i in kept))
    return lines


def run(command: list[str], cores: set[int]) -> list[str]:
    """Figures of a study that may use some cores."""
    return figures(subprocess.run(command, check=True, capture_output=True, text=True,
                                  preexec_fn=lambda: os.sched_setaffinity(0, cores)).stdout)


def write_table(path: pathlib.Path) -> None:
    """A smooth outcome of three features in 120 rows, with what looks like noise."""
    rows = ["a,b,c,outcome"]
    for i in range(120):
        a, b, c = (math.modf((i + 1) * root)[0] for root in (0.8191725134, 0.6710436067, 0.5497004779))
        rows.append(f"{a},{b},{c},{math.sin(4 * a) + b * c + 0.1 * math.sin(1e3 * i)}")
    path.write_text("\n".join(rows) + "\n", encoding="ascii")


def main() -> int:
    """Compares; see the top."""
    uci, surrogate = sys.argv[1:]
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder:
        write_table(pathlib.Path(folder) / "yacht.csv")
        for command in ([uci, "--data", folder, "--set", "yacht", "--splits", "2", "--epochs", "5", "--members", "2"],
                        [surrogate, "--runs", "200", "--fresh", "200", "--epochs", "2"]):
            first, second = run(command, cores), run(command, {min(cores)})
            if len(first) < 3 or not any(re.search(r"\d", line) for line in first):
                print(f"{command[0]} tells no figures")
                return 1
            for one, two in zip(first, second, strict=True):
                if one != two:
                    print(f"{command[0]}:\n  {one}\n  {two}")
                    return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
