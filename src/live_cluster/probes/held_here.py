"""What this server itself holds of what only one head may have: floating addresses, the file storage's mount."""

from __future__ import annotations

import os

from live_cluster.model.double_service import HeldHere

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_FLOATING = ("public-ip", "database-ip", "filestorage-ip")


def held_here(node: str, settings: str, own_addresses: Iterable[str], mounts: str) -> HeldHere:
    """`settings` is cluster.toml, `mounts` the kernel's list."""
    values = _values(settings)
    floating = [values[name] for name in _FLOATING if name in values]
    own = set(own_addresses)
    device = _mounted(values.get("filestorage-device", ""), mounts)
    return HeldHere(node, tuple(one for one in floating if one in own), device)


def _values(settings: str) -> dict[str, str]:
    """The lines NAME = "VALUE" (tomllib takes 10 ms to load)."""
    pairs = (line.partition(" = ") for line in settings.splitlines())
    return {name: value.strip('"') for name, _, value in pairs if value.startswith('"')}


def _mounted(device: str, mounts: str) -> str:
    """The device by its name in the kernel's list; a share of a NAS may be mounted by both without harm."""
    mirrored = device.startswith("drbd:")
    if not mirrored and not device.startswith("/dev/"):
        return ""
    real = os.path.realpath(device)
    for line in mounts.splitlines():
        name = line.partition(" ")[0]
        if (
            name.startswith("/dev/drbd")
            if mirrored
            else name.startswith("/") and os.path.realpath(name) == real
        ):
            return name
    return ""
