#!/usr/bin/python3
"""Puts a complete `parallax` package into a folder: this client and the stubs of the protocol.

build_package.py OUT [--protoc /usr/bin/protoc] [--plugin /usr/bin/grpc_python_plugin]

Writes OUT/parallax; a script that has OUT on its PYTHONPATH can `import parallax`. Stubs are made
from proto/parallax/v1 every time and are never committed.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"


def build_package(out, protoc="/usr/bin/protoc", plugin="/usr/bin/grpc_python_plugin"):
    """Writes the package to `out`/parallax and returns `out` as a path.

    Errors: FileExistsError where something else is there, FileNotFoundError where `protoc` is missing,
    CalledProcessError where it refuses.
    """
    out = pathlib.Path(out)
    target = out / "parallax"
    if target.exists():
        # Only what this made has stubs: never the sources, nor a folder of somebody else's.
        if not (target / "v1" / "__init__.py").exists():
            raise FileExistsError(f"{target} is not a package of {pathlib.Path(__file__).name}")
        # A module that was renamed or removed must not live on in the copy.
        shutil.rmtree(target)
    shutil.copytree(HERE / "parallax", target, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "v1").mkdir()
    (target / "v1" / "__init__.py").write_text('"""Generated from proto/parallax/v1."""\n')
    protos = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "parallax/v1").glob("*.proto"))
    subprocess.run(
        [protoc, f"--proto_path={PROTO}", f"--python_out={out}", f"--grpc_out={out}",
         f"--plugin=protoc-gen-grpc={plugin}", *protos],
        check=True)
    return out


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--protoc", default="/usr/bin/protoc")
    parser.add_argument("--plugin", default="/usr/bin/grpc_python_plugin")
    options = parser.parse_args(arguments)
    build_package(options.out, options.protoc, options.plugin)


if __name__ == "__main__":
    main(sys.argv[1:])
