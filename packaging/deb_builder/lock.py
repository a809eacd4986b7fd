"""Writes the lock files: every bundled library with the checksums of its wheels for all releases."""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from pathlib import Path

from deb_builder.bundle import LOCK, PURE_SELECTION, REFERENCE_LOCK, wheel_selection
from deb_builder.process import pip
from deb_builder.releases import RELEASES
from deb_builder.source import BuildProblem

HEADER = "# Written by packaging/lock from {source}; do not edit.\n"


def main() -> int:
    """Exit code of the command `packaging/lock`."""
    try:
        _write(LOCK, *(wheel_selection(release) for release in RELEASES.values()))
        # What these need is Debian's.
        _write(REFERENCE_LOCK, ("--no-deps", *PURE_SELECTION))
    except BuildProblem as problem:
        sys.stderr.write(f"packaging/lock: {problem}\n")
        return 1
    return 0


def _write(lock: Path, *selections: tuple[str, ...]) -> None:
    requirements = lock.with_suffix(".txt")
    with tempfile.TemporaryDirectory(prefix="live-cluster-lock-") as work:
        for selection in selections:
            pip("download", *selection, "--dest", work, "--requirement", str(requirements))
        lock.write_text(lock_text(sorted(Path(work).glob("*.whl")), requirements.name), "utf-8")


def lock_text(wheels: list[Path], source: str) -> str:
    """A requirements file with one entry for each library and one checksum for each wheel of it."""
    checksums: dict[str, set[str]] = {}
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        requirement = f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"
        checksums.setdefault(requirement, set()).add(hashlib.sha256(wheel.read_bytes()).hexdigest())
    lines = [
        requirement + "".join(f" \\\n    --hash=sha256:{value}" for value in sorted(values)) + "\n"
        for requirement, values in sorted(checksums.items())
    ]
    return HEADER.format(source=source) + "".join(lines)
