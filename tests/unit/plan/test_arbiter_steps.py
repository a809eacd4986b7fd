"""D3: the third vote is set up, found in order, moved and given up again."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from plan_case import blueprint, facts, settings, with_head

from live_cluster.access.arbiter_identity import new_identity
from live_cluster.model import service_secrets
from live_cluster.model.facts import ArbiterFacts, Role
from live_cluster.plan.arbiter_steps import CLIENT, DAEMON, arbiter_steps, farewell_steps, vote_steps
from live_cluster.plan.blueprint import ARBITER_NAME, Blueprint
from live_cluster.plan.build import stages, timeout_stages
from live_cluster.plan.step import Step
from live_cluster.probes.arbiter import clients_of, plain_pem
from live_cluster.remote.requests import Command, CommandResult, FileState

MEDIA = "10.81.0.11"
OWN = "10.81.0.50"
FIRST, SECOND, ON_MEDIA = "ivcs-main-1", "ivcs-main-2", "ivcs-media-0"
IDENTITY = new_identity("live-cluster")
QNETD_LIST = """\
Cluster "live-cluster":
    Algorithm:\t\tFifty-Fifty split (KAP Tie-breaker)
    Node ID 1:
        Client address:\t\t::ffff:10.81.0.1:35298
    Node ID 2:
        Client address:\t\t10.81.0.2:34946
Cluster "another":
    Node ID 1:
        Client address:\t\t::ffff:192.0.2.7:34946
"""
VOTES = """\
Votequorum information
----------------------
Expected votes:   3
Highest expected: 3
Total votes:      {total}
Quorum:           2
Flags:            Quorate Qdevice

Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         1          1    A,V,NMW ivcs-main-1 (local)
         2          1    A,V,NMW ivcs-main-2
         0          {votes}            Qdevice
