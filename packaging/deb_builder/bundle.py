"""The Python libraries that the packages carry, fetched once for each release and lock file."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from deb_builder.process import pip
from deb_builder.releases import WHEEL_PLATFORMS, Release
from deb_builder.source import SOURCE

LOCK = SOURCE / "packaging/requirements.lock"
# Wheels without compiled parts.
PURE_SELECTION = ("--only-binary=:all:", "--implementation", "py", "--abi", "none", "--platform", "any")
REFERENCE_LOCK = SOURCE / "packaging/reference-requirements.lock"


def bundled_libraries(release: Release) -> Path:
    """Folder with the product's libraries for the release's Python; from the cache if they are there."""
    return _fetched(release.codename, LOCK, wheel_selection(release))


def reference_libraries() -> Path:
    """Folder with those of the reference application that Debian does not have: for any Python."""
    return _fetched("reference", REFERENCE_LOCK, PURE_SELECTION)


def _fetched(name: str, lock: Path, selection: tuple[str, ...]) -> Path:
    cache = Path(os.environ.get("LIVE_CLUSTER_BUILD_CACHE", "/var/cache/live-cluster-build"))
    key = hashlib.sha256(lock.read_bytes() + "\n".join(selection).encode()).hexdigest()[:20]
    folder = cache / f"{name}-{key}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as work:
        fetched = Path(work, "libraries")
        pip(
            "install",
            "--no-compile",
            "--no-deps",
            "--require-hashes",
            "--root-user-action=ignore",
            *selection,
            "--target",
            str(fetched),
            "--requirement",
            str(lock),
        )
        shutil.rmtree(fetched / "bin", ignore_errors=True)
        if not folder.is_dir():
            fetched.rename(folder)
    return folder


def wheel_selection(release: Release) -> tuple[str, ...]:
    """Arguments that make pip choose wheels for the release instead of for this machine."""
    platforms = (argument for platform in WHEEL_PLATFORMS for argument in ("--platform", platform))
    python = ("--implementation", "cp", "--python-version", release.python)
    return ("--only-binary=:all:", *python, *platforms)
