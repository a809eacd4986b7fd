"""Every mutation finds the text that it replaces; `python -m simulation --mutations` shows that each is caught."""

from __future__ import annotations

import pytest

from live_cluster_agent import replication
from simulation.incidents import INCIDENTS
from simulation.mutations import MUTATIONS, Mutation, mutated


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.condition)
def test_the_condition_is_there_to_be_taken_out(mutation: Mutation) -> None:
    before = replication.why_not_promoted.__code__
    with mutated(mutation):
        pass
    assert replication.why_not_promoted.__code__ is before


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        ("who is stale is not promoted", "and the primary loses power"),
        ("a peer that still answers is not gone", "pings are lost"),
        ("the settings in force", "synchronous_commit is local"),
    ],
)
def test_a_mutant_breaks_a_promise(condition: str, name: str) -> None:
    known = next(one for one in INCIDENTS if name in one.name)
    with mutated(next(one for one in MUTATIONS if condition in one.condition)):
        assert known.carry_out().failed
    assert not known.carry_out().failed
