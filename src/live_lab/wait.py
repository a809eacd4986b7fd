"""Waiting for conditions: the only place of the lab that sleeps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

from live_lab.errors import LabError, WaitTimeout

Value = TypeVar("Value")


def slowness() -> float:
    """What every deadline is multiplied with (LIVE_LAB_SLOWNESS, 1 when unset)."""
    text = os.environ.get("LIVE_LAB_SLOWNESS", "1")
    try:
        factor = float(text)
    except ValueError:
        raise LabError(f"LIVE_LAB_SLOWNESS is not a number: {text!r}") from None
    if not factor > 0:
        raise LabError(f"LIVE_LAB_SLOWNESS must be greater than zero: {text!r}")
    return factor


def wait_until(
    condition: Callable[[], Value], *, deadline_s: float, what: str, every_s: float = 0.1
) -> Value:
    """The first true value of the condition; WaitTimeout names `what` and the last value seen."""
    patience_s = deadline_s * slowness()
    began = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() - began >= patience_s:
            raise WaitTimeout(f"not within {patience_s:.0f} s: {what}; last seen: {value!r}")
        time.sleep(every_s)
