"""The history that this head keeps of the pair: read, put in order, chosen."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from live_cluster.errors import CommandFailed, InputRejected, problem
from live_cluster.model.history import Event, chosen, history
from live_cluster.probes.local_tools import HISTORY

_UNITS = {"d": 86400, "h": 3600, "m": 60}
_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?")


def since_of(text: str, *, now: float) -> float:
    """The moment that `2h`, `1d12h`, a date or a date and time of this server mean, in seconds since 1970."""
    text = text.strip()
    found = _DURATION.fullmatch(text)
    if text and found is not None:
        parts = zip(_UNITS.values(), found.groups(), strict=True)
        return now - sum(unit * int(number) for unit, number in parts if number)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputRejected(problem("events-since-invalid", option="--since", text=text)) from None
    return moment.timestamp()


def read_history(*, since: float, node: str = "", everything: bool = False) -> tuple[Event, ...]:
    """The events since then, oldest first; CommandFailed where a file is there and cannot be read."""
    lines: list[str] = []
    for name in HISTORY:
        for path in (f"{name}.1", name):
            lines += _lines(Path(path))
    return chosen(history(lines), since=since, node=node, everything=everything)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CommandFailed(problem("events-unreadable", path=path, reason=error.strerror)) from error
