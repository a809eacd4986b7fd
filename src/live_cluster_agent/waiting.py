"""The only sleep of the agent, and the clock that all its durations are measured with."""

import time
from collections.abc import Callable


def now_s() -> float:
    """Seconds since boot, counted through suspension and untouched by clock changes."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def wall_clock_s() -> float:
    """Seconds since 1970, only for moments that the other head names."""
    return time.time()


def pause(seconds: float) -> None:
    """Let some time pass before looking again."""
    time.sleep(seconds)


def wait_until(condition: Callable[[], bool], *, deadline_s: float, every_s: float = 0.1) -> bool:
    """Look until the condition holds; False when it did not within deadline_s seconds from now."""
    end = now_s() + deadline_s
    while not condition():
        if now_s() >= end:
            return False
        pause(every_s)
    return True
