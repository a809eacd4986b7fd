"""Moving the file storage: copied and verified while it is in use, stopped for the last changes only.

Nothing here has to be undone: the former storage is only read, until the CIB names the new one the cluster mounts
the former, and whatever an interrupted run has copied is taken over by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from live_cluster.errors import Problem, problem
from live_cluster.messages import Message, message
from live_cluster.model.settings import BlockDevice
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.cib_steps import SETTLE
from live_cluster.plan.copying import compare_command, copy_command
from live_cluster.plan.device_prerequisites import NEW_STORAGE
from live_cluster.plan.file_steps import absent_step
from live_cluster.plan.mounts import mount_of
from live_cluster.plan.step import Check, Impact, Measure, Replies, Step, always, command_check
from live_cluster.plan.storage_change import Change, change_of
from live_cluster.plan.view_checks import stdout_of
from live_cluster.probes.block_device import device_tree, is_mounted_at
from live_cluster.probes.head import CIB
from live_cluster.probes.storage_move import MARK, is_ok, mark_in, mark_text, mounted_source, used_of
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Request, WriteFile
from live_cluster.render.cib_pause import end_of_pause, pause, pause_id
from live_cluster.render.cib_storage import Mount

_MARK_FILE = ReadFile(path=f"{NEW_STORAGE}/{MARK}")
_LISTING = Command(
    argv=(
        "find", NEW_STORAGE, "-mindepth", "1", "-maxdepth", "1",
        "-not", "-name", "lost+found", "-not", "-name", MARK, "-printf", "%f\\n",
    )
)  # fmt: skip
_NOW = Command(argv=("date", "+%s"))
# What has been done in the time without services, by this run; gone with a reboot.
_COPIED_LAST = "/run/live-cluster/filestorage-copied"
_COMPARED = "/run/live-cluster/filestorage-compared"
# rsync goes through some 20 000 files a second where their inodes are in memory, and through a tenth of that where
# they are not; both of the last passes go through all of them.
_FILES_PER_S = 5000
_STOP_AND_START_S = 15
_LEAST_PAUSE_S = 1800
_START_DEADLINE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """`token` tells this run's work from that of an earlier one."""

    node: str
    other: str
    former: str
    mount: Mount
    mount_point: str
    is_device: bool
    token: str
    paused: tuple[str, ...]
    units: tuple[str, ...]
    files: int

    @property
    def seconds(self) -> int:
        """How long the services will be stopped, about."""
        return _STOP_AND_START_S + self.files // _FILES_PER_S

    def copy(self, *, in_use: bool, by_content: bool = False) -> Command:
        """One pass of the copy."""
        return copy_command(
            self.mount_point, NEW_STORAGE, self.mount.fstype, in_use=in_use, by_content=by_content
        )

    def mark(self, **values: str) -> WriteFile:
        """What the next run will find."""
        return WriteFile(path=_MARK_FILE.path, content=mark_text(origin=self.former, **values), mode=0o600)


def left_over_steps(plan: Blueprint) -> tuple[Step, ...]:
    """The other head lets go of what an earlier run has mounted there: before this one mounts it."""
    move = _move(plan)
    return () if move is None else (_unmounted(move.other),)


def move_steps(plan: Blueprint) -> tuple[Step, ...]:
    """All on the head that has the former storage mounted; the CIB is changed by the stage after this one."""
    move = _move(plan)
    if move is None:
        return ()
    return (_mounted(move), _copied(move), _verified(move), *last_steps(move))


def after_move_steps(plan: Blueprint) -> tuple[Step, ...]:
    """The mark goes, from whichever head has the storage mounted; also where a run before has left it there."""
    storage = plan.profile.filestorage
    if storage is None or not plan.settings.storage_orders.may_move:
        return ()
    move = _move(plan)
    services = () if move is None else tuple(_at_work(move, node) for node in plan.head_names)
    path = f"{storage.mount_point}/{MARK}"
    return (*services, *(_without_mark(node, path, plan) for node in plan.head_names))


def _without_mark(node: str, path: str, plan: Blueprint) -> Step:
    step = absent_step(node, path)
    if _move(plan) is None:
        return step
    return Step(
        code=step.code,
        node=node,
        title=step.title,
        impact=step.impact,
        actions=step.actions,
        check=step.check,
        foreseen=True,
    )


