"""sbd's settings (/etc/default/sbd) and its times, which follow from Corosync's."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from live_cluster.render.cib_fencing import PRIORITY_DELAY_S
from live_cluster.render.corosync_conf import consensus_ms, device_timeout_ms
from live_cluster.render.ownership import BLOCK_BEGIN, with_block, without_block

# sbd's own default. It looks at itself every second; less than this made busy servers reset themselves.
LEAST_WATCHDOG_S = 5
# With a disk: so long it may be silent before a head that is alone resets itself. A SAN path that fails is left
# within 5 s (multipath.conf(5), fast_io_fail_tmo).
DISK_WATCHDOG_S = 10
# Until sbd has noticed, and the reset has come through.
_NOTICED_S = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SbdTimes:
    """Seconds. After `watchdog_s` without a sign of life a head is reset; after `confirmed_s` the other one takes
    over; `delay_s` a head that starts waits, so that nobody is still waiting for its end when it joins.
    """

    watchdog_s: int
    confirmed_s: int
    delay_s: int


def diskless_times(token_ms: int) -> SbdTimes:
    """The arbiter decides, and the clock confirms.

    A head that is cut off learns up to sync_timeout later than the other one that it has no quorum, and sbd trusts
    no quorum whose sync_timeout is longer than the watchdog's time.
    """
    sync_s = math.ceil(2 * device_timeout_ms(token_ms) / 1000)
    watchdog_s = max(LEAST_WATCHDOG_S, sync_s + 1)
    confirmed_s = max(2 * watchdog_s, watchdog_s + sync_s + _NOTICED_S)
    return _times(watchdog_s, confirmed_s, token_ms, waits_s=0)


def disk_times(token_ms: int, *, watchdog_s: int = 0, msgwait_s: int = 0) -> SbdTimes:
    """A message on the disk confirms; what stands on a disk that is there already holds."""
    wanted_s = max(DISK_WATCHDOG_S, diskless_times(token_ms).watchdog_s)
    return _times(watchdog_s or wanted_s, msgwait_s or 2 * wanted_s, token_ms, waits_s=PRIORITY_DELAY_S)


def _times(watchdog_s: int, confirmed_s: int, token_ms: int, *, waits_s: int) -> SbdTimes:
    """`waits_s`: so long the other head may hesitate before it shoots at all."""
    detected_s = math.ceil((token_ms + consensus_ms(token_ms)) / 1000)
    return SbdTimes(
        watchdog_s=watchdog_s, confirmed_s=confirmed_s, delay_s=confirmed_s + detected_s + waits_s
    )


def sbd_settings(device: str, disk: str, times: SbdTimes) -> str:
    """Our block; what stands later in the file wins (systemd.exec(5), EnvironmentFile)."""
    return (
        "# Written by live-cluster: the watchdog resets this server when it is cut off from the cluster.\n"
        f'SBD_DEVICE="{disk}"\n'
        "SBD_PACEMAKER=yes\n"
        "SBD_STARTMODE=always\n"
        f"SBD_DELAY_START={times.delay_s}\n"
        f"SBD_WATCHDOG_DEV={device}\n"
        f"SBD_WATCHDOG_TIMEOUT={times.watchdog_s}\n"
        # Without writing everything back first: storage that hangs must not hold the reset up.
        "SBD_TIMEOUT_ACTION=noflush,reboot\n"
        "SBD_OPTS=\n"
    )


def with_settings(text: str, block: str) -> str:
    """The file with our block in it, or without any for an empty one."""
    return with_block(text, block) if block else without_block(text)


def has_settings(text: str) -> bool:
    """Is our block in the file?"""
    return BLOCK_BEGIN in text


def setting(text: str, name: str) -> str:
    """The value of one setting of our block; empty where there is none."""
    if not has_settings(text):
        return ""
    found = re.findall(rf'^{name}="?([^"\n]*)"?$', text, re.MULTILINE)
    return found[-1] if found else ""
