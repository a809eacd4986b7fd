"""Stand-in for OpenSIPS: answers OPTIONS over UDP, TCP and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import cast

from ivcs_service.serving import run_service
from ivcs_signalling.configuration import OPENSIPS_FILE, Signalling, opensips_settings, read_if_there
from ivcs_signalling.serving import listening
from ivcs_signalling.sip import END_OF_HEADERS, reply_to

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


def _settings() -> Signalling:
    return opensips_settings(read_if_there(OPENSIPS_FILE))


if __name__ == "__main__":
    sys.exit(run_service(_settings, lambda settings: listening(settings, _converse, _Datagrams)))
