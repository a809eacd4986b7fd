"""C6, C15: a SAN's device before anything is touched: which one it is, and what is on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from plan_case import facts, settings, situation, with_head

from live_cluster.errors import Severity
from live_cluster.model.block_device import BlockDeviceFacts, Holder
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.settings import CifsShare
from live_cluster.model.storage_orders import StorageOrders
from live_cluster.plan import device_prerequisites
from live_cluster.plan.prerequisites import problems_of

Change = Callable[[ClusterFacts], ClusterFacts]
BY_ID, BY_UUID = "/dev/disk/by-id/wwn-0x6001", "/dev/disk/by-uuid/1-2"
MAP = "/dev/mapper/files"
GOOD = BlockDeviceFacts(
    exists=True,
    path="/dev/lun",
    filesystem="ext4",
    uuid="1-2",
    node="sdb",
    kind="disk",
    capacity_bytes=2**30,
    state="clean",
)
BLANK = replace(GOOD, filesystem="", uuid="", state="")


def each(first: BlockDeviceFacts, second: BlockDeviceFacts) -> Change:
    return lambda seen: with_head(with_head(seen, 1, storage=first), 2, storage=second)


def on(number: int, device: BlockDeviceFacts) -> Change:
    return each(device, GOOD) if number == 1 else each(GOOD, device)


def both(device: BlockDeviceFacts) -> Change:
    return each(device, device)


def linked(*links: tuple[str, str], path: str = "/dev/sdb", uuid: str = "1-2") -> BlockDeviceFacts:
    return replace(GOOD, path=path, links=links, uuid=uuid)


CASES: dict[str, tuple[Change, list[str]]] = {
    "as it should be": (both(GOOD), []),
    "not there": (
        both(BlockDeviceFacts(exists=False, path="/dev/lun")),
        ["device-missing ivcs-main-1", "device-missing ivcs-main-2"],
    ),
    "nothing on one, another file system on the other": (
        each(replace(BLANK, uuid="1-2"), replace(GOOD, filesystem="xfs")),
        ["device-not-ext4 ivcs-main-1", "device-not-ext4 ivcs-main-2"],
    ),
    "two LUNs": (on(2, replace(GOOD, uuid="other")), ["devices-differ"]),
    "a path of a multipath device": (
        on(1, replace(GOOD, filesystem="mpath_member", holders=(Holder(path=MAP, kind="mpath"),))),
        ["device-is-path ivcs-main-1"],
    ),
    "one path where there are several": (
        on(1, replace(GOOD, other_paths=("/dev/sdc",))),
        ["device-single-path ivcs-main-1"],
    ),
    "a physical volume of LVM": (
        both(replace(GOOD, filesystem="LVM2_member", holders=(Holder(path="/dev/mapper/vg-a", kind="lvm"),))),
        ["device-in-use ivcs-main-1", "device-in-use ivcs-main-2"],
    ),
    "a physical volume of LVM that holds nothing": (
        both(replace(GOOD, filesystem="LVM2_member")),
        ["device-not-ext4 ivcs-main-1", "device-not-ext4 ivcs-main-2"],
    ),
    "mounted elsewhere": (on(2, replace(GOOD, mounted_at=("/mnt",))), ["device-mounted ivcs-main-2"]),
    "mounted where it belongs": (on(1, replace(GOOD, mounted_at=("/srv/filestorage",))), []),
    "write-protected": (on(2, replace(GOOD, is_read_only=True)), ["device-read-only ivcs-main-2"]),
    "damaged": (on(1, replace(GOOD, state="clean with errors")), ["device-has-errors ivcs-main-1"]),
    "grown, seen by one head only": (on(2, replace(GOOD, capacity_bytes=2**31)), ["device-sizes-differ"]),
    "a copy on the other head": (
        each(replace(GOOD, wwn="0x6001"), replace(GOOD, wwn="0x6002")),
        ["devices-are-copies"],
    ),
    "the same unit by two ways of saying so": (
        each(replace(GOOD, wwn="0x6001"), linked((BY_ID, "/dev/sdb"))),
        [],
    ),
    "a name that may change": (
        both(linked((BY_ID, "/dev/sdb"), (BY_UUID, "/dev/sdb"))),
        ["device-name-may-change"],
    ),
    "a name that may change, and no other": (both(linked(path="/dev/dm-3")), ["device-name-may-change"]),
    "a name that stays": (both(linked((BY_UUID, "/dev/sdb"), path=BY_UUID)), []),
    "mpatha is another LUN on the other head": (
        each(
            linked((BY_UUID, "/dev/dm-0"), ("/dev/mapper/mpatha", "/dev/dm-0"), path="/dev/mapper/mpatha"),
            linked(
                (BY_UUID, "/dev/dm-1"), ("/dev/mapper/mpatha", "/dev/dm-0"), path="/dev/mapper/mpatha", uuid="3",
            ),
        ),
        ["device-other-names", "devices-differ"],
    ),
}  # fmt: skip


def judged(change: Change, orders: StorageOrders = StorageOrders()) -> list[str]:  # noqa: B008 - frozen
    now = situation()
    wish = replace(settings(), storage_orders=orders)
    found = problems_of(replace(now, facts=change(now.facts), settings=wish))
    return sorted(f"{one.code} {one.node}".strip() for one in found)


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_the_device_is_named(name: str) -> None:
    change, expected = CASES[name]
    assert judged(change) == expected


def test_every_code_has_a_case() -> None:
    source = Path(str(device_prerequisites.__file__)).read_text("utf-8")
    codes = set(re.findall(r'(?:problem|warning|judged)\(\s*"([a-z0-9-]+)"', source))
    tested = {line.split()[0] for _, lines in CASES.values() for line in lines}
    assert tested | {"device-not-empty"} == codes


MAY_FORMAT = StorageOrders(may_format=True, new_uuid="9-9")
EMPTY = replace(BLANK, is_zero=True)


@pytest.mark.parametrize(
    ("device", "problems"),
    [
        (EMPTY, []),
        (replace(BLANK, is_begun=True), []),
        (GOOD, []),
        # Unknown data, or what wipefs(8) has left behind.
        (BLANK, ["device-not-empty"]),
        (replace(EMPTY, filesystem="xfs"), ["device-not-empty"]),
        (replace(EMPTY, partitions="dos"), ["device-not-empty"]),
        (replace(EMPTY, filesystem="LVM2_member"), ["device-not-empty"]),
        (replace(EMPTY, holders=(Holder(path="/dev/sdb1", kind="part"),)), ["device-in-use"]),
        (replace(EMPTY, mounted_at=("/mnt",)), ["device-mounted"]),
        (replace(EMPTY, is_read_only=True), ["device-read-only"]),
    ],
)
def test_only_an_empty_device_may_be_formatted(device: BlockDeviceFacts, problems: list[str]) -> None:
    expected = [f"{one} {node}" for one in problems for node in ("ivcs-main-1", "ivcs-main-2")]
    assert judged(both(device), MAY_FORMAT) == expected


def test_a_device_that_is_empty_on_one_head_only_is_not_formatted() -> None:
    assert judged(each(EMPTY, BLANK), MAY_FORMAT) == ["device-not-empty ivcs-main-2"]
    assert judged(each(EMPTY, GOOD), MAY_FORMAT) == ["devices-differ"]


def test_a_share_is_not_formatted() -> None:
    wish = replace(settings(), filestorage=CifsShare(host="nas", share="files"), storage_orders=MAY_FORMAT)
    now = situation()
    assert "format-without-device" in [one.code for one in problems_of(replace(now, settings=wish))]


def test_names_that_stay_are_proposed_with_the_best_one_first() -> None:
    by_path = ("/dev/disk/by-path/pci-0", "/dev/sdb")
    first = linked((BY_UUID, "/dev/sdb"), (BY_ID, "/dev/sdb"), by_path)
    second = linked((BY_UUID, "/dev/sdb"), (BY_ID, "/dev/sdb"), ("/dev/mapper/other", "/dev/dm-9"))
    now = situation()
    (found,) = problems_of(replace(now, facts=each(first, second)(now.facts)))
    assert found.severity is Severity.WARNING
    assert found.message.field("common") == f"{BY_ID}, {BY_UUID}"


def test_the_map_is_named_as_an_administrator_knows_it() -> None:
    path = replace(
        GOOD, holders=(Holder(path="/dev/dm-0", kind="mpath"),), links=((MAP, "/dev/dm-0"), (BY_ID, "/dev/dm-0"))
    )  # fmt: skip
    now = situation()
    (found,) = problems_of(replace(now, facts=on(1, path)(now.facts)))
    assert found.message.field("whole") == MAP


@pytest.mark.parametrize(("configured", "severity"), [(False, Severity.ERROR), (True, Severity.WARNING)])
def test_damage_stops_only_a_first_run(severity: Severity, *, configured: bool) -> None:
    now = situation(configured=configured)
    seen = both(replace(GOOD, state="not clean with errors"))(facts(configured=configured))
    found = problems_of(replace(now, facts=seen))
    assert {(one.code, one.severity) for one in found} == {("device-has-errors", severity)}
