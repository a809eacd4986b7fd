"""Conferences leave media servers that do not answer; each server is told what it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from ivcs_server.administration import Administration
from ivcs_server.conferences import LARGEST_LIST, NOTHING_TOLD, Conferences, Placed, Told
from ivcs_server.media_client import Answer, MediaClient, MediaUnreachable
from ivcs_server.media_monitor import MediaMonitor
from ivcs_server.placement import FAILURES_UNTIL_UNREACHABLE, MediaServer, Reach

FIRST, SECOND = 1, 2


class Database:
    """Conferences and media servers in memory; a transaction number for each placement."""

    def __init__(self, *numbers: int) -> None:
        self.servers = {
            number: MediaServer(
                id=number, address=f"192.0.2.{number}", name="", enabled=True, generation=uuid4()
            )
            for number in numbers
        }
        self.rows: dict[UUID, tuple[int | None, int]] = {}
        self.transaction = 0

    def place(self, server: int | None, count: int = 1) -> list[UUID]:
        self.transaction += 1
        new = sorted(uuid4() for _ in range(count))
        self.rows.update(dict.fromkeys(new, (server, self.transaction)))
        return new

    def on(self, server: int | None) -> set[UUID]:
        return {one for one, (where, _) in self.rows.items() if where == server}

    async def media_servers(self) -> tuple[MediaServer, ...]:
        return tuple(self.servers.values())

    async def counts(self) -> dict[int | None, int]:
        places = [where for where, _ in self.rows.values()]
        return {where: places.count(where) for where in set(places)}

    async def some_on(self, server: int | None) -> list[UUID]:
        return list(self.on(server))[:7]

    async def move(self, source: int | None, conferences: Sequence[UUID], servers: Sequence[int]) -> int:
        self.transaction += 1
        for one, server in zip(conferences, servers, strict=True):
            self.rows[one] = (server, self.transaction)
        if source is not None:
            before = self.servers[source]
            self.servers[source] = MediaServer(
                id=source, address=before.address, name="", enabled=before.enabled, generation=uuid4()
            )
        return len(conferences)

    async def placed_since(self, told: Sequence[Told]) -> list[Placed]:
        found = []
        for one in told:
            after = (int(one.transaction), one.conference)
            mine = sorted((number, row) for row, (where, number) in self.rows.items() if where == one.server)
            for number, row in [key for key in mine if key > after][:LARGEST_LIST]:
                found.append(Placed(server=one.server, conference=row, transaction=str(number)))
        return found


class Network:
    """Media servers that answer, as long as their address is in `alive`."""

    def __init__(self, *addresses: str) -> None:
        self.alive = set(addresses)
        nothing = Answer(generation=UUID(int=0), transaction=NOTHING_TOLD[0], conference=NOTHING_TOLD[1])
        self.known = dict.fromkeys(addresses, nothing)
        self.running: dict[str, set[UUID]] = {address: set() for address in addresses}
        self.told = 0

    async def ask(self, address: str) -> Answer:
        if address not in self.alive:
            raise MediaUnreachable("it does not answer")
        return self.known[address]

    async def tell(self, address: str, state: Answer, conferences: Sequence[UUID], *, replace: bool) -> None:
        await self.ask(address)
        self.told += 1
        self.known[address] = state
        self.running[address] = set(conferences) | (set() if replace else self.running[address])


class Case:
    def __init__(self) -> None:
        self.database = Database(FIRST, SECOND)
        self.network = Network("192.0.2.1", "192.0.2.2")
        self.monitor = MediaMonitor(
            cast(Administration, self.database),
            cast(Conferences, self.database),
            cast(MediaClient, self.network),
        )

    async def rounds(self, count: int) -> None:
        """So many checks, each followed by a placement."""
        monitor: Any = self.monitor
        for _ in range(count):
            await monitor._look()
            await asyncio.gather(*(monitor._check(one) for one in self.database.servers.values()))
            await monitor._count()
            await monitor._rescue()
            await monitor._tell()

    def is_told(self) -> bool:
        return all(
            self.network.running[server.address] == self.database.on(server.id)
            for server in self.database.servers.values()
            if server.address in self.network.alive
        )


@pytest.fixture
def case() -> Case:
    return Case()


def test_before_the_first_look_a_conference_has_no_media_server(case: Case) -> None:
    assert case.monitor.server_for_new() is None


def test_new_conferences_are_spread_and_told(case: Case) -> None:
    asyncio.run(case.rounds(1))
    chosen = [case.monitor.server_for_new() for _ in range(4)]
    assert sorted(chosen) == [FIRST, FIRST, SECOND, SECOND]  # type: ignore[type-var]
    for server in chosen:
        case.database.place(server)
    asyncio.run(case.rounds(1))
    assert case.is_told()


def test_conferences_of_a_dead_server_move_and_it_learns_that_when_it_is_back(case: Case) -> None:
    case.database.place(FIRST, 20)
    case.database.place(SECOND, 5)
    asyncio.run(case.rounds(1))
    case.network.alive.remove("192.0.2.1")
    asyncio.run(case.rounds(FAILURES_UNTIL_UNREACHABLE - 1))
    assert len(case.database.on(FIRST)) == 20
    asyncio.run(case.rounds(1))
    assert case.monitor.reach(FIRST) is Reach.UNREACHABLE
    assert len(case.database.on(SECOND)) == 25
    assert case.is_told()
    assert len(case.network.running["192.0.2.1"]) == 20
    case.network.alive.add("192.0.2.1")
    asyncio.run(case.rounds(1))
    assert case.network.running["192.0.2.1"] == set()
    assert len(case.database.on(SECOND)) == 25
    assert case.monitor.server_for_new() == FIRST


def test_with_no_media_server_left_they_stay_until_one_is_back(case: Case) -> None:
    case.database.place(FIRST, 3)
    case.database.place(None, 2)
    case.network.alive.clear()
    asyncio.run(case.rounds(FAILURES_UNTIL_UNREACHABLE + 1))
    assert (len(case.database.on(FIRST)), len(case.database.on(None))) == (3, 2)
    assert case.monitor.server_for_new() is None
    case.network.alive.add("192.0.2.2")
    asyncio.run(case.rounds(1))
    assert len(case.database.on(SECOND)) == 5
    assert case.is_told()


def test_conferences_of_a_removed_server_are_placed_anew(case: Case) -> None:
    asyncio.run(case.rounds(1))
    orphans = case.database.place(None, 4)
    del case.database.servers[FIRST]
    asyncio.run(case.rounds(1))
    assert case.database.on(SECOND) == set(orphans)
    assert case.monitor.server(FIRST) is None


def test_a_server_that_is_turned_off_is_emptied(case: Case) -> None:
    case.database.place(FIRST, 3)
    before = case.database.servers[FIRST]
    case.database.servers[FIRST] = MediaServer(
        id=FIRST, address=before.address, name="", enabled=False, generation=before.generation
    )
    asyncio.run(case.rounds(1))
    assert len(case.database.on(SECOND)) == 3


def test_what_is_known_is_not_told_again(case: Case) -> None:
    case.database.place(FIRST, 3)
    asyncio.run(case.rounds(2))
    told = case.network.told
    asyncio.run(case.rounds(3))
    assert case.network.told == told


def test_a_restarted_media_server_is_told_everything(case: Case) -> None:
    case.database.place(FIRST, LARGEST_LIST + 20)
    asyncio.run(case.rounds(2))
    address = "192.0.2.1"
    case.network.running[address].clear()
    case.network.known[address] = Answer(generation=UUID(int=0), transaction="0", conference=UUID(int=0))
    asyncio.run(case.rounds(2))
    assert case.is_told()


def test_another_head_goes_on_where_the_first_one_stopped(case: Case) -> None:
    case.database.place(FIRST, 3)
    asyncio.run(case.rounds(2))
    told = case.network.told
    case.monitor = MediaMonitor(
        cast(Administration, case.database), cast(Conferences, case.database), cast(MediaClient, case.network)
    )
    case.database.place(FIRST, 1)
    asyncio.run(case.rounds(1))
    assert case.network.told == told + 1
    assert case.is_told()
