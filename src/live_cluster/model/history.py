"""What happened on the pair, from the lines that the cluster's alert and the database agent leave on each head."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

# A failure and its reason come from two witnesses, whose clocks are the same but one counts whole seconds.
_SAME_MOMENT_S = 2.0
# Starts and stops are most of what a cluster does, and say little beside what made it do so.
_QUIET_TASKS = ("start", "stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; `at` in seconds since 1970. Equal ones in a row are one, `count` times until `last`."""

    at: float
    kind: str
    node: str
    resource: str = ""
    task: str = ""
    rc: int | None = None
    text: str = ""
    count: int = 1
    last: float = 0.0

    @property
    def is_routine(self) -> bool:
        """Only of interest to those who want to know everything."""
        return self.kind == "action" and self.task in _QUIET_TASKS


def parse_event(line: str) -> Event | None:
    """The event of a line; of one that a full disk has cut off and another writer went on, the second one."""
    start = line.rfind('{"time":')
    if start < 0:
        return None
    try:
        found = json.loads(line[start:])
    except ValueError:
        return None
    at, rc = found.get("time"), found.get("rc")
    if not isinstance(at, int | float):
        return None
    kind, node, resource, task, text = (
        str(found.get(name) or "") for name in ("kind", "node", "resource", "task", "text")
    )
    return Event(
        at=float(at),
        last=float(at),
        kind=kind,
        node=node,
        # Instances of a clone have a number behind their name in some places.
        resource=resource.partition(":")[0],
        task=task,
        rc=rc if isinstance(rc, int) else None,
        text=text,
    )


def history(lines: Iterable[str]) -> tuple[Event, ...]:
    """All events in the order in which they happened; a reason that came by itself is put to its failure."""
    events = sorted(filter(None, map(parse_event, lines)), key=lambda event: event.at)
    reasons = [event for event in events if event.kind == "reason" and event.text]
    return tuple(_with_reason(event, reasons) for event in events if event.kind != "reason")


def _with_reason(event: Event, reasons: list[Event]) -> Event:
    if event.kind != "failed":
        return event
    for reason in reasons:
        same = (reason.node, reason.resource, reason.task) == (event.node, event.resource, event.task)
        if same and abs(reason.at - event.at) < _SAME_MOMENT_S:
            return replace(event, text=reason.text)
    return event


def chosen(
    events: Iterable[Event], *, since: float, node: str = "", everything: bool = False
) -> tuple[Event, ...]:
    """What happened since then, on one node or both."""
    return tuple(
        event
        for event in events
        if event.at >= since and node in ("", event.node) and (everything or not event.is_routine)
    )


def condensed(events: Iterable[Event]) -> tuple[Event, ...]:
    """Equal events that follow each other directly become one with a count."""
    result: list[Event] = []
    for event in events:
        before = result[-1] if result else None
        if before is not None and replace(before, at=event.at, count=1, last=event.last) == event:
            result[-1] = replace(before, count=before.count + 1, last=event.at)
        else:
            result.append(event)
    return tuple(result)
