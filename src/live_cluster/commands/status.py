"""Look at the cluster from this server, without SSH: all local tools are asked at once.

They are at work before the modules that read their answers are loaded: that takes as long as crm_mon does.
"""

from __future__ import annotations

import os
import time

from live_cluster.probes import local_tools
from live_cluster.remote.early import start_early
from live_cluster.remote.early_database import ask_early

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from live_cluster.errors import LiveClusterError
    from live_cluster.model.cluster_view import ClusterView
    from live_cluster.model.database_settings import DatabaseServer
    from live_cluster.model.health import Certificate, Observation
    from live_cluster.model.maintenance import Maintenance
    from live_cluster.model.membership import Quorum
    from live_cluster.model.mirror import Mirror
    from live_cluster.model.replication import SetAside
    from live_cluster.model.watchdog_view import Watchdog
    from live_cluster.probes.nas import AskedNas
    from live_cluster.remote.early import Answer

    class Running(Protocol):
        """A process at work."""

        def finish(self, *, timeout_s: float = ...) -> Answer:
            """Wait for its end; both outputs."""

    Start = Callable[[tuple[str, ...]], Running]
    Argv = tuple[str, ...]

# A hung tool (full disk, frozen daemon) must not hang `status`; an idle machine answers in 0.03 s.
TOOL_DEADLINE_S = 30.0
# PostgreSQL gives the question up after 3 s by itself; one that is frozen says nothing at all.
DATABASE_DEADLINE_S = 5.0
# Of the other head's server: it answers within milliseconds, or its server is off and nobody should wait for it.
OTHER_HEAD_DEADLINE_S = 1.5


class Server:
    """What is needed of this server: processes, its database, `configure`'s last file, the agent's progress."""

    __slots__ = (
        "ask_database",
        "ask_nas",
        "certificate",
        "corosync_conf",
        "drbd",
        "history",
        "mark",
        "mounts",
        "rejoin",
        "replication_conf",
        "sbd",
        "start",
    )

    def __init__(
        self,
        *,
        start: Start = start_early,
        mark: str = "/etc/live-cluster/cluster.toml",
        rejoin: str = "/var/lib/live-cluster/postgresql/rejoin.json",
        corosync_conf: str = "/etc/corosync/corosync.conf",
        ask_database: Callable[[str], Running | None] = ask_early,
    ) -> None:
        self.start = start
        self.mark = mark
        self.rejoin = rejoin
        self.corosync_conf = corosync_conf
        self.ask_database = ask_database
        self.history = local_tools.HISTORY
        self.certificate = "/var/lib/live-cluster/certificate"
        self.drbd = "/proc/drbd"
        self.sbd = ("/etc/default/sbd", "/run/sbd.pid")
        self.mounts = "/proc/self/mounts"
        self.ask_nas: Callable[[str, str], AskedNas | None] | None = None
        self.replication_conf = "/var/lib/live-cluster/postgresql/replication.conf"


class Asked:
    """Everything that was asked, under way; None where a tool or the database is not there."""

    __slots__ = (
        "corosync_conf",
        "crm_mon",
        "database",
        "interfaces",
        "links",
        "nas",
        "other_settings",
        "quorum",
        "settings",
    )

    def __init__(self, server: Server) -> None:
        self.crm_mon = _start(server, local_tools.CRM_MON)
        self.database = server.ask_database(local_tools.REPLICATION)
        self.settings = _ask_settings(server)
        self.other_settings = _ask_other_head(server)
        self.links = _start(server, local_tools.LINK_TOOL)
        self.corosync_conf = _content(server.corosync_conf)
        self.interfaces = _start(server, local_tools.INTERFACES) if self.corosync_conf else None
        may_change = local_tools.may_have_arbiter(self.corosync_conf)
        self.quorum = _start(server, local_tools.QUORUM_TOOL) if may_change else None
        self.nas = _ask_nas(server)


