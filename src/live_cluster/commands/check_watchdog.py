"""Would each head be reset by its watchdog? What can be seen of that without resetting one."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.commands.check import Finding, Tools
from live_cluster.messages import Message, message
from live_cluster.model.watchdog_view import Watchdog
from live_cluster.probes.watchdog_state import SETTINGS, watchdog_of

_UNIT = "sbd.service"


def local_watchdog(tools: Tools) -> Watchdog | None:
    """What we have set up on this server; `armed` where sbd runs."""
    runs = tools.run(("systemctl", "is-active", _UNIT)).text.strip() == "active"
    return watchdog_of(tools.run(("cat", SETTINGS)).text, "sbd" if runs else "")


def watchdog_findings(tools: Tools, own: str, heads: tuple[str, ...]) -> Iterator[Finding]:
    """This head's sbd; the other one's by this: Pacemaker ends itself where it is told to rely on a missing sbd."""
    here = local_watchdog(tools)
    if here is None:
        return
    for head in heads:
        if head == own:
            code = "check-watchdog-armed" if here.armed else "check-watchdog-not-armed"
            yield _finding(head, own, message(code, device=here.device), good=here.armed)
        else:
            is_there = _is_online(tools, head)
            code = "check-watchdog-peer" if is_there else "check-watchdog-peer-away"
            yield _finding(head, own, message(code), good=is_there)


def _finding(head: str, own: str, detail: Message, *, good: bool) -> Finding:
    return Finding(
        subject=message("check-watchdog", node=head),
        good=good,
        detail=message("check-detail-reason", reason=detail),
        facts={"check": "watchdog", "node": head, "asked_from": own, "power": None, "seconds": None},
    )


def _is_online(tools: Tools, node: str) -> bool:
    xpath = f"//node_state[@uname='{node}'][@crmd='online' or number(@crmd) > 1]"
    return tools.run(("cibadmin", "--query", "--no-children", "--xpath", xpath)).returncode == 0
