"""What has been explored: schedules, steps, faults, and how many different states of the pair were seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulation.head import Head
    from simulation.mutations import Catch
    from simulation.schedule import Run
    from simulation.world import World

State = tuple[object, ...]


def state_of(world: World) -> State:
    """What an administrator would call the state of the pair: no positions, no times."""
    return (*(_state_of_head(head) for head in world.heads), bool(world.network.blocked))


def _state_of_head(head: Head) -> State:
    view, pacemaker, server = head.corosync, head.pacemaker, head.server
    own = pacemaker.cib
    return (
        head.powered,
        head.frozen_until > head.world.loop.now,
        len(view.members),
        view.quorate,
        pacemaker.dc,
        pacemaker.executor.role,
        pacemaker.executor.pending,
        pacemaker.executor.failed,
        own.data_of(head.name),
        own.data_of(head.peer.name),
        server.status if server is not None else "",
        server.in_recovery if server is not None else None,
        server.commits_wait if server is not None else None,
        bool(server.senders) if server is not None else None,
        any(task.name == "rejoin" and task.alive for task in head.tasks),
    )


@dataclass(slots=True)
class Coverage:
    """Sums over many runs."""

    schedules: int = 0
    steps: int = 0
    actions: int = 0
    rows: int = 0
    seconds: float = 0.0
    simulated_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    states: set[State] = field(default_factory=set)

    def add(self, run: Run) -> None:
        """One more schedule."""
        world, pair = run.world, run.schedule.pair
        self.schedules += 1
        self.steps += world.loop.steps
        self.actions += world.actions
        self.rows += len(world.checks.acknowledged_rows)
        self.simulated_s += world.loop.now - 1000.0
        self.faults.update(fault.kind for fault in run.schedule.faults)
        self.pairs[pair.kind] += 1
        self.states |= world.states


@dataclass(slots=True)
class Record:
    """The file beside the documentation, from which its tables are made."""

    path: Path

    def _read(self) -> dict[str, Any]:
        return dict(json.loads(self.path.read_text("utf-8"))) if self.path.exists() else {}

    def _write(self, facts: dict[str, Any]) -> None:
        self.path.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", "utf-8")

    def add(self, coverage: Coverage, *, failing: int) -> None:
        """Add a run; states of two runs cannot be added, so the most that one run has seen stands."""
        facts = self._read()
        explored = facts.setdefault("explored", {})
        numbers = asdict(coverage)
        states = len(numbers.pop("states"))
        for name in ("faults", "pairs"):
            sums = Counter(explored.get(name, {}))
            sums.update(numbers.pop(name))
            explored[name] = dict(sums)
        for name, number in numbers.items():
            explored[name] = round(explored.get(name, 0) + number)
        explored["states"] = max(states, explored.get("states", 0))
        explored["failing"] = explored.get("failing", 0) + failing
        self._write(facts)

    def mutations(self, catches: Iterable[Catch]) -> None:
        """Replace what is known of the mutations."""
        facts = self._read()
        facts["mutations"] = [
            {
                "condition": one.mutation.condition,
                "where": sorted({change.where for change in one.mutation.changes}),
                "caught_by": one.by,
                "broken": one.broken,
                "schedules": one.schedules,
                "seconds": round(one.seconds, 1),
            }
            for one in catches
        ]
        self._write(facts)