"""


def with_arbiter(address: str = MEDIA, *, former: str = "") -> Blueprint:
    seen = facts(configured=True)
    if former:
        conf = seen.heads[0].corosync_conf.replace(
            "two_node: 1", f"device {{\n  net {{\n    host: {former}\n  }}\n}}"
        )
        seen = with_head(with_head(seen, 1, corosync_conf=conf), 2, corosync_conf=conf)
    if not address:
        return blueprint(seen)
    node = seen.media[0]
    if address != MEDIA:
        node = replace(node, server=replace(node.server, name=ARBITER_NAME, role=Role.ARBITER))
    found = replace(seen, arbiter=ArbiterFacts(node=node, certificate="QNET CA"))
    plan = blueprint(found, settings(arbiter_ip=address))
    return replace(plan, secrets=replace(plan.secrets, arbiter=IDENTITY))


def codes(plan: Blueprint) -> list[tuple[str, str]]:
    """Server and code of what concerns the arbiter, in order."""
    steps = [step for stage in stages(plan) for step in stage.steps]
    return [(one.node, one.code) for one in steps if one.code.startswith("arbiter-")]


def test_a_media_server_becomes_the_arbiter() -> None:
    assert codes(with_arbiter()) == [
        (ON_MEDIA, "arbiter-knows-heads"),
        (ON_MEDIA, "arbiter-running"),
        (FIRST, "arbiter-certificates"),
        (SECOND, "arbiter-certificates"),
        (FIRST, "arbiter-votes"),
        (SECOND, "arbiter-votes"),
    ]


def test_without_one_there_is_nothing_to_do_for_it() -> None:
    assert codes(with_arbiter("")) == []


def test_a_server_of_its_own_keeps_its_name() -> None:
    plan = with_arbiter(OWN)
    own = {step.code for stage in stages(plan) for step in stage.steps if step.node == ARBITER_NAME}
    assert own == {"arbiter-knows-heads", "arbiter-running", "file"}
    hosts = [
        step
        for stage in stages(plan)
        for step in stage.steps
        if dict(step.title.fields).get("path") == "/etc/hosts"
    ]
    (written, *_) = hosts[0].actions((FileState(exists=False),))
    assert ARBITER_NAME not in getattr(written, "content", b"").decode()


def test_an_arbiter_that_moves_is_left_first() -> None:
    found = codes(with_arbiter(OWN, former=MEDIA))
    assert found.index((ON_MEDIA, "arbiter-retired")) < found.index((FIRST, "arbiter-votes"))
    assert (FIRST, "arbiter-left") not in found, "the heads go on asking, only somebody else"


def test_whoever_reads_settings_at_its_start_only_is_started_after_each_change() -> None:
    """Its own check would still hold before the first step of a run that moves the arbiter or renews the keys."""
    steps = [step for stage in stages(with_arbiter(OWN, former=MEDIA)) for step in stage.steps]
    by_code = {(one.node, one.code, one.title.fields): one for one in steps}
    for node, code, causes in (
        (FIRST, "arbiter-votes", {"/etc/corosync/corosync.conf", "arbiter-certificates"}),
        (ARBITER_NAME, "arbiter-running", {"arbiter-knows-heads"}),
    ):
        (follower,) = (one for one in steps if (one.node, one.code) == (node, code))
        earlier = {
            dict(one.title.fields).get("path", one.code)
            for one in by_code.values()
            for check in follower.follows
            if one.node == node and one.check.requests == check.requests
        }
        assert earlier == causes


def test_an_arbiter_that_is_given_up_is_left_before_the_files_forget_it() -> None:
    plan = with_arbiter("", former=MEDIA)
    assert codes(plan) == [
        (FIRST, "arbiter-left"),
        (SECOND, "arbiter-left"),
        (ON_MEDIA, "arbiter-retired"),
    ]
    every = [step for stage in stages(plan) for step in stage.steps]
    conf = next(one for one in every if dict(one.title.fields).get("path") == "/etc/corosync/corosync.conf")
    assert every.index(conf) > max(every.index(one) for one in every if one.code.startswith("arbiter-"))


def test_new_time_outs_reach_the_arbiter_s_client_too() -> None:
    last = [step.code for stage in timeout_stages(with_arbiter()) for step in stage.steps]
    assert last.count("arbiter-votes") == 2


def unit(active: str = "active", since: str = "12:00:05") -> CommandResult:
    stamp = f"Sun 2026-11-22 {since}.000000 UTC"
    return CommandResult(
        returncode=0,
        stdout=f"ActiveState={active}\nUnitFileState=enabled\nActiveEnterTimestamp={stamp}\n".encode(),
    )


@pytest.mark.parametrize(
    ("state", "is_forgotten", "holds"),
    [("inactive", True, True), ("failed", True, True), ("active", True, False), ("inactive", False, False)],
)
def test_what_is_left_neither_runs_nor_knows_the_other_side(
    state: str, *, is_forgotten: bool, holds: bool
) -> None:
    head, _, daemon = farewell_steps(with_arbiter("", former=MEDIA))
    down = CommandResult(returncode=0, stdout=f"ActiveState={state}\nUnitFileState=disabled\n".encode())
    assert head.check.holds((down, FileState(exists=not is_forgotten))) is holds
    assert daemon.check.holds((down, CommandResult(returncode=255 if is_forgotten else 0))) is holds
    assert not head.check.holds((unit("inactive"), FileState(exists=False))), "it would come back at boot"


def file_at(seconds: float) -> FileState:
    return FileState(exists=True, mtime=1795348800 + seconds)


def votes(number: int) -> CommandResult:
    text = VOTES.format(total=2 + number, votes=number)
    return CommandResult(returncode=0, stdout=text.encode())


def vote_step() -> Step:
    return vote_steps(with_arbiter())[0]


@pytest.mark.parametrize(
    ("state", "vote", "conf_s", "certificates_s", "holds"),
    [
        ("active", 1, 0.0, 0.0, True),
        ("active", 0, 0.0, 0.0, False),
        ("inactive", 1, 0.0, 0.0, False),
        ("active", 1, 9.0, 0.0, False),
        ("active", 1, 0.0, 9.0, False),
    ],
)
def test_the_client_votes_with_the_settings_of_now(
    state: str, vote: int, conf_s: float, certificates_s: float, *, holds: bool
) -> None:
    replies = (unit(state), votes(vote), file_at(conf_s), file_at(certificates_s))
    assert vote_step().check.holds(replies) is holds


@pytest.mark.parametrize(("changed", "holds"), [("1795348800.5", True), ("1795348809.5", False)])
def test_the_daemon_runs_with_what_it_was_told(changed: str, *, holds: bool) -> None:
    step = arbiter_steps(with_arbiter())[1]
    replies = (unit(), CommandResult(returncode=0, stdout=changed.encode()))
    assert step.check.holds(replies) is holds


def test_what_is_secret_stands_in_no_command() -> None:
    every = [
        step for stage in stages(with_arbiter()) for step in stage.steps if step.code.startswith("arbiter-")
    ]
    actions = [action for step in every for action in step.actions(()) if isinstance(action, Command)]
    words = {word for action in actions for word in action.argv}
    assert {DAEMON, CLIENT} <= words
    assert not any("BEGIN" in word or "PRIVATE" in word for word in words)


def test_the_identity_outlives_its_file() -> None:
    secrets = replace(service_secrets.generate(), arbiter=IDENTITY)
    assert service_secrets.parse(secrets.to_toml()) == secrets
    tomllib.loads(secrets.to_toml())
    cut_off = secrets.to_toml().replace("arbiter-certificate", "something-else")
    found = service_secrets.parse(cut_off)
    assert found is not None
    assert found.arbiter is None


def test_every_cluster_has_an_identity_of_its_own() -> None:
    assert new_identity("live-cluster").authority != IDENTITY.authority


def test_strangers_are_found_among_the_arbiter_s_clients() -> None:
    assert [str(one) for one in clients_of(QNETD_LIST, "live-cluster")] == ["10.81.0.1", "10.81.0.2"]
    assert clients_of("", "live-cluster") == ()


def test_certificates_are_compared_without_line_ends() -> None:
    assert plain_pem("A\r\nB\r\n") == plain_pem("A\nB")
