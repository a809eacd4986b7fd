"""A schedule: a pair, a seed and faults; carrying it out; making a failing one smaller."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulation import faults
from simulation.checks import Violation
from simulation.engine import SimulationError
from simulation.fault import Fault
from simulation.world import SETTLE_S, Pair, World

WHOLE_WITHIN_S = 240.0
_LOOK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """What happens to which pair. until: when everything is repaired; the seed decides everything else."""

    pair: Pair
    seed: int
    faults: tuple[Fault, ...]
    until: float

    def without(self, fault: Fault) -> Schedule:
        """The same with one fault less."""
        return replace(self, faults=tuple(one for one in self.faults if one is not fault))


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a schedule."""

    schedule: Schedule
    violations: tuple[Violation, ...]
    world: World

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        return bool(self.violations)

    @property
    def kinds(self) -> frozenset[str]:
        """Which promises."""
        return frozenset(one.kind for one in self.violations)


def carry_out(schedule: Schedule) -> Run:
    """Run a schedule to its end: faults, repair, and time to become whole."""
    world = World(schedule.pair, schedule.seed)
    with world.at_work():
        world.run(SETTLE_S)
        start = world.loop.now
        for fault in schedule.faults:
            world.loop.after(fault.at, lambda fault=fault: faults.begin(world, fault))
        _until(world, start + schedule.until)
        if not world.checks.violations:
            faults.heal(world)
            _become_whole(world)
    return Run(schedule, tuple(world.checks.violations), world)


def _until(world: World, end: float) -> None:
    while world.loop.now < end and not world.checks.violations:
        world.loop.run_until(min(end, world.loop.now + _LOOK_EVERY_S))


def _become_whole(world: World) -> None:
    end = world.loop.now + WHOLE_WITHIN_S
    reason: str | None = "not looked at"
    while world.loop.now < end:
        _until(world, world.loop.now + _LOOK_EVERY_S)
        if world.checks.violations:
            return
        reason = world.checks.why_not_whole()
        if reason is None:
            return
    world.checks.report("not whole", f"{WHOLE_WITHIN_S:.0f} s after everything was repaired: {reason}")


def shrink(run: Run) -> Run:
    """The same promise broken with as few faults as possible, each as short as possible."""
    smallest = run
    again = True
    while again:
        again = False
        for fault in reversed(smallest.schedule.faults):
            tried = _try(smallest.schedule.without(fault))
            if tried is not None and tried.kinds & run.kinds:
                smallest, again = tried, True
                break
    return smallest


def _try(schedule: Schedule) -> Run | None:
    try:
        return carry_out(schedule)
    except SimulationError:
        return None


def incident(run: Run, *, lines: int = 120) -> str:
    """A failing schedule as a story."""
    schedule, world = run.schedule, run.world
    origin = 1000.0 + SETTLE_S
    head = [f"Seed {schedule.seed}: {schedule.pair}.", "", "What was done:"]
    deeds = [f"  {fault}" for fault in schedule.faults]
    broken = [f"  {one.at - origin:7.2f} s  {one.kind}: {one.text}" for one in run.violations]
    story = [f"  {at - origin:7.2f} s  {who:7} {what}" for at, who, what in world.story[-lines:]]
    return "\n".join([*head, *deeds, "", "What was broken:", *broken, "", "What happened:", *story, ""])
