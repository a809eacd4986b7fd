"""What the user wants, as frozen values: complete, typed and free of contradictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from live_cluster.model.storage_orders import StorageOrders


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that shows itself only when asked: neither repr nor str nor a traceback contains it."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    def __str__(self) -> str:
        return "********"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSettings:
    """One head server; the secondary address is its end of the private network."""

    number: int
    address: IPv4Address
    secondary: IPv4Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """One media server, `number` from 1; after a removal the numbers have gaps, and nobody's host name changes."""

    number: int
    address: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDevice:
    """A LUN that both heads see under the same path, with ext4 made by the administrator."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CifsShare:
    """A Windows share; `share` may go on with folders below it."""

    host: str
    share: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NfsExport:
    """An exported directory; `export` begins with a slash."""

    host: str
    export: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrbdDisk:
    """A disk of each head, mirrored by DRBD; `is_ready` means that `path` is already the mirrored device."""

    path: str
    is_ready: bool


Storage = BlockDevice | CifsShare | NfsExport | DrbdDisk


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A login; some services ask for the name only."""

    username: str
    password: Secret | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedOff:
    """The administrator switched the service off (`…-disable`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The external mail server; without a port the application's own default counts."""

    hostname: str
    port: int | None = None
    credentials: Credentials | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmscGateway:
    """The gateway that sends SMS (SMPP)."""

    host: str
    port: int
    credentials: Credentials | None
    sender_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """The license file, the server instance id to force, or both; `content` only where this run names the file."""

    path: Path | None
    server_instance_id: str | None
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """A certificate and its private key on the server where the command runs.

    `chain` and `key` are their contents, there only where this run names one of the files.
    """

    certificate: Path
    private_key: Path
    is_named: bool = False
    chain: bytes = b""
    key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """What outgoing calls carry; the defaults are made of the public name (B5)."""

    outgoing_sip_proxy: str
    sip_from_header: str
    h323_from_header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceDevice:
    """What cuts a head's power: the agent, its parameters as they were written, the password apart."""

    agent: str
    parameters: tuple[tuple[str, str], ...]
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fencing:
    """A device for each head, the first head's first."""

    devices: tuple[FenceDevice, FenceDevice]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogFencing:
    """sbd(8) on both heads: their watchdog's device, and the disk between them; without one the arbiter decides."""

    device: str
    disk: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who said what: the names of all settings that have a value, and of those that this run names.

    `former_public_name` is the public name before this run; empty where no run has come to its end yet.
    """

    given: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    former_public_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """The whole wish. None means: not ours, leave it as it is (B3)."""

    heads: tuple[HeadSettings, HeadSettings]
    public_ip: IPv4Address
    database_ip: IPv4Address
    # None only where the product has no file storage.
    filestorage_ip: IPv4Address | None
    public_fqdn: str
    filestorage: Storage | None
    filestorage_credentials: Credentials | None
    media: tuple[MediaSettings, ...]
    removed_media: tuple[IPv4Address, ...] = ()
    media_on_heads: bool = True
    arbiter: IPv4Address | None = None
    token_ms: int
    token_retransmits: int
    mail: MailServer | TurnedOff | None
    smsc: SmscGateway | TurnedOff | None
    license: License | None
    certificate: CertificateFiles | None
    calls: CallSettings
    fencing: Fencing | WatchdogFencing | TurnedOff | None = None
    said: Said = field(default=Said(), compare=False)
    storage_orders: StorageOrders = field(default=StorageOrders(), compare=False)

    @property
    def media_addresses(self) -> tuple[IPv4Address, ...]:
        """Addresses of the media servers, by number."""
        return tuple(one.address for one in self.media)

    @property
    def floating_addresses(self) -> tuple[IPv4Address, ...]:
        """Addresses that move from head to head."""
        every = (self.public_ip, self.database_ip, self.filestorage_ip)
        return tuple(address for address in every if address is not None)

    @property
    def may_split(self) -> bool:
        """Nothing keeps both heads from serving when they lose sight of each other."""
        return self.arbiter is None and not isinstance(self.fencing, Fencing | WatchdogFencing)
