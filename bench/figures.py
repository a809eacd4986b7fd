"""Figures: runs, their median, what they are compared with, and whether a goal is met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

# Where a figure was taken: containers share this machine's kernel, virtual machines (User-mode Linux) are slower by
# factors. A figure of the one is never compared with one of the other.
NSPAWN, VM = "nspawn", "vm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """An upper limit for the figure itself, or for its ratio to what it is compared with."""

    limit: float
    is_for_ratio: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured quantity; `against` says what `ratio` is the ratio to, `host` on what kind of heads."""

    name: str
    runs: tuple[float, ...]
    unit: str = "s"
    against: str = ""
    ratio: float | None = None
    goal: Goal | None = None
    host: str = NSPAWN

    @property
    def value(self) -> float:
        """The median of all runs."""
        return median(self.runs)

    @property
    def meets_goal(self) -> bool | None:
        """None where there is no goal, or nothing was taken to compare with."""
        if self.goal is None:
            return None
        if not self.goal.is_for_ratio:
            return self.value <= self.goal.limit
        return None if self.ratio is None else self.ratio <= self.goal.limit

    def as_json(self) -> dict[str, object]:
        """Seconds to the tenth of a millisecond."""
        goal = self.goal and {"limit": self.goal.limit, "of": "ratio" if self.goal.is_for_ratio else "value"}
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "runs": [round(run, 4) for run in self.runs],
            "against": self.against,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "goal": goal,
            "meets_goal": self.meets_goal,
            "host": self.host,
        }


@dataclass(slots=True)
class Notebook:
    """Runs by the name of their figure, in the order in which the names came up."""

    runs: dict[str, list[float]] = field(default_factory=dict)
    # What a long run was made of: {figure: its steps of more than a moment, the latest run's}.
    steps: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def note(self, name: str, *values: float) -> None:
        """More runs of a figure."""
        self.runs.setdefault(name, []).extend(values)

    def __contains__(self, name: str) -> bool:
        return bool(self.runs.get(name))

    def median(self, name: str) -> float:
        """Of all runs so far."""
        return median(self.runs[name])

    def __iter__(self) -> Iterator[str]:
        return (name for name, runs in self.runs.items() if runs)
