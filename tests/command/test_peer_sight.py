"""Verbs that change the cluster, on a head that does not see the other one: which refuse, and what lets them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from installation import FIRST_RUN, Installation
from planned_cluster import PlannedCluster

from live_cluster.apply import run_lock as locking
from live_cluster.apply import waiting
from live_cluster.apply.fleet import Fleet
from live_cluster.cli.maintenance_cli import Order, run_maintenance
from live_cluster.cli.node_cli import Wish as NodeWish
from live_cluster.cli.node_cli import run_online, run_standby
from live_cluster.cli.resources_cli import run_wish
from live_cluster.commands.missing import Wish
from live_cluster.commands.peer_sight import require_heads_together
from live_cluster.commands.status import Server
from live_cluster.errors import ExitCode, NotReady
from live_cluster.messages import render
from live_cluster.probes.head import VIEW
from live_cluster.remote.requests import CommandResult
from recordings.configure.recorded import HEADS, RecordedServer
from recordings.configure.recorder import key_of
from recordings.recorded_server import Finished, recording, server

# The second head is gone; what is asked here is answered by the first one.
ALONE = recording("node-offline")
STOPPED_ALONE = ALONE.replace('stop-all-resources="false"', 'stop-all-resources="true"')
HERE, PEER = HEADS
ARBITER = "quorum {\n    provider: corosync_votequorum\n    device {\n        model: net\n    }\n}\n"
VOTES = """Quorum information
------------------
Quorate:          Yes

Votequorum information
----------------------
Total votes:      2
Quorum:           2
Flags:            Quorate Qdevice

Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         1          1    A,V,NMW ivcs-main-1 (local)
         0          1            Qdevice
"""


class Time:
    """Passes only by waiting."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Time()
    monkeypatch.setattr(locking, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(waiting.Clock.__init__, "__kwdefaults__", {"now": clock.now, "sleep": clock.sleep})
    monkeypatch.setattr("os.geteuid", lambda: 0)


class LonelyHead(PlannedCluster):
    """Knows of its peer what Pacemaker wrote down about it."""

    def __init__(self, *states: str, expected: str = "member", votes: str = "") -> None:
        super().__init__(*states)
        self.expected = expected
        self.votes = votes

    def start(self, argv: Sequence[str]) -> Finished:
        if argv[0] == "cibadmin" and f"//node_state[@uname='{PEER}']" in argv:
            return Finished(f'<node_state uname="{PEER}" expected="{self.expected}"/>')
        if argv[0] == "corosync-quorumtool" and self.votes:
            return Finished(self.votes)
        return super().start(argv)


def maintenance(machine: Server, *, force: bool) -> int:
    return run_maintenance(Order(on=True, force=force), machine, yes=True, as_json=False)


def standby(machine: Server, *, force: bool) -> int:
    return run_standby(NodeWish(node=PEER, force=force, yes=True, timeout_s=10, as_json=False), machine)


def online(machine: Server, *, force: bool) -> int:
    return run_online(HERE, machine, force=force, timeout_s=10, as_json=False)


def stop(machine: Server, *, force: bool) -> int:
    return run_wish(Wish.STOP, machine, force=force, timeout_s=10, as_json=False)


def start(machine: Server, *, force: bool) -> int:
    return run_wish(Wish.START, machine, force=force, timeout_s=10, as_json=False)


Verb = Callable[..., int]
IN_STANDBY = ALONE.replace('online="true" standby="false"', 'online="true" standby="true"')
MODE_ON = ALONE.replace('maintenance-mode="false"', 'maintenance-mode="true"')
# Each with what the cluster shows, look after look.
VERBS: dict[str, tuple[Verb, tuple[str, ...]]] = {
    "maintenance": (maintenance, (ALONE, ALONE, MODE_ON)),
    "standby": (standby, (ALONE,)),
    "online": (online, (IN_STANDBY,)),
    "stop-resources": (stop, (ALONE,)),
    "start-resources": (start, (STOPPED_ALONE,)),
}


@pytest.mark.parametrize("name", VERBS)
def test_refused_while_the_peer_may_be_serving(name: str, tmp_path: Path) -> None:
    verb, states = VERBS[name]
    head = LonelyHead(*states)
    with pytest.raises(NotReady) as refused:
        verb(server(head.start, tmp_path), force=False)
    (problem,) = refused.value.problems
    assert problem.code == "peer-out-of-sight"
    assert head.orders == []
    for language in ("en", "ru"):
        text = render(problem.message, language)  # type: ignore[arg-type]
        assert PEER in text
        assert "--force" in text


@pytest.mark.parametrize("name", VERBS)
def test_carried_out_by_force(name: str, tmp_path: Path) -> None:
    verb, states = VERBS[name]
    head = LonelyHead(*states)
    verb(server(head.start, tmp_path), force=True)
    assert head.orders


@pytest.mark.parametrize("name", VERBS)
def test_a_peer_that_is_down_for_certain_keeps_nobody_from_anything(name: str, tmp_path: Path) -> None:
    verb, states = VERBS[name]
    head = LonelyHead(*states, expected="down")
    verb(server(head.start, tmp_path), force=False)
    assert head.orders


@pytest.mark.parametrize("name", VERBS)
def test_the_arbiter_s_vote_says_that_the_peer_does_not_serve(name: str, tmp_path: Path) -> None:
    verb, states = VERBS[name]
    (tmp_path / "corosync.conf").write_text(ARBITER)
    head = LonelyHead(*states, votes=VOTES)
    verb(server(head.start, tmp_path), force=False)
    assert head.orders


def test_an_arbiter_that_does_not_answer_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "corosync.conf").write_text(ARBITER)
    head = LonelyHead(ALONE, votes=VOTES.replace("         0          1            Qdevice\n", ""))
    with pytest.raises(NotReady):
        maintenance(server(head.start, tmp_path), force=False)


