"""How long a systemd unit may take to start and to stop: its own times, and who else sets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Where ours stands; systemd applies drop-ins in the order of these names, whatever folder they are in.
DROP_IN = "50-live-cluster.conf"
# What stands for "as long as it takes" (systemd's `infinity`); whoever waits needs an end all the same.
BOUND_S = 900.0
_UNITS_S = {
    "us": 1e-6, "ms": 1e-3, "": 1.0, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0,
    "hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0, "w": 604800.0, "week": 604800.0,
    "weeks": 604800.0,
}  # fmt: skip
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setter:
    """A file of a unit that sets one of its times after ours."""

    path: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTimes:
    """One unit on one server, apart from what our own drop-in says.

    `stop_s` and `start_s` are for one phase each; `stop_phases`, `start_phases` are how many of them there may be:
    systemd counts anew for each command (ExecStop=, ExecStartPre=, …) and for the signal.
    `later` are files that would win over ours.
    """

    unit: str
    exists: bool = True
    stop_s: float = 90.0
    start_s: float = 90.0
    stop_phases: int = 1
    start_phases: int = 1
    later: tuple[Setter, ...] = ()


def seconds_of(text: str) -> float:
    """A time span as systemd.time(7) has it; infinity, and the 0 that means the same, are BOUND_S."""
    if text.strip() in ("", "infinity"):
        return BOUND_S
    total, place = 0.0, 0
    while place < len(text.rstrip()):
        found = _PART.match(text, place)
        if found is None or found[2] not in _UNITS_S:
            return BOUND_S
        total += float(found[1]) * _UNITS_S[found[2]]
        place = found.end()
    return total or BOUND_S


def unit_times(unit: str, *, shown: str, files: str, defaults: str) -> UnitTimes:
    """From `systemctl show` and `systemctl cat` of the unit, and the manager's defaults (`systemctl show`)."""
    values = _values(shown)
    if values.get("LoadState", [""])[0] == "not-found":
        return UnitTimes(unit=unit, exists=False)
    parts = list(_parts(files))
    return UnitTimes(
        unit=unit,
        stop_s=_own("Stop", values, parts, _values(defaults)),
        start_s=_own("Start", values, parts, _values(defaults)),
        stop_phases=1
        + _count(values, "ExecStop")
        + (1 + posts if (posts := _count(values, "ExecStopPost")) else 0),
        start_phases=1 + _count(values, "ExecCondition", "ExecStartPre", "ExecStartPost"),
        later=tuple(
            Setter(path=path, key=key) for path, settings in parts if _is_later(path) for key in settings
        ),
    )


def is_of(setter: Setter, way: str) -> bool:
    """Does it set the time of this way, "Stop" or "Start"?"""
    return setter.key in _keys(way)


def _own(
    way: str,
    values: dict[str, list[str]],
    parts: list[tuple[str, dict[str, str]]],
    defaults: dict[str, list[str]],
) -> float:
    ours = any(
        path.endswith(f".d/{DROP_IN}") and settings.keys() & set(_keys(way)) for path, settings in parts
    )
    if not ours:
        return seconds_of(values.get(f"Timeout{way}USec", [""])[0])
    found = [
        settings[key]
        for path, settings in parts
        if not path.endswith(f".d/{DROP_IN}")
        for key in settings
        if key in _keys(way)
    ]
    return seconds_of(found[-1] if found else defaults.get(f"DefaultTimeout{way}USec", [""])[0])


def _keys(way: str) -> tuple[str, str]:
    return (f"Timeout{way}Sec", "TimeoutSec")


def _is_later(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder.endswith(".d") and name > DROP_IN


def _values(shown: str) -> dict[str, list[str]]:
    """`systemctl show` repeats a name for each command."""
    found: dict[str, list[str]] = {}
    for line in shown.splitlines():
        name, separator, value = line.partition("=")
        if separator:
            found.setdefault(name, []).append(value)
    return found


def _count(values: dict[str, list[str]], *names: str) -> int:
    return sum(len(values.get(name, [])) for name in names)


def _parts(files: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each file that `systemctl cat` shows, with the times that it sets."""
    path, settings = "", dict[str, str]()
    for line in files.splitlines():
        if line.startswith("# /"):
            if path:
                yield path, settings
            path, settings = line.removeprefix("# ").strip(), {}
            continue
        key, separator, value = line.partition("=")
        if separator and key.strip() in ("TimeoutSec", "TimeoutStopSec", "TimeoutStartSec"):
            settings[key.strip()] = value.strip()
    if path:
        yield path, settings
