"""Conferences in the database, and on which media server each of them runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from ivcs_server.connections import Connections

HEALTH_TIMEOUT_S = 3.0
# A thousand rows are moved in about 30 ms; no transaction comes near the time-out of the connections.
LARGEST_MOVE = 1000
LARGEST_LIST = 500
NOTHING_TOLD = ("0", UUID(int=0))

_COLUMNS = "id, name, created_at, media_server_id"
# A media server that was removed a moment ago gets nothing: the conference waits for the next placement.
INSERT = """\
INSERT INTO conferences (id, name, media_server_id, placed_in)
SELECT %s, %s, (SELECT id FROM media_servers WHERE id = %s AND enabled FOR KEY SHARE), pg_current_xact_id()
ON CONFLICT (id) DO NOTHING"""
SELECT_ONE = f"SELECT {_COLUMNS} FROM conferences WHERE id = %s"
SELECT_NEWEST = f"SELECT {_COLUMNS} FROM conferences ORDER BY created_at DESC, id LIMIT %s"
COUNT_BY_SERVER = "SELECT media_server_id, count(*) FROM conferences GROUP BY media_server_id"
MOVE = """\
UPDATE conferences SET media_server_id = chosen.target, placed_in = pg_current_xact_id()
FROM unnest(%s::uuid[], %s::bigint[]) AS chosen (id, target)
WHERE conferences.id = chosen.id AND EXISTS (SELECT FROM media_servers WHERE id = chosen.target)"""
NEW_GENERATION = "UPDATE media_servers SET generation = gen_random_uuid() WHERE id = %s"
# Transactions that are still open may yet place conferences "earlier": so only what is older than all of them.
PLACED_SINCE = """\
SELECT told.server, placed.id, placed.placed_in::text
FROM unnest(%s::bigint[], %s::text[]::xid8[], %s::uuid[]) AS told (server, transaction, conference)
CROSS JOIN LATERAL (
    SELECT id, placed_in FROM conferences
    WHERE media_server_id = told.server
      AND (placed_in, id) > (told.transaction, told.conference)
      AND placed_in < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY placed_in, id
    LIMIT %s
) AS placed
ORDER BY told.server, placed.placed_in, placed.id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """One conference; without a media server while none could be reached."""

    id: UUID
    name: str
    created_at: datetime
    media_server_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How far a media server knows its conferences: up to this one of this transaction."""

    server: int
    transaction: str
    conference: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A conference that a media server has to be told of."""

    server: int
    conference: UUID
    transaction: str


class Conferences:
    """Questions about conferences; each is one transaction and may raise DatabaseUnavailable."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def create(self, conference_id: UUID, name: str, media_server: int | None) -> Conference | None:
        """The new conference, safely stored; None if there is one with this id and another name."""

        async def work(connection: AsyncConnection) -> Conference | None:
            await connection.execute(INSERT, (conference_id, name, media_server))
            stored = await _conference(connection, conference_id)
            return stored if stored is not None and stored.name == name else None

        return await self._connections.use(work)

    async def conference(self, conference_id: UUID) -> Conference | None:
        """The conference of this id."""
        return await self._connections.use(lambda connection: _conference(connection, conference_id))

    async def newest(self, limit: int) -> list[Conference]:
        """The newest conferences first."""

        async def work(connection: AsyncConnection) -> list[Conference]:
            cursor = await connection.execute(SELECT_NEWEST, (limit,))
            return [_from_row(row) for row in await cursor.fetchall()]

        return await self._connections.use(work)

    async def count(self) -> int:
        """How many conferences there are; the health check asks this, so it has a shorter deadline."""

        async def work(connection: AsyncConnection) -> int:
            row = await (await connection.execute("SELECT count(*) FROM conferences")).fetchone()
            return int(row[0]) if row else 0

        return await self._connections.use(work, timeout_s=HEALTH_TIMEOUT_S)

    async def counts(self) -> dict[int | None, int]:
        """How many run on each media server; None: on no one."""

        async def work(connection: AsyncConnection) -> dict[int | None, int]:
            return {row[0]: row[1] for row in await (await connection.execute(COUNT_BY_SERVER)).fetchall()}

        return await self._connections.use(work)

    async def some_on(self, server: int | None) -> list[UUID]:
        """Some conferences of this media server, or of none."""
        where = "media_server_id IS NULL" if server is None else "media_server_id = %s"

        async def work(connection: AsyncConnection) -> list[UUID]:
            values = () if server is None else (server,)
            cursor = await connection.execute(
                f"SELECT id FROM conferences WHERE {where} LIMIT {LARGEST_MOVE}", values
            )
            return [row[0] for row in await cursor.fetchall()]

        return await self._connections.use(work)

    async def move(self, source: int | None, conferences: Sequence[UUID], servers: Sequence[int]) -> int:
        """Puts each conference on the server beside it; the source has to learn its list anew.

        How many moved: fewer than asked for where a server was removed a moment ago.
        """

        async def work(connection: AsyncConnection) -> int:
            cursor = await connection.execute(MOVE, (list(conferences), list(servers)))
            if source is not None:
                await connection.execute(NEW_GENERATION, (source,))
            return cursor.rowcount

        return await self._connections.use(work)

    async def placed_since(self, told: Sequence[Told]) -> list[Placed]:
        """What came to each media server after what it was told, oldest first, LARGEST_LIST at most for each."""
        rows = [(one.server, one.transaction, one.conference) for one in told]
        columns = [list(column) for column in zip(*rows, strict=True)]

        async def work(connection: AsyncConnection) -> list[Placed]:
            cursor = await connection.execute(PLACED_SINCE, (*columns, LARGEST_LIST))
            return [
                Placed(server=row[0], conference=row[1], transaction=row[2])
                for row in await cursor.fetchall()
            ]

        return await self._connections.use(work)


async def _conference(connection: AsyncConnection, conference_id: UUID) -> Conference | None:
    cursor = await connection.execute(SELECT_ONE, (conference_id,))
    row = await cursor.fetchone()
    return _from_row(row) if row else None


def _from_row(row: tuple[Any, ...]) -> Conference:
    return Conference(id=row[0], name=row[1], created_at=row[2], media_server_id=row[3])
