"""What a head says about its watchdog, sbd(8), and the disk that sbd uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SbdState:
    """sbd as it is set up and runs: its settings' text and when that was written, its unit; seconds since 1970."""

    settings: str = ""
    written: float = 0.0
    active: bool = False
    enabled: bool = False
    since: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SbdDisk:
    """The disk as one head sees it.

    `holds` is what blkid(8) finds on it; `blank`: nothing, and its first mebibyte is all zeros. `uuid`,
    `watchdog_s` and `msgwait_s` come from sbd's own header, where there is one.
    """

    exists: bool
    holds: str = ""
    blank: bool = False
    uuid: str = ""
    watchdog_s: int = 0
    msgwait_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogFacts:
    """One head: sbd's package, the watchdog's device, and who has it open.

    `software`: there is no hardware behind it. `stays_armed`: nobody can disarm it any more (nowayout). `busy`:
    somebody has it open. `systemd` is what systemd was told to do with a watchdog (RuntimeWatchdogSec), empty where
    nothing.
    """

    installed: bool
    exists: bool
    software: bool = False
    stays_armed: bool = False
    busy: bool = False
    systemd: str = ""
    sbd: SbdState = SbdState()
    disk: SbdDisk | None = None
