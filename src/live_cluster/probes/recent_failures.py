"""How much went wrong on this pair lately, from the files of its history; for `status`, which must be quick.

`live-cluster events` reads the same files thoroughly. Here each line is only looked at: no module is loaded for it.
"""

from __future__ import annotations

import os
import time

from live_cluster.model.health import RecentFailures

DAY_S = 86400.0
_TIME = '{"time":'
_FAILED = ('"kind":"failed"', '"kind":"restarted"', '"kind":"not-restarted"', '"kind":"killed"')


def recent_failures(files: tuple[str, ...], *, within_s: float = DAY_S) -> RecentFailures:
    """Those of the last day; none where there is no history."""
    since = time.time() - within_s
    failures = lost = 0
    for name in files:
        for path in (f"{name}.1", name):
            for line in _lines(path, since):
                if not line.startswith(_TIME) or _number(line[len(_TIME) :].partition(",")[0]) < since:
                    continue
                failures += any(mark in line for mark in _FAILED)
                lost += '"kind":"node"' in line and '"text":"lost"' in line
    return RecentFailures(failures, lost)


def _lines(path: str, since: float) -> list[str]:
    try:
        if os.stat(path).st_mtime < since:  # noqa: PTH116
            return []
        # pathlib would cost 5 ms.
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.readlines()
    except OSError:
        return []


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
