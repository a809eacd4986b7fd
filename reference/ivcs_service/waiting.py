"""Waiting that ends early when the service is to stop."""

from __future__ import annotations

import asyncio
import contextlib


async def happens_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event was set before so many seconds went by."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
