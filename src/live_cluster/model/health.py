"""Can the pair lose a server now? The judgement on what the cluster reports."""

from __future__ import annotations

from live_cluster.messages import Message, message
from live_cluster.model.certificate_record import WARNING_DAYS
from live_cluster.model.cluster_view import ClusterView, Instance, Kind, Node, ResourceSet, Role
from live_cluster.model.database_settings import DatabaseServer, sentence
from live_cluster.model.double_service import (
    HeldHere,
    held_against_the_cluster,
    served_twice,
    two_databases,
)
from live_cluster.model.maintenance import Maintenance
from live_cluster.model.membership import Link, Quorum
from live_cluster.model.network_hazards import hazards_of, hazards_told
from live_cluster.model.network_scheme import Network
from live_cluster.model.replication import (
    DATA_LATEST,
    DATA_SYNC,
    Mode,
    Rejoin,
    Replication,
    SetAside,
    data_state,
)
from live_cluster.model.service_health import services_against, services_blocking, services_down
from live_cluster.model.watchdog_view import Watchdog
from live_cluster.record import Choice, Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from live_cluster.model.mirror import Mirror
    from live_cluster.model.nas import Nas

# Below this SysInfo gives a head's disk up, and the primary moves.
LEAST_FREE_MB = 500
# Ids of the rules that crm-fence-peer.9.sh writes.
_FENCE_PREFIX = "drbd-fence-by-handler-"


class Level(Choice):
    """Healthy: either head may die. Degraded: it works, but one may not. Down: some service is not there."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"


class RecentFailures(Record):
    """What the history tells of the last day: failed operations, and how often a head was lost."""

    failures: int = 0
    lost: int = 0


class Certificate(Record):
    """The certificate that `configure` has installed: its last day in UTC, and how many whole days are left."""

    until: str
    days_left: int


class Observation(Record):
    """Everything that was seen; `quorum` None and no links where Corosync's tools gave no answer."""

    view: ClusterView
    replication: Replication
    quorum: Quorum | None = None
    links: tuple[Link, ...] = ()
    rejoin: Rejoin | None = None
    maintenance: Maintenance | None = None
    set_aside: tuple[SetAside, ...] = ()
    recent: RecentFailures = RecentFailures()
    certificate: Certificate | None = None
    mirror: Mirror | None = None
    watchdog: Watchdog | None = None
    network: Network | None = None
    nas: Nas | None = None
    databases: tuple[DatabaseServer, ...] = ()
    held: HeldHere | None = None
    # `configure` has been here: there should be a cluster.
    configured: bool = False
    last_words: tuple[tuple[str, str], ...] = ()


class Loss(Record):
    """Whether the pair can lose this head, and why not."""

    node: str
    reasons: tuple[Message, ...] = ()


class Verdict(Record):
    """`down` and `blocking` hold for the whole cluster, `losses` for each head that is still there."""

    down: tuple[Message, ...] = ()
    blocking: tuple[Message, ...] = ()
    losses: tuple[Loss, ...] = ()
    hazards: tuple[Message, ...] = ()

    @property
    def level(self) -> Level:
        """The worst that was found."""
        if self.down:
            return Level.DOWN
        return Level.HEALTHY if self.healthy else Level.DEGRADED

    @property
    def healthy(self) -> bool:
        """Everything runs and either head may die."""
        return not self.down and len(self.can_lose) == len(self.losses) > 1

    @property
    def can_lose(self) -> tuple[str, ...]:
        """The heads whose loss the service survives by itself."""
        if self.down or self.blocking:
            return ()
        return tuple(loss.node for loss in self.losses if not loss.reasons)

    @property
    def reasons(self) -> tuple[Message, ...]:
        """Every reason once; while something is down, what stands in the way of losing a head does not matter."""
        seen = dict.fromkeys((*self.down, *self.blocking))
        if not self.down:
            seen.update(dict.fromkeys(reason for loss in self.losses for reason in loss.reasons))
        return tuple(seen)


def judge(seen: Observation) -> Verdict:
    """The verdict on one observation; pure."""
    nodes = seen.view.nodes
    if seen.configured and seen.view.database is None:
        return Verdict(down=(message("health-configuration-gone"),))
    return Verdict(
        down=(*_twice(seen), *_down(seen.view), *_services_down(seen), *_without_nas(seen)),
        blocking=tuple(_blocking(seen)),
        losses=tuple(
            Loss(node=node.name, reasons=_reasons_against_losing(node, nodes, seen))
            for node in nodes
            if node.online
        ),
        hazards=(*_hazards(seen), *hazards_of(seen.network), *_bonds_elsewhere(seen)),
    )


def _twice(seen: Observation) -> Iterator[Message]:
    """The worst first: what both heads do at the same time destroys data while everything seems to run."""
    yield from served_twice(seen.view)
    yield from two_databases(seen.databases, seen.view)
    yield from held_against_the_cluster(seen.held, seen.view)


