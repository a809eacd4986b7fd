"""What is forgotten of old runs: neither the latest nor the first, and nothing that is not a run's."""

import asyncio

from apply_case import ScriptedServer

from live_cluster.apply.fleet import Fleet
from live_cluster.commands.keeping import HISTORY, KEPT_RUNS, SET_ASIDE, forget_old_runs, listing_of, surplus
from live_cluster.remote.requests import Command, CommandResult

RUNS = [f"20261122-{number:06d}" for number in range(KEPT_RUNS + 3)]


def test_the_first_and_the_latest_stay() -> None:
    assert surplus(RUNS) == tuple(RUNS[1:3])
    assert surplus(RUNS[: KEPT_RUNS + 1]) == ()
    assert surplus([]) == ()


def test_what_is_not_a_runs_is_left_alone() -> None:
    assert surplus(["notes.txt", "20261122-000000.old", *RUNS]) == tuple(RUNS[1:3])


def test_records_go_on_this_head_and_files_everywhere() -> None:
    def listed(*names: str) -> list[CommandResult]:
        return [CommandResult(returncode=0, stdout="\n".join(names).encode(), stderr=b"")]

    records = [f"{name}.json" for name in RUNS]
    here = {listing_of(HISTORY): listed(*records), listing_of(SET_ASIDE): listed(*RUNS[:2])}
    there = {listing_of(SET_ASIDE): listed(*RUNS)}
    gone = Command(
        argv=("rm", "-r", "-f", "--", *(f"{HISTORY}/{name}" for name in records[1:3])), changes_node=True
    )
    gone_there = Command(
        argv=("rm", "-r", "-f", "--", *(f"{SET_ASIDE}/{name}" for name in RUNS[1:3])), changes_node=True
    )
    first = ScriptedServer("a", here | {gone: listed()})
    second = ScriptedServer("b", there | {gone_there: listed()})
    asyncio.run(forget_old_runs(Fleet({"a": first, "b": second}, "a")))
    assert gone in first.asked
    assert gone_there in second.asked
