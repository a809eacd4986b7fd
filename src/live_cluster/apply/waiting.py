"""The product's only sleep: waiting until something is so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


def wait_until(
    condition: Callable[[], bool],
    *,
    deadline_s: float,
    poll_s: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Ask `condition` until it holds; False when it did not within `deadline_s`."""
    end = clock() + deadline_s
    while not condition():
        left = end - clock()
        if left <= 0:
            return False
        sleep(min(poll_s, left))
    return True


async def wait_for(
    condition: Callable[[], Awaitable[bool]],
    *,
    deadline_s: float,
    poll_s: float = 0.5,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> bool:
    """The same for conditions on other servers; `meanwhile` is called between two looks."""
    end = time.monotonic() + deadline_s
    while not await condition():
        left = end - time.monotonic()
        if left <= 0:
            return False
        if meanwhile:
            await meanwhile()
        await asyncio.sleep(min(poll_s, left))
    return True
