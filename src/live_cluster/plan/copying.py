"""The copy of a file storage, by rsync(1): what is kept depends on what the new file system can keep."""

from __future__ import annotations

import re
from dataclasses import dataclass

from live_cluster.probes.storage_move import MARK, MONITORED
from live_cluster.remote.requests import Command

# A week: the first pass over a large storage takes days, and an interrupted one goes on where it ended.
_PASS_TIMEOUT_S = 7 * 86400.0
# Files that went while they were to be read: usual while the storage is in use.
VANISHED = 24
_EVERYTHING = (
    "--archive",
    "--hard-links",
    "--acls",
    "--xattrs",
    "--numeric-ids",
    "--sparse",
    "--modify-window=-1",
)
# NFS keeps owners and modes, but not every server keeps access lists and attributes. From a Windows share all comes
# with the owner and the modes that the mount gives to everything: those of the application.
_OF_NETWORK = ("--archive", "--hard-links", "--numeric-ids", "--sparse")
# One account owns everything on a Windows share; its clock may have steps of two seconds, and when a folder was
# changed is the server's own affair.
_TO_CIFS = ("--recursive", "--links", "--times", "--omit-dir-times", "--modify-window=2")
_LOCAL = "ext4"
_FILES = re.compile(r"^Number of files: ([\d,.]+)", re.MULTILINE)
_LEAST_URGENT = ("ionice", "-c", "2", "-n", "7", "nice", "-n", "10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From where to where, and the file systems on both ends in the words of mount(8)."""

    source: str
    target: str
    source_fstype: str
    target_fstype: str

    @property
    def kept(self) -> tuple[str, ...]:
        """What both ends can keep."""
        if self.target_fstype == "cifs":
            return _TO_CIFS
        return _EVERYTHING if self.is_local else _OF_NETWORK

    @property
    def is_local(self) -> bool:
        """No NAS is involved."""
        return self.source_fstype == self.target_fstype == _LOCAL


def copy_command(way: Way, *, in_use: bool, by_content: bool = False) -> Command:
    """One pass; `by_content` reads all of both sides and replaces what differs, whatever its time and size say."""
    content = ("--checksum",) if by_content else ()
    argv = (*(_LEAST_URGENT if in_use else ()), *_rsync(way, *content, "--stats"))
    accepts = (0, VANISHED) if in_use else (0,)
    return Command(argv=argv, timeout_s=_PASS_TIMEOUT_S, accepts=accepts, changes_node=True)


def files_copied(stats: str) -> int:
    """How many files a pass went through, by what it said in the end; 0 where it said nothing."""
    found = _FILES.search(stats)
    return int(re.sub(r"\D", "", found[1])) if found else 0


def compare_command(way: Way) -> Command:
    """Prints a line for everything that one side has and the other has not, or has otherwise; changes nothing."""
    return Command(argv=_rsync(way, "--dry-run", "--itemize-changes"), timeout_s=_PASS_TIMEOUT_S)


def _rsync(way: Way, *words: str) -> tuple[str, ...]:
    return (
        "rsync",
        *way.kept,
        *words,
        "--one-file-system",
        "--delete",
        "--exclude=/lost+found",
        f"--exclude=/{MONITORED}",
        f"--exclude=/{MARK}",
        f"{way.source}/",
        f"{way.target}/",
    )
