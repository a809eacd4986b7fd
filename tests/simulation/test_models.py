"""The world behaves as the real one does where nothing is asked of the agent but its daily work."""

from __future__ import annotations

import pytest

from simulation.chance import draw
from simulation.fault import Fault
from simulation.schedule import Run, Schedule, carry_out
from simulation.world import Pair

PAIRS = (Pair(), Pair(arbiter=True), Pair(fencing=True), Pair(primary=1))


def run_of(pair: Pair, *faults: Fault, until: float = 40.0) -> Run:
    return carry_out(Schedule(pair, 7, faults, until))


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_pair_without_faults_writes_and_stays_as_it_is(pair: Pair) -> None:
    run = run_of(pair)
    assert not run.failed
    assert len(run.world.checks.acknowledged_rows) > 100
    assert not [line for line in run.world.story if line[1] in ("FAULT", "CHECK")][1:]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_power_loss_of_the_primary_moves_it_and_heals(pair: Pair) -> None:
    first = ("main-1", "main-2")[pair.primary]
    run = run_of(pair, Fault(5, "power loss", first, lasts=20))
    assert not run.failed
    server = run.world.head(first).peer.server
    assert server is not None
    assert not server.in_recovery


def test_the_standby_that_returns_follows() -> None:
    run = run_of(Pair(), Fault(5, "power loss", "main-2", lasts=15))
    assert not run.failed
    told = [what for _, _, what in run.world.story]
    assert any("going on alone" in what for what in told)
    assert any("synchronous: every commit is on both nodes" in what for what in told)


def test_what_a_cut_off_primary_wrote_is_set_aside() -> None:
    run = run_of(Pair(), Fault(5, "cables out", "main-1", lasts=20))
    assert not run.failed
    kept = [
        path for path in run.world.head("main-1").disk.kept if "/set-aside/" in path and path.endswith(".gz")
    ]
    assert kept


def test_old_wal_that_is_gone_makes_a_copy_necessary() -> None:
    faults = (
        Fault(5, "power loss", "main-2", lasts=15),
        Fault(10, "bulk load", "main-1", amount=40),
        Fault(11, "old WAL recycled", "main-1"),
    )
    run = run_of(Pair(), *faults)
    assert not run.failed
    assert any("the fresh copy is in place" in what for _, _, what in run.world.story)


@pytest.mark.parametrize("seed", [3, 17])
def test_a_seed_always_tells_the_same_story(seed: int) -> None:
    assert carry_out(draw(seed)).world.story == carry_out(draw(seed)).world.story
