"""What an administrator decides about a head whose data went another way; the database agent carries it out."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from live_cluster.apply.waiting import wait_until
from live_cluster.commands.following import Waiting, run_here
from live_cluster.commands.status import Server, view_now
from live_cluster.errors import NotReady, Problem, problem
from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.replication import DATA_LATEST, DATA_SYNC, Rejoin, data_state
from live_cluster.probes.replication import parse_rejoin

AGENT = "/usr/lib/ocf/resource.d/live-cluster/postgresql"
_SURVEY_S = 600.0
_MIB = 1 << 20
# As the agent: a fresh copy grows beside the old data, with room for the WAL that arrives meanwhile.
_SPARE_BYTES = 256 * _MIB


class Way(Enum):
    """How this head comes back."""

    REWIND = "rewind"
    RECLONE = "reclone"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the agent says about this head's data (live_cluster_agent.rejoin_survey), and the cluster around it."""

    node: str
    peer: str
    facts: dict[str, Any]
    view: ClusterView
    database: str

    @property
    def is_primary(self) -> bool:
        """This head serves now."""
        return self.view.primary == self.node

    @property
    def copy_bytes(self) -> int:
        """Size of what a fresh copy would fetch."""
        return int(self.facts.get("primary_bytes") or 0)


def survey(node: str, way: Way, server: Server) -> Survey:
    """Look at the data of this head; NotReady where that is another one."""
    view = view_now(server)
    database = view.database
    if view.node(node) is None or database is None:
        names = ", ".join(one.name for one in view.nodes)
        raise NotReady(problem("unknown-head", option="NODE", name=node, names=names))
    resource = database.member
    query = ("cibadmin", "--query", "--local", "--xpath", f"//primitive[@id='{resource}']")
    parameters = _parameters(server.start(query).finish(timeout_s=30).stdout.decode(errors="replace"))
    settings = [f"OCF_RESKEY_{name}={value}" for name, value in parameters.items()]
    argv = ("env", f"OCF_RESOURCE_INSTANCE={resource}", *settings, AGENT, "rejoin-survey")
    answer = server.start(argv).finish(timeout_s=_SURVEY_S)
    if answer.returncode != 0:
        reason = answer.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NotReady(problem("rejoin-survey-failed", node=node, reason=" ".join(reason)))
    facts = json.loads(answer.stdout)
    if facts["node"] != node:
        raise NotReady(problem("rejoin-elsewhere", node=node, way=f"--{way.value}"))
    return Survey(node=node, peer=facts["peer"], facts=facts, view=view, database=resource)


def _parameters(text: str) -> dict[str, str]:
    pairs = ET.fromstring(text).iterfind(".//instance_attributes/nvpair")  # noqa: S314
    return {pair.get("name", ""): pair.get("value", "") for pair in pairs}


def obstacles(seen: Survey, way: Way) -> tuple[Problem, ...]:
    """Everything that forbids it."""
    return tuple(_against_keeping(seen) if way is Way.KEEP else _against_repair(seen, way))


def _against_keeping(seen: Survey) -> list[Problem]:
    found = []
    if _may_serve(seen.view, seen.peer):
        found.append(problem("keep-primary-elsewhere", node=seen.node, peer=seen.peer))
    if seen.facts["unusable"] or seen.facts["repairing"] or seen.facts["verdict"] == "unreadable":
        found.append(problem("keep-unusable", node=seen.node))
    return found


def _may_serve(view: ClusterView, peer: str) -> bool:
    """The other head serves, or could be promoted at this very moment."""
    head = view.node(peer)
    runs = view.database is not None and any(one.active for one in view.database.instances)
    return head is not None and head.online and (runs or not view.stop_all_resources)


def _against_repair(seen: Survey, way: Way) -> list[Problem]:
    facts, node = seen.facts, seen.node
    if seen.is_primary:
        return [problem("rejoin-is-primary", node=node)]
    if facts["own_data"] == DATA_LATEST:
        return [problem("rejoin-holds-latest", node=node, peer=seen.peer)]
    if facts["repairing"]:
        return [problem("rejoin-under-way", node=node)]
    if seen.view.primary != seen.peer or facts["primary_bytes"] is None:
        return [problem("rejoin-no-primary", node=node)]
    if way is Way.REWIND and (facts["verdict"] != "diverged" or not facts["rewindable"]):
        return [problem("rejoin-not-rewindable", node=node, reason=facts["verdict"] or "?")]
    needed = seen.copy_bytes + seen.copy_bytes // 20 + _SPARE_BYTES
    if way is Way.RECLONE and facts["free_bytes"] < needed:
        free = facts["free_bytes"] // _MIB
        return [problem("rejoin-no-space", node=node, needed=needed // _MIB, free=free)]
    return []


def nothing_to_do(seen: Survey, way: Way) -> bool:
    """It is already as this way would make it."""
    if way is Way.KEEP:
        return seen.is_primary
    return way is Way.REWIND and _in_step(seen.view, seen)


def _in_step(view: ClusterView, seen: Survey) -> bool:
    return view.primary == seen.peer and data_state(view, seen.node) == DATA_SYNC


def keep(seen: Survey, server: Server) -> None:
    """This head's data counts from now on. Never are both heads' data the latest, also when interrupted."""
    # The administrator may have thought for a while before he agreed.
    if _may_serve(view_now(server), seen.peer):
        raise NotReady(problem("keep-primary-elsewhere", node=seen.node, peer=seen.peer))
    for node, state in ((seen.peer, "stale"), (seen.node, DATA_LATEST)):
        name = f"{seen.database}-data"
        change = ("--lifetime", "forever", "--name", name, "--update", state)
        run_here(server, ("crm_attribute", "--node", node, *change))
    _orders(server).joinpath("repair").unlink(missing_ok=True)


def order(way: Way, server: Server) -> None:
    """Leave the order where the agent looks at its next monitor; it survives whatever happens to this command."""
    name = "repair" if way is Way.REWIND else "reclone"
    text = "rewind\n" if way is Way.REWIND else "an administrator wants a fresh copy\n"
    temporary = _orders(server) / f".{name}.new"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(_orders(server) / name)


def _orders(server: Server) -> Path:
    return Path(server.rejoin).parent


def follow(seen: Survey, server: Server, waiting: Waiting, show: Callable[[Rejoin], None]) -> bool:
    """Show the agent's progress until this head is the synchronous standby; False when the time is over."""
    begun = _status(server).get("started")

    def reached() -> bool:
        in_step = _in_step(view_now(server), seen)
        status = _status(server)
        progress = parse_rejoin(json.dumps(status)) if status.get("started") != begun else None
        if progress is not None:
            show(progress)
        ordered = any(
            (_orders(server) / name).exists() for name in ("repair", "reclone", "incoming-complete")
        )
        return in_step and not ordered and progress is None

    return wait_until(reached, deadline_s=waiting.deadline_s, clock=waiting.clock)


def _status(server: Server) -> dict[str, Any]:
    try:
        status = json.loads(Path(server.rejoin).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def set_aside(server: Server) -> tuple[tuple[str, int], ...]:
    """What the last repair kept: path and size in bytes."""
    paths = _status(server).get("set_aside") or ()
    return tuple((str(path), _size(Path(str(path)))) for path in paths)


def _size(path: Path) -> int:
    return sum(one.lstat().st_size for one in path.rglob("*") if not one.is_dir())
