"""What can be said about fencing by watchdog without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, problem
from live_cluster.model.build_settings import ParsedSettings
from live_cluster.model.settings import BlockDevice, DrbdDisk
from live_cluster.model.subjects.arbiter import ARBITER_IP
from live_cluster.model.subjects.fencing import FENCING, FENCING_DISK, FENCING_WATCHDOG
from live_cluster.model.subjects.network import TOKEN
from live_cluster.model.subjects.storage import FILESTORAGE_DEVICE

# A head that was reset waits as long as the other one needs to take over before it joins again, and systemd gives
# sbd's start 90 s: the wait is 47 s with this token. (62 s took 75 s on a machine with a load of 45.)
LONGEST_TOKEN_MS = 10_000


def watchdog_problems(wish: ParsedSettings) -> Iterator[Problem]:
    """Kinds of fencing that do not go together; a watchdog that nobody could rely on; a disk that is in use."""
    if FENCING_WATCHDOG.name not in wish.values:
        return
    option = FENCING_WATCHDOG.name
    other = next((head.device.name for head in FENCING if head.device.name in wish.values), None)
    if other is not None:
        yield problem("fencing-two-kinds", option=option, other=other)
    if FENCING_DISK.name not in wish.values and ARBITER_IP.name not in wish.values:
        yield problem("fencing-watchdog-alone", option=option)
    token = wish.of(TOKEN)
    if token is not None and token > LONGEST_TOKEN_MS:
        yield problem("fencing-watchdog-token", option=TOKEN.name, token=token, most=LONGEST_TOKEN_MS)
    disk, storage = wish.of(FENCING_DISK), wish.of(FILESTORAGE_DEVICE)
    if disk is not None and isinstance(storage, BlockDevice | DrbdDisk) and storage.path == disk:
        yield problem("fencing-disk-is-storage", option=FENCING_DISK.name, disk=disk)
