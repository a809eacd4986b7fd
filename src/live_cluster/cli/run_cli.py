"""A run from the command line's side: carried out, shown, and turned into JSON and an exit code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from live_cluster.access.entry import SecretSources, find_secret
from live_cluster.access.site_key import SiteSecret
from live_cluster.cli.hidden_input import terminal_question
from live_cluster.cli.output import Output, problem_json
from live_cluster.cli.progress import Screen
from live_cluster.cli.steps_json import steps_json
from live_cluster.commands.configure import Outcome, Wish
from live_cluster.commands.configure import configure as bring_about
from live_cluster.errors import ExitCode, LiveClusterError, problem
from live_cluster.messages import message

JSON_VERSION = 1


def carry_out(
    make_wish: Callable[[Screen], Wish],
    output: Output,
    *,
    as_json: bool,
    dry_run: bool,
    verbose: bool = False,
) -> int:
    """One run; with `as_json` its outcome is printed also where it failed or was interrupted."""
    outcome = Outcome()
    screen = Screen(output, quiet=as_json, show_previews=dry_run or verbose, every_step=verbose)
    try:
        asyncio.run(bring_about(make_wish(screen), screen, outcome))
    except (LiveClusterError, KeyboardInterrupt) as error:
        screen.close()
        if not as_json:
            if outcome.results:
                screen.summary(outcome.results, outcome.seconds)
            raise
        ended = error if isinstance(error, LiveClusterError) else None
        outcome.problems += ended.problems if ended else (problem("interrupted"),)
        output.json(_as_json(outcome))
        return ended.exit_code if ended else 128 + 2
    finally:
        screen.close()
    if as_json:
        output.json(_as_json(outcome))
    else:
        _say_end(outcome, screen, dry_run=dry_run)
    return ExitCode.PARTIAL if outcome.is_partial else ExitCode.OK


def site_secret(passphrase_file: str, output: Output, screen: Screen) -> Callable[[], SiteSecret]:
    """Asks for the installation's passphrase when it is needed, unless a file has it."""
    sources = SecretSources(
        passphrase_file=passphrase_file,
        environment=os.environ,
        ask=terminal_question(output),
        tell=lambda entry: screen.warnings((entry,)),
    )
    return lambda: find_secret(sources)


def asked_by() -> str:
    """Who is at the keyboard, for the record and for those who find the lock taken."""
    return os.environ.get("SUDO_USER") or os.environ.get("LOGNAME") or "root"


def _say_end(outcome: Outcome, screen: Screen, *, dry_run: bool) -> None:
    if not outcome.plan.steps:
        screen.say(message("nothing-to-do", seconds=f"{outcome.seconds:.1f}"))
    elif dry_run:
        screen.say(message("dry-run-ends"))
    else:
        screen.summary(outcome.results, outcome.seconds)
        screen.say(message("done-in-part" if outcome.is_partial else "what-next"))


def _as_json(outcome: Outcome) -> dict[str, object]:
    """The stable document (docs/operations.md); a dry run lists its steps as `planned`."""
    run = steps_json(outcome.plan, outcome.results)
    return {
        "version": JSON_VERSION,
        "changed": run.changed,
        "steps": run.steps,
        "effects": [
            {
                "action": one.action,
                "resource": one.resource,
                "source": one.source,
                "target": one.target,
            }
            for step in outcome.plan.steps
            for one in step.effects or ()
        ],
        "drift": [
            {"id": one.id, "kind": one.kind.value, "about": one.about, "pruned": outcome.prunes}
            for one in outcome.drift
        ],
        "problems": [problem_json(one) for one in outcome.problems],
    }
