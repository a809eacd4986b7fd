"""The cluster as Pacemaker reports it at one moment: nodes, resources, failures, attributes.

Records here and in the modules that `status` needs beside it, for they load fast.
"""

from __future__ import annotations

from types import MappingProxyType

from live_cluster.record import Choice, Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Kind(Choice):
    """How instances of a top-level resource belong together."""

    PRIMITIVE = "primitive"
    GROUP = "group"
    CLONE = "clone"
    PROMOTABLE = "promotable"
    BUNDLE = "bundle"


# Pacemaker 1.1's words and their successors; builds differ in which they print.
_ROLES = {"Master": "Promoted", "Slave": "Unpromoted"}


class Role(Choice):
    """What an instance does now; the value is Pacemaker 2.1's word."""

    STARTED = "Started"
    STOPPED = "Stopped"
    PROMOTED = "Promoted"
    UNPROMOTED = "Unpromoted"
    STARTING = "Starting"
    STOPPING = "Stopping"
    PROMOTING = "Promoting"
    DEMOTING = "Demoting"
    MIGRATING = "Migrating"
    UNKNOWN = "Unknown"

    @classmethod
    def parse(cls, text: str) -> Role:
        """The role of that name in any Pacemaker's spelling; UNKNOWN for one that is not known."""
        word = _ROLES.get(text, text)
        return next((role for role in cls if role.value == word), cls.UNKNOWN)


class Instance(Record):
    """One resource on one node (or on none): what the count of configured resources counts."""

    id: str
    agent: str
    role: Role
    nodes: tuple[str, ...] = ()
    active: bool = False
    managed: bool = True
    failed: bool = False
    blocked: bool = False
    orphaned: bool = False
    maintenance: bool = False
    target_role: str = ""
    pending: str = ""
    failure_ignored: bool = False

    @property
    def disabled(self) -> bool:
        """Stopped because its own configuration says so (target-role)."""
        return Role.parse(self.target_role) is Role.STOPPED


class ResourceSet(Record):
    """A group, a clone, or a primitive that stands alone."""

    kind: Kind
    id: str
    instances: tuple[Instance, ...]
    managed: bool = True
    disabled: bool = False
    maintenance: bool = False

    @property
    def is_clone(self) -> bool:
        """True where the same resource runs on several nodes."""
        return self.kind in (Kind.CLONE, Kind.PROMOTABLE)

    @property
    def member(self) -> str:
        """The name of what is cloned: the article writes it in brackets."""
        return self.instances[0].id if self.instances else ""

    def nodes_in(self, *roles: Role) -> tuple[str, ...]:
        """Where instances have one of these roles, each node once, sorted."""
        return tuple(sorted({name for one in self.instances if one.role in roles for name in one.nodes}))


class Node(Record):
    """One head server as the cluster sees it."""

    name: str
    online: bool
    standby: bool = False
    maintenance: bool = False
    pending: bool = False
    unclean: bool = False
    shutdown: bool = False
    health: str = "green"
    attributes: Mapping[str, str] = MappingProxyType({})
    id: str = ""

    @property
    def available(self) -> bool:
        """Resources may run here."""
        return self.online and not (self.standby or self.maintenance or self.pending or self.unclean)


class Failure(Record):
    """One failed action that Pacemaker remembers until it is cleaned up or expires."""

    resource: str
    task: str
    node: str
    exit_status: str
    exit_reason: str = ""
    when: str = ""


class FailCount(Record):
    """How often a resource failed on a node, and from which number on it may not run there."""

    resource: str
    node: str
    times: int
    threshold: int

    @property
    def bans(self) -> bool:
        """The resource may not run on that node until the count is cleared."""
        return 0 < self.threshold <= self.times


class Ban(Record):
    """A location constraint that keeps a resource (or its promoted role) from a node."""

    id: str
    resource: str
    node: str
    promoted_only: bool = False


class FenceEvent(Record):
    """An attempt to cut a node's power, as Pacemaker remembers it."""

    action: str
    target: str
    status: str
    when: str = ""
    reason: str = ""


class ClusterView(Record):
    """All of it; `resources_configured` counts instances, as the article does.

    Fencing devices are resources to Pacemaker; here they stand apart, and neither counts nor sets hold them.
    """

    stack: str
    dc: str
    dc_version: str
    with_quorum: bool
    last_updated: str
    last_change: str
    change_user: str = ""
    change_client: str = ""
    change_origin: str = ""
    nodes: tuple[Node, ...] = ()
    resources_configured: int = 0
    sets: tuple[ResourceSet, ...] = ()
    failures: tuple[Failure, ...] = ()
    fail_counts: tuple[FailCount, ...] = ()
    bans: tuple[Ban, ...] = ()
    fencing_enabled: bool = False
    maintenance_mode: bool = False
    stop_all_resources: bool = False
    fencing_devices: tuple[Instance, ...] = ()
    failed_fencing: tuple[FenceEvent, ...] = ()

    def node(self, name: str) -> Node | None:
        """The node of that name, if it is configured."""
        return next((node for node in self.nodes if node.name == name), None)

    def instances(self) -> Iterator[tuple[ResourceSet, Instance]]:
        """Every instance with the set it belongs to, in the order of the configuration."""
        for group in self.sets:
            for instance in group.instances:
                yield group, instance

    @property
    def database(self) -> ResourceSet | None:
        """The promotable set that our own database agent runs."""
        return next((one for one in self.sets if _is_database(one)), None)

    @property
    def primary(self) -> str:
        """The node where the database is promoted; empty where there is none."""
        database = self.database
        promoted = database.nodes_in(Role.PROMOTED) if database else ()
        return promoted[0] if promoted else ""

    @property
    def mirror(self) -> ResourceSet | None:
        """The set that runs DRBD on both heads, where the files lie on a mirrored disk."""
        return next((one for one in self.sets if _is_mirror(one)), None)


DATABASE_AGENT = "ocf:live-cluster:postgresql"


def _is_database(candidate: ResourceSet) -> bool:
    return candidate.kind is Kind.PROMOTABLE and any(
        instance.agent == DATABASE_AGENT for instance in candidate.instances
    )


def _is_mirror(candidate: ResourceSet) -> bool:
    agents = ("ocf:linbit:drbd", "ocf::linbit:drbd")
    return candidate.kind is Kind.PROMOTABLE and any(one.agent in agents for one in candidate.instances)


def stopped_on_purpose(view: ClusterView) -> bool:
    """An administrator has stopped or frozen resources: waiting for them would be in vain; `status` shows it."""
    return (
        view.stop_all_resources
        or view.maintenance_mode
        or any(one.disabled for one in view.sets)
        or any(instance.disabled for _, instance in view.instances())
    )
