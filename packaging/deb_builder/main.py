"""The command `packaging/build`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deb_builder.product import product_packages
from deb_builder.reference import reference_packages
from deb_builder.releases import RELEASES
from deb_builder.source import SOURCE, BuildProblem


def main() -> int:
    """Builds all packages for one release and writes their paths to standard output."""
    options = _arguments().parse_args()
    release = RELEASES[options.release]
    try:
        for package in (*product_packages(release), *reference_packages()):
            sys.stdout.write(f"{package.build(options.out)}\n")
    except BuildProblem as problem:
        sys.stderr.write(f"packaging/build: {problem}\n")
        return 1
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="packaging/build", description=__doc__)
    parser.add_argument("--release", choices=sorted(RELEASES), default="bookworm")
    parser.add_argument("--out", type=Path, default=SOURCE / "dist", help="folder for the packages")
    return parser
