"""Look at the cluster from this server, without SSH: all local tools are asked at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from live_cluster.errors import LiveClusterError, Unconfigured, Unreachable, problem
from live_cluster.probes import local_tools
from live_cluster.remote.local import Completed, start_local

if TYPE_CHECKING:
    from live_cluster.model.cluster_view import ClusterView
    from live_cluster.model.health import Observation

# A hung tool (full disk, frozen daemon) must not hang `status`; an idle machine answers in 0.03 s.
TOOL_DEADLINE_S = 30.0


class Running(Protocol):
    """A process at work."""

    def finish(self, *, timeout_s: float = ...) -> Completed:
        """Wait for its end; both outputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What is needed of this server: processes, the file `configure` writes last, the agent's progress."""

    name: str = field(default_factory=lambda: os.uname().nodename)
    start: Callable[[Sequence[str]], Running] = start_local
    mark: Path = Path("/etc/live-cluster/cluster.toml")
    rejoin: Path = Path("/var/lib/live-cluster/postgresql/rejoin.json")


def observe(server: Server) -> Observation:
    """Everything `status` shows; Unconfigured or Unreachable where there is no cluster to look at."""
    crm_mon = _start_crm_mon(server)
    others = [
        _start(server, argv)
        for argv in (local_tools.psql_command(), local_tools.QUORUM_TOOL, local_tools.LINK_TOOL)
    ]
    # Loaded while the tools work.
    from live_cluster.model.health import Observation
    from live_cluster.model.replication import replication_of
    from live_cluster.probes import membership, replication

    database, quorum, links = (_text(running) for running in others)
    view = _view(crm_mon, server)
    return Observation(
        view=view,
        replication=replication_of(view, replication.parse_replication(database)),
        quorum=membership.parse_quorum(quorum),
        links=membership.parse_links(links),
        rejoin=replication.parse_rejoin(server.rejoin.read_text() if server.rejoin.exists() else ""),
    )


def view_now(server: Server) -> ClusterView:
    """Only what Pacemaker reports; errors as `observe`."""
    return _view(_start_crm_mon(server), server)


def _start_crm_mon(server: Server) -> Running:
    try:
        return server.start(local_tools.CRM_MON)
    except FileNotFoundError as error:
        raise Unconfigured(problem("cluster-tools-missing", tool=local_tools.CRM_MON[0])) from error


def _start(server: Server, argv: Sequence[str] | None) -> Running | None:
    if argv is None:
        return None
    try:
        return server.start(argv)
    except FileNotFoundError:
        return None


def _text(running: Running | None) -> str:
    return "" if running is None else running.finish(timeout_s=TOOL_DEADLINE_S).text


def _view(crm_mon: Running, server: Server) -> ClusterView:
    from live_cluster.probes.pacemaker import NoClusterView, parse_crm_mon

    completed = crm_mon.finish(timeout_s=TOOL_DEADLINE_S)
    try:
        view = parse_crm_mon(completed.stdout)
    except NoClusterView as error:
        raise _no_cluster(server) from error
    if not view.sets and not server.mark.exists():
        # Debian's package starts a cluster of one that has nothing to do with us.
        raise Unconfigured(problem("cluster-not-configured"))
    return view


def _no_cluster(server: Server) -> LiveClusterError:
    if not server.mark.exists():
        return Unconfigured(problem("cluster-not-configured"))
    corosync, pacemaker = (*_text(_start(server, local_tools.SERVICES)).split(), "unknown", "unknown")[:2]
    if (corosync, pacemaker) == ("active", "active"):
        return Unreachable(problem("cluster-starting"))
    return Unreachable(problem("cluster-not-running", corosync=corosync, pacemaker=pacemaker))
