"""Stand-in for the GNU gatekeeper: accepts connections on the H.323 port 1720 and says nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ivcs_service.serving import ANY_ADDRESS, run_until_stopped

PORT = 1720
SILENCE_S = 60


async def _listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(SILENCE_S):
            while await reader.read(4096):
                pass
    writer.close()


@contextlib.asynccontextmanager
async def _listening() -> AsyncIterator[None]:
    server = await asyncio.start_server(_listen, ANY_ADDRESS, PORT)
    try:
        yield
    finally:
        server.close()


if __name__ == "__main__":
    run_until_stopped(_listening)
