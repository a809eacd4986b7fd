"""What went wrong once on real servers does not happen any more."""

from __future__ import annotations

import pytest

from simulation.incidents import INCIDENTS, Incident
from simulation.schedule import incident


@pytest.mark.parametrize("known", INCIDENTS, ids=lambda known: known.name)
def test_it_does_not_happen_any_more(known: Incident) -> None:
    run = known.carry_out()
    assert not run.failed, incident(run)
