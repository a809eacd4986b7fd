"""Watches the media servers: who answers, who gets new conferences, and whose conferences move away."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from ivcs_server.administration import Administration
from ivcs_server.conferences import LARGEST_LIST, NOTHING_TOLD, Conferences, Placed, Told
from ivcs_server.connections import DatabaseUnavailable
from ivcs_server.media_client import Answer, MediaClient, MediaUnreachable
from ivcs_server.placement import Checks, MediaServer, Reach, spread, targets, to_be_emptied
from ivcs_service.waiting import happens_within

CHECK_EVERY_S = 1.0
COUNT_EVERY = 10

log = logging.getLogger("ivcs-server")


@dataclass(slots=True)
class _State:
    """What is known of the media servers; empty until the database was reached."""

    servers: dict[int, MediaServer] = field(default_factory=dict)
    checks: dict[int, Checks] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)
    loads: Counter[int] = field(default_factory=Counter)


class MediaMonitor:
    """Runs on the active head only, because only there ivcs-server runs."""

    def __init__(self, administration: Administration, conferences: Conferences, client: MediaClient) -> None:
        self._administration = administration
        self._conferences = conferences
        self._client = client
        self._state = _State()
        self._changed = asyncio.Event()

    def server_for_new(self) -> int | None:
        """Where a new conference runs; None while no media server answers."""
        state = self._state
        chosen = spread({number: state.loads[number] for number in targets(state.servers, state.checks)}, 1)
        if not chosen:
            return None
        state.loads[chosen[0]] += 1
        return chosen[0]

    def reach(self, number: int) -> Reach:
        """What the checks say of this media server."""
        return self._checks(number).reach

    def error(self, number: int) -> str:
        """Why the last check failed, or nothing."""
        return self._checks(number).error

    def server(self, number: int) -> MediaServer | None:
        """The media server of this number, as of the last look into the database."""
        return self._state.servers.get(number)

    def look_again(self) -> None:
        """Somebody changed the media servers."""
        self._changed.set()

    async def check_until(self, stop: asyncio.Event) -> None:
        """Asks every media server once a second, whatever the database does and however long one is silent."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            next_s = loop.time() + CHECK_EVERY_S
            await asyncio.gather(*(self._check(server) for server in tuple(self._state.servers.values())))
            await happens_within(stop, next_s - loop.time())

    async def place_until(self, stop: asyncio.Event) -> None:
        """Keeps the database and the media servers in step with what the checks found."""
        rounds = 0
        while not stop.is_set():
            self._changed.clear()
            try:
                await self._look()
                if rounds % COUNT_EVERY == 0:
                    await self._count()
                await self._rescue()
                await self._tell()
            except DatabaseUnavailable as error:
                # The requests of users say it, too; here the next round tries again.
                log.debug("media servers: %s", error)
            rounds += 1
            await self._pause(stop)

    async def _pause(self, stop: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (stop, self._changed)]
        await asyncio.wait(waits, timeout=CHECK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _look(self) -> None:
        state = self._state
        before = state.servers
        state.servers = {server.id: server for server in await self._administration.media_servers()}
        for number in before.keys() - state.servers.keys():
            state.checks.pop(number, None)
            state.answers.pop(number, None)
        new = [server for number, server in state.servers.items() if number not in before]
        await asyncio.gather(*(self._check(server) for server in new))

    async def _check(self, server: MediaServer) -> None:
        checks = self._state.checks.setdefault(server.id, Checks())
        before = checks.reach
        try:
            self._state.answers[server.id] = await self._client.ask(server.address)
        except MediaUnreachable as error:
            checks.failed(str(error))
        else:
            checks.answered()
        if checks.reach is not before:
            log.info("media server %s is %s %s", server.address, checks.reach, checks.error)
            self._changed.set()

    async def _count(self) -> None:
        counts = await self._conferences.counts()
        self._state.loads = Counter({number: count for number, count in counts.items() if number is not None})

    async def _rescue(self) -> None:
        """Moves what runs nowhere, or where nobody answers. Without a target everything stays."""
        state = self._state
        possible = targets(state.servers, state.checks)
        if not possible:
            return
        for source in (None, *to_be_emptied(state.servers, state.checks)):
            moved = 0
            while found := await self._conferences.some_on(source):
                chosen = spread({number: state.loads[number] for number in possible}, len(found))
                count = await self._conferences.move(source, found, chosen)
                state.loads.update(chosen)
                moved += count
                if count < len(found):
                    break
            if source is not None and moved:
                state.loads[source] = 0
                log.warning("moved %d conferences away from %s", moved, state.servers[source].address)

    async def _tell(self) -> None:
        """Tells every media server that answers what it does not know yet."""
        state = self._state
        told = {number: self._told(number) for number in targets(state.servers, state.checks)}
        if not told:
            return
        placed: dict[int, list[Placed]] = {}
        for one in await self._conferences.placed_since(tuple(told.values())):
            placed.setdefault(one.server, []).append(one)
        unfinished = await asyncio.gather(
            *(self._tell_one(told[number], placed.get(number, [])) for number in told)
        )
        if any(unfinished):
            self._changed.set()

    def _told(self, number: int) -> Told:
        answer = self._state.answers[number]
        knows = answer.generation == self._state.servers[number].generation
        transaction, conference = (answer.transaction, answer.conference) if knows else NOTHING_TOLD
        return Told(server=number, transaction=transaction, conference=conference)

    async def _tell_one(self, told: Told, placed: list[Placed]) -> bool:
        """Whether there is more to be told at once."""
        server = self._state.servers[told.server]
        is_anew = (told.transaction, told.conference) == NOTHING_TOLD
        knows = self._state.answers[told.server].generation == server.generation
        if not placed and knows:
            return False
        last = placed[-1] if placed else None
        answer = Answer(
            generation=server.generation,
            transaction=last.transaction if last else told.transaction,
            conference=last.conference if last else told.conference,
        )
        identifiers: list[UUID] = [one.conference for one in placed]
        try:
            await self._client.tell(server.address, answer, identifiers, replace=is_anew)
        except MediaUnreachable as error:
            log.info("media server %s was not told: %s", server.address, error)
            return False
        self._state.answers[told.server] = answer
        return len(placed) == LARGEST_LIST

    def _checks(self, number: int) -> Checks:
        return self._state.checks.get(number, Checks())
