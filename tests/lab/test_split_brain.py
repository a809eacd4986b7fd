"""D3: the hazard that plan and status name without an arbiter is real, and an arbiter prevents it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from live_lab import Lab, split_brain
from live_lab.pair import configure


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.up(name="split") as lab:
        configure(lab)
        yield lab


@pytest.mark.matrix
def test_without_an_arbiter_both_serve_and_writes_are_lost_with_one_neither(lab: Lab) -> None:
    told: list[str] = []
    hazard, prevented = split_brain.demonstrate(lab, told.append)
    assert sorted(hazard.primaries) == ["ivcs-main-1", "ivcs-main-2"]
    assert min(hazard.acknowledged.values()) > 0
    assert hazard.missing > 0
    assert len(prevented.primaries) == 1
    assert prevented.missing == 0
    assert len(told) == 8
