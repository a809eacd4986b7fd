"""Runs a service until systemd stops it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from ivcs_service.systemd import notify

ANY_ADDRESS = "0.0.0.0"
EX_CONFIG = 78
EX_OSERR = 71

Settings = TypeVar("Settings")
log = logging.getLogger("service")


class BadConfiguration(Exception):
    """What the service was told cannot be carried out; the text says where it stands."""


def run_service(
    read: Callable[[], Settings], listening: Callable[[Settings], AbstractAsyncContextManager[None]]
) -> int:
    """Reads the settings, listens, tells systemd, and returns at SIGTERM with the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    try:
        settings = read()
    except BadConfiguration as error:
        log.error("%s", error)
        return EX_CONFIG
    try:
        asyncio.run(_run(listening(settings)))
    except OSError as error:
        # An address of another head, or a port that is taken.
        log.error("%s", error)
        return EX_OSERR
    return 0


async def _run(listening: AbstractAsyncContextManager[None]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with listening:
        notify("READY=1")
        await stop.wait()
        notify("STOPPING=1")
