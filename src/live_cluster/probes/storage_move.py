"""What the heads are asked where the file storage is to be another one than the cluster mounts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from live_cluster.model.drbd import RESOURCE_FILE
from live_cluster.model.storage_move import LeftOver
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, Request

# Where a new storage is mounted while it is filled.
NEW_STORAGE = "/run/live-cluster/new-filestorage"
# In the root folder of a storage that is being filled: where from, and how far.
MARK = ".live-cluster-move"
# Made with the file system; holds nothing of users.
_MADE_BY_MKFS = "lost+found"
# Where the monitor of a mounted file system writes every ten seconds (ocf:heartbeat:Filesystem).
MONITORED = ".Filesystem_status"
# Beside these, what is in a root folder is somebody's; the last one is what a killed run leaves of a mark.
IGNORED = (_MADE_BY_MKFS, MARK, MONITORED, f".{MARK}.live-cluster-new")
HAS_RSYNC = Command(argv=("test", "-x", "/usr/bin/rsync"))
# Read, not asked for: every run looks, and hardly any finds something.
LEFT_OVER: tuple[Request, ...] = (ReadFile(path=RESOURCE_FILE), ReadFile(path="/proc/mounts"))
_DISK = re.compile(r'^\s*disk "([^"]+)";', re.MULTILINE)
# The mark, and what users have put beside it.
MARK_FILE = ReadFile(path=f"{NEW_STORAGE}/{MARK}")
LISTING = Command(
    argv=(
        "find", NEW_STORAGE, "-mindepth", "1", "-maxdepth", "1",
        *(word for name in IGNORED for word in ("-not", "-name", name)), "-printf", "%f\\n",
    )
)  # fmt: skip


def left_over(replies: Mapping[Request, Reply]) -> LeftOver:
    """What every head is asked."""
    resource, mounts = (replies.get(one) for one in LEFT_OVER)
    disk = _DISK.search(resource.text) if isinstance(resource, FileState) else None
    rows = [line.split(" ") for line in mounts.text.splitlines()] if isinstance(mounts, FileState) else []
    there = (row[0] for row in reversed(rows) if len(row) > 1 and row[1] == NEW_STORAGE)
    return LeftOver(mirrored_disk=disk[1] if disk else "", being_filled=next(there, ""))


def mounted_source(mount_point: str) -> Command:
    """What is mounted there, without the folder in it that a share may be mounted from; fails where nothing is."""
    columns = ("--noheadings", "--nofsroot", "--output", "SOURCE")
    return Command(argv=("findmnt", *columns, "--mountpoint", mount_point))


def usage(mount_point: str) -> Command:
    """Bytes and files that are in use."""
    return Command(argv=("df", "--block-size=1", "--output=used,iused", "--", mount_point))


def root_folder(device: str) -> Command:
    """Names in the root folder of an ext4 file system that is not mounted (debugfs(8) only reads)."""
    return Command(argv=("debugfs", "-R", "ls -p /", device))


def mark_on(device: str) -> Command:
    """The mark, from a file system that is not mounted."""
    return Command(argv=("debugfs", "-R", f"cat /{MARK}", device))


def used_of(reply: Reply) -> tuple[int, int]:
    """Bytes and files; 0 where the file system does not count them."""
    lines = _text(reply).splitlines()
    words = lines[-1].split() if len(lines) > 1 else []
    numbers = [int(word) if word.isdigit() else 0 for word in words]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)


def room_in(reply: Reply) -> int | None:
    """What df(1) calls available; None where it says nothing."""
    words = _text(reply).split()
    return int(words[-1]) if words and words[-1].isdigit() else None


def entries_of(reply: Reply) -> tuple[str, ...]:
    """What users have put there, from `ls -p`: /inode/mode/user/group/name/size/."""
    rows = (line.split("/") for line in _text(reply).splitlines())
    names = (row[5] for row in rows if len(row) > 6)
    return tuple(sorted(name for name in names if name not in (".", "..", *IGNORED)))


def names_in(reply: Reply) -> tuple[str, ...]:
    """The same from what is mounted (`LISTING`)."""
    return tuple(sorted(_text(reply).splitlines()))


def mark_of(text: str) -> dict[str, str]:
    """What the mark says; nothing where there is none."""
    try:
        return {str(name): str(value) for name, value in json.loads(text).items()}
    except (ValueError, AttributeError):
        return {}


def mark_text(**values: str) -> bytes:
    """The mark to be."""
    return json.dumps(values).encode() + b"\n"


def mark_in(reply: Reply) -> dict[str, str]:
    """The mark from a file that was read."""
    return mark_of(reply.text) if isinstance(reply, FileState) and reply.exists else {}


def is_ok(reply: Reply) -> bool:
    """The command succeeded."""
    return isinstance(reply, CommandResult) and reply.ok


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""
