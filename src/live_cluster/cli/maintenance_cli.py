"""`live-cluster maintenance on|off`: Pacemaker keeps its hands off, for a while or until it is told to go on."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import click

from live_cluster.cli.asking import agreed
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output
from live_cluster.cli.planned_work import JSON_VERSION, carried_out, force_option, json_option, yes_option
from live_cluster.cli.watching import watched
from live_cluster.commands.following import Waiting
from live_cluster.commands.maintenance import Outcome, switch_off, switch_on
from live_cluster.commands.peer_sight import require_peer
from live_cluster.commands.status import Server, view_now
from live_cluster.errors import ExitCode, InputRejected, problem
from live_cluster.messages import Message, message

_DEADLINE_S = 180.0
_LONGEST_S = 7 * 86400
_UNITS = {"d": 86400, "h": 3600, "m": 60}
_DURATION = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,3})h)?(?:(\d{1,4})m)?")


@click.command()
@click.argument("mode")
@click.option(
    "--for", "duration", default="", metavar="DURATION", help="It ends by itself after this: 30m, 2h."
)
@force_option
@yes_option
@json_option
def maintenance(*, mode: str, duration: str, force: bool, yes: bool, as_json: bool) -> int:
    """Switch maintenance mode `on` or `off`.

    While it is on, Pacemaker leaves everything as it is, watches nothing and repairs nothing. Nothing is
    restarted by switching it on or off. `--for` lets it end by itself, whatever happens to the heads meanwhile.
    On a head that does not see the other one `on` is refused without --force; `off` always works.

    Exit code: 0 done, or so already; 64 wrong words; 75 another run is at work; 78 refused; 107 declined;
    124 not in time.
    """
    require_root("live-cluster maintenance")
    seconds = _checked(mode, duration)
    order = Order(on=mode == "on", seconds=seconds, force=force)
    return run_maintenance(order, Server(), yes=yes, as_json=as_json)


def _checked(mode: str, duration: str) -> int | None:
    """Seconds, or None without an end; InputRejected with everything that is wrong."""
    problems = []
    if mode not in ("on", "off"):
        problems.append(problem("maintenance-on-or-off", given=mode))
    if duration and mode == "off":
        problems.append(problem("maintenance-for-off", option="--for"))
    seconds = duration_s(duration) if duration else None
    if duration and seconds is None:
        problems.append(problem("duration-invalid", option="--for", text=duration))
    if problems:
        raise InputRejected(*problems)
    return seconds


def duration_s(text: str) -> int | None:
    """Seconds of `1d2h30m`; None where it is something else, or too short or too long."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    parts = zip(_UNITS.values(), found.groups(), strict=True)
    seconds = sum(unit * int(number) for unit, number in parts if number)
    return seconds if 60 <= seconds <= _LONGEST_S else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for; `seconds` None: until it is ended."""

    on: bool
    seconds: int | None = None
    force: bool = False


def run_maintenance(order: Order, server: Server, *, yes: bool, as_json: bool) -> int:
    """Carry it out; the exit code."""
    output = Output()

    def work() -> int:
        if order.on:
            require_peer(view_now(server), server, force=order.force)
            if not as_json:
                output.say(message("maintenance-impact"))
            agreed(message("maintenance-question"), output, yes=yes)
        with watched("resources-waiting-start", quiet=as_json) as watch:
            waiting = Waiting(deadline_s=_DEADLINE_S, tell=watch.tell, remaining=watch.remaining)
            outcome = (
                switch_on(server, waiting, by=_who(), seconds=order.seconds)
                if order.on
                else switch_off(server, waiting)
            )
        _report(outcome, output, as_json=as_json)
        return ExitCode.OK

    return carried_out("maintenance", work, output, as_json=as_json)


def _who() -> str:
    who = os.environ.get("SUDO_USER") or os.environ.get("LOGNAME") or "root"
    return f"{who}@{os.uname().nodename}"


def _report(outcome: Outcome, output: Output, *, as_json: bool) -> None:
    known = outcome.maintenance
    if as_json:
        details = (
            None if known is None else {"by": known.by, "since": known.since, "until": known.until or None}
        )
        document = {"version": JSON_VERSION, "action": "maintenance", "on": outcome.on}
        output.json(document | {"changed": outcome.changed, "maintenance": details, "problems": []})
        return
    output.data(output.words(_sentence(outcome)))


def _sentence(outcome: Outcome) -> Message:
    known = outcome.maintenance
    if known is not None:
        until = (
            message("maintenance-until", until=known.until)
            if known.until
            else message("maintenance-open-end")
        )
        return message("maintenance-on", until=until)
    return message("maintenance-off" if outcome.changed else "maintenance-already-off")
