"""What Pacemaker waits for a clustered unit, and what is refused before anything is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_case import PROFILE, blueprint, facts, settings, with_head

from live_cluster.model.profile import ClusteredUnit
from live_cluster.model.settings import Fencing
from live_cluster.model.unit_times import Setter, UnitTimes
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.prerequisites import Situation, problems_of
from live_cluster.plan.service_times import clustered


def with_times(*heads: UnitTimes) -> Blueprint:
    seen = facts()
    for number, times in enumerate(heads, start=1):
        seen = with_head(seen, number, unit_times=(times,))
    return blueprint(seen)


def timeouts(plan: Blueprint, **wish: int | bool) -> tuple[int, int]:
    unit = ClusteredUnit.model_validate({"unit": "zabbix", **wish})
    service = clustered(plan, unit, "zabbix")
    return service.stop_timeout_s, service.start_timeout_s


def test_pacemaker_waits_longer_than_systemd_on_either_head() -> None:
    plan = with_times(
        UnitTimes(unit="zabbix", stop_s=90, stop_phases=2, start_s=20),
        UnitTimes(unit="zabbix", stop_s=120, stop_phases=1, start_s=100, start_phases=2),
    )
    assert timeouts(plan, must_run_once=False) == (183, 203)


def test_the_profiles_times_count_for_each_phase() -> None:
    plan = with_times(UnitTimes(unit="zabbix", stop_s=90, stop_phases=3), UnitTimes(unit="zabbix"))
    assert timeouts(plan, stop_timeout=10, must_run_once=False) == (33, 93)
    assert timeouts(plan, stop_timeout=10, start_timeout=5, must_run_once=False) == (33, 60)


def test_a_stop_whose_failure_has_consequences_gets_more_time() -> None:
    plan = with_times(UnitTimes(unit="zabbix", stop_s=2), UnitTimes(unit="zabbix", stop_s=2))
    fenced = replace(plan, settings=replace(plan.settings, fencing=Fencing(devices=())))
    once, may_be_twice = timeouts(plan)[0], timeouts(plan, must_run_once=False)[0]
    assert 2 < may_be_twice < once < timeouts(fenced)[0]


@pytest.mark.parametrize("number", [1, 2])
def test_a_unit_that_is_not_there_is_named_with_its_head(number: int) -> None:
    seen = with_head(facts(), number, unit_times=(UnitTimes(unit="opensips", exists=False),))
    found = problems_of(Situation(settings=settings(), profile=PROFILE, facts=seen))
    told = [(one.code, one.node) for one in found if one.code.startswith("service-")]
    assert told == [("service-unit-missing", f"ivcs-main-{number}")]


def test_a_file_that_wins_over_the_profile_is_named() -> None:
    path = "/etc/systemd/system/opensips.service.d/override.conf"
    times = UnitTimes(unit="opensips", later=(Setter(path=path, key="TimeoutStopSec"),))
    seen = with_head(facts(), 1, unit_times=(times,))

    def told(**wish: int) -> list[str]:
        services = tuple(
            one.model_copy(update=wish if one.unit == "opensips" else {})
            for one in PROFILE.clustered_services
        )
        profile = PROFILE.model_copy(update={"clustered_services": services})
        found = problems_of(Situation(settings=settings(), profile=profile, facts=seen))
        return [str(one.message.field("path")) for one in found if one.code == "service-time-overridden"]

    assert told(stop_timeout=4) == [path]
    # Where the profile says nothing, or something else, it is the unit's own time.
    assert told() == []
    assert told(start_timeout=4) == []
