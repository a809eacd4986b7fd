"""DRBD: what the kernel says of a device (/proc/drbd), and what stands in the metadata of its disk."""

from __future__ import annotations

import re

from live_cluster.model.drbd import DrbdIdentifiers, DrbdState

# Module 8.4, the one of Debian's kernels. Module 9 has a file of this name with its version only.
PROC = "/proc/drbd"
_DEVICE = re.compile(
    r"^ *(?P<minor>\d+): cs:(?P<connection>\w+)"
    r"(?: ro:(?P<role>\w+)/(?P<peer_role>\w+) ds:(?P<disk>\w+)/(?P<peer_disk>\w+)(?: \w (?P<flags>\S+))?)?"
)
_VERSION = re.compile(r"^version: (\d+(?:\.\d+)+)")
_OUT_OF_SYNC = re.compile(r"\boos:(\d+)")
_SYNCED = re.compile(r"\bsync'ed: *(\d+(?:\.\d+)?)%")
_REMAINING = re.compile(r"\bfinish: (\S+) speed: ([\d,]+)")
_IDENTIFIERS = re.compile(r"^((?:[0-9A-Fa-f]{16}:){4})((?:[01]:){5,}[01])\s*$", re.MULTILINE)


def module_version(text: str) -> str:
    """Version of the loaded module by /proc/drbd; empty where none is loaded."""
    found = _VERSION.match(text)
    return found[1] if found else ""


def parse_proc(text: str) -> dict[int, DrbdState]:
    """Every configured device by its minor number."""
    found: dict[int, DrbdState] = {}
    minor = -1
    for line in text.splitlines():
        start = _DEVICE.match(line)
        if start:
            minor = int(start["minor"])
            found[minor] = _state(start)
        elif minor in found:
            found[minor] = _with_details(found[minor], line)
    return {number: one for number, one in found.items() if one.is_configured}


def _state(start: re.Match[str]) -> DrbdState:
    if start["connection"] == "Unconfigured" or start["disk"] is None:
        return DrbdState()
    return DrbdState(
        connection=start["connection"],
        role=start["role"],
        peer_role=start["peer_role"],
        disk=start["disk"],
        peer_disk=start["peer_disk"],
        # The first of the flags: r for running, s for suspended input and output.
        is_suspended=(start["flags"] or "r").startswith("s"),
    )


def _with_details(state: DrbdState, line: str) -> DrbdState:
    out_of_sync, synced, remaining = (one.search(line) for one in (_OUT_OF_SYNC, _SYNCED, _REMAINING))
    if out_of_sync:
        state = state._replace(out_of_sync_kib=int(out_of_sync[1]))
    if synced:
        state = state._replace(synced_percent=float(synced[1]))
    if remaining:
        state = state._replace(remaining=remaining[1], kib_per_second=int(remaining[2].replace(",", "")))
    return state


def parse_identifiers(text: str) -> DrbdIdentifiers | None:
    """The answer of `drbdadm get-gi`, of drbdsetup(8) or drbdmeta(8); None where there is no metadata.

    current:bitmap:history:history:consistent:was-up-to-date:primary:connected:peer-outdated:…
    """
    found = _IDENTIFIERS.search(text)
    if found is None:
        return None
    current, bitmap, *history = (_without_lowest_bit(one) for one in found[1].rstrip(":").split(":"))
    flags = [one == "1" for one in found[2].split(":")]
    return DrbdIdentifiers(
        current=current,
        bitmap=bitmap,
        history=tuple(history),
        is_consistent=flags[0],
        was_up_to_date=flags[1],
        was_primary=flags[2],
        was_connected=flags[3],
        peer_is_outdated=flags[4],
    )


def _without_lowest_bit(digits: str) -> str:
    """The lowest bit of an identifier says that this head is primary, nothing about the data."""
    return f"{int(digits, 16) & ~1:016X}"
