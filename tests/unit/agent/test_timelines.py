"""Numbers of timelines: no two promotions share one, whatever the heads knew of each other."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from live_cluster_agent import timelines
from live_cluster_agent.parameters import Parameters, read_parameters


@pytest.fixture
def wal(tmp_path: Path) -> Path:
    folder = tmp_path / "data/pg_wal"
    folder.mkdir(parents=True)
    return folder


def head(wal: Path, node: str) -> Parameters:
    environment = {
        "OCF_RESKEY_pgdata": str(wal.parent),
        "OCF_RESKEY_bindir": "/usr/lib/postgresql/15/bin",
        "OCF_RESKEY_config_file": "/etc/postgresql/15/main/postgresql.conf",
        "OCF_RESKEY_node_addresses": "first=10.81.1.1 second=10.81.1.2",
    }
    return read_parameters(environment, node=node)


def test_the_numbers_of_the_two_nodes_never_meet() -> None:
    for newest, claimed in product(range(1, 40), repeat=2):
        odd = timelines.next_number(newest, claimed=claimed, parity=1)
        even = timelines.next_number(newest, claimed=claimed, parity=0)
        assert odd % 2 == 1
        assert even % 2 == 0
        assert max(newest, claimed) < min(odd, even)
        assert max(odd, even) <= max(newest, claimed) + 2


@pytest.mark.parametrize(("node", "expected"), [("first", 3), ("second", 2)])
def test_what_lies_between_is_reserved(wal: Path, node: str, expected: int) -> None:
    assert timelines.reserve(head(wal, node), above=1, claimed=0) == expected
    # PostgreSQL takes the number after the last history file that follows on the last without a gap.
    assert sorted(file.name for file in wal.iterdir()) == [
        f"{number:08X}.history" for number in range(2, expected)
    ]
    assert timelines.ancestors(head(wal, node), 2) == {}


def test_a_number_that_the_cluster_has_claimed_is_not_used_again(wal: Path) -> None:
    (wal / "00000004.history").write_text("3\t0/5000000\tno recovery target specified\n")
    assert timelines.reserve(head(wal, "first"), above=3, claimed=9) == 11
    names = {file.name for file in wal.iterdir()}
    assert names == {f"{number:08X}.history" for number in range(4, 11)}
    # The one that is real is what it was.
    assert timelines.ancestors(head(wal, "first"), 4) == {3: 0x5000000}


def test_a_promotion_that_failed_is_tried_again_with_the_same_number(wal: Path) -> None:
    second = head(wal, "second")
    assert timelines.reserve(second, above=2, claimed=0) == 4
    assert timelines.reserve(second, above=2, claimed=0) == 4


def test_reservations_of_a_promotion_that_failed_do_not_hinder_the_next_start(wal: Path) -> None:
    (wal / "00000004.history").write_text("3\t0/5000000\tno recovery target specified\n")
    timelines.reserve(head(wal, "second"), above=4, claimed=7)
    timelines.release_unused(head(wal, "second"))
    assert [file.name for file in wal.iterdir()] == ["00000004.history"]


def test_reservations_below_the_newest_timeline_stay_for_the_standby_that_asks_for_them(wal: Path) -> None:
    timelines.reserve(head(wal, "second"), above=4, claimed=4)
    (wal / "00000006.history").write_text("4\t0/5000000\tno recovery target specified\n")
    timelines.release_unused(head(wal, "second"))
    assert {file.name for file in wal.iterdir()} == {"00000005.history", "00000006.history"}
