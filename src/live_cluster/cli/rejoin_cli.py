"""`live-cluster rejoin NODE --rewind|--reclone|--keep`: what would be discarded, a question, progress, the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import click

from live_cluster.cli.asking import agreed
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.cli.planned_work import JSON_VERSION, carried_out, json_option, yes_option
from live_cluster.cli.status_text import rejoin_fields
from live_cluster.cli.watching import watched
from live_cluster.commands import rejoin as work
from live_cluster.commands.following import Waiting
from live_cluster.commands.peer_sight import out_of_sight
from live_cluster.commands.rejoin import Survey, Way
from live_cluster.commands.status import Server
from live_cluster.errors import ExitCode, InputRejected, NotReady, Problem, problem
from live_cluster.messages import Message, message
from live_cluster.model.replication import Rejoin

_MIB = 1 << 20
_ASSUMED_SPEED = 50 * _MIB


@click.command()
@click.argument("node")
@click.option(
    "--rewind", is_flag=True, help="Take back what the primary does not have; its WAL is set aside."
)
@click.option("--reclone", is_flag=True, help="A fresh copy of the primary; the old data is set aside whole.")
@click.option("--keep", is_flag=True, help="The data of NODE is to be the truth; only while nothing serves.")
@click.option("--dry-run", is_flag=True, help="Show what would be discarded; touch nothing.")
@yes_option
@click.option("--timeout", "timeout_s", type=click.IntRange(min=10), default=3600, show_default=True,
              metavar="SECONDS", help="How long to watch; the repair goes on by itself.")  # fmt: skip
@json_option
def rejoin(  # noqa: PLR0913  as many as there are options
    *,
    node: str,
    rewind: bool,
    reclone: bool,
    keep: bool,
    dry_run: bool,
    yes: bool,
    timeout_s: int,
    as_json: bool,
) -> int:
    """Decide about the data of a head that went another way than the primary's. Run it on that head.

    Nothing is deleted: what a repair discards is set aside, and the command says where.

    Exit code: 0 done, or nothing to do; 64 wrong words; 75 another run is at work; 78 refused; 107 declined;
    124 still at work.
    """
    require_root("live-cluster rejoin")
    chosen = [way for way, given in zip(Way, (rewind, reclone, keep), strict=True) if given]
    if len(chosen) != 1:
        raise InputRejected(problem("rejoin-one-way"))
    wish = Wish(node=node, way=chosen[0], dry_run=dry_run, yes=yes, timeout_s=timeout_s, as_json=as_json)
    return run_rejoin(wish, Server())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for."""

    node: str
    way: Way
    dry_run: bool = False
    yes: bool = False
    timeout_s: int = 3600
    as_json: bool = False


def run_rejoin(wish: Wish, server: Server) -> int:
    """Carry it out with progress; the exit code."""
    output = Output()
    return carried_out("rejoin", lambda: _carry_out(wish, server, output), output, as_json=wish.as_json)


def _carry_out(wish: Wish, server: Server, output: Output) -> int:
    begun = time.monotonic()
    seen = work.survey(wish.node, wish.way, server)
    idle = work.nothing_to_do(seen, wish.way)
    found = () if idle else work.obstacles(seen, wish.way)
    if found:
        raise NotReady(*found)
    if not wish.as_json:
        for sentence in explanation(seen, wish.way, idle=idle):
            output.say(sentence)
        peer = "" if idle or wish.way is not Way.KEEP else out_of_sight(seen.view, server)
        if peer:
            output.say(message("keep-out-of-sight", peer=peer), style="yellow")
    done = True
    if not (idle or wish.dry_run):
        question = "keep-question" if wish.way is Way.KEEP else "rejoin-question"
        agreed(message(question, node=seen.node, peer=seen.peer), output, yes=wish.yes)
        done = _change(wish, seen, server)
    elif wish.dry_run and not wish.as_json:
        output.say(message("rejoin-dry-run"))
    changed = not (idle or wish.dry_run)
    return _report(wish, seen, server, output, End(changed, done, time.monotonic() - begun))


