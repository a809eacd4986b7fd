"""What ivcs-server says to a media server and hears from it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp

PORT = 8091
CHECK_TIMEOUT_S = 0.9
TELL_TIMEOUT_S = 2.0


class MediaUnreachable(Exception):
    """No usable answer; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How far a media server knows its conferences; see `Conferences.placed_since`."""

    generation: UUID
    transaction: str
    conference: UUID


class MediaClient:
    """Requests to media servers, each on a connection of its own: a kept one would say nothing about tomorrow."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, address: str) -> Answer:
        """The health check."""
        return _answer(await self._request("GET", address, "/api/health", None))

    async def tell(self, address: str, state: Answer, conferences: Sequence[UUID], *, replace: bool) -> None:
        """Adds conferences to what it runs, or replaces them all."""
        body = {
            "generation": str(state.generation),
            "transaction": state.transaction,
            "conference": str(state.conference),
            "replace": replace,
            "conferences": [str(one) for one in conferences],
        }
        await self._request("PUT", address, "/api/conferences", body)

    async def _request(self, method: str, address: str, path: str, body: object) -> Any:
        host = f"[{address}]" if ":" in address else address
        limit = aiohttp.ClientTimeout(total=CHECK_TIMEOUT_S if body is None else TELL_TIMEOUT_S)
        try:
            async with self._session.request(
                method, f"http://{host}:{PORT}{path}", json=body, timeout=limit
            ) as response:
                if response.status != 200:
                    raise MediaUnreachable(f"it answers with the status {response.status}")
                return await response.json()
        except TimeoutError:
            raise MediaUnreachable("it does not answer") from None
        except aiohttp.ClientConnectorError as error:
            raise MediaUnreachable(os.strerror(error.errno) if error.errno else str(error)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise MediaUnreachable(str(error) or type(error).__name__) from None


def new_session() -> aiohttp.ClientSession:
    """For MediaClient; has to be closed."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0))


def _answer(found: Any) -> Answer:
    try:
        return Answer(
            generation=UUID(found["generation"]),
            transaction=str(int(found["transaction"])),
            conference=UUID(found["conference"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise MediaUnreachable("it answers with something else than its health") from None
