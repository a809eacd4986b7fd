"""The database agent with an arbiter: nobody acknowledges alone before the arbiter has confirmed its partition."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from database_pair import WITH_ARBITER, DatabasePair, acknowledged, open_firewall

from live_lab import Lab, faults, wait_until
from live_lab.image import ImageWish
from live_lab.lab import LabWish

PACKAGES = ("corosync-qdevice", "corosync-qnetd")


@pytest.fixture(scope="module")
def pair() -> Iterator[DatabasePair]:
    wish = LabWish(image=ImageWish(release="bookworm", has_product=False, extras=PACKAGES), media=1)
    with Lab.create("agarb", wish) as lab:
        (arbiter,) = lab.media
        open_firewall(arbiter)
        arbiter.run(("systemctl", "stop", "corosync-qnetd"), check=False)
        daemon = arbiter.start(("corosync-qnetd", "-f", "-s", "off"))
        pair = DatabasePair(lab, votes=WITH_ARBITER)
        pair.set_up()
        pair.wait_whole()
        yield pair
        pair.stop_writers()
        daemon.kill()


@pytest.mark.lab
def test_isolated_primary_waits_also_while_corosync_still_calls_it_quorate(pair: DatabasePair) -> None:
    # The loss of the arbiter is noticed after the loss of the peer; in between this side looks like the survivor.
    primary, beside, cut = pair.cut_off_primary(isolated_s=15)
    alone = [when for writer in beside for when, _ in acknowledged(writer)]
    faults.reconnect(pair.lab, primary)
    pair.audit()
    # What was on its way to the standby at that moment may still have been acknowledged.
    assert all(when < cut + 3 for when in alone)


@pytest.mark.lab
def test_primary_with_the_arbiter_goes_on_alone(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    (writer,) = pair.start_writers(primary)
    standby.power_off()
    cut = time.time()
    wait_until(
        lambda: any(when > cut + 3 for when, _ in acknowledged(writer)),
        deadline_s=300,
        what="writes go on without the standby",
    )
    assert pair.data(primary)[standby.name] == "stale"
    standby.power_on()
    pair.audit()
