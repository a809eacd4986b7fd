"""Stand-in for OpenSIPS: answers OPTIONS on port 5060, TCP and UDP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

from ivcs_service.serving import ANY_ADDRESS, run_until_stopped
from ivcs_signalling.sip import END_OF_HEADERS, reply_to

PORT = 5060
SILENCE_S = 60


class _Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own class for this is not declared as what it is.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        reply = reply_to(data)
        if reply is not None:
            self._transport.sendto(reply, addr)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            async with asyncio.timeout(SILENCE_S):
                request = await reader.readuntil(END_OF_HEADERS)
            reply = reply_to(request)
            if reply is not None:
                writer.write(reply)
                await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def _listening() -> AsyncIterator[None]:
    server = await asyncio.start_server(_converse, ANY_ADDRESS, PORT)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        _Datagrams, local_addr=(ANY_ADDRESS, PORT)
    )
    try:
        yield
    finally:
        transport.close()
        server.close()


if __name__ == "__main__":
    run_until_stopped(_listening)
