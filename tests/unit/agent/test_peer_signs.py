"""What counts as a sign of the peer's life, and when this node itself is the one that is cut off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from live_cluster_agent import contact, files, peer_signs, process
from live_cluster_agent.contact import Contact
from live_cluster_agent.parameters import Parameters
from live_cluster_agent.peer_signs import Signs
from live_cluster_agent.process import Finished
from live_cluster_agent.replication import Surroundings

HERE = cast(
    "Parameters",
    SimpleNamespace(
        peer="two",
        addresses={"one": ("10.81.1.1",), "two": ("10.81.1.2", "10.81.0.2")},
        client_network=("10.81.0.254",),
        port=5432,
        program=lambda name: f"/usr/lib/postgresql/15/bin/{name}",
    ),
)
DEAD = {"ping": 1, "arping": 1, "pg_isready": 2, "timeout": 124}
APART = Surroundings(quorate=True, peer_is_member=False, client_network_seen=True, peer_answers=False)


class World:
    """Exit codes by program, and routes by address; what was asked is kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.codes = dict(DEAD)
        self.asked: list[tuple[str, ...]] = []
        monkeypatch.setattr(process, "side_by_side", self.side_by_side)
        monkeypatch.setattr(process, "run", self.route)

    def side_by_side(self, commands: Sequence[Sequence[str]], *, timeout_s: float) -> list[int]:
        assert timeout_s > 0
        self.asked += [tuple(argv) for argv in commands]
        return [self.codes[Path(argv[0]).name] for argv in commands]

    def route(self, argv: Sequence[str], *, timeout_s: float) -> Finished:
        assert timeout_s > 0
        way = "bond1" if argv[-1].startswith("10.81.1.") else "bond0"
        return Finished(code=0, out=f"{argv[-1]} dev {way} src 10.81.0.1 uid 0", error="")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_only_the_silence_of_all_is_silence(world: World) -> None:
    assert peer_signs.look(HERE) == Signs(host=False, programs=False)
    for means, address in ((means, address) for means in DEAD for address in HERE.addresses["two"]):
        assert [argv for argv in world.asked if Path(argv[0]).name == means and address in argv]


@pytest.mark.parametrize(
    ("means", "code", "programs"),
    [
        ("ping", 0, False),
        ("arping", 0, False),
        ("pg_isready", 0, True),
        # Starting, or full: it lives.
        ("pg_isready", 1, True),
        ("timeout", 0, True),
    ],
)
def test_any_answer_is_a_sign(world: World, means: str, code: int, programs: bool) -> None:
    world.codes[means] = code
    assert peer_signs.look(HERE) == Signs(host=True, programs=programs)
    assert peer_signs.programs_answer(HERE) is programs


@pytest.mark.parametrize(
    ("carriers", "cut_off"),
    [
        ({"bond0": "1\n", "bond1": "1\n"}, False),
        # The peer at the other end of a direct cable has lost its power.
        ({"bond0": "1\n", "bond1": "0\n"}, False),
        ({"bond0": "0\n", "bond1": "1\n"}, False),
        ({"bond0": "0\n", "bond1": "0\n"}, True),
    ],
)
def test_a_node_without_any_cable_is_the_one_that_is_cut_off(
    world: World, monkeypatch: pytest.MonkeyPatch, carriers: dict[str, str], cut_off: bool
) -> None:
    assert world.codes
    monkeypatch.setattr(files, "read_text", lambda path: carriers[path.split("/")[-2]])
    assert peer_signs.no_cable(HERE) is cut_off


def test_whoever_has_forgotten_the_looks_before_counts_as_cut_off_once() -> None:
    first = contact.note(Contact(), APART, now_s=100.0)
    assert contact.is_cut_off(first, APART)
    assert not contact.is_cut_off(first, Surroundings(quorate=True, peer_is_member=True))
    assert not contact.is_cut_off(contact.note(first, APART, now_s=101.0), APART)


@pytest.mark.parametrize(
    ("change", "cut_off"),
    [
        ({}, False),
        ({"has_cable": False}, True),
        # It may have been promoted: its silence later on proves nothing.
        ({"peer_answers": True, "peer_serves": True}, True),
        # A host of which only the kernel lives runs nothing.
        ({"peer_answers": True, "peer_serves": False}, False),
        ({"has_cable": False, "arbiter": True}, False),
        ({"peer_serves": True, "peer_is_member": True}, False),
    ],
)
def test_who_counts_as_cut_off(change: dict[str, bool], cut_off: bool) -> None:
    around = Surroundings(**{**{name: getattr(APART, name) for name in APART.__slots__}, **change})
    assert contact.is_cut_off(Contact(), around) is cut_off