def test_maintenance_ends_on_every_head(tmp_path: Path) -> None:
    head = LonelyHead(MODE_ON, MODE_ON, ALONE)
    order = Order(on=False)
    assert run_maintenance(order, server(head.start, tmp_path), yes=True, as_json=False) == ExitCode.OK


# -- verbs that reach both heads over the network ---------------------------------------------------------------


def heads(first: str, second: str) -> Fleet:
    """Two heads with these views; an empty one: Pacemaker does not run there."""
    servers = {}
    for name, view in zip(HEADS, (first, second), strict=True):
        machine = RecordedServer(name)
        machine.instead[key_of(VIEW)] = CommandResult(returncode=int(not view), stdout=view.encode())
        servers[name] = machine
    return Fleet(dict(servers), HERE)


OTHER_ALONE = ALONE.replace(HERE, "x").replace(PEER, HERE).replace('"x"', f'"{PEER}"')


def test_heads_that_run_apart_are_refused() -> None:
    with pytest.raises(NotReady) as refused:
        asyncio.run(require_heads_together(heads(ALONE, OTHER_ALONE), HEADS, force=False))
    assert [one.code for one in refused.value.problems] == ["heads-apart"]
    asyncio.run(require_heads_together(heads(ALONE, OTHER_ALONE), HEADS, force=True))


@pytest.mark.parametrize(
    ("first", "second"), [(recording("healthy-primary"),) * 2, (ALONE, ""), ("", "")], ids=range(3)
)
def test_heads_together_and_a_head_that_does_not_run_are_not(first: str, second: str) -> None:
    asyncio.run(require_heads_together(heads(first, second), HEADS, force=False))


def test_timeouts_are_not_changed_on_heads_that_run_apart(site: Installation) -> None:
    assert site.configure(*FIRST_RUN).code == ExitCode.OK
    for name, view in zip(HEADS, (ALONE, OTHER_ALONE), strict=True):
        site.servers[name].instead[key_of(VIEW)] = CommandResult(returncode=0, stdout=view.encode())
    refused = site.run("timeouts", "--token", "4000")
    assert refused.code == ExitCode.CONFIGURATION
    assert "[heads-apart]" in refused.err
