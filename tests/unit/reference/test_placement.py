"""Which media server runs what, and what health checks make of it."""

from uuid import UUID

import pytest

from ivcs_server.placement import Checks, MediaServer, Reach, spread, targets, to_be_emptied


def server(number: int, *, enabled: bool = True) -> MediaServer:
    return MediaServer(
        id=number, address=f"192.0.2.{number}", name="", enabled=enabled, generation=UUID(int=number)
    )


def checks(reach: Reach) -> Checks:
    return Checks(reach=reach)


SERVERS = {1: server(1), 2: server(2), 3: server(3, enabled=False), 4: server(4)}
CHECKS = {
    1: checks(Reach.REACHABLE),
    2: checks(Reach.UNREACHABLE),
    3: checks(Reach.REACHABLE),
    4: checks(Reach.UNKNOWN),
}


def test_new_conferences_go_where_somebody_answers_and_is_wanted() -> None:
    assert targets(SERVERS, CHECKS) == (1,)


def test_conferences_leave_silent_and_unwanted_servers_but_not_those_that_nobody_asked_yet() -> None:
    assert to_be_emptied(SERVERS, CHECKS) == (2, 3)


def test_with_nowhere_to_go_they_stay() -> None:
    assert to_be_emptied(SERVERS, {**CHECKS, 1: checks(Reach.UNREACHABLE)}) == ()


def test_two_failures_are_an_accident_and_three_are_not() -> None:
    found = Checks()
    found.answered()
    for _ in range(2):
        found.failed("silence")
    assert (found.reach, found.error) == (Reach.REACHABLE, "silence")
    found.failed("silence")
    assert found.reach is Reach.UNREACHABLE
    found.answered()
    assert (found.reach, found.error, found.failures) == (Reach.REACHABLE, "", 0)


@pytest.mark.parametrize(
    ("loads", "count", "chosen"),
    [
        ({}, 3, ()),
        ({1: 0}, 2, (1, 1)),
        ({1: 5, 2: 3}, 3, (2, 2, 1)),
        ({2: 0, 1: 0}, 4, (1, 2, 1, 2)),
    ],
)
def test_the_least_loaded_server_is_next(loads: dict[int, int], count: int, chosen: tuple[int, ...]) -> None:
    assert spread(loads, count) == chosen
