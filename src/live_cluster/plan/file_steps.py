"""Steps about one file: whole files of ours, and our part in files of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from live_cluster.messages import message
from live_cluster.plan.step import (
    Check,
    Impact,
    Replies,
    Step,
    absent_check,
    always,
    file_check,
    file_difference,
)
from live_cluster.remote.requests import FileState, ReadFile, RemoveFile, Request, WriteFile


def file_step(node: str, wanted: WriteFile, *, impact: Impact = Impact.NONE) -> Step:
    """The file is exactly so."""
    return Step(
        code="file",
        node=node,
        title=message("step-file", path=wanted.path),
        impact=impact,
        actions=always(wanted),
        check=file_check(wanted),
        describe=file_difference(wanted),
    )


def absent_step(node: str, path: str, *, set_aside: str = "") -> Step:
    """There is no such file."""
    removal = RemoveFile(path=path, set_aside=set_aside)
    return Step(
        code="file-absent",
        node=node,
        title=message("step-file-absent", path=path),
        impact=Impact.NONE,
        actions=always(removal),
        check=absent_check(path),
        describe=file_difference(removal),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Our part in a file that belongs to somebody else: `change` gives the new text for the present one."""

    path: str
    change: Callable[[str], str]
    set_aside: str
    owner: str = "root"
    group: str = "root"
    mode: int = 0o644


def edit_step(node: str, edit: Edit, *, impact: Impact = Impact.NONE) -> Step:
    """`change` has nothing left to do; owner and mode of an existing file stay."""

    def changed(state: FileState) -> bytes:
        # Bytes that are no UTF-8 (an old comment) come back as they were.
        return edit.change(state.content.decode(errors="surrogateescape")).encode(errors="surrogateescape")

    def edited(replies: Replies) -> WriteFile:
        state = replies[0]
        assert isinstance(state, FileState)
        wanted = WriteFile(
            path=edit.path,
            content=changed(state),
            mode=edit.mode,
            owner=edit.owner,
            group=edit.group,
            set_aside=edit.set_aside,
        )
        if not state.exists:
            return wanted
        return replace(wanted, mode=state.mode, owner=state.owner, group=state.group)

    def holds(replies: Replies) -> bool:
        state = replies[0]
        return isinstance(state, FileState) and state.exists and changed(state) == state.content

    return Step(
        code="file",
        node=node,
        title=message("step-file", path=edit.path),
        impact=impact,
        actions=lambda replies: (edited(replies),),
        check=Check(requests=(ReadFile(path=edit.path),), holds=holds),
        describe=lambda replies: file_difference(edited(replies))(replies),
    )


def followed_by(step: Step, follow: Check, *actions: Request, impact: Impact) -> Step:
    """A file step whose file somebody has to read again: written only where it differs, then `actions`."""
    count = len(step.check.requests)

    def both_hold(replies: Replies) -> bool:
        return step.check.holds(replies[:count]) and follow.holds(replies[count:])

    def needed(replies: Replies) -> tuple[Request, ...]:
        write = () if step.check.holds(replies[:count]) else step.actions(replies[:count])
        return (*write, *actions)

    return replace(
        step,
        impact=impact,
        actions=needed,
        check=Check(requests=step.check.requests + follow.requests, holds=both_hold),
    )
