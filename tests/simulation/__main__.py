"""`python -m simulation`: schedules from seeds, for as long as one likes; the first failing one as an incident."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter
from pathlib import Path

from simulation.chance import draw
from simulation.coverage import Coverage, Record
from simulation.incidents import INCIDENTS, OPEN
from simulation.mutations import MUTATIONS, Catch, catch
from simulation.schedule import carry_out, incident, shrink

# A world is full of cycles, and collecting them costs more than their memory as long as there are few.
COLLECT_AFTER = 100_000


def main(words: list[str] | None = None) -> int:
    """0: nothing was broken (of the mutations: all were caught)."""
    chosen = _parser().parse_args(words)
    gc.set_threshold(COLLECT_AFTER)
    record = Record(Path(chosen.record)) if chosen.record else None
    if chosen.incident:
        return show(chosen.incident)
    if chosen.mutations:
        return try_mutations(chosen.seconds, chosen.seed, record)
    return explore(chosen, record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to try schedules")
    parser.add_argument("--steps", type=int, default=0, help="end after so many steps instead of a time")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the others follow it")
    parser.add_argument("--only", action="store_true", help="only this seed")
    parser.add_argument("--all", action="store_true", help="go on after a failing seed, one line for each")
    parser.add_argument("--no-shrink", action="store_true", help="show a failing seed as it is")
    parser.add_argument("--incident", help="instead of seeds: one known incident, by a part of its name")
    parser.add_argument("--mutations", action="store_true", help="the agent without one of its conditions")
    parser.add_argument("--record", help="add what was explored to this file (docs/simulation.json)")
    return parser


def explore(chosen: argparse.Namespace, record: Record | None) -> int:
    """Schedules from seeds."""
    began, seed, failing = time.monotonic(), chosen.seed, 0
    used = time.process_time()
    kinds: Counter[str] = Counter()
    coverage = Coverage()
    while True:
        run = carry_out(draw(seed))
        coverage.add(run)
        if run.failed:
            failing += 1
            kinds.update(run.kinds)
            if not chosen.all:
                print(incident(run if chosen.no_shrink else shrink(run)))
                break
            print(f"seed {seed}: {run.violations[0].kind}: {run.violations[0].text}", flush=True)
        seed += 1
        coverage.seconds = time.monotonic() - began
        if chosen.only or (
            coverage.steps >= chosen.steps if chosen.steps else coverage.seconds >= chosen.seconds
        ):
            break
    coverage.seconds = time.monotonic() - began
    if record is not None:
        record.add(coverage, failing=failing)
    rate = coverage.schedules / max(time.process_time() - used, 0.001)
    print(
        f"{coverage.schedules} schedules, {coverage.steps} steps, {coverage.actions} actions of the agent, "
        f"{coverage.rows} acknowledged rows, {len(coverage.states)} states in {coverage.seconds:.1f} s "
        f"({rate:.0f} schedules a second of one processor)"
    )
    print(f"failing: {failing} {dict(kinds) or ''}".rstrip())
    return 1 if failing else 0


def show(name: str) -> int:
    """The story of a known incident, as it goes today."""
    known = next(one for one in (*INCIDENTS, *OPEN) if name in one.name)
    run = known.carry_out()
    print(f"{known.name} ({known.broke})\n")
    print(incident(run))
    return 1 if run.failed else 0


def try_mutations(seconds: float, seed: int, record: Record | None) -> int:
    """Each mutation until it is caught, or for so many seconds."""
    catches: list[Catch] = []
    for mutation in MUTATIONS:
        found = catch(mutation, seconds=seconds, seed=seed)
        catches.append(found)
        by = f"{found.broken}, {found.by}" if found.by else "NOT CAUGHT"
        print(f"{mutation.condition}: {by} ({found.schedules} schedules, {found.seconds:.1f} s)", flush=True)
    if record is not None:
        record.mutations(catches)
    missed = sum(found.by is None for found in catches)
    print(f"{len(catches)} mutations, {missed} not caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
