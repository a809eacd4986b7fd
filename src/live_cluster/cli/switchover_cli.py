"""`live-cluster switchover`: what would move, a question, progress, what came of it."""

from __future__ import annotations

import click

from live_cluster.cli.asking import agreed
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.cli.planned_work import carried_out, json_option, yes_option
from live_cluster.cli.watching import watched
from live_cluster.commands.following import Waiting
from live_cluster.commands.status import Server
from live_cluster.commands.switchover import Move, Outcome, observe, planned, switch_over
from live_cluster.errors import ExitCode, Problem
from live_cluster.messages import message

DEADLINE_S = 300


@click.command()
@click.option("--to", default="", metavar="NODE", help="The head to move to; without it, the other one.")
@yes_option
@click.option(
    "--timeout",
    "timeout_s",
    type=click.IntRange(min=10, max=3600),
    default=DEADLINE_S,
    show_default=True,
    metavar="SECONDS",
    help="How long the order stands, and how long to wait for its effect.",
)
@json_option
def switchover(*, to: str, yes: bool, timeout_s: int, as_json: bool) -> int:
    """Move the primary and everything that users see to the other head.

    Refused where the pair could not lose the head that is to be left. No constraint is made in the cluster,
    so nothing is left behind, even when this command or a head dies on the way.

    Exit code: 0 done, or there already; 75 another run is at work; 78 refused; 107 declined;
    113 a service had to be killed, or could not be stopped; 124 not (fully) done in time.
    """
    require_root("live-cluster switchover")
    return run_switchover(to, Server(), timeout_s=timeout_s, yes=yes, as_json=as_json)


def run_switchover(to: str, server: Server, *, timeout_s: int, yes: bool, as_json: bool) -> int:
    """Carry it out with progress; the exit code."""
    output = Output()

    def work() -> int:
        move = planned(observe(server), to)
        outcome = Outcome(move=move)
        if not move.is_done:
            _agree(move, output, yes=yes, quiet=as_json)
            _carry_out(outcome, server, timeout_s=timeout_s, quiet=as_json)
        return report(outcome, output, as_json=as_json)

    return carried_out("switchover", work, output, as_json=as_json)


def _agree(move: Move, output: Output, *, yes: bool, quiet: bool) -> None:
    if not quiet:
        output.say(message("switchover-impact", source=move.source, target=move.target))
    agreed(message("switchover-question", target=move.target), output, yes=yes)


def _carry_out(outcome: Outcome, server: Server, *, timeout_s: int, quiet: bool) -> None:
    with watched("resources-waiting-start", quiet=quiet) as watch:
        waiting = Waiting(deadline_s=timeout_s, tell=watch.tell, remaining=watch.remaining)
        try:
            switch_over(outcome.move, server, waiting, outcome)
        except KeyboardInterrupt:
            watch.tell(message("switchover-interrupted"))
            raise


def report(outcome: Outcome, output: Output, *, as_json: bool) -> int:
    """The end in words or JSON; the exit code."""
    move, phases = outcome.move, outcome.phases
    if as_json:
        output.json(document(outcome))
    else:
        output.problems(outcome.problems)
        if move.is_done:
            output.data(output.words(message("switchover-already", node=move.target)))
        elif outcome.done:
            text = message(
                "switchover-done",
                source=move.source,
                target=move.target,
                **{name: f"{seconds:.1f}" for name, seconds in phases.items()},
            )
            output.data(output.words(text))
    if outcome.hangs or (outcome.done and outcome.killed):
        return ExitCode.PARTIAL
    return ExitCode.OK if outcome.done else ExitCode.TIMEOUT


def document(outcome: Outcome) -> dict[str, object]:
    """The JSON form; `phases` are seconds since the order."""
    return {
        "version": 1,
        "action": "switchover",
        "changed": outcome.changed,
        "done": outcome.done,
        "from": outcome.move.source,
        "to": outcome.move.target,
        "phases": [{"name": name, "seconds": seconds} for name, seconds in outcome.phases.items()],
        "problems": _problems(tuple(outcome.problems)),
    }


def _problems(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    return [problem_json(one) for one in problems]
