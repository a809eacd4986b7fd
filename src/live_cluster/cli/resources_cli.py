"""`live-cluster stop-resources` and `start-resources`: progress to standard error, the result at the end."""

from __future__ import annotations

from collections.abc import Sequence

import click

from live_cluster.apply.run_lock import run_lock
from live_cluster.cli.asking import asked_by
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.cli.planned_work import force_option
from live_cluster.cli.watching import watched
from live_cluster.commands.following import Waiting
from live_cluster.commands.missing import Wish, why
from live_cluster.commands.resources import Outcome, change_all
from live_cluster.commands.status import Server
from live_cluster.errors import ExitCode, LiveClusterError, Problem, problem, warning
from live_cluster.messages import Message, message

# Twice the database's longest operations (start 300 s, promote 120 s): a slow server may be slower.
DEADLINE_S = 900

_timeout = click.option(
    "--timeout",
    "timeout_s",
    type=click.IntRange(min=1),
    default=DEADLINE_S,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the effect.",
)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document at the end instead of text.")


@click.command(name="stop-resources")
@force_option
@_timeout
@_json
def stop_resources(*, force: bool, timeout_s: int, as_json: bool) -> int:
    """Stop all clustered resources on both servers and wait until nothing runs.

    They stay stopped, also after a reboot, until `live-cluster start-resources`.
    Exit code: 0 stopped; 78 refused; 113 some did not stop and will not, or had to be killed; 124 some did not
    stop in time.
    """
    require_root("live-cluster stop-resources")
    return run_wish(Wish.STOP, Server(), force=force, timeout_s=timeout_s, as_json=as_json)


@click.command(name="start-resources")
@force_option
@_timeout
@_json
def start_resources(*, force: bool, timeout_s: int, as_json: bool) -> int:
    """Start all clustered resources and wait until everything runs.

    Old failures are cleared first, so that nothing is barred by what has been repaired since.
    Exit code: 0 all run; 78 refused; 113 some did not start and will not; 124 some did not start in time.
    """
    require_root("live-cluster start-resources")
    return run_wish(Wish.START, Server(), force=force, timeout_s=timeout_s, as_json=as_json)


def run_wish(wish: Wish, server: Server, *, force: bool = False, timeout_s: int, as_json: bool) -> int:
    """Carry it out with progress; the exit code."""
    with watched(f"resources-waiting-{wish.value}", quiet=False) as watch:
        # Made inside, so that it writes above the live line.
        output = Output()
        waiting = Waiting(deadline_s=timeout_s, tell=watch.tell, remaining=watch.remaining)
        try:
            with run_lock(asked_by(f"{wish.value}-resources")):
                outcome = change_all(wish, server, waiting, force=force)
        except KeyboardInterrupt:
            output.say(message(f"resources-interrupted-{wish.value}"), style="yellow")
            return 128 + 2
        except LiveClusterError as error:
            if as_json:
                output.json(
                    {
                        "version": 1,
                        "action": wish.value,
                        "problems": [problem_json(p) for p in error.problems],
                    }
                )
            raise
    return report(outcome, Output(), as_json=as_json)


def report(outcome: Outcome, output: Output, *, as_json: bool) -> int:
    """The end in words or JSON; the exit code."""
    problems = _problems(outcome)
    output.problems(problems)
    if as_json:
        output.json(document(outcome, problems))
    elif not outcome.missing:
        output.data(output.words(_success(outcome)))
    if not outcome.missing:
        return ExitCode.PARTIAL if outcome.not_gentle else ExitCode.OK
    return ExitCode.PARTIAL if outcome.stuck else ExitCode.TIMEOUT


def _success(outcome: Outcome) -> Message:
    done = "stopped" if outcome.wish is Wish.STOP else "started"
    if not outcome.changed:
        return message(f"resources-already-{done}")
    return message(f"resources-{done}", seconds=f"{outcome.seconds:.0f}")


def _problems(outcome: Outcome) -> list[Problem]:
    code = "resource-not-stopped" if outcome.wish is Wish.STOP else "resource-not-started"
    missing = [problem(code, node=one.node, resource=one.resource, why=why(one)) for one in outcome.missing]
    return (
        missing
        + list(outcome.not_gentle)
        + [warning("resources-node-away", node=name) for name in outcome.away]
    )


def document(outcome: Outcome, problems: Sequence[Problem]) -> dict[str, object]:
    """The JSON form."""
    return {
        "version": 1,
        "action": outcome.wish.value,
        "changed": outcome.changed,
        "done": not outcome.missing,
        "seconds": round(outcome.seconds, 1),
        "remaining": [
            {"id": one.resource, "group": one.group, "node": one.node or None, "role": one.role}
            for one in outcome.missing
        ],
        "problems": [problem_json(one) for one in problems],
    }
