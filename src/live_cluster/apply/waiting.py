"""The product's only sleep: waiting until something is so."""

from __future__ import annotations

import time
from collections.abc import Callable


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
