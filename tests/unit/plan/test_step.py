"""What "done" means, and which steps belong into a plan."""

from __future__ import annotations

from dataclasses import replace

from live_cluster.messages import message
from live_cluster.plan.file_steps import Edit, absent_step, edit_step, file_step, followed_by
from live_cluster.plan.step import (
    Check,
    Impact,
    Plan,
    Stage,
    Step,
    always,
    both,
    command_check,
    file_check,
    is_done,
    outstanding,
    requests_of,
)
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    Done,
    FileState,
    ReadFile,
    Refused,
    RemoveFile,
    Reply,
    Request,
    WriteFile,
)

TITLE = message("step-cib")
ASK = Command(argv=("ask",))
DO = Command(argv=("do",), changes_node=True)
YES, NO = CommandResult(returncode=0), CommandResult(returncode=1)
CONF = WriteFile(path="/etc/app.conf", content=b"new\n", set_aside="/aside")
READ = ReadFile(path="/etc/app.conf")
AS_WANTED = FileState(exists=True, content=b"new\n", mode=0o644, owner="root", group="root")


def step(node: str = "a", impact: Impact = Impact.NONE, *, foreseen: bool = False) -> Step:
    check = command_check(ASK, lambda result: result.ok)
    return Step(
        code="x", node=node, title=TITLE, impact=impact, actions=always(DO), check=check, foreseen=foreseen
    )


def stage(*steps: Step) -> Stage:
    return Stage(title=TITLE, steps=steps)


def test_the_plan_holds_what_is_not_done() -> None:
    stages = (stage(step("a"), step("b")), stage(step("a")))
    plan = outstanding(stages, {("a", ASK): YES, ("b", ASK): NO})
    assert [one.node for one in plan.steps] == ["b"]
    assert len(plan.stages) == 1


def test_what_earlier_steps_will_undo_is_foreseen() -> None:
    assert outstanding((stage(step(foreseen=True)),), {("a", ASK): YES}).steps


def test_a_step_follows_earlier_ones_that_undo_it() -> None:
    follower = replace(step(), follows=(file_check(CONF),))
    assert requests_of((stage(follower),)) == {"a": (ASK, READ)}
    unchanged, changed = {("a", READ): AS_WANTED}, {("a", READ): FileState(exists=False)}
    for seen, count in ((unchanged, 0), (changed, 1)):
        observed: dict[tuple[str, Request], Reply] = {("a", ASK): YES, **seen}
        assert len(outstanding((stage(follower),), observed).steps) == count


def test_an_executors_refusal_is_never_done() -> None:
    refused = {("a", ASK): Refused(reason="no"), ("a", READ): Refused(reason="Permission denied")}
    assert not is_done(step(), refused)
    assert not is_done(file_step("a", CONF), refused)
    assert not is_done(absent_step("a", CONF.path), refused)


def test_the_impact_of_a_plan_is_the_worst_of_its_steps() -> None:
    steps = (step(impact=Impact.RELOAD), step(impact=Impact.OUTAGE), step(impact=Impact.RESTART))
    assert Plan(stages=(stage(*steps),)).impact is Impact.OUTAGE
    assert Plan(stages=()).impact is Impact.NONE


def test_every_request_is_made_once_on_each_server() -> None:
    stages = (stage(step("a"), file_step("a", CONF)), stage(step("a"), step("b")))
    assert requests_of(stages) == {"a": (ASK, READ), "b": (ASK,)}


def test_a_file_is_right_with_content_mode_and_owner() -> None:
    check = file_check(CONF)
    assert check.holds((AS_WANTED,))
    for other in (
        FileState(exists=False),
        FileState(exists=True, content=b"old\n", mode=0o644, owner="root", group="root"),
        FileState(exists=True, content=b"new\n", mode=0o600, owner="root", group="root"),
        FileState(exists=True, content=b"new\n", mode=0o644, owner="app", group="root"),
        FileState(exists=True, content=b"new\n", mode=0o644, owner="root", group="app"),
        Refused(reason="Permission denied"),
    ):
        assert not check.holds((other,))


