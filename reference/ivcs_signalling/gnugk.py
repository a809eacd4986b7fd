"""Stand-in for the GNU gatekeeper: accepts connections on the H.323 ports, plain and TLS, and says nothing."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from ivcs_service.serving import run_service
from ivcs_signalling.configuration import GNUGK_FILE, Signalling, gnugk_settings, read_if_there
from ivcs_signalling.serving import listening

SILENCE_S = 60


async def _listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(SILENCE_S):
            while await reader.read(4096):
                pass
    writer.close()


def _settings() -> Signalling:
    return gnugk_settings(read_if_there(GNUGK_FILE))


if __name__ == "__main__":
    sys.exit(run_service(_settings, lambda settings: listening(settings, _listen)))
