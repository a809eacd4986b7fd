"""What clients of the database saw, and the judgement of it: a pure function over a recorded history.

**What counts as acknowledged.** One transaction appends one row. It is acknowledged when the server has confirmed
the commit without a warning. An error, a warning, a time-out or a broken connection leaves it unknown: the row may
be there or not, but alike on both heads.

**Eras.** A server that says that it is primary tells its era along with each answer: its timeline, and the moment
at which it was started. Whoever becomes primary after another one has a later era.

**What is a violation**, and what is only reported:

- *lost*: an acknowledged row that a head does not have after healing.
- *duplicated*: a row that a head has twice after healing, or that a read has shown twice.
- *diverging*: a row that one head alone has after healing, acknowledged or not.
- *unexpected*: a row that nobody has written.
- *overtaken*: a row acknowledged by a server after one of a later era had acknowledged another row.
- *stale*: a read that began after a row was acknowledged and does not show it. Reads count where they come from a
  server that says that it is primary, through the floating address or at the server's own; a standby may lag.
  A primary that is cut off keeps answering reads until it is demoted, and the contract allows that. Such a read is
  *outdated*: it is reported and is no violation. A read is outdated when all rows that it lacks were acknowledged
  in a later era than that of the server that answered, and it began before everything was healed. Any other is
  stale: the server had acknowledged the row itself, or had taken over after it, or the pair was whole again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

# Row: the series of one writer, and its number there, from 1 on.
Row = tuple[str, int]


@dataclass(frozen=True, slots=True, order=True)
class Era:
    """Of a primary: its timeline, and when its server was started, in seconds since 1970."""

    timeline: int
    started_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One transaction; all times are those of one clock.

    `era`: of the server that acknowledged it; None where the outcome is unknown. `ended_s`: when the client knew.
    """

    row: Row
    began_s: float
    ended_s: float | None = None
    era: Era | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Island:
    """Rows of a series without a gap in their numbers, as a read has shown them; `repeated` ones more than once."""

    series: str
    first: int
    last: int
    repeated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Everything that one query showed; `era` is None where the server said that it is a standby."""

    reader: str
    began_s: float
    ended_s: float
    era: Era | None
    shown: tuple[Island, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that was done and seen in one run.

    `tables`: how often each row is there in the end, by head. `healed_s`: when everything was whole again, if it
    ever was. `given_up_s`: an administrator has given up what was begun before, so that it counts as unknown.
    """

    writes: tuple[Write, ...]
    reads: tuple[Read, ...]
    tables: Mapping[str, Counter[Row]]
    healed_s: float | None = None
    given_up_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteRead:
    """A read, and the acknowledged rows that it should have shown."""

    read: Read
    missing: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found; only `outdated` is no violation."""

    acknowledged: int
    reads: int
    lost: frozenset[Row]
    duplicated: frozenset[Row]
    diverging: frozenset[Row]
    unexpected: frozenset[Row]
    overtaken: frozenset[Row]
    stale: tuple[IncompleteRead, ...]
    outdated: tuple[IncompleteRead, ...]

    @property
    def violations(self) -> tuple[str, ...]:
        """A sentence for each kind that was found."""
        return tuple(self._violations())

    def _violations(self) -> Iterator[str]:
        kinds = {
            "acknowledged rows are missing on a head": self.lost,
            "rows exist twice": self.duplicated,
            "rows exist on one head only": self.diverging,
            "rows exist that nobody has written": self.unexpected,
            "rows were acknowledged by a primary that had been overtaken": self.overtaken,
        }
        for text, rows in kinds.items():
            if rows:
                yield f"{len(rows)} {text}, for instance {_named(min(rows))} (of {self.acknowledged} acknowledged)"
        if self.stale:
            first = self.stale[0]
            yield (
                f"{len(self.stale)} of {self.reads} reads were stale; the first one, at {first.read.began_s:.3f} by"
                f" {first.read.reader}, lacks {len(first.missing)} rows, for instance {_named(first.missing[0])}"
            )


def _named(row: Row) -> str:
    return f"{row[0]}-{row[1]}"


def judge(history: History) -> Judgement:
    """Everything that is wrong with a history; nothing is asked of anybody."""
    writes = history.writes
    acknowledged = [write for write in writes if _is_acknowledged(write, history.given_up_s)]
    rows = {write.row for write in acknowledged}
    present = [set(table) for table in history.tables.values()]
    everywhere = set.intersection(*present) if present else set()
    anywhere = set().union(*present)
    incomplete = tuple(_incomplete(history.reads, acknowledged))
    outdated = tuple(_outdated(incomplete, acknowledged, history.healed_s))
    excused = {id(one) for one in outdated}
    return Judgement(
        acknowledged=len(acknowledged),
        reads=sum(1 for read in history.reads if read.era is not None),
        lost=frozenset(rows - everywhere) if present else frozenset(),
        duplicated=frozenset(_duplicated(history)),
        diverging=frozenset(anywhere - everywhere),
        unexpected=frozenset(anywhere - {write.row for write in writes}),
        overtaken=frozenset(_overtaken(acknowledged)),
        stale=tuple(one for one in incomplete if id(one) not in excused),
        outdated=outdated,
    )


def _is_acknowledged(write: Write, given_up_s: float | None) -> bool:
    return write.era is not None and (given_up_s is None or write.began_s >= given_up_s)


def _duplicated(history: History) -> Iterator[Row]:
    for table in history.tables.values():
        yield from (row for row, times in table.items() if times > 1)
    for read in history.reads:
        for island in read.shown:
            yield from ((island.series, number) for number in island.repeated)


def _overtaken(acknowledged: Sequence[Write]) -> Iterator[Row]:
    """Rows begun after a server of a later era had acknowledged another one."""
    by_end = sorted((write.ended_s, write.era) for write in acknowledged if write.ended_s and write.era)
    ends = [ended_s for ended_s, _ in by_end]
    latest = list(accumulate((era for _, era in by_end), max))
    for write in acknowledged:
        before = bisect_left(ends, write.began_s)
        if before and write.era and write.era < latest[before - 1]:
            yield write.row


class _Series:
    """The acknowledged rows of one writer, which writes one after the other: in order of number and of time."""

    def __init__(self, writes: Sequence[Write]) -> None:
        ordered = sorted(writes, key=lambda write: write.row[1])
        self._numbers = [write.row[1] for write in ordered]
        self._ends = [write.ended_s or 0.0 for write in ordered]

    def missing(self, began_s: float, islands: Sequence[Island]) -> list[int]:
        """Numbers acknowledged before this moment that no island holds."""
        due = bisect_left(self._ends, began_s)
        shown = [(self._place(one.first, due), self._place(one.last + 1, due)) for one in islands]
        if sum(end - begin for begin, end in shown) == due:
            return []
        held = {place for begin, end in shown for place in range(begin, end)}
        return [self._numbers[place] for place in range(due) if place not in held]

    def _place(self, number: int, due: int) -> int:
        return bisect_left(self._numbers, number, 0, due)


def _incomplete(reads: Sequence[Read], acknowledged: Sequence[Write]) -> Iterator[IncompleteRead]:
    writes: dict[str, list[Write]] = defaultdict(list)
    for write in acknowledged:
        writes[write.row[0]].append(write)
    every = {name: _Series(found) for name, found in writes.items()}
    for read in reads:
        if read.era is None:
            continue
        shown: dict[str, list[Island]] = defaultdict(list)
        for island in read.shown:
            shown[island.series].append(island)
        missing = tuple(
            (name, number)
            for name, series in every.items()
            for number in series.missing(read.began_s, shown[name])
        )
        if missing:
            yield IncompleteRead(read=read, missing=missing)


def _outdated(
    incomplete: Sequence[IncompleteRead], acknowledged: Sequence[Write], healed_s: float | None
) -> Iterator[IncompleteRead]:
    """Reads from a primary that does not know yet that another one has taken over."""
    eras = {write.row: write.era for write in acknowledged}
    for one in incomplete:
        era = one.read.era
        is_early = healed_s is None or one.read.began_s < healed_s
        if is_early and era and all(_is_later(eras[row], era) for row in one.missing):
            yield one


def _is_later(acknowledging: Era | None, answering: Era) -> bool:
    return acknowledging is not None and acknowledging > answering
