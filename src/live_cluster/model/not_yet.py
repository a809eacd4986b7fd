"""What this version checks but cannot bring about: refused, never accepted and ignored.

A subject is switched on by deleting its entry here: refusal, help and documentation follow. (The help of
`filestorage-device` names the kinds in its own words.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from live_cluster.errors import Problem, problem
from live_cluster.messages import Message, message
from live_cluster.model.build_settings import ParsedSettings
from live_cluster.model.settings import Storage
from live_cluster.model.subjects.fencing import FENCING_DISK, FENCING_WATCHDOG
from live_cluster.model.subjects.row import Parameter
from live_cluster.model.subjects.storage import FILESTORAGE_DEVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """A subject: its rows, or the kinds of file storage that nobody connects yet."""

    subject: Message
    rows: tuple[Parameter[Any], ...] = ()
    storage: tuple[type[Storage], ...] = ()


NOT_YET: tuple[NotYet, ...] = (
    # A head that was cut off was reset on virtual machines; a whole first run with sbd has not been seen.
    NotYet(subject=message("later-watchdog"), rows=(FENCING_WATCHDOG, FENCING_DISK)),
)


def is_delivered(row: Parameter[Any]) -> bool:
    """This version applies what the row says."""
    return not any(row in later.rows for later in NOT_YET)


def refusals(wish: ParsedSettings) -> Iterator[Problem]:
    """A problem for every setting given that belongs to such a subject."""
    storage = wish.of(FILESTORAGE_DEVICE)
    for later in NOT_YET:
        names = {row.name for row in later.rows}
        if storage is not None and isinstance(storage, later.storage):
            names.add(FILESTORAGE_DEVICE.name)
        for name, value in wish.values.items():
            if name in names:
                yield problem("not-available-yet", option=name, place=value.place, subject=later.subject)
