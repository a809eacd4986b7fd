"""Another file storage than the one that the cluster mounts: refused, renamed, copied, or seen to by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_case import facts, settings, situation

from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.settings import ClusterSettings, DrbdDisk
from live_cluster.model.storage_move import MoveFacts
from live_cluster.model.storage_orders import StorageOrders
from live_cluster.plan.prerequisites import problems_of
from live_cluster.plan.storage_change import Change, change_of, change_problems

NEW = BlockDeviceFacts(
    exists=True, path="/dev/lun2", filesystem="ext4", uuid="2", capacity_bytes=2**30, free_bytes=2**29
)
MOVE = MoveFacts(former="/dev/lun", holder="ivcs-main-1", used_bytes=2**20, files=10)
ORDERED = StorageOrders(may_move=True, new_uuid="run-1")


def seen(
    move: MoveFacts | None = MOVE, *, target: BlockDeviceFacts = NEW, stopped: bool = False
) -> ClusterFacts:
    before = facts(configured=True)
    first, second = (replace(head, storage=target, stopped_on_purpose=stopped) for head in before.heads)
    return replace(before, heads=(first, second), move=move)


def wish(orders: StorageOrders = ORDERED) -> ClusterSettings:
    return replace(settings(filestorage_device="/dev/lun2"), storage_orders=orders)


def codes(of: ClusterFacts, wanted: ClusterSettings) -> list[str]:
    return [one.code for one in problems_of(replace(situation(configured=True), settings=wanted, facts=of))]


NOTHING_ORDERED = StorageOrders()
BOTH = frozenset(("ivcs-main-1", "ivcs-main-2"))


@pytest.mark.parametrize(
    ("move", "orders", "stopped", "expected"),
    [
        (None, ORDERED, False, Change.NONE),
        (replace(MOVE, is_same=True), ORDERED, False, Change.RENAMED),
        (replace(MOVE, is_same=True), NOTHING_ORDERED, False, Change.RENAMED),
        (MOVE, ORDERED, False, Change.COPIED),
        (MOVE, NOTHING_ORDERED, False, Change.REFUSED),
        (replace(MOVE, holder=""), NOTHING_ORDERED, False, Change.REFUSED),
        (replace(MOVE, holder=""), NOTHING_ORDERED, True, Change.BY_HAND),
        # Still mounted: nobody can have copied the last changes.
        (MOVE, NOTHING_ORDERED, True, Change.REFUSED),
        # Gone for good: otherwise no other storage could ever take its place.
        (replace(MOVE, holder="", lost_on=BOTH), NOTHING_ORDERED, False, Change.BY_HAND),
        (replace(MOVE, holder="", lost_on=frozenset(("ivcs-main-1",))), NOTHING_ORDERED, False, Change.REFUSED),
    ],
)  # fmt: skip
def test_what_becomes_of_the_files(
    move: MoveFacts | None, orders: StorageOrders, expected: Change, *, stopped: bool
) -> None:
    assert change_of(wish(orders), seen(move, stopped=stopped)) is expected


def test_without_the_option_the_steps_to_take_are_told() -> None:
    (found,) = problems_of(replace(situation(configured=True), settings=wish(NOTHING_ORDERED), facts=seen()))
    assert (found.code, found.option) == ("storage-is-another", "filestorage-device")
    assert (found.message.field("former"), found.message.field("wanted")) == ("/dev/lun", "/dev/lun2")


@pytest.mark.parametrize(
    ("move", "target", "expected"),
    [
        (MOVE, NEW, []),
        (replace(MOVE, holder=""), NEW, ["move-source-not-mounted"]),
        (replace(MOVE, without_rsync=("ivcs-main-2",)), NEW, ["package-missing"]),
        (replace(MOVE, entries=("theirs",)), NEW, ["move-target-not-empty"]),
        # An interrupted run's copy is gone on with.
        (replace(MOVE, entries=("ours",), begun_from="/dev/lun"), NEW, []),
        (replace(MOVE, entries=("ours",), begun_from="/dev/lun0"), NEW, ["move-begun-from-another"]),
        (replace(MOVE, used_bytes=2**29 + 1), NEW, ["move-no-room"]),
        (replace(MOVE, used_bytes=2**29 + 1, begun_from="/dev/lun"), NEW, []),
    ],
)
def test_what_speaks_against_a_copy(move: MoveFacts, target: BlockDeviceFacts, expected: list[str]) -> None:
    assert codes(seen(move, target=target), wish()) == expected


def test_a_device_to_be_formatted_has_room_for_what_ext4_leaves() -> None:
    empty = replace(NEW, filesystem="", uuid="", free_bytes=None, is_zero=True)
    orders = replace(ORDERED, may_format=True)
    assert codes(seen(replace(MOVE, used_bytes=900 * 2**20), target=empty), wish(orders)) == []
    too_much = seen(replace(MOVE, used_bytes=1000 * 2**20), target=empty)
    assert codes(too_much, wish(orders)) == ["move-no-room"]


def test_a_copy_to_or_from_drbd_is_left_to_the_administrator() -> None:
    wanted = replace(wish(), filestorage=DrbdDisk(path="/dev/drbd0", is_ready=True))
    found = change_problems(wanted, seen(), wanted="/dev/drbd0")
    assert [one.code for one in found] == ["move-with-drbd"]
    assert codes(seen(replace(MOVE, former="/dev/drbd7")), wish()) == ["move-with-drbd"]


def test_a_change_by_hand_is_only_warned_of() -> None:
    of = seen(replace(MOVE, holder=""), stopped=True)
    assert codes(of, wish(NOTHING_ORDERED)) == ["storage-changed-by-hand"]
