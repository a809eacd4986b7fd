"""Answers health checks on port 8091; no media flows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

from ivcs_service.serving import ANY_ADDRESS, run_until_stopped

PORT = 8091
SILENCE_S = 10


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async with asyncio.timeout(SILENCE_S):
            request = await reader.readuntil(b"\r\n\r\n")
        writer.write(response_to(request))
        await writer.drain()
    writer.close()


def response_to(request: bytes) -> bytes:
    """200 with the state for /api/health, 404 for everything else."""
    is_health = request.split(b"\r\n", 1)[0].split(b" ")[:2] == [b"GET", b"/api/health"]
    state = {"reference": True, "healthy": True, "host": socket.gethostname()}
    body = json.dumps(state if is_health else {"error": "no such page"}).encode()
    headers = (
        "HTTP/1.1 200 OK" if is_health else "HTTP/1.1 404 Not Found",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def _listening() -> AsyncIterator[None]:
    server = await asyncio.start_server(_answer, ANY_ADDRESS, PORT)
    try:
        yield
    finally:
        server.close()


if __name__ == "__main__":
    run_until_stopped(_listening)
