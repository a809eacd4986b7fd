"""What the data of a head says about itself: asked only where no cluster knows whose data is the latest."""

from __future__ import annotations

import re
from collections.abc import Mapping

from live_cluster.model.data_sides import DataSide, format_lsn, parse_lsn
from live_cluster.probes.head import DATABASE_CLUSTER, question
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, Request

STATE_DIR = "/var/lib/live-cluster/postgresql"
ALONE = ReadFile(path=f"{STATE_DIR}/alone")
RECLONE_ORDER = ReadFile(path=f"{STATE_DIR}/reclone")
# Written by the agent alone: it has run here.
MEMBER = ReadFile(path=f"{STATE_DIR}/replication.conf")
_TIMELINES = ("Latest checkpoint's TimeLineID", "Min recovery ending loc's timeline")
_SEGMENT = re.compile(r"^[0-9A-F]{24}$")
_POSITION = re.compile(r"\bat ([0-9A-F]+/[0-9A-F]+)")
_STANDING = """SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery()
 THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_flush_lsn() END;"""


def _data(version: str) -> str:
    return f"/var/lib/postgresql/{version}/{DATABASE_CLUSTER}"


def _program(version: str, name: str) -> str:
    return f"/usr/lib/postgresql/{version}/bin/{name}"


def _control(version: str) -> Command:
    return Command(argv=("env", "LC_ALL=C", _program(version, "pg_controldata"), _data(version)))


def _segments(version: str) -> Command:
    return Command(argv=("ls", "-1", f"{_data(version)}/pg_wal"))


def _histories(version: str) -> Command:
    """Every timeline history file, each line with the name of its file."""
    return Command(argv=("grep", "-r", "-H", "--include=*.history", "", f"{_data(version)}/pg_wal"))


def side_requests(version: str, *, port: int) -> tuple[Request, ...]:
    """All that is asked of one head."""
    standing = question(_STANDING, database="postgres", port=port)
    return (
        _control(version),
        _segments(version),
        _histories(version),
        standing,
        ALONE,
        RECLONE_ORDER,
        MEMBER,
    )


def end_request(version: str, side: DataSide, replies: Mapping[Request, Reply]) -> Command | None:
    """Where the WAL of a server that does not run ends; None where the server has told it."""
    redo = _value(_text(replies[_control(version)]), "Latest checkpoint's REDO location")
    if side.end is not None or not redo:
        return None
    # A timeline that began after the last checkpoint has no files from before its beginning.
    begin = max(parse_lsn(redo), *(fork for _, fork in side.history), 0)
    argv = (_program(version, "pg_waldump"), "--quiet", "--path", f"{_data(version)}/pg_wal")
    # It always ends with a complaint, and that tells the position.
    return Command(
        argv=("env", "LC_ALL=C", *argv, "--timeline", str(side.timeline), "--start", format_lsn(begin)),
        timeout_s=600,
    )


def end_of(reply: Reply) -> int | None:
    """The position in pg_waldump's complaint."""
    found = _POSITION.findall(reply.error_text) if isinstance(reply, CommandResult) else []
    return parse_lsn(found[-1]) if found else None


def data_side(node: str, version: str, replies: Mapping[Request, Reply], *, port: int) -> DataSide | None:
    """The answers of one head; None where there is no data directory that could be read."""
    control = _text(replies[_control(version)])
    system = _value(control, "Database system identifier")
    if not system:
        return None
    histories = parse_histories(_text(replies[_histories(version)]))
    standing = replies[question(_STANDING, database="postgres", port=port)]
    in_recovery, _, position = _text(standing).strip().partition("\t")
    redo = parse_lsn(_value(control, "Latest checkpoint's REDO location") or "0/0")
    known = [
        _value(control, name)
        for name in ("Latest checkpoint's TimeLineID", "Min recovery ending loc's timeline")
    ]
    oldest = max((int(one) for one in known if one.isdigit()), default=0)
    size = int(_value(control, "Bytes per WAL segment") or 1 << 24)
    names = [one for one in _text(replies[_segments(version)]).split() if _SEGMENT.match(one)]
    end = parse_lsn(position) if "/" in position else None
    timeline = _timeline(oldest, end if end is not None else redo, names, histories, size)
    return DataSide(
        node=node,
        system=system,
        timeline=timeline,
        history=histories.get(timeline, ()),
        end=end,
        runs=end is not None,
        is_primary=in_recovery == "f",
        alone=_exists(replies[ALONE]),
        was_member=_exists(replies[MEMBER]),
        given_up=_exists(replies[RECLONE_ORDER]),
        checkpoint=_value(control, "Time of latest checkpoint"),
    )


def _timeline(
    oldest: int,
    position: int,
    names: list[str],
    histories: Mapping[int, tuple[tuple[int, int], ...]],
    segment_bytes: int,
) -> int:
    """The control file names an old timeline until the next checkpoint; the segment files know better.

    A newer one counts that came out of the one that is known, and has WAL from the position on.
    """
    wanted = max(position - 1, 0) // segment_bytes
    newer = {
        int(name[:8], 16)
        for name in names
        if _number(name, segment_bytes) >= wanted and int(name[:8], 16) > oldest
    }
    return max((one for one in newer if oldest in dict(histories.get(one, ()))), default=oldest)


def _number(name: str, segment_bytes: int) -> int:
    return int(name[8:16], 16) * ((1 << 32) // segment_bytes) + int(name[16:], 16)


def parse_histories(text: str) -> dict[int, tuple[tuple[int, int], ...]]:
    """By timeline, its ancestors with the positions where they were left; lines as `grep -H` shows them."""
    found: dict[int, list[tuple[int, int]]] = {}
    for line in text.splitlines():
        path, _, words = line.partition(":")
        name = path.rpartition("/")[2].removesuffix(".history")
        fields = words.split("#")[0].split()
        if len(name) == 8 and len(fields) >= 2 and "/" in fields[1]:
            found.setdefault(int(name, 16), []).append((int(fields[0]), parse_lsn(fields[1])))
    return {timeline: tuple(ancestors) for timeline, ancestors in found.items()}


def _value(control: str, label: str) -> str:
    found = re.search(rf"^{re.escape(label)}:\s+(.*)$", control, re.MULTILINE)
    return found.group(1).strip() if found else ""


def _exists(reply: Reply) -> bool:
    return isinstance(reply, FileState) and reply.exists


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""
