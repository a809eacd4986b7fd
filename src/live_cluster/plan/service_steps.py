"""Systemd units: handed over to the cluster, started, started again when they die."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from live_cluster.messages import message
from live_cluster.model.profile import ClusteredUnit
from live_cluster.model.unit_times import DROP_IN, seconds_of
from live_cluster.plan.file_steps import absent_step, file_step, followed_by
from live_cluster.plan.step import Impact, Step, always, command_check
from live_cluster.remote.requests import Command, CommandResult, WriteFile

# Pacemaker's unit has this from Debian; Corosync's and nginx's have not: a killed one stayed away (seen).
# Without a limit: a unit that systemd has given up keeps its server out of the cluster until somebody comes.
_COMES_BACK = """\
# Written by live-cluster.
[Unit]
StartLimitIntervalSec=0

[Service]
Restart=on-failure
RestartSec=1s
"""
_TIMESTAMP = "%a %Y-%m-%d %H:%M:%S.%f UTC"


def unit_state(unit: str) -> Command:
    """State, enablement and start time of one unit."""
    return Command(
        argv=(
            "systemctl", "show", "--timestamp=us+utc",
            "--property=ActiveState,UnitFileState,ActiveEnterTimestamp", "--", unit,
        )
    )  # fmt: skip


def properties(result: CommandResult) -> dict[str, str]:
    """NAME=value lines of `systemctl show`."""
    return dict(line.split("=", 1) for line in result.text.splitlines() if "=" in line)


def is_active(result: CommandResult) -> bool:
    """The unit runs."""
    return properties(result).get("ActiveState") in ("active", "reloading", "activating")


def started_at(result: CommandResult) -> float:
    """Seconds since 1970 at which the unit became active; 0 where it never did."""
    return _seconds(properties(result).get("ActiveEnterTimestamp", ""))


def _seconds(text: str) -> float:
    try:
        return datetime.strptime(text, _TIMESTAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def state_and_change(unit: str) -> Command:
    """Whether the unit runs, and since when it is in its present state: a reload leaves and enters it, too."""
    return Command(
        argv=(
            "systemctl", "show", "--timestamp=us+utc", "--property=ActiveState,StateChangeTimestamp", "--", unit,
        )
    )  # fmt: skip


def reached_state_at(result: CommandResult) -> float:
    """Seconds since 1970 at which the unit started or was last reloaded; 0 where it never did."""
    return _seconds(properties(result).get("StateChangeTimestamp", ""))


def handed_over(node: str, unit: str, *, stop: bool, impact: Impact) -> Step:
    """Systemd does not start the unit any more; with `stop` it does not run now either.

    Pacemaker's own systemd resources do not need the unit to be enabled, and two masters for one service mean
    that it runs twice after a reboot.
    """

    def holds(result: CommandResult) -> bool:
        enabled = properties(result).get("UnitFileState", "").startswith("enabled")
        return not enabled and not (stop and is_active(result))

    argv = ("systemctl", "disable", "--now", "--", unit) if stop else ("systemctl", "disable", "--", unit)
    return Step(
        code="service-handed-over",
        node=node,
        title=message("step-service-handed-over", unit=unit),
        impact=impact,
        actions=always(Command(argv=argv, timeout_s=300, changes_node=True)),
        check=command_check(unit_state(unit), holds),
    )


def running(node: str, units: tuple[str, ...], *, foreseen: bool = False) -> Step:
    """The units run, and are started at boot."""

    def holds(result: CommandResult) -> bool:
        blocks = [block for block in result.text.split("\n\n") if block.strip()]
        return len(blocks) == len(units) and all(
            "ActiveState=active" in block and "UnitFileState=enabled" in block for block in blocks
        )

    question = Command(argv=("systemctl", "show", "--property=ActiveState,UnitFileState", "--", *units))
    return Step(
        code="service-running",
        node=node,
        title=message("step-service-running", units=", ".join(units)),
        impact=Impact.NONE,
        actions=always(
            Command(argv=("systemctl", "enable", "--now", "--", *units), timeout_s=300, changes_node=True)
        ),
        check=command_check(question, holds),
        deadline_s=300,
        foreseen=foreseen,
    )


def comes_back(node: str, unit: str) -> Step:
    """Systemd starts the unit again when its process dies (D1)."""
    return _drop_in(node, unit, _COMES_BACK, {"Restart": lambda shown: shown == "on-failure"})


def has_its_time(node: str, unit: ClusteredUnit) -> Step:
    """Systemd gives the unit the profile's times to start and to stop; where it names none, the unit's own."""
    wanted = {"Stop": unit.stop_timeout, "Start": unit.start_timeout}
    lines = [f"Timeout{way}Sec={seconds}s\n" for way, seconds in wanted.items() if seconds is not None]
    effects = {
        f"Timeout{way}USec": partial(_is_so_long, seconds)
        for way, seconds in wanted.items()
        if seconds is not None
    }
    content = "".join(("# Written by live-cluster.\n[Service]\n", *lines)) if lines else ""
    return _drop_in(node, unit.unit, content, effects)


def _is_so_long(seconds: int, shown: str) -> bool:
    return seconds_of(shown) == seconds


def _drop_in(node: str, unit: str, content: str, effects: Mapping[str, Callable[[str], bool]]) -> Step:
    """A file beside the unit's own, in force when systemd shows its effects; without content, no such file."""
    name = unit if unit.endswith(".service") else f"{unit}.service"
    path = f"/etc/systemd/system/{name}.d/{DROP_IN}"

    def in_force(result: CommandResult) -> bool:
        known = properties(result)
        is_read = path in known.get("DropInPaths", "").split()
        return is_read is bool(content) and all(holds(known.get(key, "")) for key, holds in effects.items())

    question = Command(
        argv=("systemctl", "show", f"--property={','.join((*effects, 'DropInPaths'))}", "--", name)
    )
    reload = Command(argv=("systemctl", "daemon-reload"), changes_node=True)
    step = (
        file_step(node, WriteFile(path=path, content=content.encode()))
        if content
        else absent_step(node, path)
    )
    return followed_by(step, command_check(question, in_force), reload, impact=Impact.NONE)
