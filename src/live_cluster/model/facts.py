"""What the probes see on the servers, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface

from lxml import etree

from live_cluster.model.data_sides import DataSide, Source, source_of
from live_cluster.model.database_settings import Setting
from live_cluster.model.fence_metadata import AgentMetadata
from live_cluster.model.interface import Interface
from live_cluster.model.storage_facts import StorageFacts
from live_cluster.model.storage_move import NOTHING_LEFT, FormerMirror, LeftOver, MoveFacts
from live_cluster.model.unit_times import UnitTimes
from live_cluster.model.watchdog_facts import WatchdogFacts


class Role(Enum):
    """What a server is in the cluster."""

    HEAD = "head"
    MEDIA = "media"
    # A server of its own that is nothing but the arbiter; a media server that is one stays a media server.
    ARBITER = "arbiter"
    # A media server that this run removes.
    FORMER = "former"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerName:
    """One server of the installation: its cluster host name, its address, its role and number."""

    name: str
    address: IPv4Address
    role: Role
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAddress:
    """An IPv4 address on a network interface (`ip -json address`)."""

    nic: str
    interface: IPv4Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """PostgreSQL on one head. `versions` are the major versions with a cluster named main (pg_lsclusters(1)).

    `user_rows` is what the profile's question about user data answered, None where nobody answered;
    `size_bytes` is what a copy of the whole server needs. `handed_over`: an earlier run of ours, interrupted,
    has stopped it on purpose. `settings` are those in force; `side` is looked at only where no cluster knows whose
    data is the latest.
    """

    versions: tuple[str, ...]
    user_rows: int | None = None
    size_bytes: int = 0
    handed_over: bool = False
    settings: tuple[Setting, ...] = ()
    side: DataSide | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A process that listens on a port (`ss`)."""

    protocol: str
    port: int
    process: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file that one head passes on to the other."""

    path: str
    content: bytes = field(repr=False)
    mode: int
    owner: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """One server. `free_bytes` maps mount points, `firewall` holds the fragments that others wrote.

    Gateway, packages and listeners are known of heads only.
    """

    server: ServerName
    system: str
    system_version: str
    addresses: tuple[NetworkAddress, ...]
    gateway: IPv4Address | None
    packages: tuple[tuple[str, str], ...]
    missing_units: tuple[str, ...]
    missing_paths: tuple[str, ...]
    clock_offset_s: float
    free_bytes: tuple[tuple[str, int], ...]
    listeners: tuple[Listener, ...]
    firewall: str
    interfaces: tuple[Interface, ...] = ()

    def version_of(self, package: str) -> str:
        """Installed version; empty where the package is not installed."""
        return dict(self.packages).get(package, "")

    def nic_for(self, address: IPv4Address) -> NetworkAddress | None:
        """The interface whose subnet contains `address`; None where no connected subnet does."""
        for candidate in self.addresses:
            if address in candidate.interface.network:
                return candidate
        return None

    def has(self, address: IPv4Address) -> bool:
        """Is this one of the server's own addresses now?"""
        return any(candidate.interface.ip == address for candidate in self.addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadFacts:
    """What only heads have, beside the facts of every server.

    `cib` is the running one, or where Pacemaker does not run the one it would start with: a cluster that is down is
    a cluster all the same, and its data must never be taken for that of a fresh installation.
    `storage_owner` is the application's account in numbers, UID:GID; empty where there is no such account.
    """

    node: NodeFacts
    database: DatabaseFacts
    storage: StorageFacts | None
    service_secrets: str = field(repr=False)
    corosync_conf: str
    cib: bytes = field(repr=False)
    primary: str
    shared_files: tuple[FileFacts, ...] = field(repr=False)
    fence_agents: tuple[tuple[str, AgentMetadata], ...] = ()
    has_ipmitool: bool = False
    certificate_record: str = ""
    stopped_on_purpose: bool = False
    # Heads that are offline by this one's Pacemaker; None where it does not run.
    out_of_sight: tuple[str, ...] | None = None
    storage_owner: str = ""
    watchdog: WatchdogFacts | None = None
    left: LeftOver = NOTHING_LEFT
    unit_times: tuple[UnitTimes, ...] = ()

    def times_of(self, unit: str) -> UnitTimes:
        """Of a clustered unit; systemd's usual ones where nobody has asked."""
        return next((one for one in self.unit_times if one.unit == unit), UnitTimes(unit=unit))

    def agent_metadata(self, agent: str) -> AgentMetadata | None:
        """What a fence agent says about itself here; None where it is not installed."""
        return dict(self.fence_agents).get(agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbiterFacts:
    """The server with the third vote. `certificate` (PEM) is what the heads will know it by; empty where the
    package has not made one. `missing` names packages with the servers that lack them; `strangers` are the
    addresses of heads that it serves already and that are not ours.
    """

    node: NodeFacts
    certificate: str = ""
    missing: tuple[tuple[str, str], ...] = ()
    strangers: tuple[IPv4Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """All servers of the installation.

    `answering` are floating addresses that a stranger holds; `without_gateway` heads whose gateway is silent;
    `pings_lost` are heads with the addresses of the other one that do not answer their pings;
    `certificate_files` are those of the head that has got a certificate from us, where the other head has not;
    `installed_chains` are heads with the certificates that they have got from us, where the public name changes;
    `license_refusal` is what the application says against the license that is to be installed;
    `move` is there where the cluster mounts another file storage than the wanted one, `former_mirror` where its
    configuration has DRBD that is not wanted (any more).
    """

    heads: tuple[HeadFacts, HeadFacts]
    media: tuple[NodeFacts, ...]
    answering: frozenset[IPv4Address]
    without_gateway: frozenset[str] = frozenset()
    pings_lost: tuple[tuple[str, IPv4Address], ...] = ()
    license_refusal: str = ""
    certificate_files: tuple[FileFacts, ...] = field(default=(), repr=False)
    installed_chains: tuple[tuple[str, FileFacts], ...] = field(default=(), repr=False)
    arbiter: ArbiterFacts | None = None
    move: MoveFacts | None = None
    former_mirror: FormerMirror | None = None

    @property
    def nodes(self) -> tuple[NodeFacts, ...]:
        """Heads first, an arbiter of its own last."""
        alone = self.arbiter is not None and self.arbiter.node.server.role is Role.ARBITER
        others = (*self.media, self.arbiter.node) if self.arbiter and alone else self.media
        return (self.heads[0].node, self.heads[1].node, *others)

    def has_resource(self, identity: str) -> bool:
        """Does the CIB of a head hold this resource?"""
        return any(f'id="{identity}"'.encode() in head.cib for head in self.heads)

    def holder_of_latest(self, attribute: str) -> str:
        """The head whose data is the latest by the agent's permanent node attribute; empty where none says so."""
        for head in self.heads:
            nodes = etree.fromstring(head.cib).iterfind("configuration/nodes/node") if head.cib else ()
            for node in nodes:
                if node.find(f".//nvpair[@name='{attribute}'][@value='latest']") is not None:
                    return str(node.get("uname"))
        return ""

    @property
    def source(self) -> Source:
        """Whose data goes on where no cluster says so; the first head's where there is nothing to compare."""
        first, second = self.heads
        if first.database.side is None or second.database.side is None:
            return Source(node=first.node.server.name)
        return source_of(first.database.side, second.database.side)

    @property
    def primary(self) -> str:
        """Cluster name of the head with the promoted database; empty where there is none."""
        return self.heads[0].primary or self.heads[1].primary

    @property
    def are_apart(self) -> bool:
        """Pacemaker runs on both heads, and one of them does not see the other."""
        pairs = zip(self.heads, reversed(self.heads), strict=True)
        seen = [(head.out_of_sight, other.node.server.name) for head, other in pairs]
        return all(names is not None for names, _ in seen) and any(
            name in (names or ()) for names, name in seen
        )

    @property
    def asleep(self) -> bool:
        """No database, because an administrator wants it so."""
        return not self.primary and any(head.stopped_on_purpose for head in self.heads)
