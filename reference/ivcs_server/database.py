"""What the service keeps in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from ivcs_server.connections import Connections
from ivcs_server.migrations import APPLIED_TABLE, migrations

# Two services that start at once would apply the same migration; the number is arbitrary, but fixed.
MIGRATION_LOCK = 8090
HEALTH_TIMEOUT_S = 3.0

INSERT = "INSERT INTO conferences (id, name) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING"
SELECT_ONE = "SELECT id, name, created_at FROM conferences WHERE id = %s"
SELECT_NEWEST = "SELECT id, name, created_at FROM conferences ORDER BY created_at DESC, id LIMIT %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """One conference as the API shows it."""

    id: UUID
    name: str
    created_at: datetime


class Database:
    """The service's questions to the database; each may raise DatabaseUnavailable."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def migrate(self) -> None:
        """Brings the schema to this version."""
        await self._connections.use(_migrate)

    async def create(self, conference_id: UUID, name: str) -> Conference | None:
        """The new conference, safely stored; None if there is one with this id and another name."""

        async def work(connection: AsyncConnection) -> Conference | None:
            await connection.execute(INSERT, (conference_id, name))
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


async def _conference(connection: AsyncConnection, conference_id: UUID) -> Conference | None:
    cursor = await connection.execute(SELECT_ONE, (conference_id,))
    row = await cursor.fetchone()
    return _from_row(row) if row else None


def _from_row(row: tuple[Any, ...]) -> Conference:
    return Conference(id=row[0], name=row[1], created_at=row[2])


async def _migrate(connection: AsyncConnection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
    await connection.execute(APPLIED_TABLE)
    cursor = await connection.execute("SELECT number FROM schema_migrations")
    applied = {row[0] for row in await cursor.fetchall()}
    for number, statements in migrations().items():
        if number not in applied:
            await connection.execute(statements)
            await connection.execute("INSERT INTO schema_migrations (number) VALUES (%s)", (number,))
