"""Whose data is the source where the cluster's own record is gone: decided by what the data itself says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSide:
    """The database of one head. Positions are bytes of WAL; `end` None where it could not be found.

    `history` are the timelines that led to this one, each with the position where it was left. `alone`: it has
    acknowledged commits that may be nowhere else. `given_up`: an order for a fresh copy lies there.
    """

    node: str
    system: str
    timeline: int
    history: tuple[tuple[int, int], ...] = ()
    end: int | None = None
    runs: bool = False
    is_primary: bool = False
    alone: bool = False
    was_member: bool = False
    given_up: bool = False
    # When the last checkpoint was, in the server's own words: for people who have to choose.
    checkpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whose data goes on. `node` is empty where neither side has all of the other's: somebody has to choose.

    `is_certain`: it has everything of the other one, or somebody has decided. `nothing_lost`: the other side has
    nothing of its own; `follows`: so it can catch up without a fresh copy.
    """

    node: str
    is_certain: bool = False
    nothing_lost: bool = False
    follows: bool = False


def contains(whole: DataSide, part: DataSide) -> bool:
    """Everything of `part` is in `whole`, for certain.

    Histories are compared, not numbers: two promotions may have taken the same number for different timelines.
    """
    if whole.system != part.system or part.end is None:
        return False
    if whole.timeline == part.timeline:
        return whole.history == part.history and whole.end is not None and part.end <= whole.end
    fork = _left_at(whole, part)
    return fork is not None and part.end <= fork


def _left_at(whole: DataSide, part: DataSide) -> int | None:
    """Where `whole` left the timeline that `part` is still on; None where it never was on that one."""
    for place, (timeline, fork) in enumerate(whole.history):
        if timeline == part.timeline and whole.history[:place] == part.history:
            return fork
    return None


def source_of(first: DataSide, second: DataSide) -> Source:
    """The side that has everything of the other; between equals the one that serves, else the first head."""
    if first.given_up is not second.given_up:
        return Source(node=second.node if first.given_up else first.node, is_certain=True)
    if first.system != second.system:
        return _between_strangers(first, second)
    sides = [(first, second), (second, first)]
    whole = [(one, other) for one, other in sides if contains(one, other)]
    if whole:
        one, other = min(whole, key=lambda pair: not pair[0].is_primary)
        # A server that runs as a primary has to be taken down for it: the fresh copy does.
        return Source(node=one.node, is_certain=True, nothing_lost=True, follows=not other.is_primary)
    for one, other in sides:
        # What the other one wrote beyond the fork was never acknowledged: it would have noted that it was alone.
        if one.alone and not other.alone and _left_at(one, other) is not None:
            return Source(node=one.node, is_certain=True)
    return Source(node="")


def _between_strangers(first: DataSide, second: DataSide) -> Source:
    """Two databases that have nothing in common: before the first run, or beside a head that is new."""
    if first.was_member and second.was_member:
        return Source(node="")
    return Source(node=second.node if second.was_member else first.node)


def format_lsn(position: int) -> str:
    """PostgreSQL's notation of a byte position, such as 16/B374D848."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def parse_lsn(text: str) -> int:
    """The byte position of that notation."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
