"""The only place of this part that lets time pass: between two attempts at the same thing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")

# Short at first, because most things take a moment; sshd 9.8 and later punishes many attempts in a row.
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0


async def retry_until(
    attempt: Callable[[], Awaitable[Result]], is_done: Callable[[Result], bool], *, deadline_s: float
) -> Result:
    """The first result that is good, or the last one when the deadline has passed."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + deadline_s
    pause_s = FIRST_PAUSE_S
    while True:
        result = await attempt()
        if is_done(result) or loop.time() >= ends_at:
            return result
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
