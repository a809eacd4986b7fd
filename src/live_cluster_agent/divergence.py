"""Whether a standby's data can follow the primary, must be repaired, or belongs to something else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from live_cluster_agent import wal


class Verdict(StrEnum):
    """What the standby's data is to the primary's."""

    FOLLOWS = "follows"
    DIVERGED = "diverged"
    WAL_GONE = "wal gone"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The timelines by which data came where it is; positions in bytes of WAL, ancestors with their ends.

    Two timelines may have one number, as when two servers were promoted without knowing of each other. Only the
    same ancestors, left at the same positions, make them the same.
    """

    timeline: int
    position: int
    ancestors: Mapping[int, int] = field(default_factory=dict)
    in_recovery: bool = False

    def end_of(self, timeline: int, ancestors: Mapping[int, int]) -> int | None:
        """Where this data left the timeline that came from these ancestors; None when it was never on it."""
        before = {number: end for number, end in self.ancestors.items() if number < timeline}
        if before != ancestors:
            return None
        return self.position if timeline == self.timeline else self.ancestors.get(timeline)

    def contains(self, other: "Line") -> bool:
        """Whether all that the other data holds is here, too."""
        end = self.end_of(other.timeline, other.ancestors)
        return end is not None and other.position <= end


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEnd(Line):
    """The data of this node and the database that it belongs to."""

    system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryFacts(Line):
    """The primary seen from the other head; its kept WAL begins at oldest, its databases take data_bytes."""

    system: str
    oldest: int
    segment_bytes: int
    data_bytes: int


def parse_primary(line: str) -> PrimaryFacts | None:
    """The facts of one answer line; None when that server is no primary (any more)."""
    fields = line.split("\x1f")
    if fields[1] != "f":
        return None
    segment_bytes = int(fields[4])
    return PrimaryFacts(
        system=fields[0],
        timeline=int(fields[2][:8], 16),
        position=wal.parse_lsn(fields[3]),
        oldest=wal.split_segment_name("00000000" + fields[5], segment_bytes)[1] * segment_bytes,
        segment_bytes=segment_bytes,
        data_bytes=int(fields[6]),
        ancestors=wal.parse_history(fields[7].replace(";", "\n")),
    )


def judge(local: LocalEnd, primary: PrimaryFacts) -> Verdict:
    """Whether the data that ends here can follow this primary."""
    if local.system != primary.system:
        return Verdict.FOREIGN
    fork = primary.end_of(local.timeline, local.ancestors)
    if fork is None or local.position > fork:
        return Verdict.DIVERGED
    return Verdict.WAL_GONE if local.position < primary.oldest else Verdict.FOLLOWS
