"""What a planned stop did to services: those that had to be killed, and those that could not be stopped at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from live_cluster.apply.waiting import Clock
from live_cluster.errors import Problem, problem
from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.service_marks import Mark, hanging, killed_since, unit_of

# On an overloaded head a stop may take longer than Pacemaker waits; once the unit has ended, the alert sees to it
# that Pacemaker goes on.
_LASTS_S = 20.0


@dataclass(slots=True)
class Patience:
    """Whether services have hung for so long that nobody should wait for them any more."""

    clock: Clock
    _since: float | None = None

    def is_over(self, view: ClusterView) -> bool:
        """Asked at every look."""
        now = self.clock.now()
        if not hanging(view):
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since >= _LASTS_S


def gentleness_problems(before: ClusterView, after: ClusterView) -> tuple[Problem, ...]:
    """Every service that did not end by itself between two looks."""
    return (*_named("service-killed", killed_since(before, after), after), *hanging_problems(after))


def hanging_problems(view: ClusterView) -> tuple[Problem, ...]:
    """Every service that holds things up."""
    return tuple(_named("service-hangs", hanging(view), view))


def _named(code: str, marks: tuple[Mark, ...], view: ClusterView) -> Iterator[Problem]:
    for one in marks:
        yield problem(code, node=one.node, resource=one.resource, unit=unit_of(view, one.resource))
