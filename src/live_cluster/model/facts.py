"""What the probes see on the servers, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface


class Role(Enum):
    """What a server is in the cluster."""

    HEAD = "head"
    MEDIA = "media"


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
class BlockDeviceFacts:
    """The file storage's device as one head sees it (blkid(8))."""

    exists: bool
    filesystem: str = ""
    uuid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """PostgreSQL on one head, asked through its local socket.

    `user_rows` is what the profile's question about user data answered; None where it could not be asked.
    """

    version: str
    answers: bool
    in_recovery: bool = False
    user_rows: int | None = None
    system_identifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """One server."""

    server: ServerName
    system: str
    system_version: str
    hostname: str
    addresses: tuple[NetworkAddress, ...]
    gateway: IPv4Address | None
    packages: tuple[tuple[str, str], ...]
    units: frozenset[str]
    missing_paths: tuple[str, ...]
    clock_offset_s: float
    clock_uncertainty_s: float
    free_bytes: tuple[tuple[str, int], ...]
    open_ports: frozenset[int] = frozenset()

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
    """What only heads have, beside the facts of every server."""

    node: NodeFacts
    database: DatabaseFacts
    device: BlockDeviceFacts | None
    authkey: bytes | None = field(repr=False)
    corosync_conf: str = ""
    cluster_name: str = ""
    cib: bytes = field(default=b"", repr=False)
    primary: str = ""
    stored_settings: str = ""
    copied_files: tuple[tuple[str, bytes, int, str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """All servers of the installation."""

    heads: tuple[HeadFacts, HeadFacts]
    media: tuple[NodeFacts, ...] = ()
    answering: frozenset[IPv4Address] = frozenset()

    @property
    def nodes(self) -> tuple[NodeFacts, ...]:
        """Heads first."""
        return (self.heads[0].node, self.heads[1].node, *self.media)

    @property
    def is_formed(self) -> bool:
        """Both heads are in our cluster and the CIB holds our database resource."""
        return any(b'id="ivcs-db-ms"' in head.cib for head in self.heads)
