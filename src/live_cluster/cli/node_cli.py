"""`live-cluster standby NODE` and `online NODE`: take one head out of service, and put it back."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from live_cluster.cli.asking import agreed
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.cli.planned_work import JSON_VERSION, carried_out, force_option, json_option, yes_option
from live_cluster.cli.watching import watched
from live_cluster.commands.following import Waiting
from live_cluster.commands.node_standby import (
    Outcome,
    impact,
    planned,
    put_into_standby,
    put_online,
    require_online,
)
from live_cluster.commands.peer_sight import require_peer
from live_cluster.commands.status import Server, view_now
from live_cluster.commands.switchover import observe
from live_cluster.errors import ExitCode
from live_cluster.messages import Message, message

_timeout = click.option(
    "--timeout",
    "timeout_s",
    type=click.IntRange(min=10),
    default=900,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the effect.",
)


@click.command()
@click.argument("node")
@click.option(
    "--force",
    is_flag=True,
    help="Even where users lose the service by it, or where the other head is out of sight and may be serving.",
)
@yes_option
@_timeout
@json_option
def standby(*, node: str, force: bool, yes: bool, timeout_s: int, as_json: bool) -> int:
    """Take a head out of service: everything moves to the other one first, then nothing runs there.

    It stays so, also after a reboot, until `live-cluster online NODE`.

    Exit code: 0 done, or so already; 75 another run is at work; 78 refused; 107 declined;
    113 a service had to be killed, or could not be stopped; 124 not done in time.
    """
    require_root("live-cluster standby")
    wish = Wish(node=node, force=force, yes=yes, timeout_s=timeout_s, as_json=as_json)
    return run_standby(wish, Server())


@click.command()
@click.argument("node")
@force_option
@_timeout
@json_option
def online(*, node: str, force: bool, timeout_s: int, as_json: bool) -> int:
    """Let a head take part again, and wait until it is the synchronous standby.

    Exit code: 0 done, or so already; 75 another run is at work; 78 refused; 124 not done in time.
    """
    require_root("live-cluster online")
    return run_online(node, Server(), force=force, timeout_s=timeout_s, as_json=as_json)


class Wish:
    """What `standby` was asked for."""

    def __init__(self, *, node: str, force: bool, yes: bool, timeout_s: int, as_json: bool) -> None:
        self.node = node
        self.force = force
        self.yes = yes
        self.timeout_s = timeout_s
        self.as_json = as_json


def run_standby(wish: Wish, server: Server) -> int:
    """Carry it out with progress; the exit code."""
    output = Output()

    def work() -> int:
        begun = time.monotonic()
        seen = observe(server)
        head = seen.view.node(wish.node)
        if head is not None and not head.standby:
            # First of all: that users lose the service is the smaller harm.
            require_peer(seen.view, server, force=wish.force)
        plan = planned(seen, wish.node, force=wish.force)
        outcome = Outcome(node=wish.node, on=True, done=plan.is_standby)
        if not plan.is_standby:
            if not wish.as_json:
                output.say(impact(plan))
            agreed(message("standby-question", node=wish.node), output, yes=wish.yes)
            _watched(
                lambda waiting: put_into_standby(plan, server, waiting, outcome), wish.timeout_s, wish.as_json
            )
        return _report(outcome, output, seconds=time.monotonic() - begun, as_json=wish.as_json)

    return carried_out("standby", work, output, as_json=wish.as_json)


def run_online(node: str, server: Server, *, force: bool = False, timeout_s: int, as_json: bool) -> int:
    """Carry it out with progress; the exit code."""
    output = Output()

    def work() -> int:
        begun = time.monotonic()
        outcome = Outcome(node=node, on=False)
        view = view_now(server)
        require_online(view, node)
        require_peer(view, server, force=force)
        _watched(lambda waiting: put_online(node, server, waiting, outcome), timeout_s, as_json)
        return _report(outcome, output, seconds=time.monotonic() - begun, as_json=as_json)

    return carried_out("online", work, output, as_json=as_json)


def _watched(work: Callable[[Waiting], None], timeout_s: int, quiet: bool) -> None:  # noqa: FBT001
    with watched("resources-waiting-start", quiet=quiet) as watch:
        try:
            work(Waiting(deadline_s=timeout_s, tell=watch.tell, remaining=watch.remaining))
        except KeyboardInterrupt:
            watch.tell(message("planned-interrupted"))
            raise


def _report(outcome: Outcome, output: Output, *, seconds: float, as_json: bool) -> int:
    if as_json:
        output.json(
            {
                "version": JSON_VERSION,
                "action": "standby" if outcome.on else "online",
                "node": outcome.node,
                "changed": outcome.changed,
                "moved": outcome.moved,
                "done": outcome.done,
                "seconds": round(seconds, 1),
                "problems": [problem_json(one) for one in outcome.problems],
            }
        )
    else:
        output.problems(outcome.problems)
        if outcome.done:
            output.data(output.words(_success(outcome, seconds)))
    if outcome.hangs or (outcome.done and outcome.killed):
        return ExitCode.PARTIAL
    return ExitCode.OK if outcome.done else ExitCode.TIMEOUT


def _success(outcome: Outcome, seconds: float) -> Message:
    verb = "standby" if outcome.on else "online"
    if not outcome.changed:
        return message(f"{verb}-already", node=outcome.node)
    return message(f"{verb}-done", node=outcome.node, seconds=f"{seconds:.0f}")