def _down(view: ClusterView) -> Iterator[Message]:
    if not view.with_quorum:
        yield message("health-no-quorum")
    if view.stop_all_resources:
        yield message("health-resources-stopped")
        return
    # Pacemaker shows what ran there as started until it knows that the head is off.
    for node in view.nodes:
        if node.unclean and not node.online and _services_on(node, view):
            yield message("health-node-unclean", node=node.name)
    # A missing primary holds everything else back, so it stands first.
    for group in sorted(view.sets, key=lambda one: one.kind is not Kind.PROMOTABLE):
        if group.kind is Kind.PROMOTABLE and not group.nodes_in(Role.PROMOTED):
            code = "health-drbd-not-promoted" if group is view.mirror else "health-not-promoted"
            yield message(code, resource=group.id)
        elif group.is_clone and not any(instance.active for instance in group.instances):
            yield message("health-clone-not-running", resource=group.id)
        elif not group.is_clone:
            yield from (_not_running(one) for one in group.instances if not _runs(one))


def _services_down(seen: Observation) -> Iterator[Message]:
    if not seen.view.stop_all_resources:
        yield from services_down(seen.view, seen.last_words)


def _without_nas(seen: Observation) -> Iterator[Message]:
    if seen.nas is not None:
        from live_cluster.model.nas import nas_down

        yield from nas_down(seen.nas, seen.view)


def _services_on(node: Node, view: ClusterView) -> bool:
    return any(node.name in one.nodes for group in view.sets if not group.is_clone for one in group.instances)


def _runs(instance: Instance) -> bool:
    return instance.active and instance.role in (Role.STARTED, Role.PROMOTED, Role.UNPROMOTED)


def _not_running(instance: Instance) -> Message:
    if instance.disabled:
        return message("health-resource-disabled", resource=instance.id)
    state = instance.role.value.lower()
    return message("health-resource-not-running", resource=instance.id, state=state)


def _blocking(seen: Observation) -> Iterator[Message]:
    view = seen.view
    if view.maintenance_mode:
        yield _maintenance(seen.maintenance)
        return
    unmanaged = sorted({one.id for _, one in view.instances() if not one.managed and not one.orphaned})
    for resource in unmanaged:
        yield message("health-resource-unmanaged", resource=resource)
    for group, instance in view.instances():
        if instance.failed and not instance.blocked and not group.is_clone and _runs(instance):
            yield message("health-resource-failed", resource=instance.id)
    yield from services_blocking(view)
    if seen.mirror is not None and seen.mirror.is_split:
        yield message("health-drbd-split-brain")
    for server in seen.databases:
        yield from map(sentence, server.deviations)
    if len(view.nodes) < 2:
        yield message("health-one-node")
    yield from _fencing(seen)
    if seen.quorum is not None and view.with_quorum and not seen.quorum.stays_without_one:
        yield from _quorum_would_be_lost(seen)


def _fencing(seen: Observation) -> Iterator[Message]:
    if not seen.view.fencing_enabled:
        return
    if not seen.view.fencing_devices and seen.watchdog is None:
        yield message("health-fencing-no-device")
    if seen.watchdog is not None and not seen.watchdog.armed:
        yield message("health-watchdog-not-armed")


def _maintenance(known: Maintenance | None) -> Message:
    if known is None:
        return message("health-maintenance-mode")
    until = (
        message("maintenance-until", until=known.until) if known.until else message("maintenance-open-end")
    )
    return message("health-maintenance-by", by=known.by, since=known.since, until=until)


def _quorum_would_be_lost(seen: Observation) -> Iterator[Message]:
    # With a head missing the vote that is missing is that head's, and its own reason says so.
    if seen.quorum is not None and all(node.online for node in seen.view.nodes):
        silent = seen.quorum.arbiter and seen.quorum.arbiter_votes == 0
        yield message("health-arbiter-silent" if silent else "health-quorum-would-be-lost")


def _reasons_against_losing(lost: Node, nodes: Sequence[Node], seen: Observation) -> tuple[Message, ...]:
    survivors = [node for node in nodes if node.name != lost.name]
    verdicts = [tuple(_reasons_against_surviving(node, seen)) for node in survivors]
    # The candidate with the fewest reasons would take over, once the lost one is certainly off.
    return (*_device_fails(lost, seen.view), *min(verdicts, key=len, default=()))


def _device_fails(lost: Node, view: ClusterView) -> Iterator[Message]:
    if not view.fencing_enabled:
        return
    for device in view.fencing_devices:
        if device.id == f"fence-{lost.name}" and (device.failed or not _runs(device)):
            yield message("health-fencing-device", node=lost.name, device=device.id)


