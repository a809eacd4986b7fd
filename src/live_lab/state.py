"""What is written down about a running lab, so that other processes and the next run find it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

from live_lab.errors import LabError, LabInUse, LabOfAnotherVersion
from live_lab.places import Places
from live_lab.process import start_time
from live_lab.topology import Scheme
from live_lab.wait import wait_until


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMark:
    """A process by id and start time (clock ticks after boot): ids alone are used again."""

    pid: int
    started: int

    @property
    def is_alive(self) -> bool:
        """False too when another process has the id now."""
        return start_time(self.pid) == self.started


def mark_of(pid: int) -> ProcessMark:
    """The mark of a process that runs now."""
    started = start_time(pid)
    if started is None:
        raise LabError(f"process {pid} has ended already")
    return ProcessMark(pid=pid, started=started)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabState:
    """The lab as a whole; `owner` is the process that ends it, none for a lab made by hand.

    `scheme` is empty where no host is a virtual machine; `kernel` is the release whose kernel those have on their
    disks.
    """

    release: str
    media: int
    has_product: bool
    is_complete: bool
    lun_device: str
    owner: ProcessMark | None
    scheme: str = ""
    has_nas: bool = False
    kernel: str = "trixie"


def _write(path: Path, value: object) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(value, indent=1) + "\n")
    fresh.rename(path)


def _mark(values: Mapping[str, int]) -> ProcessMark:
    return ProcessMark(pid=values["pid"], started=values["started"])


def save_lab(places: Places, state: LabState) -> None:
    """Replaces lab.json."""
    places.state.mkdir(parents=True, exist_ok=True)
    _write(places.state / "lab.json", asdict(state))


def load_lab(places: Places) -> LabState | None:
    """None when there is no lab of this name.

    Fields that a newer version added are left out: what is known of the lab is as true as ever. LabOfAnotherVersion
    where what must be known is not there.
    """
    try:
        values = json.loads((places.state / "lab.json").read_text())
    except FileNotFoundError:
        return None
    missing = [one.name for one in fields(LabState) if one.default is MISSING and one.name not in values]
    if missing:
        raise LabOfAnotherVersion(places.lab, f"its record lacks {', '.join(missing)}")
    if values.get("scheme") and values["scheme"] not in {scheme.value for scheme in Scheme}:
        raise LabOfAnotherVersion(places.lab, f"its network scheme is {values['scheme']!r}")
    known = {one.name: values[one.name] for one in fields(LabState) if one.name in values}
    return LabState(**{**known, "owner": values["owner"] and _mark(values["owner"])})


def save_power(places: Places, host: str, mark: ProcessMark) -> None:
    """Remembers which process is the host's power."""
    _write(places.host_state(host), asdict(mark))


def load_power(places: Places, host: str) -> ProcessMark | None:
    """None when the host is off, whether switched off, crashed or shut down by itself."""
    try:
        mark = _mark(json.loads(places.host_state(host).read_text()))
    except FileNotFoundError:
        return None
    return mark if mark.is_alive else None


def forget_power(places: Places, host: str) -> None:
    """Nothing is its power any more."""
    places.host_state(host).unlink(missing_ok=True)


@contextlib.contextmanager
def lock(path: Path, *, what: str, deadline_s: float) -> Iterator[None]:
    """Alone with this file; ends with the process, so a killed run holds nothing. LabInUse when too late."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        if deadline_s:
            wait_until(taken, deadline_s=deadline_s, what=f"{what}: another process is at work with it")
        elif not taken():
            raise LabInUse(f"{what}: another process is at work with it; wait for its end")
        yield


def myself() -> ProcessMark:
    """The mark of this process."""
    return mark_of(os.getpid())
