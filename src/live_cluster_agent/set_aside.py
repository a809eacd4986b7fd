"""Data that a repair would discard is kept: never deleted, named by the time it was set aside."""

import errno
import gzip
import json
import os
from datetime import UTC, datetime

from live_cluster_agent import files, wal
from live_cluster_agent.local_data import Divergence
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.parameters import Parameters

# Segments are mostly zeros behind their end; the fastest level takes them to a few per cent.
_GZIP_LEVEL = 1


def stamp() -> str:
    """UTC time for names, such as 20250131T235959Z."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def free_name(path: str) -> str:
    """The path itself or, when it is taken, with a number behind."""
    if not os.path.lexists(path):
        return path
    number = next(n for n in range(2, 1000) if not os.path.lexists(f"{path}.{n}"))
    return f"{path}.{number}"


def move_data_directory(parameters: Parameters, kept: str) -> None:
    """Rename the data directory, if there is one, to its new name beside the old one."""
    if not os.path.isdir(parameters.pgdata):
        return
    try:
        os.rename(parameters.pgdata, kept)
    except OSError as problem:
        if problem.errno not in (errno.EXDEV, errno.ENOTEMPTY):
            raise AgentProblem(f"the data directory cannot be set aside: {problem}") from problem
        _move_tree(parameters.pgdata, kept)
    files.sync_directory(os.path.dirname(kept))


def _move_tree(source: str, target: str) -> None:
    """Move file by file: overlay file systems do not rename directories of their lower layers."""
    owner = os.stat(source)
    if not os.path.isdir(target):
        os.mkdir(target)
        os.chown(target, owner.st_uid, owner.st_gid)
        os.chmod(target, owner.st_mode & 0o7777)
    with os.scandir(source) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                _move_tree(entry.path, f"{target}/{entry.name}")
            else:
                os.rename(entry.path, f"{target}/{entry.name}")
    os.rmdir(source)


def keep_diverged_wal(parameters: Parameters, divergence: Divergence, *, segment_bytes: int) -> str:
    """Copy, compressed, the WAL segments that hold what the primary does not have; the directory they are in."""
    first = wal.segment_number(divergence.fork, segment_bytes)
    last = wal.segment_number(max(divergence.end - 1, divergence.fork), segment_bytes)
    directory = free_name(parameters.state(f"set-aside/{stamp()}"))
    os.makedirs(directory, mode=0o700)
    kept = []
    for name in sorted(os.listdir(f"{parameters.pgdata}/pg_wal")):
        if not wal.SEGMENT_NAME.match(name):
            continue
        timeline, number = wal.split_segment_name(name, segment_bytes)
        if timeline == divergence.timeline and first <= number <= last:
            _compress(f"{parameters.pgdata}/pg_wal/{name}", f"{directory}/{name}.gz")
            kept.append(name)
    description = {
        "node": parameters.node,
        "timeline": divergence.timeline,
        "fork": wal.format_lsn(divergence.fork),
        "end": wal.format_lsn(divergence.end),
        "segments": kept,
    }
    files.write_durably(f"{directory}/manifest.json", json.dumps(description, indent=1) + "\n")
    files.sync_directory(os.path.dirname(directory))
    return directory


def _compress(source: str, target: str) -> None:
    with open(source, "rb") as plain, open(target, "xb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_GZIP_LEVEL) as packed:
            while block := plain.read(1 << 20):
                packed.write(block)
        raw.flush()
        os.fsync(raw.fileno())