def _move(plan: Blueprint) -> _Move | None:
    facts, storage, samba = plan.facts.move, plan.profile.filestorage, plan.profile.samba
    if facts is None or storage is None or samba is None:
        return None
    if change_of(plan.settings, plan.facts) is not Change.COPIED:
        return None
    service = plan.profile.clustered_services[0]
    other = next(name for name in plan.head_names if name != facts.holder)
    return _Move(
        node=facts.holder,
        other=other,
        former=facts.former,
        mount=mount_of(plan),
        mount_point=storage.mount_point,
        is_device=isinstance(plan.settings.filestorage, BlockDevice),
        token=plan.settings.storage_orders.new_uuid,
        paused=(plan.profile.resources.filestorage_samba, service.resource),
        units=(samba.unit, service.unit),
        files=facts.files,
    )


def _unmounted(node: str, *, foreseen: bool = False, undo: tuple[Request, ...] = ()) -> Step:
    unmount = Command(argv=("umount", NEW_STORAGE), timeout_s=600, changes_node=True)
    return Step(
        code="move-unmounted",
        node=node,
        title=message("step-move-unmount", path=NEW_STORAGE),
        impact=Impact.NONE,
        actions=always(unmount),
        check=command_check(mounted_source(NEW_STORAGE), lambda result: not result.ok),
        foreseen=foreseen,
        undo=undo,
    )


def _mounted(move: _Move) -> Step:
    where = mounted_source(NEW_STORAGE)
    tree = device_tree(move.mount.device)

    def holds(replies: Replies) -> bool:
        source = replies[0]
        if not isinstance(source, CommandResult) or not source.ok:
            return False
        # mount(8) has followed the name; only the kernel's number of the device tells that it is the one.
        if move.is_device:
            return is_mounted_at(NEW_STORAGE, replies[1])
        return source.text.strip() == move.mount.device

    def actions(replies: Replies) -> tuple[Request, ...]:
        leave = (Command(argv=("umount", NEW_STORAGE), changes_node=True),) if is_ok(replies[0]) else ()
        return (*leave, *_mount(move))

    return Step(
        code="move-mounted",
        node=move.node,
        title=message("step-move-mount", device=move.mount.device, path=NEW_STORAGE),
        impact=Impact.NONE,
        actions=actions,
        check=Check(requests=(where, tree) if move.is_device else (where,), holds=holds),
    )


def _mount(move: _Move) -> tuple[Request, ...]:
    mount = ("mount", "-t", move.mount.fstype, "-o", move.mount.options, move.mount.device, NEW_STORAGE)
    return (
        Command(argv=("mkdir", "-p", "-m", "0700", NEW_STORAGE), changes_node=True),
        Command(argv=mount, changes_node=True),
    )


def _copied(move: _Move) -> Step:
    """In every run: what an earlier one has copied may be days old."""

    def actions(replies: Replies) -> tuple[Request, ...]:
        mark, listing = mark_in(replies[0]), replies[1]
        is_ours = mark.get("origin") == move.former
        # Looked at before as well, but only now, mounted, it is sure.
        is_empty = isinstance(listing, CommandResult) and listing.ok and not listing.text.strip()
        if not is_ours and (mark or not is_empty):
            return ()
        verified = mark.get("verified", "")
        return (
            move.mark(verified=verified),
            move.copy(in_use=True),
            move.mark(verified=verified, copied=move.token),
        )

    return Step(
        code="move-copied",
        node=move.node,
        title=message("step-move-copy", former=move.former, device=move.mount.device),
        impact=Impact.NONE,
        actions=actions,
        check=Check(
            requests=(_MARK_FILE, _LISTING),
            holds=lambda replies: mark_in(replies[0]).get("copied") == move.token,
            missing=_foreign,
        ),
        measures=_progress(move),
    )


def _foreign(replies: Replies) -> str:
    return f"not empty: {stdout_of(replies[1]).decode(errors='replace')[:200]}"


