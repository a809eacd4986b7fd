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
# When this run's first pass began, as the time of a file; and the files that are newer.
_BEGUN = "/run/live-cluster/filestorage-begun"
_LATEST = "/run/live-cluster/filestorage-latest"
_COPY_LATEST = (
    f"find . -xdev -path './{MONITORED}*' -prune -o -type f -newer \"$1\" ! -path './{MARK}' -print0 >\"$2\""
    ' || exit; shift 2; exec "$@"'
)
_FILES = re.compile(r"^Number of files: ([\d,.]+)", re.MULTILINE)
_LEAST_URGENT = ("ionice", "-c", "2", "-n", "7", "nice", "-n", "10")
# Pacemaker may have taken the files to the other head a moment ago: an empty mount point would be copied, with all
# that is deleted by that. Whose working directory it is holds it: it is looked at, and stays.
NOT_MOUNTED = 72
_WHERE_MOUNTED = (
    'cd -- "$1" && mountpoint -q -- "$1"'
    f' || {{ echo "$1 is not mounted" >&2; exit {NOT_MOUNTED}; }}; shift; exec "$@"'
)


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
    argv = _where_mounted(way, *(_LEAST_URGENT if in_use else ()), *_rsync(way, *content, "--stats"))
    accepts = (0, VANISHED) if in_use else (0,)
    return Command(argv=argv, timeout_s=_PASS_TIMEOUT_S, accepts=accepts, changes_node=True)


def begun_command() -> Command:
    """Before the first pass of a run: what is written from now on may be read by it half-way."""
    return Command(argv=("touch", "--date=10 minutes ago", "--", _BEGUN), changes_node=True)


def latest_command(way: Way) -> Command | None:
    """After the last pass, when nothing writes any more: the files of this run's time, whatever their times say.

    A file that was rewritten within the second in which an earlier pass had read it, with the same size, looks the
    same to rsync where a NAS keeps whole seconds (or two). Between local file systems nanoseconds tell. Ten minutes
    more than the run, for the times are those of the NAS's own clock.
    """
    if way.is_local:
        return None
    copy = (
        "rsync",
        *way.kept,
        "--ignore-times",
        "--from0",
        f"--files-from={_LATEST}",
        f"{way.source}/",
        f"{way.target}/",
    )
    argv = _where_mounted(way, "sh", "-c", _COPY_LATEST, "latest", _BEGUN, _LATEST, *copy)
    return Command(argv=argv, timeout_s=_PASS_TIMEOUT_S, changes_node=True)


def files_copied(stats: str) -> int:
    """How many files a pass went through, by what it said in the end; 0 where it said nothing."""
    found = _FILES.search(stats)
    return int(re.sub(r"\D", "", found[1])) if found else 0


def compare_command(way: Way) -> Command:
    """Prints a line for everything that one side has and the other has not, or has otherwise; changes nothing."""
    argv = _where_mounted(way, *_rsync(way, "--dry-run", "--itemize-changes"))
    return Command(argv=argv, timeout_s=_PASS_TIMEOUT_S)


def _where_mounted(way: Way, *argv: str) -> tuple[str, ...]:
    return ("sh", "-c", _WHERE_MOUNTED, "copy", way.source, *argv)


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
