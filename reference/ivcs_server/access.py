"""Who may administer: by a session in the browser, or by name and password with each request of a program."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from functools import cache

from aiohttp import BasicAuth, web

from ivcs_server.administration import Administration
from ivcs_server.passwords import is_password, password_hash
from ivcs_server.sessions import COOKIE, Seals, Session

# The session of the request that is being answered.
current_session: ContextVar[Session] = ContextVar("current_session")
REALM = 'Basic realm="IVCS reference", charset="UTF-8"'


class Access:
    """Checks passwords and sessions; may raise DatabaseUnavailable."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self._seals: Seals | None = None
        # One password after the other: guessing is slow, and takes one core at most.
        self._one_at_a_time = asyncio.Lock()

    async def seals(self) -> Seals:
        """Read once: the key stays the same as long as the database."""
        if self._seals is None:
            self._seals = Seals(await self._administration.session_key())
        return self._seals

    async def session(self, request: web.Request) -> Session | None:
        """The session of the browser, if it is one of ours and the password is still the same."""
        cookie = request.cookies.get(COOKIE)
        found = (await self.seals()).session(cookie) if cookie else None
        if found is None or not found.is_of(await self._administration.stored_hash(found.name)):
            return None
        return found

    async def sign_in(self, name: str, password: str) -> str | None:
        """Cookie of a new session, or None."""
        stored = await self._stored_if_right(name, password)
        return (await self.seals()).new_session(name, stored) if stored else None

    async def is_right(self, name: str, password: str) -> bool:
        """Whether this is the administrator's password."""
        return await self._stored_if_right(name, password) is not None

    async def is_program_allowed(self, request: web.Request) -> bool:
        """Whether the request brings name and password (RFC 7617)."""
        try:
            given = BasicAuth.decode(request.headers.get("Authorization", ""), encoding="utf-8")
        except ValueError:
            return False
        return await self.is_right(given.login, given.password)

    async def _stored_if_right(self, name: str, password: str) -> str | None:
        stored = await self._administration.stored_hash(name)
        async with self._one_at_a_time:
            fits = await asyncio.to_thread(is_password, password, stored or _nobody())
        return stored if fits and stored else None


@cache
def _nobody() -> str:
    """For names that do not exist: the answer then takes as long as for those that do."""
    return password_hash("", b"\0" * 16)