def test_a_file_that_must_not_be_there() -> None:
    gone = absent_step("a", "/etc/old.conf", set_aside="/aside")
    assert is_done(gone, {("a", ReadFile(path="/etc/old.conf")): FileState(exists=False)})
    assert not is_done(gone, {("a", ReadFile(path="/etc/old.conf")): AS_WANTED})
    assert gone.actions(()) == (RemoveFile(path="/etc/old.conf", set_aside="/aside"),)


def test_a_preview_is_a_difference() -> None:
    present = FileState(exists=True, content=b"old\n", mode=0o644)
    (planned,) = outstanding((stage(file_step("a", CONF)),), {("a", READ): present}).steps
    assert planned.preview.splitlines()[-2:] == ["-old", "+new"]


def test_a_preview_does_not_show_what_others_must_not_read() -> None:
    secret = WriteFile(path="/etc/secret", content=b"new secret\n", mode=0o600)
    was_secret = WriteFile(path="/etc/secret", content=b"new\n", mode=0o644)
    present = FileState(exists=True, content=b"old secret\n", mode=0o640)
    for wanted in (secret, was_secret):
        seen = {("a", ReadFile(path="/etc/secret")): present}
        (planned,) = outstanding((stage(file_step("a", wanted)),), seen).steps
        assert planned.preview == "/etc/secret\n"


def test_our_part_of_a_file_leaves_owner_mode_and_every_other_byte() -> None:
    edit = Edit(path="/etc/app.conf", change=lambda text: text + "ours\n", set_aside="/aside", mode=0o640)
    present = FileState(exists=True, content=b"caf\xe9\r\n", mode=0o604, owner="app", group="web")
    (written,) = edit_step("a", edit).actions((present,))
    assert written == WriteFile(
        path="/etc/app.conf",
        content=b"caf\xe9\r\nours\n",
        mode=0o604,
        owner="app",
        group="web",
        set_aside="/aside",
    )
    (new,) = edit_step("a", edit).actions((FileState(exists=False),))
    assert isinstance(new, WriteFile)
    assert (new.content, new.mode, new.owner) == (b"ours\n", 0o640, "root")


def test_our_part_is_done_when_there_is_nothing_to_change() -> None:
    edit = Edit(path="/etc/app.conf", change=lambda text: text.replace("old", "new"), set_aside="")
    assert is_done(edit_step("a", edit), {("a", READ): AS_WANTED})
    old = FileState(exists=True, content=b"old\n")
    assert not is_done(edit_step("a", edit), {("a", READ): old})
    assert not is_done(edit_step("a", edit), {("a", READ): FileState(exists=False)})
    (planned,) = outstanding((stage(edit_step("a", edit)),), {("a", READ): old}).steps
    assert planned.preview == "/etc/app.conf\n"


def test_who_reads_a_file_is_told_although_the_file_is_right() -> None:
    follow = command_check(ASK, lambda result: result.ok)
    told = followed_by(file_step("a", CONF), follow, DO, impact=Impact.RELOAD)
    assert told.impact is Impact.RELOAD
    assert is_done(told, {("a", READ): AS_WANTED, ("a", ASK): YES})
    assert not is_done(told, {("a", READ): AS_WANTED, ("a", ASK): NO})
    # An interrupted run has written the file and told nobody.
    assert told.actions((AS_WANTED, NO)) == (DO,)
    assert told.actions((FileState(exists=False), YES)) == (CONF, DO)


def test_two_checks_together() -> None:
    first, second = command_check(ASK, lambda result: result.ok), file_check(CONF)
    together = both(first, second)
    assert together.requests == (ASK, READ)
    assert together.holds((YES, AS_WANTED))
    assert not together.holds((NO, AS_WANTED))
    assert not together.holds((YES, FileState(exists=False)))


def test_a_check_of_a_command_wants_a_commands_result() -> None:
    assert not command_check(ASK, lambda _: True).holds((Done(),))
    assert Check(requests=(), holds=lambda _: True).missing is None
