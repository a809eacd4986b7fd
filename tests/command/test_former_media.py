"""C14: a media server that is removed keeps nothing of the cluster where it can be reached; no run needs it."""

from __future__ import annotations

import json
from ipaddress import IPv4Address

import pytest
from installation import FIRST_RUN, Finished, Installation

from live_cluster.access.login import Outcome
from live_cluster.commands import former_media
from live_cluster.errors import ExitCode, Problem, Unreachable, problem
from live_cluster.probes.head import question
from live_cluster.probes.node import ADDRESSES
from live_cluster.remote.requests import CommandResult, FileState
from recordings.configure.recorded import RecordedServer
from recordings.configure.recorder import key_of

MEDIA, ADDRESS = "ivcs-media-0", "10.81.0.11"
FRAGMENT = "/etc/iptables-config/ipv4/filter.d/0500-live-cluster"
IN_DATABASE = key_of(
    question(
        f"SELECT count(*) FROM pg_stat_activity WHERE client_addr IN ('{ADDRESS}');",
        database="postgres",
        port=5432,
    )
)
IN_FILES = f"run ss -H -n -t state established ( sport = :445 ) and ( dst {ADDRESS} )"
NOTHING = CommandResult(returncode=0)


@pytest.fixture
def configured(site: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """With a media server that is about to leave; nothing of it is connected at the moment."""
    assert site.configure(*FIRST_RUN).code == ExitCode.OK

    class Secret:
        fingerprint = "x"

    given: list[None] = []

    def find_secret(_: object) -> Secret:
        # Standard input, or somebody at a terminal, gives the passphrase once for each command.
        assert len(given) == site.connected
        given.append(None)
        return Secret()

    site.connected = 0
    monkeypatch.setattr("live_cluster.cli.run_cli.find_secret", find_secret)
    site.servers["ivcs-main-1"].instead |= {IN_DATABASE: NOTHING, IN_FILES: NOTHING}
    return site


def reachable(site: Installation, monkeypatch: pytest.MonkeyPatch) -> RecordedServer:
    """The removed server under its address, as the first run has left it."""
    former = site.servers.pop(MEDIA)
    former.name = ADDRESS
    former.instead["run iptables --wait --list-rules INPUT"] = NOTHING

    async def open_ssh(name: str, address: str, _credentials: object) -> RecordedServer:
        assert (name, address) == (ADDRESS, ADDRESS)
        return former

    monkeypatch.setattr(former_media, "open_ssh", open_ssh)
    return former


def removal(site: Installation) -> Finished:
    return site.configure("--json", "--dry-run", "--remove-media-node", ADDRESS)


def steps_of(done: Finished) -> list[tuple[str, str]]:
    return [(one["node"], one["code"]) for one in done.document["steps"]]


def test_it_is_cleaned_up_last(configured: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    reachable(configured, monkeypatch)
    done = removal(configured)
    assert (done.code, done.document["problems"]) == (ExitCode.OK, [])
    assert steps_of(done)[-2:] == [(ADDRESS, "file"), (ADDRESS, "file-absent")]


def test_nothing_is_done_there_again(configured: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    former = reachable(configured, monkeypatch)
    former.instead["read /etc/hosts"] = FileState(exists=True, content=b"127.0.0.1 localhost\n")
    former.instead[f"read {FRAGMENT}"] = FileState(exists=False)
    assert not [node for node, _ in steps_of(removal(configured)) if node == ADDRESS]


def test_what_it_has_open_at_the_primary_is_ended(
    configured: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    reachable(configured, monkeypatch)
    assert ("ivcs-main-1", "sessions-ended") not in steps_of(removal(configured))
    configured.servers["ivcs-main-1"].instead[IN_DATABASE] = CommandResult(returncode=0, stdout=b"1\n")
    assert ("ivcs-main-1", "sessions-ended") in steps_of(removal(configured))


def test_one_that_is_off_does_not_hinder_the_run(
    configured: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def open_ssh(name: str, address: str, _credentials: object) -> RecordedServer:
        raise Unreachable(problem("server-unreachable", node=name, address=address, reason="no route"))

    async def explain(node: str, address: str, _credentials: object, **_: str) -> Problem:
        return problem(
            Outcome.OFF.value, node=node, address=IPv4Address(address), detail="no answer", own="x"
        )

    monkeypatch.setattr(former_media, "open_ssh", open_ssh)
    monkeypatch.setattr(former_media, "explain_refusal", explain)
    configured.servers.pop(MEDIA)
    done = removal(configured)
    assert done.code == ExitCode.OK
    assert [(one["code"], one["node"]) for one in done.document["problems"]] == [
        ("media-server-left", ADDRESS)
    ]
    assert "/etc/hosts" in done.document["problems"][0]["message"]
    assert ("ivcs-main-1", "application-settings") in steps_of(done)


def test_a_server_that_only_changed_its_address_is_left_alone(
    configured: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = reachable(configured, monkeypatch)
    answer = json.dumps(
        [
            {"ifname": "bond0", "flags": [], "addr_info": [{"family": "inet", "local": one, "prefixlen": 24}]}
            for one in (ADDRESS, "10.81.0.2")
        ]
    )
    former.instead[key_of(ADDRESSES)] = CommandResult(returncode=0, stdout=answer.encode())
    done = removal(configured)
    assert done.code == ExitCode.OK, done.err
    assert not [node for node, _ in steps_of(done) if node == ADDRESS]
    assert former.is_closed
