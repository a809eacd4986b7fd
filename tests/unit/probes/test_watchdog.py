"""What a head's answers say about its watchdog: the kernel's files, systemd's words, sbd's settings."""

from __future__ import annotations

from live_cluster.model.settings import TurnedOff, WatchdogFencing
from live_cluster.model.watchdog_facts import WatchdogFacts
from live_cluster.probes.watchdog import SBD_REQUESTS, sbd_state, watchdog_facts, watchdog_requests
from live_cluster.probes.watchdog_state import watchdog_of
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, Request
from live_cluster.render.sbd import diskless_times, sbd_settings

FENCING = WatchdogFencing(device="/dev/watchdog1", disk="/dev/lun")
UNIT = b"ActiveState=active\nUnitFileState=enabled\nActiveEnterTimestamp=Mon 2026-11-23 07:20:02.250000 UTC\n"


def answers(requests: tuple[Request, ...], **said: bytes) -> dict[Request, Reply]:
    """Files by their last name, commands by their program; what is not named is there and says nothing."""
    found: dict[Request, Reply] = {}
    for request in requests:
        if isinstance(request, ReadFile):
            name = request.path.rpartition("/")[2]
            found[request] = FileState(exists=name in said, content=said.get(name, b""), mtime=7.0)
        else:
            assert isinstance(request, Command)
            name = "RuntimeWatchdogUSec" if "RuntimeWatchdogUSec" in request.argv[-1] else request.argv[0]
            found[request] = CommandResult(returncode=0, stdout=said.get(name, b""))
    return found


# Debian 12, a virtual machine with softdog; a server with a board's watchdog as the first one.
SOFT = b"watchdog1 ../../devices/virtual/watchdog/watchdog1\n"
BOARD = b"watchdog0 ../../devices/pci0000:00/0000:00:1f.0/iTCO_wdt.1.auto/watchdog/watchdog0\n"


def test_nothing_is_opened_to_look_at_a_watchdog() -> None:
    """Opening one would arm it."""
    for request in watchdog_requests(FENCING):
        if isinstance(request, ReadFile):
            assert not request.path.startswith("/dev/")
        elif isinstance(request, Command) and "/dev/watchdog1" in request.argv:
            assert request.argv[0] in ("test", "readlink")


def seen_with(device: str = "/dev/watchdog1", **said: bytes) -> WatchdogFacts:
    fencing = WatchdogFencing(device=device)
    said = {"readlink": f"{device}\n".encode(), "find": SOFT + BOARD} | said
    found = watchdog_facts(fencing, answers(watchdog_requests(fencing), **said))
    assert found is not None
    return found


def test_a_watchdog_without_hardware_is_told_from_a_board_s() -> None:
    assert seen_with().software
    assert seen_with("/dev/watchdog", readlink=b"/dev/watchdog1\n").software
    assert not seen_with("/dev/watchdog0").software
    assert not seen_with("/dev/watchdog").software


def test_who_has_a_watchdog_open_is_found_under_either_name() -> None:
    assert not seen_with(find=b"").busy
    assert seen_with(find=b"/dev/watchdog1\n").busy
    assert not seen_with(find=b"/dev/watchdog0\n").busy
    assert seen_with("/dev/watchdog0", find=b"/dev/watchdog\n").busy
    assert seen_with("/dev/watchdog", find=b"/dev/watchdog0\n").busy


def test_a_watchdog_that_cannot_be_disarmed_is_known() -> None:
    assert seen_with(nowayout=b"1\n").stays_armed
    assert not seen_with(nowayout=b"0\n").stays_armed
    # Kernels without these files.
    assert not seen_with().stays_armed


def test_whether_systemd_wants_one() -> None:
    assert seen_with(RuntimeWatchdogUSec=b"RuntimeWatchdogUSec=10s\n").systemd == "10s"
    assert seen_with(RuntimeWatchdogUSec=b"RuntimeWatchdogUSec=0\n").systemd == ""


def test_when_sbd_started_and_when_its_settings_were_written() -> None:
    settings = FileState(exists=True, content=b"SBD_PACEMAKER=yes\n", mtime=1700000000.5)
    state = sbd_state(settings, CommandResult(returncode=0, stdout=UNIT))
    assert (state.active, state.enabled, state.written) == (True, True, 1700000000.5)
    assert state.since == 1795418402.25
    nothing = sbd_state(FileState(exists=False), CommandResult(returncode=127))
    assert (nothing.active, nothing.enabled, nothing.since, nothing.settings) == (False, False, 0.0, "")


def test_only_what_may_be_left_is_asked_where_it_was_turned_off() -> None:
    assert watchdog_requests(TurnedOff()) == SBD_REQUESTS
    assert watchdog_requests(None) == ()
    assert watchdog_facts(None, {}) is None


def test_status_knows_the_watchdog_by_our_settings_alone() -> None:
    block = sbd_settings("/dev/watchdog1", "/dev/lun", diskless_times(3000))
    text = f"SBD_WATCHDOG_DEV=/dev/watchdog\n# live-cluster begin\n{block}# live-cluster end\n"
    seen = watchdog_of(text, "sbd\n")
    assert seen is not None
    assert (seen.device, seen.disk, seen.armed) == ("/dev/watchdog1", "/dev/lun", True)
    # A process number that has become somebody else's.
    other = watchdog_of(text, "cron\n")
    assert other is not None
    assert not other.armed
    assert watchdog_of("SBD_WATCHDOG_DEV=/dev/watchdog\n", "sbd") is None
