"""The fault matrix as data: what it must hold, and what is refused in it."""

from pathlib import Path

import pytest

from live_lab import LabError
from live_lab.fault_network import matches
from live_lab.matrix import Act, Row, load_matrix
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
        ("power-off active", "await five seconds", "five"),
        ("power-off active", "await standby service", "service"),
        ("power-off active", "await standby log", "log"),
        ("power-off active", "await both repair", "repair"),
        ("power-off active", "await network repair", "repair"),
        ("power-off active", "give-up active", "give-up"),
        ("power-off active", "type maintenance on", "maintenance"),
        ("power-off active", "begin", "begin"),
        ("power-off active", "power-off active network", "network"),
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


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("await service move", Act(verb="await", targets=(), what=("service", "move"))),
        ("await 20s", Act(verb="await", targets=(), what=("20s",))),
        ("await active repair", Act(verb="await", targets=("active",), what=("repair",))),
        ("await standby log a_line", Act(verb="await", targets=("standby",), what=("log", "a_line"))),
        ("give-up", Act(verb="give-up", targets=(), what=())),
        (
            "block-peer both icmp udp:5405:5412",
            Act(verb="block-peer", targets=("both",), what=("icmp", "udp:5405:5412")),
        ),
        (
            "type active standby STANDBY --yes",
            Act(verb="type", targets=("active",), what=("standby STANDBY --yes",)),
        ),
        ("alter-system active fsync=off", Act(verb="alter-system", targets=("active",), what=("fsync=off",))),
    ],
)
def test_what_is_done_is_read_into_verb_targets_and_rest(tmp_path: Path, text: str, act: Act) -> None:
    assert read(tmp_path, ROW.replace("power-off active", text))["one"].do == (act,)


def test_packets_of_a_port_are_those_to_it_and_from_it() -> None:
    assert matches("all") == [()]
    assert matches("icmp@bond1") == [("--in-interface", "bond1", "--protocol", "icmp")]
    assert matches("tcp:5432") == [
        ("--protocol", "tcp", "--destination-port", "5432"),
        ("--protocol", "tcp", "--source-port", "5432"),
    ]
    for nonsense in ("", "tcp", "icmp:8", "all@eth0", "sctp:1"):
        with pytest.raises(LabError, match="kind of packets"):
            matches(nonsense)


def test_every_kind_of_packets_in_the_matrix_is_one() -> None:
    kinds = [
        what
        for row in MATRIX.values()
        for act in row.do
        if act.verb in ("block", "block-peer")
        for what in act.what
    ]
    assert kinds
    assert all(matches(kind) for kind in kinds)


def test_the_same_seed_draws_the_same_faults() -> None:
    assert [row.id for row in draw(7, 30)][:10] == [row.id for row in draw(7, 10)]
    assert len({tuple(row.id for row in draw(seed, 10)) for seed in range(20)}) == 20


def test_only_rows_for_the_soak_are_drawn() -> None:
    drawn = {row.id for row in draw(1, 2000)}
    assert drawn == {row.id for row in MATRIX.values() if row.soak}
