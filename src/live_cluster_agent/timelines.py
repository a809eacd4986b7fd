"""Numbers of timelines that no two promotions share, and the histories that tell two of one number apart.

PostgreSQL numbers a promotion by the highest timeline that it finds in its own pg_wal, plus one. Two heads that are
promoted without knowing of each other both choose the same number then, and whoever compares numbers takes one for
a copy of the other. So each node has numbers of its own, odd ones and even ones, and takes one above all that the
cluster has ever claimed. The numbers between are reserved by history files that name no ancestor: for PostgreSQL
such a timeline exists, but nothing leads to it (xlog.c, timeline.c: findNewestTimeLine, readTimeLineHistory).
"""

import re

from live_cluster_agent import files, wal
from live_cluster_agent.parameters import Parameters

_HISTORY_NAME = re.compile(r"^([0-9A-F]{8})\.history$")
_RESERVED = "# Reserved by live-cluster: no timeline of this number.\n"


def next_number(newest: int, *, claimed: int, parity: int) -> int:
    """The lowest number of this parity above the newest timeline here and all that the cluster has claimed."""
    lowest = max(newest, claimed) + 1
    return lowest if lowest % 2 == parity else lowest + 1


def reserve(parameters: Parameters, *, above: int, claimed: int) -> int:
    """The number that the promotion which follows will have; those below it are reserved.

    `above` is a timeline that this data has been on; at the end of it or later it is now.
    """
    present = {number: _text(parameters, number) for number in _numbers(parameters) if number > above}
    newest = max((number for number, text in present.items() if text != _RESERVED), default=above)
    chosen = next_number(newest, claimed=claimed, parity=1 if parameters.is_first else 0)
    for number in range(above + 1, chosen):
        if number not in present:
            path = _path(parameters, number)
            files.write_durably(path, _RESERVED, mode=0o600, owned_like=parameters.pgdata)
    return chosen


def release_unused(parameters: Parameters) -> None:
    """Remove reservations above the newest timeline: a promotion failed, and no server starts with what it left."""
    for number in reversed(_numbers(parameters)):
        if _text(parameters, number) != _RESERVED:
            return
        files.remove_durably(_path(parameters, number))


def ancestors(parameters: Parameters, timeline: int) -> dict[int, int]:
    """Where each ancestor of this timeline ended, by the history file here; none for the first timeline."""
    return wal.parse_history(_text(parameters, timeline))


def _numbers(parameters: Parameters) -> list[int]:
    names = files.names_in(f"{parameters.pgdata}/pg_wal")
    return sorted(int(found.group(1), 16) for name in names if (found := _HISTORY_NAME.match(name)))


def _text(parameters: Parameters, timeline: int) -> str:
    return files.read_text(_path(parameters, timeline)) or ""


def _path(parameters: Parameters, timeline: int) -> str:
    return f"{parameters.pgdata}/pg_wal/{timeline:08X}.history"
