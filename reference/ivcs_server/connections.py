"""Connections to the database that survive its moving to another server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import Diagnostic

from ivcs_server.settings import Settings

Result = TypeVar("Result")
Work: TypeAlias = Callable[[AsyncConnection], Awaitable[Result]]

CONNECT_TIMEOUT_S = 2
WORK_TIMEOUT_S = 5.0
MOST_CONNECTIONS = 8


class DatabaseUnavailable(Exception):
    """The database did not do what was asked, or nobody can tell whether it did; the text says why."""


@dataclass(slots=True)
class _Attempt:
    """How far one transaction got."""

    is_committing: bool = False
    warnings: list[str] = field(default_factory=list)

    def note(self, diagnostic: Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            self.warnings.append(diagnostic.message_primary or "the database warned")


class Connections:
    """A few connections, each used by one request at a time and thrown away at its first failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: list[AsyncConnection] = []
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)

    async def use(self, work: Work[Result], *, timeout_s: float = WORK_TIMEOUT_S) -> Result:
        """Result of the work, whose transaction is committed and, where there is a standby, replicated."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                await self._free.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("all connections to the database are busy") from error
        try:
            return await self._use(work, deadline)
        except psycopg.Error as error:
            raise DatabaseUnavailable(str(error).strip() or type(error).__name__) from error
        finally:
            self._free.release()

    async def close(self) -> None:
        """Closes what is not in use."""
        while self._idle:
            await self._idle.pop().close()

    async def _use(self, work: Work[Result], deadline: float) -> Result:
        idle = await self._take_idle()
        if idle is not None:
            attempt = _Attempt()
            try:
                return await self._bounded(idle, work, attempt, deadline)
            except psycopg.OperationalError:
                # The database has moved since then. Before the commit nothing was done, so once more.
                if attempt.is_committing:
                    raise
        return await self._bounded(await self._connect(deadline), work, _Attempt(), deadline)

    async def _take_idle(self) -> AsyncConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed and not _has_input(connection.fileno()):
                return connection
            await connection.close()
        return None

    async def _connect(self, deadline: float) -> AsyncConnection:
        settings = self._settings
        try:
            async with asyncio.timeout_at(deadline):
                return await AsyncConnection.connect(
                    host=settings.database_host,
                    port=settings.database_port,
                    dbname=settings.database_name,
                    user=settings.database_user,
                    password=settings.database_password,
                    connect_timeout=CONNECT_TIMEOUT_S,
                    # A standby that still holds the address would accept the connection and refuse the write.
                    target_session_attrs="read-write",
                    # Without these, connections to a server that lost power last for 15 minutes.
                    tcp_user_timeout=3000,
                    keepalives_idle=2,
                    keepalives_interval=1,
                    keepalives_count=3,
                    application_name="ivcs-server",
                    options="-c synchronous_commit=on",
                )
        except TimeoutError as error:
            raise DatabaseUnavailable("the database does not answer") from error

    async def _bounded(
        self, connection: AsyncConnection, work: Work[Result], attempt: _Attempt, deadline: float
    ) -> Result:
        # Cancelling psycopg's coroutine would send a cancel request, blocking, to a server that may be gone,
        # and the server would answer a cancelled wait for its standby as a success. So the connection is cut.
        task = asyncio.ensure_future(_transaction(connection, work, attempt))
        is_usable = False
        try:
            await asyncio.wait({task}, timeout=max(deadline - asyncio.get_running_loop().time(), 0))
            if not task.done():
                raise DatabaseUnavailable("no answer in time; the change may or may not have been made")
            result = task.result()
            is_usable = True
        finally:
            if is_usable:
                self._idle.append(connection)
            else:
                await self._discard(connection, task)
        return result

    async def _discard(self, connection: AsyncConnection, task: asyncio.Future[Result]) -> None:
        if not connection.closed:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as cut:
                cut.shutdown(socket.SHUT_RDWR)
        await asyncio.wait({task})
        task.exception()
        await connection.close()
        # The others lead to the same server.
        await self.close()


async def _transaction(connection: AsyncConnection, work: Work[Result], attempt: _Attempt) -> Result:
    connection.add_notice_handler(attempt.note)
    try:
        async with connection.transaction():
            result = await work(connection)
            attempt.is_committing = True
    finally:
        connection.remove_notice_handler(attempt.note)
    # "canceling wait for synchronous replication": committed here, but perhaps not on the standby.
    if attempt.warnings:
        raise DatabaseUnavailable(attempt.warnings[0])
    return result


def _has_input(descriptor: int) -> bool:
    """Whether the server said something unasked, which is its goodbye."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