def understand(asked: Asked, server: Server) -> Observation:
    """Everything `status` shows; Unconfigured or Unreachable where there is no cluster to look at."""
    from live_cluster.model.database_settings import kept_to_the_truth
    from live_cluster.model.health import Observation
    from live_cluster.model.replication import replication_of
    from live_cluster.probes import membership, replication
    from live_cluster.probes.held_here import held_here
    from live_cluster.probes.interfaces import network_of, parse_interfaces
    from live_cluster.probes.recent_failures import recent_failures

    # While the tools are still at work.
    recent = recent_failures(server.history)
    interfaces = parse_interfaces(_text(asked.interfaces))
    network = network_of(asked.corosync_conf, interfaces)
    view = _view(asked.crm_mon, server)
    repair, links = _content(server.rejoin), _text(asked.links)
    local = replication.parse_replication(_text(asked.database, DATABASE_DEADLINE_S))
    databases = _databases(asked, view, here=network.node if network is not None else "")
    return Observation(
        maintenance=_maintenance(server) if view.maintenance_mode else None,
        view=view,
        replication=kept_to_the_truth(replication_of(view, local), databases),
        databases=databases,
        held=None
        if network is None
        else held_here(
            network.node,
            _content(server.mark),
            (address for one in interfaces for address, _ in one.addresses),
            _content(server.mounts),
        ),
        configured=_is_configured(server),
        quorum=membership.parse_quorum(_text(asked.quorum), asked.corosync_conf)
        or membership.configured_quorum(asked.corosync_conf),
        links=membership.parse_links(links),
        rejoin=replication.parse_rejoin(repair),
        set_aside=_sizes(replication.parse_set_aside(repair)),
        recent=recent,
        certificate=_certificate(server),
        mirror=_mirror(view, server, membership.parse_local_id(links)),
        watchdog=watchdog_here(server),
        network=network,
        nas=asked.nas.finish() if asked.nas is not None else None,
        last_words=_last_words(view, server),
    )


def view_now(server: Server) -> ClusterView:
    """Only what Pacemaker reports; errors as `understand`."""
    return _view(_start(server, local_tools.CRM_MON), server)


def votes_now(server: Server) -> Quorum | None:
    """What Corosync says about votes; None where it does not answer, or there is no third vote to ask about."""
    from live_cluster.probes import membership

    text = _content(server.corosync_conf)
    if not local_tools.may_have_arbiter(text):
        return None
    return membership.parse_quorum(_text(_start(server, local_tools.QUORUM_TOOL)), text)


def _start(server: Server, argv: Argv) -> Running | None:
    try:
        return server.start(argv)
    except FileNotFoundError:
        return None


def _ask_nas(server: Server) -> AskedNas | None:
    settings = _content(server.mark)
    # A device, a DRBD disk: the module that asks a NAS takes 4 ms to load.
    if "filestorage-device" not in settings or 'filestorage-device = "/dev' in settings:
        return None
    from live_cluster.probes.nas import ask_nas

    return (server.ask_nas or ask_nas)(settings, _content(server.mounts))


def _ask_settings(server: Server) -> Running | None:
    from live_cluster.probes.database_settings import OF_THIS_HEAD

    return server.ask_database(OF_THIS_HEAD)


def _ask_other_head(server: Server) -> Running | None:
    """Its PostgreSQL, the way replication takes: of that head this one sees nothing else by itself."""
    settings = _content(server.replication_conf)
    if not settings:
        return None
    from live_cluster.probes.database_settings import OF_OTHER_HEAD, peer_connection
    from live_cluster.probes.database_tools import psql_rows

    target = peer_connection(settings)
    return _start(server, psql_rows(OF_OTHER_HEAD, target=target)) if target else None


def _databases(asked: Asked, view: ClusterView, *, here: str) -> tuple[DatabaseServer, ...]:
    """The servers that answered, with what each runs with; this head's first."""
    from live_cluster.model.database_settings import DatabaseServer, deviations_of
    from live_cluster.probes.database_settings import in_recovery, parse_settings

    found = []
    names = [node.name for node in view.nodes]
    here = here if here in names else next(iter(names), "")
    there = next((name for name in names if name != here), "")
    answers = (
        (here, _text(asked.settings, DATABASE_DEADLINE_S)),
        (there, _text(asked.other_settings, OTHER_HEAD_DEADLINE_S)),
    )
    for node, text in answers:
        settings = parse_settings(text)
        standby = in_recovery(settings)
        if standby is not None:
            found.append(DatabaseServer(node, standby, deviations_of(node, settings)))
    return tuple(found)


