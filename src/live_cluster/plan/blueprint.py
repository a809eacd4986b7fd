"""Everything that steps are made of: the wish, the application's profile, the facts, the services' secrets."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.model.facts import ClusterFacts, NodeFacts, Role, ServerName
from live_cluster.model.profile import Profile
from live_cluster.model.service_secrets import ServiceSecrets
from live_cluster.model.settings import ClusterSettings
from live_cluster.render.cib_parts import FloatingAddress
from live_cluster.render.corosync_conf import arbiter_address, is_ours

# What messages call an arbiter of its own; its host name stays as it is.
ARBITER_NAME = "arbiter"


def server_names(settings: ClusterSettings, profile: Profile) -> tuple[ServerName, ...]:
    """All servers with their cluster names (C1): heads from 1, media servers from 0, an arbiter of its own."""
    heads = tuple(
        ServerName(
            name=profile.hostnames.of_head(head.number),
            address=head.address,
            role=Role.HEAD,
            number=head.number,
        )
        for head in settings.heads
    )
    media = tuple(
        ServerName(
            name=profile.hostnames.of_media(one.number - 1),
            address=one.address,
            role=Role.MEDIA,
            number=one.number - 1,
        )
        for one in settings.media
    )
    arbiter = settings.arbiter
    if arbiter is None or arbiter in settings.media_addresses:
        return heads + media
    return (*heads, *media, ServerName(name=ARBITER_NAME, address=arbiter, role=Role.ARBITER, number=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Input of the whole plan. `set_aside` is this run's directory for what is replaced.

    `prune`: what others have put into the CIB is taken out.
    """

    settings: ClusterSettings
    profile: Profile
    facts: ClusterFacts
    secrets: ServiceSecrets
    set_aside: str
    cluster_toml: str
    secrets_toml: str
    profile_toml: str = ""
    prune: bool = False
    # Media servers that are off: the others learn of them, and nothing is done there.
    absent: frozenset[str] = frozenset()
    # Media servers that this run removes and that can be reached; all of them are in settings.removed_media.
    former: tuple[ServerName, ...] = ()

    @property
    def servers(self) -> tuple[ServerName, ...]:
        """All servers, heads first."""
        return server_names(self.settings, self.profile)

    @property
    def heads(self) -> tuple[NodeFacts, NodeFacts]:
        """Both heads."""
        return (self.facts.heads[0].node, self.facts.heads[1].node)

    @property
    def head_names(self) -> tuple[str, str]:
        """Cluster names of both heads."""
        return (self.heads[0].server.name, self.heads[1].server.name)

    @property
    def arbiter(self) -> ServerName | None:
        """The server with the third vote."""
        return next((one for one in self.servers if one.address == self.settings.arbiter), None)

    @property
    def former_arbiter(self) -> IPv4Address | None:
        """The arbiter that a head's Corosync is configured for and that is not wanted any more."""
        found = (arbiter_address(head.corosync_conf) for head in self.facts.heads)
        return next((one for one in found if one not in (None, self.settings.arbiter)), None)

    @property
    def forming(self) -> bool:
        """The cluster has no database resource yet: its first head decides about the data."""
        return not self.facts.has_resource(self.profile.resources.database_clone)

    def joins(self, name: str) -> bool:
        """This head is not in our cluster yet: it is new, or was installed anew while the other one went on."""
        head = self.facts.heads[self.head_names.index(name)]
        return self.forming or not is_ours(head.corosync_conf)

    def data_source(self, name: str) -> str:
        """Whose database a joining head gets; its own name where its data is the one that goes on."""
        first, second = self.head_names
        if self.forming:
            return self.facts.source.node or first
        return second if name == first else first

    def serves(self, name: str) -> bool:
        """This head's services are in use outside of the cluster: they stop when the cluster takes them over."""
        return self.forming and name == self.data_source(name)

    @property
    def database_version(self) -> str:
        """Major version of PostgreSQL; the prerequisites see to it that both heads have the same single one."""
        return self.facts.heads[0].database.versions[0]

    @property
    def primary(self) -> str:
        """Where the database is primary now, or will be first."""
        attribute = f"{self.profile.resources.database}-data"
        known = self.facts.primary or self.facts.holder_of_latest(attribute)
        return known or self.data_source(self.head_names[0])

    def floating(self, address: IPv4Address) -> FloatingAddress:
        """Interface and prefix of a floating address on the first head (the prerequisites compare both heads)."""
        place = self.heads[0].nic_for(address)
        assert place is not None  # plan/prerequisites.py refuses the run otherwise
        return FloatingAddress(address=address, prefix=place.interface.network.prefixlen, nic=place.nic)

    def replication_addresses(self, number: int) -> tuple[IPv4Address, ...]:
        """A head's addresses for replication, the private network first (C3)."""
        head = self.settings.heads[number - 1]
        return (head.secondary, head.address) if head.secondary else (head.address,)
