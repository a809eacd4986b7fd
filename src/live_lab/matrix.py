"""The fault matrix, read from its one file into typed rows."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from live_lab.errors import LabError
from live_lab.faults import LINE_VERBS, NETWORK_VERBS, VERBS

MATRIX = Path(__file__).with_name("fault_matrix.toml")
HOST_TARGETS = ("active", "standby", "both", "media", "arbiter", "client")
AWAITED = ("service", "move", "return")
GIVE_UP = "give-up"
_DURATION = re.compile(r"\d+s")
_SILENCING = ("power-off", "freeze")
_OVER_AT_ONCE = ("kill", "reboot", "restart", "pg_ctlcluster", "promote", "set-attribute", "delete-attribute")


class Primary(StrEnum):
    """Where the primary is in the end."""

    STAYS = "stays"
    MOVES = "moves"
    EITHER = "either"


class Service(StrEnum):
    """Whether conferences are acknowledged while the fault lasts."""

    GOES_ON = "goes-on"
    WAITS = "waits"
    EITHER = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One fault, or its healing: `verb` done to each of `targets`, with each of `what` where the verb has it."""

    verb: str
    targets: tuple[str, ...]
    what: tuple[str, ...]

    @property
    def silences(self) -> bool:
        """Nobody can ask the targets anything that counts while it lasts."""
        return self.verb in _SILENCING or (self.verb == "cut" and len(self.what) > 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault and what has to come of it; fault_matrix.toml says what the fields mean."""

    id: str
    title: str
    do: tuple[Act, ...]
    primary: Primary
    service: Service
    gap_s: float
    recovery_s: float
    verdict: tuple[str, ...] = ()
    heal: tuple[Act, ...] = ()
    conferences: int = 20
    soak: bool = True
    arbiter: bool = False
    on_head: int = 0

    @property
    def is_over_at_once(self) -> bool:
        """Nothing has to be taken back: the pair has to come back from what is left."""
        return all(act.verb in _OVER_AT_ONCE for act in self.do)


def load_matrix(path: Path = MATRIX) -> dict[str, Row]:
    """Rows by id, in the file's order; LabError names what cannot be understood."""
    document = tomllib.loads(path.read_text("utf-8"))
    rows = [_row(entry) for entry in document["row"]]
    repeated = {row.id for row in rows if [one.id for one in rows].count(row.id) > 1}
    if repeated:
        raise LabError(f"{path.name}: more than one row is called {', '.join(sorted(repeated))}")
    return {row.id: row for row in rows}


def row_named(name: str) -> Row:
    """The row of this id."""
    rows = load_matrix()
    if name not in rows:
        raise LabError(f"there is no fault {name}; there are: {', '.join(rows)}")
    return rows[name]


def _row(entry: Mapping[str, Any]) -> Row:
    name = entry.get("id", "(without id)")
    unknown = set(entry) - {field.name for field in fields(Row)}
    if unknown:
        raise LabError(f"fault {name}: unknown keys {', '.join(sorted(unknown))}")
    try:
        return Row(
            id=entry["id"],
            title=entry["title"],
            do=_acts(name, entry["do"]),
            primary=Primary(entry["primary"]),
            service=Service(entry["service"]),
            gap_s=float(entry["gap_s"]),
            recovery_s=float(entry["recovery_s"]),
            verdict=tuple(entry.get("verdict", ())),
            heal=_acts(name, entry.get("heal", ())),
            conferences=int(entry.get("conferences", 20)),
            soak=entry.get("soak", True),
            arbiter=entry.get("arbiter", False),
            on_head=int(entry.get("on_head", 0)),
        )
    except (KeyError, ValueError) as error:
        raise LabError(f"fault {name}: {error}") from error


def _acts(name: str, texts: Iterable[str]) -> tuple[Act, ...]:
    return tuple(_act(name, text) for text in texts)


def _act(name: str, text: str) -> Act:
    verb, *words = text.split()
    targets = tuple(word for word in words if word in (*HOST_TARGETS, "network"))
    what = tuple(word for word in words if word not in targets)
    if verb in LINE_VERBS:
        targets, what = tuple(words[:1]), (" ".join(words[1:]),)
    if not _is_known(verb, targets, what):
        raise LabError(f"fault {name}: {text!r} is nothing that the lab can do")
    return Act(verb=verb, targets=targets, what=what)


def _is_known(verb: str, targets: tuple[str, ...], what: tuple[str, ...]) -> bool:
    if verb == GIVE_UP:
        return not targets and not what
    if verb == "await":
        return _is_awaited(targets, what)
    if verb in NETWORK_VERBS:
        return targets == ("network",)
    is_complete = bool(targets) and set(targets) <= set(HOST_TARGETS)
    return verb in VERBS and is_complete and (verb not in LINE_VERBS or any(what))


def _is_awaited(targets: tuple[str, ...], what: tuple[str, ...]) -> bool:
    if len(targets) == 1 and "network" not in targets:
        return targets != ("both",) and (what == ("repair",) or (what[:1] == ("log",) and len(what[1:]) == 1))
    return bool(what) and not targets and all(one in AWAITED or _DURATION.fullmatch(one) for one in what)
