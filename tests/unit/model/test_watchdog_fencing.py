"""Fencing by watchdog: what may be wished."""

from __future__ import annotations

import pytest
from test_fence_devices import FIRST, GIVEN, SECOND, judged

from live_cluster.model.raw_settings import Origin, RawSettings, RawValue, Source, options
from live_cluster.model.settings import TurnedOff, WatchdogFencing
from live_cluster.model.settings_rules import settings_from

WATCHDOG = {"fencing_watchdog": "/dev/watchdog"}
ARBITER = {"arbiter_ip": "192.0.2.11"}
DISK = {"fencing_disk": "/dev/disk/by-id/wwn-0x5"}


def test_with_an_arbiter_the_watchdog_is_enough() -> None:
    found, problems = settings_from(
        options(GIVEN | {"fencing-watchdog": "/dev/watchdog1", "arbiter-ip": "192.0.2.11"})
    )
    assert found is not None, problems
    assert found.fencing == WatchdogFencing(device="/dev/watchdog1")
    assert not found.may_split


def test_with_a_disk_no_arbiter_is_needed() -> None:
    found, problems = settings_from(
        options(GIVEN | {"fencing-watchdog": "/dev/watchdog", "fencing-disk": "/dev/sdq"})
    )
    assert found is not None, problems
    assert found.fencing == WatchdogFencing(device="/dev/watchdog", disk="/dev/sdq")
    assert not found.may_split


def test_two_heads_alone_cannot_rely_on_the_clock() -> None:
    assert judged(**WATCHDOG) == ["fencing-watchdog-alone"]


def test_the_disk_needs_the_watchdog() -> None:
    assert judged(**DISK) == ["option-needed"]


def test_one_kind_of_fencing_at_a_time() -> None:
    devices = {"head_node_1_fencing": FIRST, "head_node_2_fencing": SECOND}
    assert judged(**WATCHDOG, **ARBITER, **devices) == ["fencing-two-kinds"]


def test_turned_off_and_on_in_one_breath() -> None:
    assert judged(**WATCHDOG, **ARBITER, no_fencing="true") == ["disable-contradicts"]


def test_the_file_storage_is_no_disk_for_it() -> None:
    assert judged(**WATCHDOG, fencing_disk=GIVEN["filestorage-device"]) == ["fencing-disk-is-storage"]


def test_a_token_for_which_systemd_would_not_wait() -> None:
    assert "fencing-watchdog-token" in judged(**WATCHDOG, **ARBITER, token="10001")
    assert "fencing-watchdog-token" not in judged(**WATCHDOG, **ARBITER, token="10000")


@pytest.mark.parametrize("device", ["/dev/null", "watchdog", "/dev/watchdog1/..", "/dev/watchdogd", "on"])
def test_what_is_no_watchdog(device: str) -> None:
    assert judged(fencing_watchdog=device, **ARBITER) == ["not-a-watchdog"]


@pytest.mark.parametrize(
    "disk", ["sda", "/etc/passwd", "/dev/a;b", "/dev/$(x)", "/dev/../etc/x", "//nas/share"]
)
def test_what_is_no_disk(disk: str) -> None:
    """The path stands in a file that a shell may read, and a semicolon would make two disks of it."""
    assert judged(**WATCHDOG, fencing_disk=disk) == ["not-a-disk"]


def stored(**values: str) -> RawSettings:
    origin = Origin(source=Source.STORED, detail="/etc/live-cluster/cluster.toml")
    return RawSettings(
        given=tuple(
            RawValue(name=name.replace("_", "-"), text=text, origin=origin) for name, text in values.items()
        )
    )


def test_it_is_turned_off_and_on_again() -> None:
    before = stored(**WATCHDOG, **ARBITER, **DISK)
    off, problems = settings_from(options(GIVEN | {"no-fencing": "true"}).also(before))
    assert off is not None, problems
    assert off.fencing == TurnedOff()
    was_off = stored(no_fencing="true", **ARBITER)
    on, problems = settings_from(options(GIVEN | {"fencing-watchdog": "/dev/watchdog"}).also(was_off))
    assert on is not None, problems
    assert on.fencing == WatchdogFencing(device="/dev/watchdog")
