"""C14: what is done about media servers that left, on themselves and at the head that serves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_case import PROFILE, blueprint, facts, ip, settings

from live_cluster.model.facts import Role, ServerName
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.former_steps import former_steps
from live_cluster.plan.step import Step
from live_cluster.remote.requests import Command, CommandResult, FileState, RemoveFile, WriteFile
from live_cluster.render.hosts import hosts_file, hosts_file_of_former

GONE = ip("10.81.0.12")
FORMER = ServerName(name="10.81.0.12", address=GONE, role=Role.FORMER, number=0)
OTHERS = (
    ServerName(name="ivcs-main-1", address=ip("10.81.0.1"), role=Role.HEAD, number=1),
    ServerName(name="ivcs-media-1", address=GONE, role=Role.MEDIA, number=1),
)
PLAIN = "127.0.0.1\tlocalhost\n10.9.9.9\tprinter\n"
FRAGMENT = "/etc/iptables-config/ipv4/filter.d/0500-live-cluster"
NO_RULES = CommandResult(returncode=0, stdout=b"-P INPUT DROP\n")
OUR_RULES = CommandResult(
    returncode=0,
    stdout=b"-A INPUT -s 10.81.0.1/32 -p tcp -m tcp --dport 22 -m comment --comment live-cluster -j ACCEPT\n",
)


def said(text: str = "") -> CommandResult:
    return CommandResult(returncode=0, stdout=text.encode())


def plan(*former: ServerName) -> Blueprint:
    wish = replace(settings(), removed_media=(GONE,))
    return replace(blueprint(facts(configured=True), wish), former=former)


def by_code(*former: ServerName) -> dict[str, Step]:
    return {step.code: step for step in former_steps(plan(*former))}


def test_nobody_left_and_nothing_is_asked() -> None:
    assert former_steps(blueprint()) == ()


def test_one_that_cannot_be_reached_has_no_steps_of_its_own() -> None:
    assert set(by_code()) == {"sessions-ended"}


def test_its_hosts_file_keeps_its_own_name_and_what_others_wrote() -> None:
    step = by_code(FORMER)["file"]
    present = hosts_file(PLAIN, OTHERS).encode()
    (write,) = step.actions(
        (FileState(exists=True, content=present, mode=0o644, owner="root", group="root"),)
    )
    assert isinstance(write, WriteFile)
    assert write.content.decode() == f"{PLAIN}10.81.0.12\tivcs-media-1\n"
    assert write.set_aside
    assert step.check.holds((FileState(exists=True, content=write.content),))


def test_its_name_is_not_doubled() -> None:
    present = hosts_file(PLAIN, OTHERS) + "10.81.0.12\tivcs-media-1\n"
    assert hosts_file_of_former(present, GONE).count("ivcs-media-1") == 1
    assert hosts_file_of_former(PLAIN, GONE) == PLAIN


@pytest.mark.parametrize(
    ("exists", "rules", "holds"),
    [
        (True, OUR_RULES, False),
        (False, OUR_RULES, False),
        (False, NO_RULES, True),
        # Whatever the server has become meanwhile: where there is no packet filter, no rule is in force.
        (False, CommandResult(returncode=127), True),
    ],
)
def test_its_firewall_forgets_the_cluster(exists: bool, rules: CommandResult, *, holds: bool) -> None:
    step = by_code(FORMER)["file-absent"]
    replies = (FileState(exists=exists), rules)
    assert step.check.holds(replies) is holds
    kinds = [type(one) for one in step.actions(replies)]
    assert kinds == ([RemoveFile, Command] if exists else [Command])


def test_a_product_without_a_firewall_leaves_that_alone() -> None:
    without = replace(plan(FORMER), profile=PROFILE.model_copy(update={"firewall": None}))
    assert [step.code for step in former_steps(without)] == ["sessions-ended", "file"]


def test_its_sessions_end_with_database_and_files() -> None:
    step = by_code()["sessions-ended"]
    assert step.node == "ivcs-main-1"
    end, files = step.actions(())
    assert isinstance(end, Command)
    assert b"pg_terminate_backend(pid)" in end.stdin
    assert b"client_addr IN ('10.81.0.12')" in end.stdin
    assert isinstance(files, Command)
    assert files.argv == ("smbcontrol", "smbd", "kill-client-ip", "10.81.0.12")


@pytest.mark.parametrize(
    ("in_database", "in_files", "holds"),
    [
        (said("0\n"), said(), True),
        (said("1\n"), said(), False),
        (said("0\n"), said("0 0 10.81.0.101:445 10.81.0.12:4\n"), False),
        # No database runs here at the moment: nobody is connected to it.
        (CommandResult(returncode=2, stderr=b"no server"), said(), True),
    ],
)
def test_they_are_looked_for_where_they_are(
    in_database: CommandResult, in_files: CommandResult, *, holds: bool
) -> None:
    step = by_code()["sessions-ended"]
    asked, shared = step.check.requests
    assert isinstance(asked, Command)
    assert asked.stdin.startswith(b"SELECT count(*) FROM pg_stat_activity")
    assert str(shared).endswith("( sport = :445 ) and ( dst 10.81.0.12 )")
    assert step.check.holds((in_database, in_files)) is holds


def test_without_files_only_the_database_is_asked() -> None:
    without = replace(plan(), profile=PROFILE.model_copy(update={"filestorage": None, "samba": None}))
    (step,) = former_steps(without)
    assert len(step.check.requests) == 1
    assert len(step.actions(())) == 1
