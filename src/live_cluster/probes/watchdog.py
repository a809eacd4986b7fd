"""What the heads are asked about fencing by watchdog. No watchdog is opened for that: opening it arms it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from live_cluster.model.settings import Fencing, TurnedOff, WatchdogFencing
from live_cluster.model.watchdog_facts import SbdDisk, SbdState, WatchdogFacts
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, Request

PROGRAM = "/usr/sbin/sbd"
UNIT = "sbd.service"
SETTINGS = ReadFile(path="/etc/default/sbd")
STATE = Command(
    argv=(
        "systemctl", "show", "--timestamp=us+utc",
        "--property=ActiveState,UnitFileState,ActiveEnterTimestamp", "--", UNIT,
    )
)  # fmt: skip
# sbd overwrites "roughly the first megabyte" (sbd(8), create).
BLANK_BYTES = 1 << 20
# What decides whether sbd runs as it should: the requests of a step's check, too.
SBD_REQUESTS: tuple[Request, ...] = (SETTINGS, STATE)

_INSTALLED = Command(argv=("test", "-x", PROGRAM))
_SYSTEMD = Command(argv=("systemctl", "show", "--property=RuntimeWatchdogUSec"))
_TIMESTAMP = "%a %Y-%m-%d %H:%M:%S.%f UTC"


def _exists(device: str) -> Command:
    return Command(argv=("test", "-c", device))


# Which device each watchdog belongs to. (Names and states are in sysfs only where the kernel was built so.)
_KINDS = Command(argv=("find", "/sys/class/watchdog", "-mindepth", "1", "-printf", "%f %l\n"))
# Who has one open.
_HOLDERS = Command(
    argv=("find", "/proc", "-maxdepth", "3", "-path", "/proc/[0-9]*/fd/*", "-lname", "/dev/watchdog*",
          "-printf", "%l\n")
)  # fmt: skip


def _real(device: str) -> Command:
    """/dev/watchdog may be another one's second name."""
    return Command(argv=("readlink", "--canonicalize", "--", device))


def _nowayout(device: str) -> ReadFile:
    """Only where the kernel was built so; the first one's older name is /dev/watchdog."""
    number = device.removeprefix("/dev/watchdog") or "0"
    return ReadFile(path=f"/sys/class/watchdog/watchdog{number}/nowayout")


def disk_requests(disk: str) -> tuple[Request, ...]:
    """Is there a block device, what is on it, is it blank, is it sbd's."""
    return (
        Command(argv=("test", "-b", disk)),
        Command(argv=("blkid", "-p", "-o", "export", "--", disk)),
        Command(argv=("cmp", "--silent", f"--bytes={BLANK_BYTES}", "--", disk, "/dev/zero")),
        Command(argv=(PROGRAM, "-d", disk, "dump"), timeout_s=30),
    )


def watchdog_requests(fencing: Fencing | WatchdogFencing | TurnedOff | None) -> tuple[Request, ...]:
    """All requests to one head; where fencing was turned off, what may be left of it."""
    match fencing:
        case TurnedOff():
            return SBD_REQUESTS
        case WatchdogFencing(device=device, disk=disk):
            own = (_exists(device), _real(device), _KINDS, _HOLDERS, _nowayout(device))
            return (*SBD_REQUESTS, _INSTALLED, _SYSTEMD, *own, *(disk_requests(disk) if disk else ()))
        case _:
            return ()


def watchdog_facts(
    fencing: Fencing | WatchdogFencing | TurnedOff | None, replies: Mapping[Request, Reply]
) -> WatchdogFacts | None:
    """The answers of one head as a value."""
    match fencing:
        case TurnedOff():
            return WatchdogFacts(installed=True, exists=True, sbd=_sbd(replies))
        case WatchdogFencing(device=device, disk=disk):
            real = _text(replies[_real(device)]).strip() or device
            systemd = _text(replies[_SYSTEMD]).partition("=")[2].strip()
            return WatchdogFacts(
                installed=_is_so(replies[_INSTALLED]),
                exists=_is_so(replies[_exists(device)]),
                software=_is_software(real, _text(replies[_KINDS])),
                busy=_is_open({device, real}, replies[_HOLDERS]),
                stays_armed=_content(replies[_nowayout(device)]) == "1",
                systemd="" if systemd in ("0", "infinity") else systemd,
                sbd=_sbd(replies),
                disk=sbd_disk(tuple(replies[one] for one in disk_requests(disk))) if disk else None,
            )
        case _:
            return None


def sbd_state(settings: Reply, unit: Reply) -> SbdState:
    """The replies to SBD_REQUESTS as a value."""
    values = dict(line.split("=", 1) for line in _text(unit).splitlines() if "=" in line)
    is_file = isinstance(settings, FileState) and settings.exists
    return SbdState(
        settings=settings.text if isinstance(settings, FileState) and is_file else "",
        written=settings.mtime if isinstance(settings, FileState) and is_file else 0.0,
        active=values.get("ActiveState") == "active",
        enabled=values.get("UnitFileState") == "enabled",
        since=_seconds(values.get("ActiveEnterTimestamp", "")),
    )


def sbd_disk(replies: tuple[Reply, ...]) -> SbdDisk:
    """The replies to disk_requests as a value."""
    exists, probed, compared, dumped = replies
    if not _is_so(exists):
        return SbdDisk(exists=False)
    header = _text(dumped)
    found = dict(line.split("=", 1) for line in _text(probed).splitlines() if "=" in line)
    return SbdDisk(
        exists=True,
        holds=found.get("TYPE") or found.get("PTTYPE") or "",
        # blkid(8), -p: 2 means that nothing was found.
        blank=isinstance(probed, CommandResult) and probed.returncode == 2 and _is_so(compared),
        uuid=_field(header, r"UUID\s*:\s*(\S+)"),
        watchdog_s=int(_field(header, r"Timeout \(watchdog\)\s*:\s*(\d+)") or 0),
        msgwait_s=int(_field(header, r"Timeout \(msgwait\)\s*:\s*(\d+)") or 0),
    )


def _sbd(replies: Mapping[Request, Reply]) -> SbdState:
    return sbd_state(replies[SETTINGS], replies[STATE])


def _field(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _seconds(text: str) -> float:
    try:
        return datetime.strptime(text, _TIMESTAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _is_so(reply: Reply) -> bool:
    return isinstance(reply, CommandResult) and reply.ok


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""


def _content(reply: Reply) -> str:
    return reply.text.strip() if isinstance(reply, FileState) and reply.exists else ""


def _is_software(device: str, kinds: str) -> bool:
    """No hardware behind it. The kernel calls the first one /dev/watchdog as well."""
    name = device.removeprefix("/dev/")
    targets = dict(line.split(" ", 1) for line in kinds.splitlines() if " " in line)
    return "/virtual/" in targets.get(name if name != "watchdog" else "watchdog0", "")


def _is_open(names: set[str], holders: Reply) -> bool:
    """Processes come and go while find(1) looks, so that its exit code says nothing."""
    first = {"/dev/watchdog", "/dev/watchdog0"}
    wanted = names | first if names & first else names
    return isinstance(holders, CommandResult) and bool(wanted & set(holders.text.split()))
