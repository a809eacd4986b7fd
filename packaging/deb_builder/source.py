"""What the source tree says: its place, the version, and the time that every packaged file carries."""

from __future__ import annotations

import os
import tomllib
from email.utils import parsedate_to_datetime
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


class BuildProblem(Exception):
    """The packages cannot be built; the text says why."""


def version() -> str:
    """The version in pyproject.toml, which is the only place that has one."""
    with (SOURCE / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def build_time() -> int:
    """Unix time for all packaged files: SOURCE_DATE_EPOCH, or the newest entry of the changelog.

    Not the last commit's time: a package would then change with every commit, and with it everything that
    is cached by the package's checksum, although nothing in it has changed.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given) if given else changelog_time((SOURCE / "packaging/changelog").read_text("utf-8"))


def changelog_time(changelog: str) -> int:
    """Unix time of the first trailer line (" -- name <address>  date") of a Debian changelog."""
    for line in changelog.splitlines():
        if line.startswith(" -- "):
            return int(parsedate_to_datetime(line.split(">  ", 1)[1]).timestamp())
    raise BuildProblem("packaging/changelog has no entry with a date")
