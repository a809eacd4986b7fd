"""Runs a service until systemd stops it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from ivcs_service.systemd import notify

ANY_ADDRESS = "0.0.0.0"


def run_until_stopped(listening: Callable[[], AbstractAsyncContextManager[None]]) -> None:
    """Listens, tells systemd, and returns at SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    asyncio.run(_run(listening))


async def _run(listening: Callable[[], AbstractAsyncContextManager[None]]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with listening():
        notify("READY=1")
        await stop.wait()
        notify("STOPPING=1")
