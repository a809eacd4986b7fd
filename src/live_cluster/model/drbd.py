"""DRBD as the kernel and the disks report it, in the words of drbd(8) and drbdsetup(8).

Records, for `status` reads them, too.
"""

from __future__ import annotations

from live_cluster.record import Record

# The one resource that `drbd:/dev/DISK` sets up.
RESOURCE = "filestorage"
MINOR = 0
DEVICE = f"/dev/drbd{MINOR}"
PORT = 7788
RESOURCE_FILE = "/etc/drbd.d/live-cluster-filestorage.res"

# Words of /proc/drbd that decide something.
CONNECTED = "Connected"
STAND_ALONE = "StandAlone"
SYNC_SOURCE, SYNC_TARGET = "SyncSource", "SyncTarget"
PRIMARY, SECONDARY = "Primary", "Secondary"
UP_TO_DATE, INCONSISTENT, DISKLESS = "UpToDate", "Inconsistent", "Diskless"

# Connection states in which both sides talk: everything from WFReportParams upwards means more than a handshake.
_TALKING = frozenset(
    (
        "Connected", "StartingSyncS", "StartingSyncT", "WFBitMapS", "WFBitMapT", "WFSyncUUID",
        "SyncSource", "SyncTarget", "PausedSyncS", "PausedSyncT", "VerifyS", "VerifyT", "Ahead", "Behind",
    )
)  # fmt: skip


class DrbdState(Record):
    """One device as its head's kernel sees it; `connection` is empty where it is not configured (stopped).

    `synced_percent` is None while nothing is copied; `out_of_sync_kib` is what the two disks still differ by.
    """

    connection: str = ""
    role: str = ""
    peer_role: str = ""
    disk: str = ""
    peer_disk: str = ""
    is_suspended: bool = False
    out_of_sync_kib: int = 0
    synced_percent: float | None = None
    remaining: str = ""
    kib_per_second: int = 0

    @property
    def is_configured(self) -> bool:
        """The device exists in the kernel."""
        return bool(self.connection)

    @property
    def talks(self) -> bool:
        """Both heads see each other through it."""
        return self.connection in _TALKING

    @property
    def is_whole(self) -> bool:
        """Both disks hold the same data."""
        return self.connection == CONNECTED and self.disk == self.peer_disk == UP_TO_DATE


class DrbdIdentifiers(Record):
    """The generation identifiers on one disk (drbdadm get-gi), as hexadecimal digits without the lowest bit.

    Two disks with the same `current` hold the same data. `bitmap` is the generation since which changes are
    counted for the peer; "0000000000000000": none are.
    """

    current: str
    bitmap: str
    history: tuple[str, ...] = ()
    is_consistent: bool = False
    was_up_to_date: bool = False
    was_primary: bool = False
    was_connected: bool = False
    peer_is_outdated: bool = False

    @property
    def is_new(self) -> bool:
        """Made by create-md, and never anybody's data."""
        return self.current == JUST_CREATED


NONE = "0000000000000000"
JUST_CREATED = "0000000000000004"
