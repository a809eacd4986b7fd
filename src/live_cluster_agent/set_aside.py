"""Data that a repair would discard is kept: never deleted, named by the time it was set aside."""

import json
import os
from datetime import UTC, datetime

from live_cluster_agent import files, waiting, wal
from live_cluster_agent.local_data import Divergence
from live_cluster_agent.outcome import AgentProblem, DiskProblem
from live_cluster_agent.parameters import Parameters


def stamp() -> str:
    """UTC time for names, such as 20250131T235959Z."""
    return datetime.fromtimestamp(waiting.wall_clock_s(), UTC).strftime("%Y%m%dT%H%M%SZ")


def free_name(path: str) -> str:
    """The path itself or, when it is taken, with a number behind."""
    taken = files.names_in(os.path.dirname(path))
    name = os.path.basename(path)
    if name not in taken:
        return path
    return next(f"{path}.{number}" for number in range(2, 1000) if f"{name}.{number}" not in taken)


def move_data_directory(parameters: Parameters, kept: str) -> None:
    """Rename the data directory, if there is one, to its new name beside the old one."""
    if not files.is_directory(parameters.pgdata):
        return
    try:
        files.move_directory(parameters.pgdata, kept)
    except DiskProblem as problem:
        raise AgentProblem(f"the data directory cannot be set aside: {problem.reason}") from problem


def keep_diverged_wal(parameters: Parameters, divergence: Divergence, *, segment_bytes: int) -> str:
    """Copy, compressed, the WAL segments that hold what the primary does not have; the directory they are in."""
    first = wal.segment_number(divergence.fork, segment_bytes)
    last = wal.segment_number(max(divergence.end - 1, divergence.fork), segment_bytes)
    directory = free_name(parameters.state(f"set-aside/{stamp()}"))
    files.make_directory(directory, mode=0o700)
    kept = []
    for name in files.names_in(f"{parameters.pgdata}/pg_wal"):
        if not wal.SEGMENT_NAME.match(name):
            continue
        timeline, number = wal.split_segment_name(name, segment_bytes)
        if timeline == divergence.timeline and first <= number <= last:
            files.compress(f"{parameters.pgdata}/pg_wal/{name}", f"{directory}/{name}.gz")
            kept.append(name)
    description = {
        "node": parameters.node,
        "timeline": divergence.timeline,
        "fork": wal.format_lsn(divergence.fork),
        "end": wal.format_lsn(divergence.end),
        "segments": kept,
    }
    files.write_durably(f"{directory}/manifest.json", json.dumps(description, indent=1) + "\n")
    files.sync_directory(parameters.state("set-aside"))
    return directory
