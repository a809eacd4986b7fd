"""What differs between the Debian releases that packages are built for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A Debian release and its Python."""

    codename: str
    version_suffix: str
    python: str
    next_python: str


RELEASES = {
    "bookworm": Release(codename="bookworm", version_suffix="+deb12", python="3.11", next_python="3.12"),
    "trixie": Release(codename="trixie", version_suffix="+deb13", python="3.13", next_python="3.14"),
}

# Both releases have a glibc newer than 2.28, so wheels for any of these run on them.
WHEEL_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
