"""Brings the database's schema to this version."""

from __future__ import annotations

from psycopg import AsyncConnection

from ivcs_server.connections import Connections
from ivcs_server.migrations import APPLIED_TABLE, migrations

# Two services that start at once would apply the same migration; the number is arbitrary, but fixed.
MIGRATION_LOCK = 8090


async def migrate(connections: Connections) -> None:
    """Applies what is missing, all or nothing; may raise DatabaseUnavailable."""
    await connections.use(_migrate)


async def _migrate(connection: AsyncConnection) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
    await connection.execute(APPLIED_TABLE)
    cursor = await connection.execute("SELECT number FROM schema_migrations")
    applied = {row[0] for row in await cursor.fetchall()}
    for number, statements in migrations().items():
        if number not in applied:
            await connection.execute(statements)
            await connection.execute("INSERT INTO schema_migrations (number) VALUES (%s)", (number,))
