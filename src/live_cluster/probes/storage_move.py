"""What the heads are asked where the file storage is to be another one than the cluster mounts."""

from __future__ import annotations

import json

from live_cluster.remote.requests import Command, CommandResult, FileState, Reply

# In the root folder of a storage that is being filled: where from, and how far.
MARK = ".live-cluster-move"
# Made with the file system; holds nothing of users.
_MADE_BY_MKFS = "lost+found"
HAS_RSYNC = Command(argv=("test", "-x", "/usr/bin/rsync"))


def mounted_source(mount_point: str) -> Command:
    """What is mounted there; fails where nothing is."""
    return Command(argv=("findmnt", "--noheadings", "--output", "SOURCE", "--mountpoint", mount_point))


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


def entries_of(reply: Reply) -> tuple[str, ...]:
    """What users have put there, from `ls -p`: /inode/mode/user/group/name/size/."""
    rows = (line.split("/") for line in _text(reply).splitlines())
    names = (row[5] for row in rows if len(row) > 6)
    return tuple(sorted(name for name in names if name not in (".", "..", _MADE_BY_MKFS, MARK)))


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
