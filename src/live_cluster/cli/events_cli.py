"""`live-cluster events`: what happened on the pair, in words; from this head's files, so it needs no access."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.commands.events import read_history, since_of
from live_cluster.errors import ExitCode, LiveClusterError
from live_cluster.messages import Message, message
from live_cluster.model.history import Event, condensed

DEFAULT_SINCE = "7d"
# Everything that the alert and the agent write; words for others are their own.
_KINDS = (
    "restarted", "not-restarted", "alone", "synchronous", "data-stale", "data-sync", "cut-off", "not-promoted",
    "repair-ordered", "reclone-ordered", "rejoin-rewinding", "rejoin-copying", "rejoin-ready", "rejoin-done",
    "rejoin-failed", "drbd-split-brain", "drbd-resolved", "commits-waited", "settings-unsafe", "killed",
)  # fmt: skip
_STYLES = {
    "failed": "red", "not-restarted": "red", "not-promoted": "red", "cut-off": "red", "rejoin-failed": "red",
    "drbd-split-brain": "red", "settings-unsafe": "red", "killed": "red", "commits-waited": "yellow",
    "restarted": "yellow", "alone": "yellow", "data-stale": "yellow", "repair-ordered": "yellow",
    "reclone-ordered": "yellow", "synchronous": "green", "data-sync": "green", "rejoin-done": "green",
}  # fmt: skip
# Exit codes of resource agents that everyone meets.
_RESULTS = (1, 5, 6, 7, 9)


@click.command()
@click.option(
    "--since",
    metavar="WHEN",
    default=DEFAULT_SINCE,
    help="From when on: 2h, 1d12h, 2026-01-31, 2026-01-31T18:00.",
)
@click.option("--node", metavar="NODE", default="", help="Only what happened on this server.")
@click.option("--all", "everything", is_flag=True, help="Every start and stop of a resource, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")
def events(*, since: str, node: str, everything: bool, as_json: bool) -> int:
    """Tell what happened on the pair: failures, lost servers, takeovers, repairs; the newest comes last.

    Each server keeps the history of both, so nothing has to be unlocked. Only what happened while it was away
    itself, and restarts in place and repairs of the other one's database, are told there.
    """
    require_root("live-cluster events")
    output = Output()
    try:
        moment = since_of(since, now=time.time())
        found = read_history(since=moment, node=node, everything=everything)
    except LiveClusterError as error:
        if as_json:
            output.json({"version": 1, "problems": [problem_json(one) for one in error.problems]})
        raise
    if as_json:
        output.json(document(found, moment))
    else:
        show(found, moment, output)
    return ExitCode.OK


def document(found: Sequence[Event], since: float) -> dict[str, object]:
    """The JSON form; new fields and kinds may be added within version 1, none is removed or renamed."""
    return {
        "version": 1,
        "since": _utc(since),
        "events": [
            {
                "time": _utc(event.at),
                "node": event.node,
                "kind": event.kind,
                "resource": event.resource or None,
                "operation": event.task or None,
                "rc": event.rc,
                "description": event.text,
            }
            for event in found
        ],
        "problems": [],
    }


def show(found: Sequence[Event], since: float, output: Output) -> None:
    """A line an event; columns for time and server."""
    if not found:
        output.data(output.words(message("events-none", since=_local(since), node=os.uname().nodename)))
        return
    width = max(len(event.node) for event in found)
    for event in condensed(found):
        text = output.words(sentence(event))
        if event.count > 1:
            text += output.words(message("events-repeated", count=event.count, last=_local(event.last)))
        output.data(f"{_local(event.at)}  {event.node:<{width}}  {output.styled(text, style(event))}")
    output.say(message("events-other-head"), style="dim")


def style(event: Event) -> str:
    """Colour of the line: what needs eyes."""
    if event.kind == "node":
        return "red" if event.text == "lost" else "green"
    if event.kind == "fencing":
        return "red" if event.rc else "yellow"
    return _STYLES.get(event.kind, "")


def sentence(event: Event) -> Message:
    """The event in words; texts of the agents are theirs."""
    fields = {"resource": event.resource, "node": event.node, "text": event.text}
    if event.kind == "failed":
        return message("event-failed", resource=event.resource, task=event.task, detail=_detail(event))
    if event.kind == "action" and event.task in ("start", "stop", "promote", "demote"):
        return message(f"event-action-{event.task}", resource=event.resource)
    if event.kind == "node":
        return message("event-node-lost" if event.text == "lost" else "event-node-member", node=event.node)
    if event.kind == "asked":
        return message("event-asked", text=event.text)
    if event.kind == "joined":
        return message("event-joined", node=event.node)
    if event.kind == "fencing":
        code = "event-fencing-failed" if event.rc else "event-fencing"
        return message(code, task=event.task, node=event.node, text=event.text)
    if event.kind in _KINDS:
        return message(f"event-{event.kind}", **fields)
    return message("event-other", kind=event.kind, **fields)


def _detail(event: Event) -> Message:
    """Why it failed: the agent's reason, or what its exit code means."""
    result = message(f"event-result-{event.rc}" if event.rc in _RESULTS else "event-result", rc=event.rc)
    plain = {"", "failed", "not running", "error", "unknown error", "not installed", "not configured", "ok"}
    if event.text == "Timed Out":
        return message("event-timed-out")
    return result if event.text in plain else message("event-reason", text=event.text, result=result)


def _local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
