"""The copy of a file storage, by rsync(1): what is kept depends on what the new file system can keep."""

from __future__ import annotations

from live_cluster.probes.storage_move import MARK
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
# NFS keeps owners and modes, but not every server keeps access lists and attributes.
_NFS = ("--archive", "--hard-links", "--numeric-ids", "--sparse")
# One account owns everything on a Windows share; its clock may have steps of two seconds.
_CIFS = ("--recursive", "--links", "--times", "--modify-window=2")
_KEPT = {"ext4": _EVERYTHING, "nfs": _NFS, "nfs4": _NFS, "cifs": _CIFS}
_LEAST_URGENT = ("ionice", "-c", "2", "-n", "7", "nice", "-n", "10")


def copy_command(source: str, target: str, fstype: str, *, in_use: bool, by_content: bool = False) -> Command:
    """One pass; `by_content` reads all of both sides and replaces what differs, whatever its time and size say."""
    argv = (*(_LEAST_URGENT if in_use else ()), *_rsync(source, target, fstype, by_content=by_content))
    accepts = (0, VANISHED) if in_use else (0,)
    return Command(argv=argv, timeout_s=_PASS_TIMEOUT_S, accepts=accepts, changes_node=True)


def compare_command(source: str, target: str, fstype: str) -> Command:
    """Prints a line for everything that one side has and the other has not, or has otherwise; changes nothing."""
    words = (*_rsync(source, target, fstype, by_content=False), "--dry-run", "--itemize-changes")
    return Command(argv=words, timeout_s=_PASS_TIMEOUT_S)


def _rsync(source: str, target: str, fstype: str, *, by_content: bool) -> tuple[str, ...]:
    return (
        "rsync",
        *_KEPT.get(fstype, _EVERYTHING),
        *(("--checksum",) if by_content else ()),
        "--one-file-system",
        "--delete",
        "--exclude=/lost+found",
        # The monitor of the mounted file system writes there every ten seconds.
        "--exclude=/.Filesystem_status",
        f"--exclude=/{MARK}",
        f"{source}/",
        f"{target}/",
    )
