"""How a plan is carried out: checked before and after, stopped at the first failure."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from apply_case import FAILED, OK, TITLE, ScriptedServer, ask, carried_out, do, plan, step, undone

from live_cluster.apply import run as run_module
from live_cluster.apply.run import StepState
from live_cluster.errors import CommandFailed, ConditionNotMet, Unreachable, problem
from live_cluster.messages import Message
from live_cluster.plan.file_steps import file_step
from live_cluster.plan.step import GivesUp, Measure, Step
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    Done,
    FileState,
    ReadFile,
    Refused,
    Reply,
    Request,
    WriteFile,
)


def states(results: list[object]) -> list[str]:
    return [f"{one.step.code} {one.step.node} {one.state.value}" for one in results]  # type: ignore[attr-defined]


def fields_of(error: BaseException | None) -> dict[str, object]:
    assert isinstance(error, CommandFailed | ConditionNotMet), error
    return dict(error.problems[0].message.fields)


def test_a_step_that_is_not_done_is_carried_out_and_looked_at_again() -> None:
    server = ScriptedServer("a", undone("x"))
    run, notes, error = carried_out(plan((step("x"),)), server)
    assert error is None
    assert server.asked == [ask("x"), do("x"), ask("x")]
    assert notes.lines == ["stage step-cib", "began x a", "changed x a"]
    assert run.results[0].state is StepState.CHANGED


def test_a_step_that_is_done_by_now_is_left_alone() -> None:
    server = ScriptedServer("a", {ask("x"): [OK]})
    run, _, _ = carried_out(plan((step("x"),)), server)
    assert server.asked == [ask("x")]
    assert run.results[0].state is StepState.UNCHANGED


def test_a_failing_command_ends_the_run_with_its_own_words() -> None:
    server = ScriptedServer("a", undone("x", "y", "z") | {do("y"): [FAILED]})
    work = plan((step("x"), step("y"), step("z")), (step("later"),))
    run, _, error = carried_out(work, server)
    assert isinstance(error, CommandFailed)
    assert fields_of(error) | {"option": ""} == {
        "node": "a",
        "option": "",
        "command": "do y",
        "exit_code": 1,
        "output": "it broke",
    }
    assert states(run.results + run.unreached(work)) == [
        "x a changed",
        "y a failed",
        "z a not-reached",
        "later a not-reached",
    ]


def test_exit_codes_that_are_expected_are_no_failure() -> None:
    action = Command(argv=("diff",), accepts=(1,))
    work = plan((replace(step("x"), actions=lambda _: (action, do("x"))),))
    assert carried_out(work, ScriptedServer("a", undone("x") | {action: [FAILED]}))[2] is None
    assert isinstance(carried_out(work, ScriptedServer("a", undone("x") | {action: [OK]}))[2], CommandFailed)


def test_an_exit_code_that_the_step_tolerates_is_no_failure() -> None:
    server = ScriptedServer("a", undone("x") | {do("x"): [FAILED]})
    work = plan((replace(step("x"), tolerates=lambda action, reply: action == do("x") and reply == FAILED),))
    assert carried_out(work, server)[2] is None


def test_a_file_that_cannot_be_written_is_named() -> None:
    wanted = WriteFile(path="/etc/x", content=b"x")
    answers = {ReadFile(path="/etc/x"): [FileState(exists=False)], wanted: [Refused(reason="No space left")]}
    _, _, error = carried_out(plan((file_step("a", wanted),)), ScriptedServer("a", answers))
    assert isinstance(error, CommandFailed)
    assert error.problems[0].code == "file-failed"
    assert fields_of(error)["reason"] == "No space left"
    assert fields_of(error)["path"] == "/etc/x"


def test_output_goes_into_the_next_command_like_in_a_pipe() -> None:
    first = Command(argv=("first",))
    second = Command(argv=("second",), input_from_previous=True, changes_node=True)
    fed = replace(second, stdin=b"patch")
    answers = undone("x") | {first: [CommandResult(returncode=0, stdout=b"patch")], fed: [OK]}
    server = ScriptedServer("a", answers)
    _, _, error = carried_out(plan((replace(step("x"), actions=lambda _: (first, second)),)), server)
    assert error is None
    assert fed in server.asked


def test_actions_follow_from_what_was_seen_right_before() -> None:
    seen: list[object] = []

    def actions(replies: tuple[object, ...]) -> tuple[Request, ...]:
        seen.extend(replies)
        return (do("x"),)

    carried_out(plan((replace(step("x"), actions=actions),)), ScriptedServer("a", undone("x")))
    assert seen == [FAILED]


def test_an_effect_may_take_its_time() -> None:
    server = ScriptedServer("a", undone("x") | {ask("x"): [FAILED] * 20 + [OK]})
    run, _, error = carried_out(plan((step("x", deadline_s=60),)), server)
    assert error is None
    assert len(server.asked) == 22
    assert run.results[0].state is StepState.CHANGED


def test_an_effect_that_does_not_show_in_time_is_told_with_the_last_words() -> None:
    server = ScriptedServer("a", undone("x") | {ask("x"): [FAILED]})
    _, _, error = carried_out(plan((step("x", deadline_s=60),)), server)
    assert isinstance(error, ConditionNotMet)
    found = fields_of(error)
    assert (found["node"], found["step"], found["seconds"]) == ("a", TITLE, 60)
    assert found["seen"] == "it broke"


def test_a_check_may_have_words_of_its_own_for_what_is_missing() -> None:
    base = step("x", deadline_s=1)
    worded = replace(base, check=replace(base.check, missing=lambda replies: f"{len(replies)} answers"))
    _, _, error = carried_out(plan((worded,)), ScriptedServer("a", undone("x") | {ask("x"): [FAILED]}))
    assert fields_of(error)["seen"] == "1 answers"


def test_an_effect_without_deadline_has_to_be_there_at_once() -> None:
    server = ScriptedServer("a", undone("x") | {ask("x"): [FAILED, FAILED, OK]})
    assert isinstance(carried_out(plan((step("x"),)), server)[2], ConditionNotMet)


def test_servers_work_side_by_side_and_meet_at_the_barrier() -> None:
    servers = [ScriptedServer(name, undone("x", "y", "z")) for name in ("a", "b")]
    work = plan(
        (step("x", "a"), step("y", "a"), step("x", "b")),
        (step("z", "a"), step("z", "b")),
    )
    _, notes, error = carried_out(work, *servers)
    assert error is None
    assert notes.lines.index("began x b") < notes.lines.index("changed x a")
    barrier = [n for n, line in enumerate(notes.lines) if line.startswith("stage")][1]
    assert {"changed y a", "changed x b"} <= set(notes.lines[:barrier])


def test_after_a_failure_other_servers_end_their_step_and_begin_no_other() -> None:
    a = ScriptedServer("a", undone("x") | {do("x"): [FAILED]})
    b = ScriptedServer("b", undone("long", "next") | {ask("long"): [FAILED] * 20 + [OK]})
    work = plan((step("x", "a"), step("long", "b", deadline_s=60), step("next", "b")))
    run, _, error = carried_out(work, a, b)
    assert isinstance(error, CommandFailed)
    assert states(run.results + run.unreached(work)) == ["x a failed", "long b changed", "next b not-reached"]


def test_all_failures_are_told_together() -> None:
    servers = [ScriptedServer(name, undone("x") | {do("x"): [FAILED]}) for name in ("a", "b")]
    _, _, error = carried_out(plan((step("x", "a"), step("x", "b"))), *servers)
    assert isinstance(error, CommandFailed)
    assert sorted(one.node for one in error.problems) == ["a", "b"]


def test_a_lost_connection_ends_the_run() -> None:
    def lost(request: Request) -> None:
        if request == do("x"):
            raise Unreachable(problem("connection-lost", node="a", reason="reset"))

    server = ScriptedServer("a", undone("x"))
    server.before = lost
    run, _, error = carried_out(plan((step("x"), step("y"))), server)
    assert isinstance(error, Unreachable)
    assert states(run.results) == ["x a failed"]


def test_a_mistake_of_ours_is_not_swallowed_and_stops_everybody() -> None:
    def broken(_replies: object) -> tuple[Request, ...]:
        raise ZeroDivisionError

    a, b = ScriptedServer("a", undone("x")), ScriptedServer("b", undone("long", "next"))
    b.answers[ask("long")] = [FAILED] * 20 + [OK]
    work = plan(
        (replace(step("x", "a"), actions=broken), step("long", "b", deadline_s=60), step("next", "b"))
    )
    run, _, error = carried_out(work, a, b)
    assert isinstance(error, ZeroDivisionError)
    assert states(run.results) == ["x a failed", "long b changed"]


def test_an_interruption_ends_the_step_as_failed() -> None:
    def interrupt(_request: Request) -> None:
        raise asyncio.CancelledError

    server = ScriptedServer("a", undone("x"))
    server.before = interrupt
    run, _, error = carried_out(plan((step("x"), step("y"))), server)
    assert isinstance(error, asyncio.CancelledError)
    assert states(run.results) == ["x a failed"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b'{"state": "copying", "bytes_done": 1048576, "bytes_total": 4194304}',
            "copying the primary's data, 25 % (4 MiB)",
        ),
        (b'{"state": "waiting", "bytes_done": null, "bytes_total": null}', "waiting for the primary"),
        (b'{"state": "rewinding"}', "rewinding its data"),
        (b'{"state": "news"}', ""),
        (b"{", ""),
        (b"[]", ""),
        (b"[1]", ""),
        (b"", ""),
    ],
)
def test_a_long_step_says_how_far_it_is(content: bytes, words: str) -> None:
    watched = ReadFile(path="/progress.json")
    answers = undone("x") | {
        ask("x"): [FAILED, FAILED, OK],
        watched: [FileState(exists=True, content=content)],
    }
    _, notes, error = carried_out(
        plan((step("x", deadline_s=60, watches="/progress.json"),)), ScriptedServer("a", answers)
    )
    assert error is None
    assert f"x a: {words}" in notes.lines


def test_nothing_to_watch_yet_is_no_news() -> None:
    watched = ReadFile(path="/progress.json")
    for reply in (FileState(exists=False), Refused(reason="I/O error"), Done()):
        answers = undone("x") | {ask("x"): [FAILED, FAILED, OK], watched: [reply]}
        work = plan((step("x", deadline_s=60, watches="/progress.json"),))
        assert "x a: " in carried_out(work, ScriptedServer("a", answers))[1].lines


def test_steps_are_told_by_identity_not_by_their_looks() -> None:
    twice: tuple[Step, Step] = (step("x"), step("x"))
    server = ScriptedServer("a", undone("x") | {do("x"): [FAILED]})
    work = plan(twice)
    run, _, _ = carried_out(work, server)
    assert [one.state for one in run.unreached(work)] == [StepState.NOT_REACHED]
    assert isinstance(twice[0].title, Message)


def undo(name: str) -> Command:
    return Command(argv=("undo", name), changes_node=True)


def test_a_step_that_fails_is_undone_as_far_as_it_can_be() -> None:
    answers = undone("x") | {do("x"): [FAILED], undo("1"): [FAILED], undo("2"): [OK]}
    server = ScriptedServer("a", answers)
    run, _, error = carried_out(plan((replace(step("x"), undo=(undo("1"), undo("2"))),)), server)
    assert isinstance(error, CommandFailed)
    assert server.asked == [ask("x"), do("x"), undo("1"), undo("2")]
    assert states(run.results) == ["x a failed"]


def test_an_interrupted_step_is_undone_one_that_ended_well_is_not() -> None:
    def interrupt(request: Request) -> None:
        if request == do("x"):
            raise asyncio.CancelledError

    server = ScriptedServer("a", undone("x", "y") | {undo("x"): [OK], undo("y"): [OK]})
    server.before = interrupt
    work = plan((replace(step("y"), undo=(undo("y"),)), replace(step("x"), undo=(undo("x"),))))
    _, _, error = carried_out(work, server)
    assert isinstance(error, asyncio.CancelledError)
    assert undo("x") in server.asked
    assert undo("y") not in server.asked


class Slow(ScriptedServer):
    """What is done takes its time."""

    async def ask(self, request: Request) -> Reply:
        for _ in range(20 if request == do("x") else 0):
            await asyncio.sleep(0)
        return await super().ask(request)


def test_a_long_action_is_asked_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "MEASURE_EVERY_S", 0)

    looked = Command(argv=("df",))
    measure = Measure(requests=(looked,), shown=lambda replies: TITLE if replies[0] == OK else None)
    server = Slow("a", undone("x") | {looked: [FAILED, OK]})
    _, notes, error = carried_out(plan((replace(step("x"), measures=measure),)), server)
    assert error is None
    assert server.asked.count(do("x")) == 1
    shown = [line for line in notes.lines if line.startswith("x a:")]
    assert shown[0] == "x a: "
    assert shown[1].startswith("x a: Configure")
    assert notes.lines[-1] == "changed x a"


LOST = GivesUp(
    requests=(ask("lost"),),
    why=lambda replies: (ask("why"),) if replies == (OK,) else (),
    problem=lambda _, answers: problem("command-failed", node="a", reason=repr(answers)),
)


def test_waiting_in_vain_ends_at_once() -> None:
    server = ScriptedServer("a", undone("x") | {ask("lost"): [FAILED, OK], ask("why"): [OK]})
    server.answers[ask("x")] = [FAILED]
    work = plan((replace(step("x"), deadline_s=600, gives_up=LOST),))
    run, _, error = carried_out(work, server)
    assert isinstance(error, ConditionNotMet)
    assert error.problems[0].code == "command-failed"
    assert server.asked[-2:] == [ask("lost"), ask("why")]
    assert [one.state for one in run.results] == [StepState.FAILED]


def test_a_long_action_that_is_in_vain_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "MEASURE_EVERY_S", 0)
    server = Slow("a", undone("x") | {ask("lost"): [OK], ask("why"): [OK]})
    _, _, error = carried_out(plan((replace(step("x"), gives_up=LOST),)), server)
    assert isinstance(error, ConditionNotMet)


def test_a_long_action_that_fails_fails_as_any_other() -> None:
    measure = Measure(requests=(), shown=lambda _: None)
    server = ScriptedServer("a", undone("x") | {do("x"): [FAILED]})
    _, _, error = carried_out(plan((replace(step("x"), measures=measure),)), server)
    assert fields_of(error)["command"] == "do x"
