"""One move of the file storage: from where to where, by which head, and what stands still meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.plan.copying import Way, copy_command
from live_cluster.plan.move_mirror import Mirror
from live_cluster.plan.move_progress import Amount
from live_cluster.probes.storage_move import MARK_FILE, mark_text
from live_cluster.remote.requests import Command, WriteFile
from live_cluster.render.cib_storage import Mount

# What the last pass over files in use said: how many there are.
STATS = "/run/live-cluster/filestorage-stats"
# rsync goes through some 20 000 files a second where their inodes are in memory, and through a tenth of that where
# they are not; both of the last passes go through all of them.
_FILES_PER_S = 5000
# Each file of a NAS costs it a question or two, of a millisecond or less each.
_FILES_OF_NAS_PER_S = 500
_STOP_AND_START_S = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """`token` tells this run's work from that of an earlier one."""

    node: str
    other: str
    former: str
    mount: Mount
    mount_point: str
    is_device: bool
    mirror: Mirror | None
    way: Way
    token: str
    paused: tuple[str, ...]
    units: tuple[str, ...]
    amount: Amount

    def seconds(self, files: int) -> int:
        """How long the services will be stopped for so many files, about."""
        return _STOP_AND_START_S + files // (_FILES_PER_S if self.way.is_local else _FILES_OF_NAS_PER_S)

    def copy(self, *, in_use: bool, by_content: bool = False) -> Command:
        """One pass of the copy."""
        return copy_command(self.way, in_use=in_use, by_content=by_content)

    def mark(self, **values: str) -> WriteFile:
        """What the next run will find."""
        return WriteFile(path=MARK_FILE.path, content=mark_text(origin=self.former, **values), mode=0o600)
