"""What Corosync on this server says about votes and links.

Without regular expressions, which take 4 ms to load: a sixth of what crm_mon takes.
"""

from __future__ import annotations

from live_cluster.model.membership import PAIR_WITHOUT_ARBITER, Link, Quorum


def parse_quorum(text: str, corosync_conf: str = "") -> Quorum | None:
    """Votes in the output of corosync-quorumtool -s; None where it could not reach Corosync.

    The file says where the arbiter is, and that there should be one while its client is not running.
    """
    lines = text.splitlines()
    fields = {name: value.split() for name, colon, value in (line.partition(":") for line in lines) if colon}
    if not fields.get("Total votes") or not fields.get("Quorum"):
        return None
    flags = fields.get("Flags", [])
    # NODEID VOTES Qdevice; its node id is 0, printed in hexadecimal by some versions.
    rows = [line.split() for line in lines]
    device = next((row for row in rows if row[2:3] == ["Qdevice"] and row[0].strip("0x") == ""), None)
    return Quorum(
        total_votes=int(fields["Total votes"][0]),
        needed_votes=int(fields["Quorum"][0]),
        two_node="2Node" in flags,
        arbiter=device is not None or "Qdevice" in flags or bool(_arbiter_host(corosync_conf)),
        arbiter_votes=int(device[1]) if device else 0,
        arbiter_address=_arbiter_host(corosync_conf),
        # NODEID VOTES A,V,NMW NAME. A: its client runs; V: it casts the vote. NA, NV, NR: not so.
        arbiter_heads=tuple(row[3] for row in rows if row[2:3] and row[2].startswith("A,V,") and row[3:]),
    )


def _arbiter_host(corosync_conf: str) -> str:
    """`host` in the section `device` of corosync.conf."""
    _, found, section = corosync_conf.partition("device {")
    hosts = (line.split() for line in section.splitlines() if found)
    return next((words[1] for words in hosts if words[:1] == ["host:"] and words[1:]), "")


def configured_quorum(corosync_conf: str) -> Quorum | None:
    """What needs no asking, for it is fixed: a pair without an arbiter. None in every other case."""
    lines = {"".join(line.split()) for line in corosync_conf.splitlines()}
    return PAIR_WITHOUT_ARBITER if "two_node:1" in lines and "device{" not in lines else None


def parse_links(text: str) -> tuple[Link, ...]:
    """Links to the other server in the output of corosync-cfgtool -n (Corosync 3.1)."""
    return tuple(_link(line.split()) for line in text.splitlines() if _is_link(line.split()))


def parse_local_id(text: str) -> str:
    """This server's node id in the same output; empty where there was no answer."""
    _, found, rest = text.partition("Local node ID ")
    return rest.partition(",")[0].split("\n")[0].strip() if found else ""


def _is_link(words: list[str]) -> bool:
    """LINK: NUMBER udp (LOCAL->REMOTE) STATE..."""
    return len(words) > 4 and words[0] == "LINK:" and words[2] == "udp" and "->" in words[3]


def _link(words: list[str]) -> Link:
    local, _, remote = words[3].strip("()").partition("->")
    return Link(
        number=int(words[1]),
        local_address=local,
        remote_address=remote,
        connected="connected" in words[4:],
    )
