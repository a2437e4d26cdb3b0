#!/usr/bin/python3
"""Builds the Python client's package in a scratch folder and runs its tests against the real daemon.

run_tests.py BIN_FOLDER [TEST...]    BIN_FOLDER has parallaxd and parallax; TEST as stream_test.KillTest
"""

import os
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
CLIENT = HERE.parent.parent.parent / "client" / "python"


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(CLIENT)]
    from build_package import build_package
    with tempfile.TemporaryDirectory(prefix="parallax-python-") as package:
        build_package(package)
        sys.path[:1] = [package, str(HERE)]
        os.environ.update(PARALLAX_BIN=os.path.abspath(arguments[0]), PYTHONPATH=package,
                          PYTHONDONTWRITEBYTECODE="1")
        loader = unittest.defaultTestLoader
        tests = (loader.loadTestsFromNames(arguments[1:]) if arguments[1:]
                 else loader.discover(str(HERE), pattern="*_test.py"))
        result = unittest.TextTestRunner(verbosity=2).run(tests)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