def _change(wish: Wish, seen: Survey, server: Server) -> bool:
    if wish.way is Way.KEEP:
        work.keep(seen, server)
        return True
    work.order(wish.way, server)
    with watched("resources-waiting-start", quiet=wish.as_json) as watch:
        watch.tell(message("rejoin-ordered"))
        told: list[Message] = []

        def show(progress: Rejoin) -> None:
            text = message("rejoin-progress", **rejoin_fields(progress))
            if text not in told[-1:]:
                told.append(text)
                watch.tell(text)

        waiting = Waiting(deadline_s=wish.timeout_s, tell=watch.tell, remaining=watch.remaining)
        return work.follow(seen, server, waiting, show)


def explanation(seen: Survey, way: Way, *, idle: bool) -> Iterator[Message]:
    """Where the data stands, what would be lost to the service, where it is kept, how long it takes."""
    facts, node = seen.facts, seen.node
    if idle:
        yield message("keep-already" if way is Way.KEEP else "rejoin-in-step", node=node)
        return
    yield message(
        "rejoin-state",
        node=node,
        own=facts["own_data"] or "?",
        timeline=facts.get("timeline", "?"),
        primary_timeline=facts["primary_timeline"] or "?",
        verdict=facts["verdict"] or "?",
    )
    if way is Way.KEEP:
        yield message("keep-plan", node=node, peer=seen.peer)
        return
    if facts.get("discarded_bytes"):
        yield message("rejoin-discards", node=node, fork=facts["fork"], end=facts["end"],
                      bytes=facts["discarded_bytes"], commits=facts["discarded_commits"])  # fmt: skip
        if facts["acknowledged_alone"]:
            yield message("rejoin-alone", node=node)
    elif facts["verdict"] == "follows":
        yield message("rejoin-discards-nothing", node=node)
    if way is Way.REWIND:
        yield message("rejoin-rewind-plan", place="/var/lib/live-cluster/postgresql/set-aside/")
    else:
        minutes = 1 + seen.copy_bytes // _ASSUMED_SPEED // 60
        place = f"{facts['pgdata']}.set-aside-*"
        yield message("rejoin-reclone-plan", size=seen.copy_bytes // _MIB, place=place, minutes=minutes)


@dataclass(frozen=True, slots=True)
class End:
    """How it ended."""

    changed: bool
    done: bool
    seconds: float


def _report(wish: Wish, seen: Survey, server: Server, output: Output, end: End) -> int:
    problems: list[Problem] = [] if end.done else [problem("rejoin-not-finished", node=seen.node)]
    kept = work.set_aside(server) if end.changed and wish.way is not Way.KEEP else ()
    if wish.as_json:
        output.json(
            {
                "version": JSON_VERSION,
                "action": "rejoin",
                "way": wish.way.value,
                "changed": end.changed,
                "done": end.done,
                "seconds": round(end.seconds, 1),
                "facts": seen.facts,
                "set_aside": [{"path": path, "bytes": size} for path, size in kept],
                "problems": [problem_json(one) for one in problems],
            }
        )
    else:
        output.problems(problems)
        for sentence in _sentences(wish, seen, end):
            output.data(output.words(sentence))
        for path, size in kept:
            output.data(output.words(message("rejoin-set-aside", path=path, size=size // _MIB)))
    return ExitCode.OK if end.done else ExitCode.TIMEOUT


def _sentences(wish: Wish, seen: Survey, end: End) -> Iterator[Message]:
    if not (end.changed and end.done):
        return
    if wish.way is not Way.KEEP:
        yield message("rejoin-finished", node=seen.node, seconds=f"{end.seconds:.0f}")
        return
    yield message("keep-done", node=seen.node, peer=seen.peer)
    if seen.view.stop_all_resources:
        yield message("keep-start")
