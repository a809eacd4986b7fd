"""Positions in the write-ahead log, timelines and segment file names."""

import re
from collections.abc import Iterable

SEGMENT_NAME = re.compile(r"^[0-9A-F]{24}$")


def parse_lsn(text: str) -> int:
    """Byte position of PostgreSQL's notation, such as 16/B374D848."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def format_lsn(position: int) -> str:
    """PostgreSQL's notation of a byte position."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def parse_history(text: str) -> dict[int, int]:
    """Where each ancestor timeline ended, from the text of a timeline history file."""
    ends: dict[int, int] = {}
    for line in text.splitlines():
        fields = line.split("#")[0].split()
        if len(fields) >= 2:
            ends[int(fields[0])] = parse_lsn(fields[1])
    return ends


def segment_number(position: int, segment_bytes: int) -> int:
    """Number of the segment that holds the byte at this position."""
    return position // segment_bytes


def split_segment_name(name: str, segment_bytes: int) -> tuple[int, int]:
    """Timeline and segment number of a WAL file name."""
    per_high = 0x100000000 // segment_bytes
    return int(name[:8], 16), int(name[8:16], 16) * per_high + int(name[16:], 16)


def timeline_at(position: int, names: Iterable[str], segment_bytes: int) -> int | None:
    """Newest timeline of which the segment before this position is present; None when there is none."""
    wanted = segment_number(max(position - 1, 0), segment_bytes)
    found = (split_segment_name(name, segment_bytes) for name in names if SEGMENT_NAME.match(name))
    return max((timeline for timeline, number in found if number == wanted), default=None)
