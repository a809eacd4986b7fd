"""`live-cluster filestorage …`: what an administrator decides about the files' storage."""

from __future__ import annotations

import asyncio

import click

from live_cluster.cli.application_profile import has_filestorage, usable_profile
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output
from live_cluster.cli.planned_work import force_option, json_option, yes_option
from live_cluster.cli.program import Program
from live_cluster.cli.progress import Screen
from live_cluster.cli.resolve_text import document, sight_lines
from live_cluster.cli.run_cli import asked_by, site_secret
from live_cluster.cli.settings_file import read_stored
from live_cluster.commands.resolve import Outcome, Wish
from live_cluster.commands.resolve import resolve as carry_out
from live_cluster.commands.sides import Sight
from live_cluster.errors import ExitCode, InputRejected, LiveClusterError, Unconfigured, problem
from live_cluster.messages import message
from live_cluster.model.facts import ServerName
from live_cluster.model.settings_rules import settings_from
from live_cluster.plan.blueprint import server_names


@click.group(cls=Program)
def filestorage() -> None:
    """Decide about the storage of the files."""


@filestorage.command()
@click.option("--keep", metavar="NODE", default="", help="The head whose files are to stay.")
@click.option("--dry-run", is_flag=True, help="Show what would be discarded; touch nothing.")
@force_option
@yes_option
@click.option("--passphrase-file", metavar="FILE", default="", help="The passphrase; -: standard input.")
@json_option
def resolve(  # noqa: PLR0913  as many as there are options
    *, keep: str, dry_run: bool, force: bool, yes: bool, passphrase_file: str, as_json: bool
) -> int:
    """Show both sides of a split-brain of DRBD, and give one up with --keep. Both heads must be unlocked.

    What only the other head has is kept as a snapshot beside its disk where LVM allows; where not, the command says
    so before it asks. An interrupted run is finished by the same command.

    Exit code: 0 done, or nothing to resolve; 64 wrong words; 69 a head cannot be reached; 75 another run is
    at work; 78 refused; 107 declined; 124 not done in time; 190 a split-brain is there and was only shown.
    """
    require_root("live-cluster filestorage resolve")
    output = Output()
    screen = Screen(output, quiet=as_json, show_previews=dry_run)
    outcome = Outcome()
    try:
        wish = Wish(
            heads=_heads(),
            keep=keep,
            site_secret=site_secret(passphrase_file, output, screen),
            asked_by=asked_by(),
            dry_run=dry_run,
            yes=yes,
            force=force,
            show=lambda sight: _show(sight, output, quiet=as_json),
        )
        asyncio.run(carry_out(wish, screen, outcome))
    except (LiveClusterError, KeyboardInterrupt) as error:
        screen.close()
        if not as_json:
            raise
        ended = error if isinstance(error, LiveClusterError) else None
        outcome.problems += ended.problems if ended else (problem("planned-interrupted"),)
        output.json(document(outcome, keep))
        return ended.exit_code if ended else 128 + 2
    finally:
        screen.close()
    if as_json:
        output.json(document(outcome, keep))
    else:
        _say_end(wish, outcome, screen, output)
    return _exit_code(wish, outcome)


def _heads() -> tuple[ServerName, ServerName]:
    stored, faults = read_stored()
    if not stored.given:
        raise Unconfigured(*faults, problem("cluster-not-configured"))
    profile, more = usable_profile(None)
    settings, found = settings_from(stored, has_filestorage=has_filestorage(profile))
    if settings is None or profile is None or faults:
        raise InputRejected(*faults, *found, *more)
    first, second, *_ = server_names(settings, profile)
    return first, second


def _show(sight: Sight, output: Output, *, quiet: bool) -> None:
    if quiet:
        return
    for sentence in sight_lines(sight):
        output.line(output.words(sentence))


def _say_end(wish: Wish, outcome: Outcome, screen: Screen, output: Output) -> None:
    sight = outcome.sight
    if sight is None or not sight.is_open:
        output.data(output.words(message("resolve-nothing")))
    elif not wish.keep:
        nodes = [one.node for one in sight.sides]
        output.data(output.words(message("resolve-choose", first=nodes[0], second=nodes[1])))
    elif wish.dry_run:
        screen.say(message("dry-run-ends"))
    else:
        screen.summary(outcome.results, outcome.seconds)
        done = message("resolve-finished") if sight.is_settled else message("resolve-done", node=wish.keep)
        output.data(output.words(done))
        if outcome.snapshot is not None:
            lose = next(one.name for one in wish.heads if one.name != wish.keep)
            kept = message("resolve-set-aside", node=lose, path=outcome.snapshot.path)
            output.data(output.words(kept))


def _exit_code(wish: Wish, outcome: Outcome) -> int:
    is_open = outcome.sight is not None and outcome.sight.is_open
    return ExitCode.DEGRADED if is_open and not wish.keep else ExitCode.OK