def _verified(move: _Move) -> Step:
    """Once: everything is read from both storages, past the memory of this head."""
    mark = {"copied": move.token, "verified": "yes"}
    return Step(
        code="move-verified",
        node=move.node,
        title=message("step-move-verify", former=move.former, device=move.mount.device),
        impact=Impact.NONE,
        actions=always(
            Command(argv=("umount", NEW_STORAGE), timeout_s=600, changes_node=True),
            *_mount(move),
            move.copy(in_use=True, by_content=True),
            move.mark(**mark),
        ),
        check=Check(
            requests=(_MARK_FILE,), holds=lambda replies: mark_in(replies[0]).get("verified") == "yes"
        ),
    )


def _progress(move: _Move) -> Measure:
    """By what is in use on both sides: of what the new file system has from its making, it has little."""

    def shown(replies: Replies) -> Message | None:
        (total, _), (done, _) = (used_of(reply) for reply in replies)
        if not total:
            return None
        percent = min(100 * done // total, 99)
        return message("move-progress", percent=percent, done=done // 2**20, total=total // 2**20)

    requests = tuple(
        Command(argv=("df", "--block-size=1", "--output=used,iused", "--", path))
        for path in (move.mount_point, NEW_STORAGE)
    )
    return Measure(requests=requests, shown=shown)


def last_steps(move: _Move) -> tuple[Step, ...]:
    """From the stop of the services on: should this run end here, they start again on the former storage."""
    undo: tuple[Request, ...] = tuple(
        Command(
            argv=("cibadmin", "--delete", "--xml-pipe"),
            stdin=end_of_pause(resource),
            changes_node=True,
        )
        for resource in move.paused
    )
    return (_last_pass(move, undo), _compared(move, undo), _unmounted(move.node, foreseen=True, undo=undo))


def _last_pass(move: _Move, undo: tuple[Request, ...]) -> Step:
    done = WriteFile(path=_COPIED_LAST, content=f"{move.token}\n".encode())

    def actions(replies: Replies) -> tuple[Request, ...]:
        now = datetime.fromtimestamp(int(stdout_of(replies[3]) or 0), tz=UTC)
        until = now + timedelta(seconds=max(_LEAST_PAUSE_S, 10 * move.seconds))
        return (
            Command(
                argv=("cibadmin", "--modify", "--allow-create", "--scope", "constraints", "--xml-pipe"),
                stdin=pause(move.paused, until),
                changes_node=True,
            ),
            SETTLE,
            move.copy(in_use=False),
            done,
        )

    return Step(
        code="move-last-pass",
        node=move.node,
        title=message("step-move-last", seconds=move.seconds),
        impact=Impact.OUTAGE,
        actions=actions,
        check=Check(
            requests=(_state(move.units), CIB, ReadFile(path=done.path), _NOW),
            holds=lambda r: _is_paused(move, r),
        ),
        undo=undo,
    )


def _compared(move: _Move, undo: tuple[Request, ...]) -> Step:
    done = WriteFile(path=_COMPARED, content=f"{move.token}\n".encode())
    return Step(
        code="move-compared",
        node=move.node,
        title=message("step-move-compare"),
        impact=Impact.NONE,
        actions=always(
            compare_command(move.mount_point, NEW_STORAGE, move.mount.fstype),
            Command(argv=("cmp", "--", "-", "/dev/null"), input_from_previous=True),
            done,
        ),
        check=Check(
            requests=(_state(move.units), CIB, ReadFile(path=done.path)),
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


def _is_paused(move: _Move, replies: Replies) -> bool:
    """Done by this run, and nothing can have written since: the services did not run meanwhile, nor do they now.

    By systemd's word: on a busy head Pacemaker may take a unit that has stopped for one that did not (seen at a
    load of 45: the unit was unloaded before Pacemaker asked for its state).
    """
    running, done = stdout_of(replies[1]), replies[2]
    if not isinstance(done, FileState) or done.text.strip() != move.token:
        return False
    words = stdout_of(replies[0]).decode(errors="replace").split()
    is_quiet = len(words) == len(move.units) and set(words) <= {"inactive", "failed"}
    return is_quiet and all(pause_id(one).encode() in running for one in move.paused)


def _state(units: tuple[str, ...]) -> Command:
    """A word for each unit."""
    return Command(argv=("systemctl", "is-active", "--", *units))


def _at_work(move: _Move, node: str) -> Step:
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
