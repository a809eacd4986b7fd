"""The record of a run on the head where it was started: who, when, what, how it ended, every changing command."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from live_cluster.apply.fleet import Fleet
from live_cluster.apply.run import StepResult
from live_cluster.commands.keeping import HISTORY
from live_cluster.errors import LiveClusterError, Problem, Unreachable, warning
from live_cluster.messages import render
from live_cluster.remote.requests import Refused, WriteFile


async def remember(
    fleet: Fleet, asked_by: str, results: Sequence[StepResult], failure: LiveClusterError | None
) -> tuple[Problem, ...]:
    """Write it; a warning where that failed."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    record = {
        "version": 1,
        "asked_by": asked_by,
        "steps": [
            {
                "node": one.step.node,
                "title": render(one.step.title, "en"),
                "impact": one.step.impact.word,
                "state": one.state.value,
                "seconds": round(one.seconds, 3),
            }
            for one in results
        ],
        "problems": [render(one.message, "en") for one in (failure.problems if failure else ())],
        "transcript": fleet.transcript,
    }
    content = json.dumps(record, ensure_ascii=False, indent=1).encode()
    path = f"{HISTORY}/{stamp}.json"
    try:
        reply = await fleet.servers[fleet.local].ask(WriteFile(path=path, content=content, mode=0o600))
        reason = reply.reason if isinstance(reply, Refused) else ""
    except Unreachable as error:
        # What ended the run is worth more than what became of its record.
        reason = render(error.problems[0].message, "en")
    return (warning("history-not-written", node=fleet.local, path=path, reason=reason),) if reason else ()
