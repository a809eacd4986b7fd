"""A database's files: its write-ahead log as a chain of records, its timelines, its control file.

A record knows where it starts and ends and where the record before it starts. That is all PostgreSQL itself checks
when it goes on with WAL that came from somewhere else; who wrote it, it does not know. So two histories may share a
timeline's number here as they do in reality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from simulation.disk import Directory, Disk

SEGMENT_BYTES = 16 << 20
PROMOTION_BYTES = 48
CHECKPOINT_BYTES = 120
FIRST_POSITION = 0x3000000


class Record(NamedTuple):
    """One record of the WAL; `commit` is the number of the client's row, if it is one's commit."""

    start: int
    end: int
    previous: int
    timeline: int
    kind: str
    commit: int | None = None


def history_name(timeline: int) -> str:
    """File name of a timeline's history."""
    return f"{timeline:08X}.history"


def segment_name(timeline: int, number: int) -> str:
    """File name of a WAL segment."""
    per_high = 0x100000000 // SEGMENT_BYTES
    return f"{timeline:08X}{number // per_high:08X}{number % per_high:08X}"


def segment_start(position: int) -> int:
    """Where the segment begins that holds this position."""
    return position - position % SEGMENT_BYTES


@dataclass(slots=True)
class Control:
    """pg_control."""

    redo: int = FIRST_POSITION
    timeline: int = 1
    recovery_timeline: int = 0
    state: str = "shut down"


@dataclass(slots=True)
class Data(Directory):
    """One data directory. `flushed` records survive a power loss; `index` finds a commit's place in the chain.

    consistent_at: a copy or rewound data serves nobody before it has replayed up to here. auto_conf:
    postgresql.auto.conf, which ALTER SYSTEM writes; role_settings: those of ALTER ROLE and ALTER DATABASE. broken:
    why no server starts on it. oldest: WAL before is gone.
    """

    system: str = "7700000000000000001"
    chain: list[Record] = field(default_factory=list)
    flushed: int = 0
    index: dict[int, int] = field(default_factory=dict)
    control: Control = field(default_factory=Control)
    consistent_at: int = 0
    auto_conf: dict[str, str] = field(default_factory=dict)
    role_settings: dict[str, str] = field(default_factory=dict)
    broken: str = ""
    oldest: int = FIRST_POSITION

    @property
    def end(self) -> int:
        """Where the WAL ends."""
        return self.chain[-1].end

    @property
    def timeline(self) -> int:
        """The timeline of the last record."""
        return self.chain[-1].timeline

    def add(self, record: Record) -> None:
        """Append a record, in the kernel's cache for now."""
        if record.commit is not None:
            self.index[record.commit] = len(self.chain)
        self.chain.append(record)

    def write(self, timeline: int, kind: str, size: int, commit: int | None = None) -> Record:
        """Append a record of one's own."""
        last = self.chain[-1]
        record = Record(last.end, last.end + size, last.start, timeline, kind, commit)
        self.add(record)
        return record

    def flush(self) -> None:
        """Everything so far survives a power loss."""
        self.flushed = len(self.chain)

    def has(self, commit: int) -> bool:
        """Whether a commit is on this disk for good."""
        return self.index.get(commit, len(self.chain)) < self.flushed

    def cut(self, length: int) -> list[Record]:
        """Forget everything behind the first records; what was forgotten."""
        gone = self.chain[length:]
        del self.chain[length:]
        for record in gone:
            if record.commit is not None and self.index.get(record.commit, -1) >= length:
                del self.index[record.commit]
        self.flushed = min(self.flushed, length)
        return gone

    def lose_power(self) -> None:
        """What was not flushed is gone."""
        if self.flushed < len(self.chain):
            self.cut(self.flushed)

    def records_from(self, position: int) -> list[Record]:
        """Records that start at this position or later; the chain is sorted by it."""
        low, high = 0, len(self.chain)
        while low < high:
            middle = (low + high) // 2
            if self.chain[middle].start < position:
                low = middle + 1
            else:
                high = middle
        return self.chain[low:]

    def length_before(self, position: int) -> int:
        """How many records end at this position or before."""
        return len(self.chain) - len(self.records_from(position))

    def become(self, other: Data) -> None:
        """Take over everything that another data directory holds, as a copy or a rewind does; durable."""
        self.system = other.system
        self.chain = list(other.chain)
        self.index = dict(other.index)
        self.flush()
        self.control = Control(
            redo=other.control.redo, timeline=other.control.timeline, state="in archive recovery"
        )
        self.consistent_at = other.end
        self.auto_conf = dict(other.auto_conf)
        self.role_settings = dict(other.role_settings)
        self.oldest = segment_start(other.control.redo)
        self.broken = ""

    def segments(self) -> list[str]:
        """File names of the WAL segments that are left."""
        names = {
            segment_name(record.timeline, number)
            for record in self.chain
            if record.end > self.oldest
            for number in _numbers(max(record.start, self.oldest), record.end)
        }
        return sorted(names)

    def records_of(self, segment: str) -> tuple[Record, ...]:
        """Records of a segment file."""
        return tuple(
            record
            for record in self.chain
            if any(
                segment_name(record.timeline, one) == segment for one in _numbers(record.start, record.end)
            )
        )


def _numbers(start: int, end: int) -> range:
    return range(start // SEGMENT_BYTES, (end - 1) // SEGMENT_BYTES + 1)


def history_text(disk: Disk, path: str, timeline: int) -> str:
    """The history file of a timeline in a data directory; the first timeline has none."""
    return disk.text(f"{path}/pg_wal/{history_name(timeline)}") or ""


def ancestors(text: str) -> dict[int, int]:
    """Where each ancestor timeline ended."""
    found: dict[int, int] = {}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if len(words) >= 2:
            high, _, low = words[1].partition("/")
            found[int(words[0])] = (int(high, 16) << 32) + int(low, 16)
    return found


def newest_timeline(disk: Disk, path: str, start: int) -> int:
    """PostgreSQL's findNewestTimeLine: the last of the history files that follow each other without a gap."""
    newest = start
    while disk.exists(f"{path}/pg_wal/{history_name(newest + 1)}"):
        newest += 1
    return newest


def copy_histories(source: tuple[Disk, str], target: tuple[Disk, str]) -> None:
    """Copy all history files."""
    disk, path = source
    start = f"{path}/pg_wal/"
    for name in [name for name in disk.within(f"{path}/pg_wal") if name.endswith(".history")]:
        target[0].write(f"{target[1]}/pg_wal/{name[len(start) :]}", disk.seen[name], durably=True)
