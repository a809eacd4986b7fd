"""Both sides of a split-brain on the screen, and as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator

from live_cluster.cli.output import problem_json
from live_cluster.cli.steps_json import steps_json
from live_cluster.commands.resolve import Outcome
from live_cluster.commands.sides import Sight
from live_cluster.messages import Message, message
from live_cluster.model.drbd_split import ChangedFile, NoSnapshot, Side, Snapshot

# Enough to see what was going on; --json has more.
_SHOWN, _LISTED = 3, 50


def sight_lines(sight: Sight) -> Iterator[Message]:
    """What an administrator needs to choose."""
    if not sight.is_joined:
        yield message("resolve-split-brain", resource=sight.drbd.resource)
        if sight.parted_at is not None:
            yield message("resolve-parted", when=_moment(sight.parted_at))
        else:
            yield message("resolve-parted-unknown")
        if sight.is_whole:
            yield message("resolve-forgotten")
    for side in sight.sides:
        yield from _side(side)
        if not sight.is_joined:
            yield _kept(sight.snapshot_of(side))


def _side(side: Side) -> Iterator[Message]:
    drbd, known = side.drbd, side.identifiers
    yield message(
        "resolve-side",
        node=side.node,
        generation=known.current if known else "?",
        role=drbd.role,
        disk=drbd.disk,
        connection=drbd.connection,
        written=size_words(side.written),
    )
    if side.superblock is not None:
        mounted, written = side.superblock.mounted_at, side.superblock.written_at
        yield message("resolve-superblock", mounted=_moment(mounted), written=_moment(written))
    if not side.mount_point:
        yield message("resolve-not-mounted")
    elif side.changed is not None:
        total = size_words(sum(one.size for one in side.changed))
        count = len(side.changed)
        yield message("resolve-changed", path=side.mount_point, count=count, size=total)
        for one in side.changed[:_SHOWN]:
            when = _moment(one.modified_at)
            yield message("resolve-file", when=when, size=size_words(one.size), path=one.path)


def _kept(kept: Snapshot | NoSnapshot) -> Message:
    if isinstance(kept, Snapshot):
        code = "resolve-kept" if kept.size else "resolve-kept-thin"
        return message(code, path=kept.path, size=size_words(kept.size))
    if kept.needed:
        return message("resolve-no-room", free=size_words(kept.free), needed=size_words(kept.needed))
    return message("resolve-no-lvm")


def size_words(count: int) -> Message:
    """Bytes as people read them."""
    if count >= 1 << 20:
        return message("size-mib", number=count >> 20)
    return message("size-kib", number=count >> 10)


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else "?"


def _utc(seconds: float | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else None


def document(outcome: Outcome, keep: str) -> dict[str, object]:
    """The stable document (docs/operations.md); a dry run lists its steps as `planned`."""
    sight = outcome.sight
    run = steps_json(outcome.plan, outcome.results)
    return {
        "version": 1,
        "action": "filestorage-resolve",
        "keep": keep or None,
        "split_brain": sight is not None and not sight.is_joined,
        "connection_lost": _utc(sight.parted_at) if sight else None,
        "sides": [_side_json(one) for one in sight.sides] if sight else [],
        "changed": run.changed,
        "snapshot": outcome.snapshot.path if run.changed and outcome.snapshot else None,
        "steps": run.steps,
        "problems": [problem_json(one) for one in outcome.problems],
    }


def _side_json(side: Side) -> dict[str, object]:
    known, block = side.identifiers, side.superblock
    return {
        "node": side.node,
        "generation": known.current if known else None,
        "role": side.drbd.role,
        "disk": side.drbd.disk,
        "connection": side.drbd.connection,
        "written_bytes": side.written,
        "connection_lost": _utc(side.parted_at),
        "mounted": side.mount_point or None,
        "last_mounted": _utc(block.mounted_at) if block else None,
        "last_written": _utc(block.written_at) if block else None,
        "files_changed": None if side.changed is None else len(side.changed),
        "newest_files": [_file(one) for one in (side.changed or ())[:_LISTED]],
    }


def _file(one: ChangedFile) -> dict[str, object]:
    return {"path": one.path, "bytes": one.size, "modified": _utc(one.modified_at)}
