"""D1, D2, A8: every row of the fault matrix on one configured pair, which each row leaves as it found it."""

from collections.abc import Iterator

import pytest

from live_lab import Lab
from live_lab.fault_run import FaultRun
from live_lab.matrix import load_matrix
from live_lab.pair import configure

MATRIX = load_matrix()
# Part of `make test`: what protects data and is not a scenario of its own in test_failover or test_interruption.
PROTECT_DATA = {
    "kill-postgres-active",
    "cut-both-active",
    "arbiter-cut-both-active",
    "ping-and-membership-blocked",
    "access-file-broken",
    "kept-after-both-lost-power-ahead",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A pair, and as many media hosts as there are strangers in the matrix."""
    with Lab.up(name="cfault") as lab:
        configure(lab)
        yield lab


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.lab if name in PROTECT_DATA else pytest.mark.matrix)
        for name in MATRIX
    ],
)
def test_the_pair_survives(lab: Lab, name: str) -> None:
    outcome = FaultRun(lab, MATRIX[name]).carry_out()
    assert outcome.lost == 0
    assert outcome.rows is not None
    assert outcome.rows.lost == 0
