"""The end of a move: what writes files stands still, the last changes are copied, and both sides are compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from live_cluster.errors import Problem, problem
from live_cluster.messages import message
from live_cluster.plan.cib_steps import SETTLE
from live_cluster.plan.copying import compare_command, files_copied, latest_command
from live_cluster.plan.move_mirror import unmounted
from live_cluster.plan.move_work import STATS, Move
from live_cluster.plan.step import Check, Impact, Replies, Step, always
from live_cluster.plan.view_checks import stdout_of
from live_cluster.probes.head import CIB
from live_cluster.probes.storage_move import is_ok, mounted_source
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Request, WriteFile
from live_cluster.render.cib_pause import end_of_pause, pause, pause_id

_NOW = Command(argv=("date", "+%s"))
# What has been done in the time without services, by this run; gone with a reboot.
_COPIED_LAST = "/run/live-cluster/filestorage-copied"
_COMPARED = "/run/live-cluster/filestorage-compared"
_LEAST_PAUSE_S = 1800
_START_DEADLINE_S = 300.0


def last_steps(move: Move) -> tuple[Step, ...]:
    """From the stop of the services on: should this run end here, they start again on the former storage."""
    undo = end_of_pause_requests(move)
    last = unmounted(move.node, move.mirror, foreseen=True, undo=undo)
    return (_last_pass(move, undo), _compared(move, undo), last)


def end_of_pause_requests(move: Move) -> tuple[Request, ...]:
    """What a run does that ends meanwhile."""
    return tuple(
        Command(
            argv=("cibadmin", "--delete", "--xml-pipe"),
            stdin=end_of_pause(resource),
            changes_node=True,
        )
        for resource in move.paused
    )


def pause_ended(move: Move) -> Step:
    """What an earlier run has stopped and was killed before it could start it again."""

    def holds(replies: Replies) -> bool:
        running = stdout_of(replies[0])
        return not any(pause_id(one).encode() in running for one in move.paused)

    return Step(
        code="move-pause-ended",
        node=move.node,
        title=message("step-move-pause-ended"),
        impact=Impact.NONE,
        actions=always(*end_of_pause_requests(move)),
        check=Check(requests=(CIB,), holds=holds),
    )


def _last_pass(move: Move, undo: tuple[Request, ...]) -> Step:
    done = WriteFile(path=_COPIED_LAST, content=f"{move.token}\n".encode())
    latest = latest_command(move.way)

    def actions(replies: Replies) -> tuple[Request, ...]:
        *_, clock, seen = replies
        now = datetime.fromtimestamp(int(stdout_of(clock) or 0), tz=UTC)
        files = max(move.amount.files, files_copied(seen.text) if isinstance(seen, FileState) else 0)
        until = now + timedelta(seconds=max(_LEAST_PAUSE_S, 10 * move.seconds(files)))
        return (
            Command(
                argv=("cibadmin", "--modify", "--allow-create", "--scope", "constraints", "--xml-pipe"),
                stdin=pause(move.paused, until),
                changes_node=True,
            ),
            SETTLE,
            move.copy(in_use=False),
            *((latest,) if latest is not None else ()),
            done,
        )

    return Step(
        code="move-last-pass",
        node=move.node,
        title=message(
            "step-move-last" if move.way.is_local else "step-move-last-nas",
            seconds=move.seconds(move.amount.files),
        ),
        impact=Impact.OUTAGE,
        actions=actions,
        check=Check(
            requests=(*_pause(move, done.path), _NOW, ReadFile(path=STATS)),
            holds=lambda r: _is_paused(move, r),
        ),
        undo=undo,
    )


def _compared(move: Move, undo: tuple[Request, ...]) -> Step:
    done = WriteFile(path=_COMPARED, content=f"{move.token}\n".encode())
    return Step(
        code="move-compared",
        node=move.node,
        title=message("step-move-compare"),
        impact=Impact.NONE,
        actions=always(
            compare_command(move.way),
            Command(argv=("cmp", "--", "-", "/dev/null"), input_from_previous=True),
            done,
        ),
        check=Check(
            requests=_pause(move, done.path),
            holds=lambda r: _is_paused(move, r),
        ),
        explain=lambda result: _differs(move.node, result),
        undo=undo,
    )


def _differs(node: str, result: CommandResult) -> Problem:
    """cmp(1) ends with 1; everything else is rsync's."""
    if result.returncode == 1:
        return problem("move-differs", node=node)
    output = (result.error_text or result.text).strip()[-2000:]
    return problem("move-not-compared", node=node, exit_code=result.returncode, output=output)


def _pause(move: Move, done: str) -> tuple[Request, ...]:
    return (_state(move.units), CIB, ReadFile(path=done), mounted_source(move.mount_point))


def _is_paused(move: Move, replies: Replies) -> bool:
    """Done by this run, and nothing can have written since: the services did not run meanwhile, nor do they now.

    And the files are still here: on the other head somebody else may have written to them.

    By systemd's word: on a busy head Pacemaker may take a unit that has stopped for one that did not (seen at a
    load of 45: the unit was unloaded before Pacemaker asked for its state).
    """
    running, done = stdout_of(replies[1]), replies[2]
    if not isinstance(done, FileState) or done.text.strip() != move.token:
        return False
    words = stdout_of(replies[0]).decode(errors="replace").split()
    is_quiet = len(words) == len(move.units) and set(words) <= {"inactive", "failed"}
    return is_quiet and is_ok(replies[3]) and all(pause_id(one).encode() in running for one in move.paused)


def _state(units: tuple[str, ...]) -> Command:
    """A word for each unit."""
    return Command(argv=("systemctl", "is-active", "--", *units))


def at_work(move: Move, node: str) -> Step:
    """What was stopped for the last pass runs where the files are; Pacemaker is told to look where it does not."""
    question = _state(move.units)

    def holds(replies: Replies) -> bool:
        words = stdout_of(replies[1]).decode(errors="replace").split()
        return not is_ok(replies[0]) or words == ["active"] * len(move.units)

    return Step(
        code="move-services",
        node=node,
        title=message("step-move-services", units=", ".join(move.units)),
        impact=Impact.NONE,
        actions=always(*(_look_again(resource) for resource in move.paused)),
        check=Check(requests=(mounted_source(move.mount_point), question), holds=holds),
        deadline_s=_START_DEADLINE_S,
        foreseen=True,
    )


def _look_again(resource: str) -> Command:
    return Command(
        argv=("crm_resource", "--refresh", "--resource", resource), timeout_s=120, changes_node=True
    )
