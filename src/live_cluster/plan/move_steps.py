"""Moving the file storage: copied and verified while it is in use, stopped for the last changes only.

Nothing here has to be undone: the former storage is only read, until the CIB names the new one the cluster mounts
the former, and whatever an interrupted run has copied is taken over by the next one.
"""

from __future__ import annotations

from live_cluster.errors import Problem, problem
from live_cluster.messages import message
from live_cluster.model.settings import BlockDevice, DrbdDisk
from live_cluster.model.storage_facts import ShareFacts
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.copying import Way, begun_command
from live_cluster.plan.drbd_steps import filled_steps
from live_cluster.plan.file_steps import absent_step
from live_cluster.plan.mounts import mount_of
from live_cluster.plan.move_last import at_work, end_of_pause_requests, last_steps, pause_ended
from live_cluster.plan.move_mirror import (
    abandoned_mirror,
    mirror_to_fill,
    still_whole,
    unmounted,
    whole,
)
from live_cluster.plan.move_progress import Amount, progress
from live_cluster.plan.move_work import STATS, Move
from live_cluster.plan.step import Check, Impact, Replies, Step, always
from live_cluster.plan.storage_change import Change, change_of
from live_cluster.plan.view_checks import stdout_of
from live_cluster.probes.block_device import device_tree, is_mounted_at
from live_cluster.probes.storage_move import (
    LISTING,
    MARK,
    MARK_FILE,
    NEW_STORAGE,
    is_ok,
    mark_in,
    mounted_source,
)
from live_cluster.remote.requests import Command, CommandResult, Request


def end_of_pause(plan: Blueprint) -> tuple[Request, ...]:
    """What lets the services start again where they are stopped for a move; nothing where there is none."""
    move = _move(plan)
    return () if move is None else end_of_pause_requests(move)


def left_over_steps(plan: Blueprint) -> tuple[Step, ...]:
    """The other head lets go of what an earlier run has mounted there: before this one mounts it.

    Both do where that was another storage, or the move is not gone on with. Services that a killed run has left
    stopped need not wait for the copy of this one.
    """
    move = _move(plan)
    left = {head.node.server.name: head.left.being_filled for head in plan.facts.heads}
    if move is None:
        return tuple(
            unmounted(node, abandoned_mirror(plan, source)) for node, source in left.items() if source
        )
    earlier = abandoned_mirror(plan, left[move.node])
    is_other = earlier is not None and (move.mirror is None or earlier.minor != move.mirror.minor)
    return (
        pause_ended(move),
        *((unmounted(move.node, earlier),) if is_other else ()),
        unmounted(move.other, move.mirror),
    )


def move_steps(plan: Blueprint) -> tuple[Step, ...]:
    """All on the head that has the former storage mounted; the CIB is changed by the stage after this one."""
    move = _move(plan)
    if move is None:
        return ()
    mirrored = (whole(move.node, move.mirror),) if move.mirror is not None else ()
    return (_mounted(move), _copied(move), _verified(move), *mirrored, *last_steps(move))


def hand_over_steps(plan: Blueprint) -> tuple[Step, ...]:
    """After those, on both heads: what the cluster is about to take over."""
    move = _move(plan)
    if move is None:
        return ()
    undo = end_of_pause_requests(move)
    # Looked at once more: what has been written since the last time is on both heads' disks, or the move ends here.
    still = (still_whole(move.node, move.mirror, undo),) if move.mirror is not None else ()
    return (*still, *filled_steps(plan, undo))


def after_move_steps(plan: Blueprint) -> tuple[Step, ...]:
    """The mark goes, from whichever head has the storage mounted; also where a run before has left it there."""
    storage = plan.profile.filestorage
    if storage is None or not plan.settings.storage_orders.may_move:
        return ()
    move = _move(plan)
    services = () if move is None else tuple(at_work(move, node) for node in plan.head_names)
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


def _move(plan: Blueprint) -> Move | None:
    facts, storage, samba = plan.facts.move, plan.profile.filestorage, plan.profile.samba
    if facts is None or storage is None or samba is None:
        return None
    if change_of(plan.settings, plan.facts) is not Change.COPIED:
        return None
    service = plan.profile.clustered_services[0]
    other = next(name for name in plan.head_names if name != facts.holder)
    return Move(
        node=facts.holder,
        other=other,
        former=facts.former,
        mount=mount_of(plan),
        mount_point=storage.mount_point,
        is_device=isinstance(plan.settings.filestorage, BlockDevice | DrbdDisk),
        mirror=mirror_to_fill(plan),
        way=Way(
            source=storage.mount_point,
            target=NEW_STORAGE,
            source_fstype=facts.fstype,
            target_fstype=mount_of(plan).fstype,
        ),
        token=plan.settings.storage_orders.new_uuid,
        paused=(plan.profile.resources.filestorage_samba, service.resource),
        units=(samba.unit, service.unit),
        amount=Amount(
            # Of a NAS only what all of it holds is known.
            files=0 if facts.is_from_network else facts.files,
            free_before=_room_of_share(plan),
        ),
    )


def _room_of_share(plan: Blueprint) -> int | None:
    seen = (head.storage for head in plan.facts.heads)
    return next((one.free_bytes for one in seen if isinstance(one, ShareFacts)), None)


def _mounted(move: Move) -> Step:
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
        undo=move.mirror.given_up if move.mirror is not None else (),
    )


def _mount(move: Move) -> tuple[Request, ...]:
    mount = ("mount", "-t", move.mount.fstype, "-o", move.mount.options, move.mount.device, NEW_STORAGE)
    return (
        *((move.mirror.writable,) if move.mirror is not None else ()),
        Command(argv=("mkdir", "-p", "-m", "0700", NEW_STORAGE), changes_node=True),
        Command(argv=mount, changes_node=True),
    )


def _copied(move: Move) -> Step:
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
            begun_command(),
            move.mark(verified=verified),
            move.copy(in_use=True),
            Command(argv=("tee", STATS), input_from_previous=True, changes_node=True),
            move.mark(verified=verified, copied=move.token),
        )

    return Step(
        code="move-copied",
        node=move.node,
        title=message("step-move-copy", former=move.former, device=move.mount.device),
        impact=Impact.NONE,
        actions=actions,
        check=Check(
            requests=(MARK_FILE, LISTING),
            holds=lambda replies: mark_in(replies[0]).get("copied") == move.token,
            missing=_foreign,
        ),
        measures=progress(move.way, move.amount),
        explain=lambda result: _not_copied(move, result),
    )


def _not_copied(move: Move, result: CommandResult) -> Problem:
    output = (result.error_text or result.text).strip()[-2000:]
    place = {"former": move.former, "wanted": move.mount.device, "node": move.node}
    return problem("move-not-copied", exit_code=result.returncode, output=output, **place)


def _foreign(replies: Replies) -> str:
    return f"not empty: {stdout_of(replies[1]).decode(errors='replace')[:200]}"


def _verified(move: Move) -> Step:
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
            requests=(MARK_FILE,), holds=lambda replies: mark_in(replies[0]).get("verified") == "yes"
        ),
    )
