"""What Corosync on this server says about votes and links."""

from __future__ import annotations

import re

from live_cluster.model.membership import PAIR_WITHOUT_ARBITER, Link, Quorum

_FIELD = re.compile(r"^(?P<name>[A-Z][A-Za-z ]+):\s+(?P<value>.*)$", re.MULTILINE)
_DEVICE = re.compile(r"^\s*(?:0x)?0+\s+(?P<votes>\d+)\s+Qdevice", re.MULTILINE)
_TWO_NODE = re.compile(r"^\s*two_node:\s*1\s*$", re.MULTILINE)
_ARBITER = re.compile(r"^\s*device\s*\{", re.MULTILINE)
_LINK = re.compile(
    r"LINK: (?P<number>\d+) udp \((?P<local>\S+?)->(?P<remote>\S+?)\) (?P<state>.*)$", re.MULTILINE
)


def parse_quorum(text: str) -> Quorum | None:
    """Votes in the output of corosync-quorumtool -s; None where it could not reach Corosync."""
    fields = {found["name"]: found["value"].split() for found in _FIELD.finditer(text)}
    if "Total votes" not in fields or "Quorum" not in fields:
        return None
    flags = fields.get("Flags", [])
    device = _DEVICE.search(text)
    return Quorum(
        total_votes=int(fields["Total votes"][0]),
        needed_votes=int(fields["Quorum"][0]),
        two_node="2Node" in flags,
        arbiter=device is not None or "Qdevice" in flags,
        arbiter_votes=int(device["votes"]) if device else 0,
    )


def configured_quorum(corosync_conf: str) -> Quorum | None:
    """What needs no asking, for it is fixed: a pair without an arbiter. None in every other case."""
    without_arbiter = _TWO_NODE.search(corosync_conf) and not _ARBITER.search(corosync_conf)
    return PAIR_WITHOUT_ARBITER if without_arbiter else None


def parse_links(text: str) -> tuple[Link, ...]:
    """Links to the other server in the output of corosync-cfgtool -n (Corosync 3.1)."""
    return tuple(
        Link(
            number=int(found["number"]),
            local_address=found["local"],
            remote_address=found["remote"],
            connected="connected" in found["state"].split(),
        )
        for found in _LINK.finditer(text)
    )
