"""The login to a NAS: a file on both heads that only root reads, and none of an earlier login."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.messages import message
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import file_step
from live_cluster.plan.shares import LOGIN_FOLDER, LOGIN_NAMES, login_file
from live_cluster.plan.step import Check, Impact, Replies, Step
from live_cluster.remote.requests import Command, CommandResult, RemoveFile, Request

_PRESENT = Command(argv=("find", LOGIN_FOLDER, "-maxdepth", "1", "-name", LOGIN_NAMES))


def login_steps(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Written before anything mounts the share with it."""
    wanted = login_file(plan.settings, plan.secrets)
    return () if wanted is None else (file_step(node, wanted),)


def former_login_steps(plan: Blueprint) -> Iterator[Step]:
    """After the resource uses the new one, or none any more."""
    wanted = login_file(plan.settings, plan.secrets)
    beginning = f"{LOGIN_FOLDER}/{LOGIN_NAMES.partition('*')[0]}".encode()
    in_use = any(beginning in head.cib for head in plan.facts.heads)
    # A run that is repeated may find the share left already, and its login still there.
    if wanted is None and not in_use and not plan.settings.storage_orders.may_move:
        return
    kept = "" if wanted is None else wanted.path
    for node in plan.head_names:
        yield _only(node, kept)


def _only(node: str, kept: str) -> Step:
    def superfluous(replies: Replies) -> tuple[str, ...]:
        reply = replies[0]
        lines = reply.text.splitlines() if isinstance(reply, CommandResult) else ()
        return tuple(path for path in lines if path != kept)

    def actions(replies: Replies) -> tuple[Request, ...]:
        return tuple(RemoveFile(path=path) for path in superfluous(replies))

    return Step(
        code="share-login-former",
        node=node,
        title=message("step-share-login-former"),
        impact=Impact.NONE,
        actions=actions,
        check=Check(requests=(_PRESENT,), holds=lambda replies: not superfluous(replies)),
    )
