"""The product's packages as `packaging/build` left them in dist/."""

from __future__ import annotations

from pathlib import Path

from live_lab.errors import LabError
from live_lab.places import dist_directory
from live_lab.topology import Role

_DEBIAN_NUMBER = {"bookworm": "deb12", "trixie": "deb13"}


def packages_for(role: Role, *, with_application: bool = True) -> tuple[str, ...]:
    """Names of the packages that an administrator installs on such a host, in this order."""
    if role is Role.HEAD:
        application = ("ivcs-media-reference", "ivcs-reference") if with_application else ()
        return ("live-configure", "live-cluster", *application)
    if role is Role.MEDIA:
        return ("live-configure", *(("ivcs-media-reference",) if with_application else ()))
    return ()


def latest_deb(release: str, package: str) -> Path:
    """The file of this package for this release that was built last."""
    directory = dist_directory()
    mine = _DEBIAN_NUMBER[release]
    fitting = [
        path
        for path in directory.glob(f"{package}_*.deb")
        if f"+{mine}_" in path.name
        or not any(f"+{number}_" in path.name for number in _DEBIAN_NUMBER.values())
    ]
    if not fitting:
        raise LabError(
            f"no package {package} for {release} in {directory}; "
            f"run: packaging/build --release {release}  (or boot without it: ./lab up --without-product)"
        )
    return max(fitting, key=lambda path: path.stat().st_mtime)
