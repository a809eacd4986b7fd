"""The product's only sleep: waiting until something is so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time in seconds, and how to let it pass; tests bring their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def wait_until(
    condition: Callable[[], bool], *, deadline_s: float, poll_s: float = 1.0, clock: Clock | None = None
) -> bool:
    """Ask `condition` until it holds; False when it did not within `deadline_s`."""
    time_of = clock or Clock()
    end = time_of.now() + deadline_s
    while not condition():
        left = end - time_of.now()
        if left <= 0:
            return False
        time_of.sleep(min(poll_s, left))
    return True


async def wait_for(
    condition: Callable[[], Awaitable[bool]],
    *,
    deadline_s: float,
    poll_s: float = 0.5,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> bool:
    """The same for conditions on other servers; `meanwhile` is called between two looks.

    A server that takes long to answer is asked less often: looks never take more than half of its time.
    """
    end = time.monotonic() + deadline_s
    while True:
        began = time.monotonic()
        if await condition():
            return True
        took, left = time.monotonic() - began, end - time.monotonic()
        if left <= 0:
            return False
        if meanwhile:
            await meanwhile()
        await asyncio.sleep(min(max(poll_s, took), left))