def _last_words(view: ClusterView, server: Server) -> tuple[tuple[str, str], ...]:
    """Of services that the heads could not run, from this server's journal."""
    from live_cluster.model.service_marks import failing, unit_of

    names = tuple(dict.fromkeys(one.resource for one in failing(view)))
    if not names:
        return ()
    from live_cluster.probes.last_words import last_words_question, parse_last_words

    asked = [(name, _start(server, last_words_question(unit_of(view, name)))) for name in names]
    return tuple((name, parse_last_words(_text(running))) for name, running in asked)


def _certificate(server: Server) -> Certificate | None:
    from live_cluster.model.certificate_record import parse_record
    from live_cluster.model.health import Certificate

    record = parse_record(_content(server.certificate))
    if record is None:
        return None
    until = time.strftime("%Y-%m-%d", time.gmtime(record.expires_s))
    return Certificate(until=until, days_left=record.days_left(time.time()))


def _mirror(view: ClusterView, server: Server, local_id: str) -> Mirror | None:
    """None where the cluster has no DRBD, or it is not up on this server."""
    if view.mirror is None:
        return None
    from live_cluster.model.mirror import mirror_of
    from live_cluster.probes.drbd import module_version, parse_proc

    text = _content(server.drbd)
    devices = parse_proc(text)
    if module_version(text).startswith("9"):
        from live_cluster.probes.drbd9 import STATUS_TOOL, parse_status

        devices = parse_status(_text(_start(server, STATUS_TOOL)))
    # Others on this server are not the cluster's; one that was not set up by us is named in the settings.
    settings = _content(server.mark) if len(devices) > 1 else ""
    minor = next((one for one in devices if f'"/dev/drbd{one}"' in settings), min(devices, default=None))
    return None if minor is None else mirror_of(view, devices[minor], local_id)


def watchdog_here(server: Server) -> Watchdog | None:
    """Fencing by watchdog, as it is set up and runs on this server."""
    from live_cluster.probes.watchdog_state import watchdog_of

    settings, pid_file = server.sbd
    pid = _content(pid_file).strip()
    return watchdog_of(_content(settings), _content(f"/proc/{pid}/comm") if pid.isdigit() else "")


def _sizes(paths: tuple[str, ...]) -> tuple[SetAside, ...]:
    """Those that are still there; whoever has looked at one and removed it need not see it any more."""
    from live_cluster.model.replication import SetAside

    return tuple(SetAside(path, _size(path)) for path in paths if os.path.exists(path))  # noqa: PTH110


def _size(path: str) -> int:
    return sum(
        os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118
        for folder, _, names in os.walk(path)
        for name in names
    )


def _maintenance(server: Server) -> Maintenance | None:
    from live_cluster.probes.maintenance import MAINTENANCE, parse_maintenance

    return parse_maintenance(_text(_start(server, MAINTENANCE)))


def _text(running: Running | None, deadline_s: float = TOOL_DEADLINE_S) -> str:
    return "" if running is None else running.finish(timeout_s=deadline_s).text


def _content(path: str) -> str:
    try:
        # pathlib would cost 5 ms.
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError:
        return ""


def _view(crm_mon: Running | None, server: Server) -> ClusterView:
    from live_cluster.probes.pacemaker import NoClusterView, parse_crm_mon

    if crm_mon is None:
        raise _tools_missing()
    answer = crm_mon.finish(timeout_s=TOOL_DEADLINE_S)
    try:
        view = parse_crm_mon(answer.stdout)
    except NoClusterView as error:
        raise _no_cluster(server) from error
    if not view.sets and not _is_configured(server):
        # Debian's package starts a cluster of one that has nothing to do with us.
        raise _no_cluster(server)
    return view


def _is_configured(server: Server) -> bool:
    return os.path.exists(server.mark)  # noqa: PTH110


def _tools_missing() -> LiveClusterError:
    from live_cluster.errors import Unconfigured, problem

    return Unconfigured(problem("cluster-tools-missing", tool=local_tools.CRM_MON[0]))


def _no_cluster(server: Server) -> LiveClusterError:
    from live_cluster.errors import Unconfigured, Unreachable, problem

    if not _is_configured(server):
        return Unconfigured(problem("cluster-not-configured"))
    corosync, pacemaker = (*_text(_start(server, local_tools.SERVICES)).split(), "unknown", "unknown")[:2]
    if (corosync, pacemaker) == ("active", "active"):
        return Unreachable(problem("cluster-starting"))
    return Unreachable(problem("cluster-not-running", corosync=corosync, pacemaker=pacemaker))
