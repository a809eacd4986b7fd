"""sbd's times against Corosync's, and its settings in a file that belongs to its package."""

from __future__ import annotations

import pytest
from lxml import etree

from live_cluster.render import cib
from live_cluster.render.cib_elements import attributes, element
from live_cluster.render.cib_fencing import properties
from live_cluster.render.cib_watchdog import as_if_armed
from live_cluster.render.corosync_conf import device_timeout_ms
from live_cluster.render.sbd import (
    disk_times,
    diskless_times,
    has_settings,
    sbd_settings,
    setting,
    with_settings,
)

PACKAGE = '#SBD_DEVICE=""\nSBD_PACEMAKER=yes\nSBD_DELAY_START=no\nSBD_WATCHDOG_DEV=/dev/watchdog'
TOKENS = (67, 1000, 3000, 3750, 5000, 7500, 10_000)


@pytest.mark.parametrize("token_ms", TOKENS)
def test_nobody_takes_over_before_the_other_head_is_certainly_reset(token_ms: int) -> None:
    times = diskless_times(token_ms)
    sync_s = 2 * device_timeout_ms(token_ms) / 1000
    # sbd distrusts a quorum whose sync_timeout is longer, and resets both heads.
    assert times.watchdog_s > sync_s
    assert times.confirmed_s >= 2 * times.watchdog_s
    assert times.confirmed_s > sync_s + times.watchdog_s + 2
    # Back too early it would join while the other one still waits for its end.
    assert times.delay_s > times.confirmed_s + token_ms / 1000
    # systemd gives a start 90 s, and servers are slow at times.
    assert times.delay_s < 50


def test_the_usual_token_costs_twelve_seconds() -> None:
    times = diskless_times(3000)
    assert (times.watchdog_s, times.confirmed_s) == (5, 12)


@pytest.mark.parametrize("token_ms", TOKENS)
def test_a_disk_is_waited_for_twice_as_long_as_it_may_be_silent(token_ms: int) -> None:
    times = disk_times(token_ms)
    assert times.confirmed_s == 2 * times.watchdog_s
    assert times.watchdog_s >= 10


def test_what_stands_on_a_disk_already_holds() -> None:
    times = disk_times(3000, watchdog_s=7, msgwait_s=15)
    assert (times.watchdog_s, times.confirmed_s) == (7, 15)


def test_the_package_s_file_is_as_before_when_our_block_is_gone() -> None:
    block = sbd_settings("/dev/watchdog1", "", diskless_times(3000))
    for before in (PACKAGE + "\n", ""):
        written = with_settings(before, block)
        assert written.startswith(before)
        assert has_settings(written)
        assert with_settings(written, block) == written
        assert with_settings(written, "") == before


def test_a_disk_of_earlier_settings_counts_no_more() -> None:
    """What stands later wins, also an empty value."""
    written = with_settings(
        'SBD_DEVICE="/dev/old"\n', sbd_settings("/dev/watchdog", "", diskless_times(3000))
    )
    assert setting(written, "SBD_DEVICE") == ""
    assert written.index('SBD_DEVICE=""') > written.index("/dev/old")
    assert setting(written, "SBD_WATCHDOG_TIMEOUT") == "5"
    assert setting(PACKAGE, "SBD_PACEMAKER") == ""


def test_the_clock_stands_in_the_cib_only_where_it_ever_counted() -> None:
    name = "stonith-watchdog-timeout"
    assert name not in properties(has_devices=True, has_arbiter=True)
    assert properties(has_devices=False, has_arbiter=True, watchdog_s=0)[name] == "0"
    relied_on = properties(has_devices=False, has_arbiter=True, watchdog_s=12)
    assert relied_on[name] == "12s"
    assert relied_on["stonith-enabled"] == "true"
    # It would delay nothing: no device acts.
    assert relied_on["priority-fencing-delay"] == "0s"


def wanted(clock: str) -> etree._Element:
    pairs = {"stonith-watchdog-timeout": clock} if clock else {}
    return element(
        "configuration", element("crm_config", attributes("cluster_property_set", "live-cluster", pairs))
    )


def test_pacemaker_is_asked_about_the_cib_as_if_sbd_ran() -> None:
    running = cib.first_cib()
    rehearsed = etree.fromstring(as_if_armed(running, wanted("12s")))
    assert rehearsed.xpath("//nvpair[@name='have-watchdog']/@value") == ["true"]
    again = etree.fromstring(as_if_armed(etree.tostring(rehearsed), wanted("12s")))
    assert again.xpath("//nvpair[@name='have-watchdog']/@value") == ["true"]


@pytest.mark.parametrize("clock", ["", "0"])
def test_nobody_pretends_where_no_watchdog_is_relied_on(clock: str) -> None:
    assert as_if_armed(cib.first_cib(), wanted(clock)) == cib.first_cib()
