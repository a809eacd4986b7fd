"""Systemd units: handed over to the cluster, started, read again."""

from __future__ import annotations

from datetime import UTC, datetime

from live_cluster.messages import message
from live_cluster.plan.step import Impact, Step, always, command_check
from live_cluster.remote.requests import Command, CommandResult

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
    text = properties(result).get("ActiveEnterTimestamp", "")
    try:
        return datetime.strptime(text, _TIMESTAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


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
