"""`python -m simulation`: schedules from seeds, for as long as one likes; the first failing one as an incident."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from simulation.chance import draw
from simulation.incidents import INCIDENTS, OPEN
from simulation.schedule import carry_out, incident, shrink


def show(name: str) -> int:
    """The story of a known incident, as it goes today."""
    known = next(one for one in (*INCIDENTS, *OPEN) if name in one.name)
    run = known.carry_out()
    print(f"{known.name} ({known.broke})\n")
    print(incident(run))
    return 1 if run.failed else 0


def main(words: list[str] | None = None) -> int:
    """0: nothing was broken."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to try schedules")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the others follow it")
    parser.add_argument("--incident", help="instead of seeds: one known incident, by a part of its name")
    parser.add_argument("--only", action="store_true", help="only this seed")
    parser.add_argument("--all", action="store_true", help="go on after a failing seed")
    parser.add_argument("--no-shrink", action="store_true", help="show a failing seed as it is")
    parser.add_argument("--steps", type=int, default=0, help="end after so many steps instead of a time")
    chosen = parser.parse_args(words)
    if chosen.incident:
        return show(chosen.incident)
    began, steps, seed, failing = time.monotonic(), 0, chosen.seed, 0
    kinds: Counter[str] = Counter()
    while True:
        run = carry_out(draw(seed))
        steps += run.world.loop.steps
        if run.failed:
            failing += 1
            kinds.update(run.kinds)
            if not chosen.all:
                print(incident(run if chosen.no_shrink else shrink(run)))
                break
            print(f"seed {seed}: {run.violations[0].kind}: {run.violations[0].text}", flush=True)
        seed += 1
        spent = time.monotonic() - began
        if chosen.only or (steps >= chosen.steps if chosen.steps else spent >= chosen.seconds):
            break
    count = seed - chosen.seed + (0 if chosen.all or not failing else 1)
    spent = time.monotonic() - began
    print(f"{count} schedules, {steps} steps in {spent:.1f} s ({count / spent:.0f} a second)")
    print(f"failing: {failing} {dict(kinds) or ''}".rstrip())
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
