"""Whether a standby's data can follow the primary, must be repaired, or belongs to something else."""

from dataclasses import dataclass
from enum import StrEnum

from live_cluster_agent import wal


class Verdict(StrEnum):
    """What the standby's data is to the primary's."""

    FOLLOWS = "follows"
    DIVERGED = "diverged"
    WAL_GONE = "wal gone"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEnd:
    """Where the local data ends; position in bytes of WAL."""

    system: str
    timeline: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryFacts:
    """The primary seen from the other head; its kept WAL begins at oldest, its databases take data_bytes."""

    system: str
    timeline: int
    position: int
    oldest: int
    segment_bytes: int
    data_bytes: int
    ancestors: dict[int, int]


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
    fork = primary.position if local.timeline == primary.timeline else primary.ancestors.get(local.timeline)
    if fork is None or local.position > fork:
        return Verdict.DIVERGED
    return Verdict.WAL_GONE if local.position < primary.oldest else Verdict.FOLLOWS
