"""What two disks' generations say about each other, and what room a snapshot of the loser needs."""

from __future__ import annotations

import pytest

from live_cluster.model.drbd import JUST_CREATED, NONE, DrbdIdentifiers, DrbdState
from live_cluster.model.drbd_split import (
    NoSnapshot,
    Relation,
    Side,
    Snapshot,
    Volume,
    relation,
    snapshot_of,
)

COMMON, OLD = "99F1B40E00A72C64", "11D26F3A8C4E0B12"
MINE, YOURS = "A8E4B1C3D1BFCA6E", "C2D09E5577AB1F3C"
MIB, GIB = 1 << 20, 1 << 30


def disk(current: str, bitmap: str = NONE, *history: str) -> DrbdIdentifiers:
    return DrbdIdentifiers(current=current, bitmap=bitmap, history=history)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (disk(COMMON), disk(COMMON, NONE, OLD), Relation.SAME),
        (disk(MINE, COMMON), disk(COMMON), Relation.FIRST_NEWER),
        (disk(COMMON), disk(YOURS, COMMON), Relation.SECOND_NEWER),
        # Two generations further.
        (disk(MINE, NONE, COMMON), disk(COMMON), Relation.FIRST_NEWER),
        (disk(JUST_CREATED), disk(YOURS, COMMON), Relation.SECOND_NEWER),
        (disk(MINE), disk(JUST_CREATED), Relation.FIRST_NEWER),
        (disk(MINE, COMMON, OLD), disk(YOURS, COMMON, OLD), Relation.SPLIT),
        (disk(MINE, NONE, OLD), disk(YOURS, NONE, OLD), Relation.SPLIT),
        (disk(MINE, COMMON), disk(YOURS, NONE, COMMON), Relation.SPLIT),
        (disk(MINE), disk(YOURS), Relation.UNRELATED),
        (disk(MINE, OLD, NONE), disk(YOURS, COMMON, NONE), Relation.FORGOTTEN),
        (disk(MINE, NONE, NONE), disk(YOURS, NONE, NONE), Relation.FORGOTTEN),
        # Full histories of something else.
        (disk(MINE, COMMON, OLD), disk(YOURS, "12", "13"), Relation.UNRELATED),
    ],
)
def test_the_generations_decide(first: DrbdIdentifiers, second: DrbdIdentifiers, found: Relation) -> None:
    assert relation(first, second) is found


def side(*, volume: Volume | None, written: int = 0, snapshots: tuple[str, ...] = ()) -> Side:
    return Side(
        node="ivcs-main-1",
        drbd=DrbdState(connection="StandAlone", out_of_sync_kib=written >> 10),
        identifiers=disk(MINE, COMMON),
        backing="/dev/vg0/files",
        volume=volume,
        snapshots=snapshots,
    )


def lv(*, size: int = 10 * GIB, free: int = 10 * GIB, is_thin: bool = False) -> Volume:
    return Volume(group="vg0", name="files", size=size, free=free, is_thin=is_thin)


def test_the_snapshot_has_room_for_both_sides_writes_and_a_fifth_more() -> None:
    found = snapshot_of(side(volume=lv(), written=100 * MIB), side(volume=None, written=200 * MIB))
    assert isinstance(found, Snapshot)
    assert found.path == "/dev/vg0/files-discarded-a8e4b1c3"
    assert 2 * GIB + 364 * MIB < found.size < 3 * GIB
    assert found.size % (4 * MIB) == 0


def test_less_room_is_used_where_there_is_less() -> None:
    found = snapshot_of(side(volume=lv(free=512 * MIB), written=100 * MIB), side(volume=None))
    assert isinstance(found, Snapshot)
    assert found.size == 512 * MIB


def test_a_snapshot_is_never_much_larger_than_what_it_is_of() -> None:
    small = lv(size=100 * MIB)
    found = snapshot_of(side(volume=small, written=100 * MIB), side(volume=None, written=100 * MIB))
    assert isinstance(found, Snapshot)
    assert found.size <= 300 * MIB


def test_where_it_would_not_last_through_the_resync_there_is_none() -> None:
    found = snapshot_of(side(volume=lv(free=128 * MIB), written=100 * MIB), side(volume=None))
    assert isinstance(found, NoSnapshot)
    assert (found.free, found.needed > 164 * MIB) == (128 * MIB, True)
    assert snapshot_of(side(volume=None), side(volume=lv())) == NoSnapshot()


def test_a_thin_volume_needs_no_room_of_its_own() -> None:
    found = snapshot_of(side(volume=lv(free=0, is_thin=True), written=GIB), side(volume=None))
    assert isinstance(found, Snapshot)
    assert found.size == 0


def test_the_one_that_an_interrupted_run_has_made_is_found_again() -> None:
    made = side(volume=lv(free=0), written=GIB, snapshots=("files-discarded-a8e4b1c3",))
    assert isinstance(snapshot_of(made, side(volume=None)), Snapshot)
