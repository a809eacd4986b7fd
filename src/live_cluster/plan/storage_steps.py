"""The file storage once it is mounted: a new file system belongs to root, the application's files do not."""

from __future__ import annotations

from live_cluster.messages import message
from live_cluster.model.profile import FileStorage
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.step import Check, Impact, Replies, Step
from live_cluster.plan.view_checks import runs, stopped_on_purpose, view_of
from live_cluster.probes.head import VIEW
from live_cluster.remote.requests import Command, CommandResult, Reply, Request

MOUNT_DEADLINE_S = 60


def storage_owner_steps(plan: Blueprint) -> tuple[Step, ...]:
    """On the head that has it mounted; which one that is, shows only after the resources have started."""
    storage = plan.profile.filestorage
    return () if storage is None else tuple(_owner(plan, node, storage) for node in plan.head_names)


def _owner(plan: Blueprint, node: str, storage: FileStorage) -> Step:
    wanted = f"{storage.owner} {storage.group} {int(storage.mode, 8):o}"
    path = storage.mount_point

    def holds(replies: Replies) -> bool:
        state = replies[1]
        if _is_mounted(replies):
            return isinstance(state, CommandResult) and state.text.strip() == wanted
        return _is_at_the_other_head(plan, replies[2])

    def actions(replies: Replies) -> tuple[Request, ...]:
        if not _is_mounted(replies):
            return ()
        return (
            Command(argv=("chown", f"{storage.owner}:{storage.group}", "--", path), changes_node=True),
            Command(argv=("chmod", storage.mode, "--", path), changes_node=True),
        )

    return Step(
        code="storage-owner",
        node=node,
        title=message("step-storage-owner", path=path, owner=storage.owner),
        impact=Impact.NONE,
        actions=actions,
        check=Check(
            requests=(
                Command(argv=("mountpoint", "--quiet", path)),
                Command(argv=("stat", "--format=%U %G %a", "--", path)),
                VIEW,
            ),
            holds=holds,
        ),
        deadline_s=MOUNT_DEADLINE_S,
        foreseen=plan.forming,
    )


def _is_at_the_other_head(plan: Blueprint, reply: Reply) -> bool:
    """Or at none, because somebody has stopped everything."""
    view = view_of(reply)
    if view is None or stopped_on_purpose(view):
        return view is not None
    filesystem = plan.profile.resources.filestorage_filesystem
    return any(one.id == filesystem and runs(one) for _, one in view.instances())


def _is_mounted(replies: Replies) -> bool:
    return isinstance(replies[0], CommandResult) and replies[0].ok
