"""The fault matrix as data: what it must hold, and what is refused in it."""

from pathlib import Path

import pytest

from live_lab import LabError
from live_lab.matrix import Row, load_matrix
from live_lab.soak import draw

MATRIX = load_matrix()
# Everything that the requirements name, by row.
NAMED = {
    "power-loss-active", "power-loss-standby", "power-loss-both", "power-loss-both-other-order",
    "cut-client-active", "cut-client-standby", "cut-private-active", "cut-private-standby", "cut-both-active",
    "cut-both-standby", "freeze-active", "freeze-standby", "kill-postgres-active", "kill-walsender",
    "kill-ivcs-server", "kill-smbd", "kill-opensips", "kill-gnugk", "kill-nginx", "kill-corosync-active",
    "kill-pacemakerd-active", "kill-controld-active", "disk-full-active", "storage-full", "lun-gone",
    "address-conflict", "slow-network", "lossy-network",
}  # fmt: skip
ROW = """
[[row]]
id = "one"
title = "One"
do = ["power-off active"]
primary = "moves"
service = "goes-on"
gap_s = 1
recovery_s = 1
"""


def read(tmp_path: Path, text: str) -> dict[str, Row]:
    path = tmp_path / "matrix.toml"
    path.write_text(text, "utf-8")
    return load_matrix(path)


def test_every_named_fault_has_its_row() -> None:
    assert set(MATRIX) >= NAMED
    assert len(MATRIX) >= 25


def test_what_takes_away_the_service_is_expected_to_take_time() -> None:
    for row in MATRIX.values():
        assert row.gap_s > 0, row.id
        assert row.recovery_s > 0, row.id


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("power-off active", "explode active", "explode"),
        ("power-off active", "power-off nobody", "nobody"),
        ("power-off active", "power-off", "power-off"),
        ("power-off active", "switch-off active bond0", "switch-off"),
        ("power-off active", "await rain", "rain"),
        ('primary = "moves"', 'primary = "flies"', "flies"),
        ("gap_s = 1", "gap = 1", "gap"),
        ("gap_s = 1", "", "gap_s"),
        ("[[row]]", ROW + "[[row]]", "more than one"),
    ],
)
def test_a_row_that_cannot_be_understood_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert read(tmp_path, ROW)["one"].do[0].targets == ("active",)
    with pytest.raises(LabError, match=problem):
        read(tmp_path, ROW.replace(old, new, 1))


def test_the_same_seed_draws_the_same_faults() -> None:
    assert [row.id for row in draw(7, 30)][:10] == [row.id for row in draw(7, 10)]
    assert len({tuple(row.id for row in draw(seed, 10)) for seed in range(20)}) == 20


def test_only_rows_for_the_soak_are_drawn() -> None:
    drawn = {row.id for row in draw(1, 2000)}
    assert drawn == {row.id for row in MATRIX.values() if row.soak}