def _reasons_against_surviving(survivor: Node, seen: Observation) -> Iterator[Message]:
    state = _node_state(survivor)
    if state:
        yield message(state, node=survivor.name)
        return
    yield from _bars(survivor, seen.view)
    yield from services_against(survivor.name, seen.view)
    quorum = seen.quorum
    if quorum is not None and quorum.arbiter_votes and survivor.name not in quorum.arbiter_heads:
        yield message("health-arbiter-unseen", node=survivor.name, address=quorum.arbiter_address)
    if survivor.health == "red" or _disk_is_full(survivor):
        yield message("health-disk-full", node=survivor.name)
    if survivor.attributes.get("pingd") == "0":
        yield message("health-gateway-unreachable", node=survivor.name)
    for group in seen.view.sets:
        if group.kind is Kind.CLONE and not _covers(group, survivor.name):
            yield message("health-clone-missing", resource=group.id, node=survivor.name)
    if seen.view.mirror is not None:
        from live_cluster.model.mirror_health import mirror_bars

        yield from mirror_bars(survivor.name, seen.mirror, seen.view)
    if survivor.name != seen.view.primary and seen.view.database is not None:
        yield from _database_bars(survivor, seen.view.database, seen)


def _disk_is_full(node: Node) -> bool:
    """SysInfo's own verdict is in #health_disk, which crm_mon shows to nobody; it shows the free megabytes."""
    free = (text for name, text in node.attributes.items() if name in ("root_free", "var_free"))
    return any(text.isdigit() and int(text) < LEAST_FREE_MB for text in free)


def _node_state(node: Node) -> str:
    if node.unclean:
        return "health-node-unclean"
    if node.pending:
        return "health-node-pending"
    if not node.online:
        return "health-node-offline"
    if node.maintenance:
        return "health-node-maintenance"
    return "health-node-standby" if node.standby else ""


def _bars(survivor: Node, view: ClusterView) -> Iterator[Message]:
    for count in view.fail_counts:
        if count.node == survivor.name and count.bans:
            yield message("health-banned-by-failures", resource=count.resource, node=count.node)
    for ban in view.bans:
        if ban.node == survivor.name:
            # DRBD's own handler takes its rule away again.
            code = "health-drbd-fenced" if ban.id.startswith(_FENCE_PREFIX) else "health-banned-by-rule"
            yield message(code, resource=ban.resource, node=ban.node, rule=ban.id)


def _covers(group: ResourceSet, node: str) -> bool:
    return any(_runs(one) and not one.failed and node in one.nodes for one in group.instances)


def _database_bars(survivor: Node, database: ResourceSet, seen: Observation) -> Iterator[Message]:
    if survivor.name not in database.nodes_in(Role.UNPROMOTED):
        yield message("health-standby-stopped", node=survivor.name)
        return
    data = data_state(seen.view, survivor.name)
    if data and data not in (DATA_LATEST, DATA_SYNC):
        yield message("health-standby-behind", node=survivor.name, data=data)
    elif seen.replication.mode is Mode.ASYNCHRONOUS:
        yield message("health-asynchronous", node=survivor.name)
    elif seen.replication.mode is Mode.NONE:
        yield message("health-not-replicating", node=survivor.name)


def _hazards(seen: Observation) -> Iterator[Message]:
    unprotected = seen.quorum is not None and not seen.quorum.arbiter and not seen.view.fencing_enabled
    if unprotected and len({link.number for link in seen.links}) == 1:
        yield message("hazard-split-brain-one-network")
    elif unprotected:
        yield message("hazard-split-brain")
    if all(node.online for node in seen.view.nodes):
        for link in seen.links:
            if not link.connected:
                yield message("hazard-link-down", number=link.number, address=link.remote_address)
    if seen.replication.commits_wait:
        yield message("hazard-commits-wait")
    if seen.mirror is not None:
        from live_cluster.model.mirror_health import mirror_hazards

        yield from mirror_hazards(seen.mirror, seen.view)
    if seen.nas is not None:
        from live_cluster.model.nas import nas_hazards

        yield from nas_hazards(seen.nas, seen.view)
    yield from _certificate_hazards(seen.certificate)
    bans = [count for count in seen.view.fail_counts if not count.bans]
    for count in bans:
        yield message("hazard-failures-counted", resource=count.resource, node=count.node, count=count.times)


def _certificate_hazards(known: Certificate | None) -> Iterator[Message]:
    if known is None:
        return
    if known.days_left < 0:
        yield message("hazard-certificate-expired", until=known.until)
    elif known.days_left < WARNING_DAYS:
        yield message("hazard-certificate-expires", until=known.until, days=known.days_left)


def _bonds_elsewhere(seen: Observation) -> Iterator[Message]:
    """This head has been looked at; of the other one the database agent tells."""
    here = seen.network.node if seen.network is not None else ""
    database = seen.view.database
    for node in seen.view.nodes:
        if database is not None and node.online and node.name != here:
            yield from hazards_told(node.name, node.attributes.get(f"{database.member}-network", ""))
