"""The clustered units: on both heads, and with the times that the profile gives them."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, problem
from live_cluster.model.facts import HeadFacts
from live_cluster.model.profile import ClusteredUnit, Profile
from live_cluster.model.unit_times import is_of


def service_problems(head: HeadFacts, profile: Profile) -> Iterator[Problem]:
    """What would fail only when the unit is handed over, or when systemd has read our times."""
    for unit in profile.clustered_units:
        name = unit.unit if unit.unit.endswith(".service") else f"{unit.unit}.service"
        if head.times_of(unit.unit).exists:
            yield from _overridden(head, unit)
        elif name not in head.node.missing_units:
            yield problem("service-unit-missing", node=head.node.server.name, unit=unit.unit)


def _overridden(head: HeadFacts, unit: ClusteredUnit) -> Iterator[Problem]:
    wanted = {"Stop": ("stop_timeout", unit.stop_timeout), "Start": ("start_timeout", unit.start_timeout)}
    for way, (key, seconds) in wanted.items():
        for setter in head.times_of(unit.unit).later if seconds is not None else ():
            if is_of(setter, way):
                yield problem(
                    "service-time-overridden",
                    node=head.node.server.name,
                    unit=unit.unit,
                    path=setter.path,
                    setting=setter.key,
                    key=key,
                    seconds=seconds,
                )
