"""The product's only sleep."""

from __future__ import annotations

import asyncio

from apply_case import SwiftTime, swift_time

from live_cluster.apply.waiting import Clock, wait_for, wait_until


def clock_of(swift: SwiftTime) -> Clock:
    def sleep(seconds: float) -> None:
        swift.now += seconds

    return Clock(now=swift.monotonic, sleep=sleep)


def test_waiting_ends_with_the_condition() -> None:
    swift = SwiftTime()
    assert wait_until(lambda: swift.now >= 5, deadline_s=60, clock=clock_of(swift))
    assert swift.now == 5


def test_waiting_ends_at_the_deadline_and_looks_once_more_then() -> None:
    swift = SwiftTime()
    looks: list[float] = []
    assert not wait_until(lambda: bool(looks.append(swift.now)), deadline_s=2.5, clock=clock_of(swift))
    assert looks == [0.0, 1.0, 2.0, 2.5]


def test_other_things_are_done_between_two_looks() -> None:
    done: list[str] = []

    async def look() -> bool:
        done.append("look")
        return len(done) > 4

    async def meanwhile() -> None:
        done.append("meanwhile")

    with swift_time():
        assert asyncio.run(wait_for(look, deadline_s=60, meanwhile=meanwhile))
    assert done == ["look", "meanwhile", "look", "meanwhile", "look"]


def test_waiting_for_other_servers_ends_at_the_deadline() -> None:
    async def never() -> bool:
        return False

    with swift_time() as clock:
        assert not asyncio.run(wait_for(never, deadline_s=3))
        assert clock.now == 3


def test_a_server_that_answers_slowly_is_asked_less_often() -> None:
    looks: list[float] = []

    with swift_time() as clock:

        async def look() -> bool:
            looks.append(clock.now)
            clock.now += 4
            return False

        assert not asyncio.run(wait_for(look, deadline_s=20))
    assert looks == [0, 8, 16]
