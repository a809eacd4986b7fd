"""Another file storage than the one that the cluster mounts: refused, renamed, copied, or seen to by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_case import facts, settings, situation

from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.model.drbd import RESOURCE
from live_cluster.model.drbd_facts import DrbdFacts
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.settings import ClusterSettings, DrbdDisk
from live_cluster.model.storage_facts import ShareFacts, ShareOutcome
from live_cluster.model.storage_move import FormerMirror, LeftOver, MoveFacts
from live_cluster.model.storage_orders import StorageOrders
from live_cluster.plan.prerequisites import problems_of
from live_cluster.plan.storage_change import Change, Wanted, change_of, change_problems

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


def test_a_move_whose_run_did_not_end_is_not_taken_back_by_the_next_run() -> None:
    """The kept settings still name the former storage; new files are on the other one."""
    arrived = replace(MOVE, came_from="/dev/lun2")
    assert codes(seen(arrived), wish(NOTHING_ORDERED)) == ["move-not-ended"]
    assert codes(seen(replace(arrived, came_from="/dev/lun3")), wish(NOTHING_ORDERED)) == [
        "storage-is-another"
    ]


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


DISK = DrbdDisk(path="/dev/vdb", is_ready=False)
EMPTY_DISK = DrbdFacts(has_tools=True, module="8.4.11", is_block_device=True, size_bytes=2**30)
TO_DRBD = Wanted(device="/dev/drbd0", mirror=RESOURCE)


def on_heads(of: ClusterFacts, *, storage: object, disk: str = "") -> ClusterFacts:
    first, second = (
        replace(head, storage=storage, left=LeftOver(mirrored_disk=disk))  # type: ignore[arg-type]
        for head in of.heads
    )
    return replace(of, heads=(first, second))


def changes(of: ClusterFacts, wanted: Wanted, to: object = DISK) -> list[str]:
    settings = replace(wish(), filestorage=to)  # type: ignore[arg-type]
    return [one.code for one in change_problems(settings, of, wanted)]


def test_files_may_be_moved_to_empty_disks_that_are_large_enough() -> None:
    empty = on_heads(seen(), storage=EMPTY_DISK)
    assert changes(empty, TO_DRBD) == []
    too_much = replace(empty, move=replace(MOVE, used_bytes=2**30))
    assert changes(too_much, TO_DRBD) == ["move-no-room"]
    # What an interrupted run has begun is mirrored already; how much is on it shows when it is mounted.
    begun = replace(EMPTY_DISK, has_our_file=True, signatures=("drbd",))
    assert changes(on_heads(too_much, storage=begun), TO_DRBD) in ([], ["move-no-room"])


def test_a_mirrored_device_in_somebodys_use_is_not_taken() -> None:
    taken = replace(seen(), move=replace(MOVE, in_use=("ivcs-main-2: /home",)))
    assert changes(on_heads(taken, storage=EMPTY_DISK), TO_DRBD) == ["move-target-mounted"]


def test_drbd_that_is_just_being_left_is_no_place_to_move_to() -> None:
    back = on_heads(seen(), storage=EMPTY_DISK)
    assert changes(back, replace(TO_DRBD, managed=RESOURCE)) == ["move-mirror-leaving"]
    # The settings that are kept still say so where a run ended in the middle.
    unasked = replace(wish(NOTHING_ORDERED), filestorage=DISK)
    found = change_problems(unasked, back, replace(TO_DRBD, managed=RESOURCE))
    assert [one.code for one in found] == ["move-mirror-leaving"]


def test_other_disks_under_the_same_mirror_are_refused() -> None:
    here = on_heads(replace(seen(), move=None), storage=EMPTY_DISK, disk="/dev/vdc")
    assert changes(here, replace(TO_DRBD, managed=RESOURCE)) == ["drbd-disk-is-another"] * 2
    same = on_heads(replace(seen(), move=None), storage=EMPTY_DISK, disk="/dev/vdb")
    assert changes(same, replace(TO_DRBD, managed=RESOURCE)) == []


@pytest.mark.parametrize(
    ("is_ours", "code"), [(True, "mirror-stays-on-disks"), (False, "mirror-stays-configured")]
)
def test_what_remains_of_drbd_is_told_with_its_disks(code: str, *, is_ours: bool) -> None:
    disks = (("ivcs-main-1", "/dev/vdb"), ("ivcs-main-2", "/dev/vdb"))
    former = FormerMirror(resource="video", is_ours=is_ours, ports=(7788,), disks=disks)
    of = replace(seen(replace(MOVE, former="/dev/drbd0")), former_mirror=former)
    (found,) = change_problems(wish(), of, Wanted(device="/dev/lun2", managed="video"))
    assert (found.code, found.severity.value) == (code, "warning")
    assert found.message.field("disks") == "ivcs-main-1: /dev/vdb, ivcs-main-2: /dev/vdb"


def share(**more: object) -> ShareFacts:
    return ShareFacts(outcome=ShareOutcome.GOOD, **more)  # type: ignore[arg-type]


def test_how_much_a_nas_holds_is_no_reason_to_refuse() -> None:
    from_nas = replace(MOVE, former="192.0.2.5:/srv/video", fstype="nfs4", used_bytes=2**40)
    assert [
        (one.code, one.severity.value)
        for one in change_problems(wish(), seen(from_nas), Wanted(device="/dev/lun2"))
    ] == [("move-room-unknown", "warning")]
    # What there is room for on a NAS, is known.
    to_nas = on_heads(seen(replace(MOVE, used_bytes=2**30)), storage=share(free_bytes=2**29))
    assert changes(to_nas, Wanted(device="192.0.2.5:/srv/video")) == ["move-no-room"]


@pytest.mark.parametrize(
    ("former", "wanted", "expected"),
    [
        ("192.0.2.5:/srv/video", "192.0.2.5:/srv/video/new", ["move-inside"]),
        ("//192.0.2.5/video/old", "//192.0.2.5/video", ["move-inside"]),
        ("//192.0.2.5/video", "//192.0.2.5/video2", []),
        ("192.0.2.5:/", "192.0.2.5:/srv", ["move-inside"]),
        ("/dev/disk", "/dev/disk/by-id/x", []),
    ],
)
def test_a_folder_of_a_share_is_no_place_for_a_copy_of_it(
    former: str, wanted: str, expected: list[str]
) -> None:
    of = on_heads(seen(replace(MOVE, former=former)), storage=share())
    assert changes(of, Wanted(device=wanted)) == expected


def test_a_change_by_hand_is_only_warned_of() -> None:
    of = seen(replace(MOVE, holder=""), stopped=True)
    assert codes(of, wish(NOTHING_ORDERED)) == ["storage-changed-by-hand"]
