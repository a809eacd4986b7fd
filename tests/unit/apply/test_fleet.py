"""All servers of a run: who is reached, who holds the lock, what is noted."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

import pytest
from apply_case import OK, ScriptedServer

from live_cluster.apply import fleet
from live_cluster.apply.fleet import Fleet, connect
from live_cluster.apply.run_lock import LOCK
from live_cluster.errors import Busy, CommandFailed, LiveClusterError, Unreachable, problem
from live_cluster.model.facts import Role, ServerName
from live_cluster.remote.executor import Server
from live_cluster.remote.requests import Command, Done, HoldLock, ReadFile, Refused, Reply, Request, WriteFile
from live_cluster.remote.ssh import Credentials

NAMES = (
    ServerName(name="a", address=IPv4Address("192.0.2.1"), role=Role.HEAD, number=1),
    ServerName(name="b", address=IPv4Address("192.0.2.2"), role=Role.HEAD, number=2),
    ServerName(name="m", address=IPv4Address("192.0.2.11"), role=Role.MEDIA, number=0),
)
NOTE = HoldLock(path=LOCK, note="root, now")
CREDENTIALS = Credentials(private_key=b"", certificate=b"", known_hosts="")


def locking(**answers: Reply) -> LiveClusterError | None:
    servers: dict[str, Server] = {
        name: ScriptedServer(name, {NOTE: [reply]}) for name, reply in answers.items()
    }
    try:
        asyncio.run(Fleet(servers, "a").lock(tuple(answers), "root, now"))
    except LiveClusterError as error:
        return error
    return None


def test_the_lock_is_taken_on_every_head() -> None:
    assert locking(a=Done(), b=Done()) is None


def test_a_lock_that_another_run_holds_is_refused_with_its_holder() -> None:
    error = locking(a=Done(), b=Refused(reason="locked", held_by="anna, 12:00"))
    assert isinstance(error, Busy)
    (found,) = error.problems
    assert (found.code, found.node, found.message.field("holder")) == ("run-in-progress", "b", "anna, 12:00")


def test_a_lock_that_cannot_be_made_is_no_other_run() -> None:
    error = locking(a=Refused(reason="Read-only file system"))
    assert isinstance(error, CommandFailed)
    assert error.problems[0].code == "file-failed"


def test_what_changes_is_noted_without_contents_and_inputs() -> None:
    secret = b"secret"
    requests: list[Request] = [
        Command(argv=("smbpasswd", "-a", "ivcs"), stdin=secret, changes_node=True),
        WriteFile(path="/etc/x", content=secret),
        Command(argv=("cat", "/etc/x")),
        ReadFile(path="/etc/x"),
    ]
    server = ScriptedServer("a", {request: [OK] for request in requests})
    connected = Fleet({"a": server}, "a")
    asyncio.run(server.ask_all(requests))
    assert [line.partition(" ")[2] for line in connected.transcript] == [
        "a: smbpasswd -a ivcs -> 0",
        "a: write /etc/x -> done",
    ]


class Reached:
    """Instead of real connections: who is asked for, and who does not answer."""

    def __init__(self, *, here: str = "192.0.2.1", silent: tuple[str, ...] = ()) -> None:
        self.here = here
        self.silent = silent
        self.opened: dict[str, str] = {}
        self.closed: list[str] = []

    async def own_addresses(self) -> frozenset[IPv4Address]:
        return frozenset({IPv4Address(self.here), IPv4Address("198.51.100.7")})

    async def open_local(self, name: str) -> Server:
        return self._open(name, "local")

    async def open_ssh(self, name: str, address: str, _credentials: Credentials) -> Server:
        if name in self.silent:
            raise Unreachable(problem("server-silent", node=name, address=address))
        if name == "broken":
            raise ZeroDivisionError
        return self._open(name, address)

    def _open(self, name: str, how: str) -> Server:
        self.opened[name] = how
        server = ScriptedServer(name, {})

        async def close() -> None:
            self.closed.append(name)

        server.close = close  # type: ignore[method-assign]
        return server


def connected(
    monkeypatch: pytest.MonkeyPatch, reached: Reached, names: tuple[ServerName, ...] = NAMES
) -> Fleet:
    for name in ("own_addresses", "open_local", "open_ssh"):
        monkeypatch.setattr(fleet, name, getattr(reached, name))
    return asyncio.run(connect(names, CREDENTIALS))


def test_our_own_head_needs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = Reached(here="192.0.2.2")
    assert connected(monkeypatch, reached).local == "b"
    assert reached.opened == {"a": "192.0.2.1", "b": "local", "m": "192.0.2.11"}


@pytest.mark.parametrize("here", ["192.0.2.77", "192.0.2.11"])
def test_the_run_begins_on_a_head(monkeypatch: pytest.MonkeyPatch, here: str) -> None:
    with pytest.raises(Unreachable) as raised:
        connected(monkeypatch, Reached(here=here))
    assert raised.value.problems[0].code == "not-on-a-head"


def test_every_silent_server_is_named_and_the_others_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = Reached(silent=("b", "m"))
    with pytest.raises(Unreachable) as raised:
        connected(monkeypatch, reached)
    assert [one.node for one in raised.value.problems] == ["b", "m"]
    assert reached.closed == ["a"]


def test_a_mistake_of_ours_is_not_taken_for_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ServerName(name="broken", address=IPv4Address("192.0.2.12"), role=Role.MEDIA, number=1)
    reached = Reached(silent=("m",))
    with pytest.raises(ZeroDivisionError):
        connected(monkeypatch, reached, (*NAMES, broken))
    assert sorted(reached.closed) == ["a", "b"]
