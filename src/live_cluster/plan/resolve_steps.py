"""Giving up one of two copies of the files that were written on apart: the steps, each of which can be repeated.

Until the copies are connected nothing is lost. From that moment on DRBD goes on by itself, whatever becomes of this
run; what is left then is to let the services start again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from live_cluster.messages import message
from live_cluster.model.cluster_view import Role, stopped_on_purpose
from live_cluster.model.drbd import CONNECTED, STAND_ALONE, UP_TO_DATE, DrbdState
from live_cluster.model.drbd_split import NoSnapshot, Snapshot
from live_cluster.model.mirror import SPLIT_BRAIN_ATTRIBUTE
from live_cluster.model.mirror_health import resync_progress
from live_cluster.plan.step import Check, Impact, Replies, Stage, Step, always, both
from live_cluster.plan.view_checks import runs, stdout_of, view_check, view_of
from live_cluster.probes.drbd_sides import ClusteredDrbd, device_state, ids_in, state_request, value_in
from live_cluster.probes.head import CIB, VIEW
from live_cluster.remote.requests import Command, CommandResult
from live_cluster.render.cib_elements import element

# Taken away again at the end; while it is there, nobody uses the files.
HOLD = "live-cluster-resolve-hold"
KEPT = "live-cluster-resolve-keep"
FENCE_PREFIX = "drbd-fence-by-handler-"
# Stopping and starting the application, the file server and the file system, each with its own time-out.
_RELEASE_S = 600
_CONNECT_S = 120
_SERVE_S = 600
# A resync goes on without us, too; this is how long one is watched.
_COPY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`joined`: the heads talk already, and only the end of an interrupted run is missing.

    `in_use`: the files of the side that is given up are mounted, or an interrupted run has taken them out of use.
    `is_whole`: what both disks had in common is forgotten, so the whole disk is copied.
    """

    keep: str
    lose: str
    drbd: ClusteredDrbd
    minor: int
    is_9: bool
    snapshot: Snapshot | NoSnapshot
    in_use: bool
    joined: bool = False
    is_whole: bool = False


def resolve_stages(choice: Choice) -> tuple[Stage, ...]:
    """All of it, in order."""
    apart: tuple[Stage, ...] = ()
    if not choice.joined:
        release = (_release(choice),) if choice.in_use else ()
        kept = (_snapshot(choice, choice.snapshot),) if isinstance(choice.snapshot, Snapshot) else ()
        apart = (
            Stage(title=message("stage-resolve-release"), steps=release),
            Stage(
                title=message("stage-resolve-keep"),
                steps=(_apart(choice, choice.keep), _apart(choice, choice.lose), *kept),
            ),
            Stage(title=message("stage-resolve-survivor"), steps=(_connect(choice),)),
            Stage(title=message("stage-resolve-discard"), steps=(_discard(choice),)),
        )
    after = (_unfence(choice), *((_serve(choice), _running(choice)) if choice.in_use else ()))
    return (
        *(stage for stage in apart if stage.steps),
        Stage(title=message("stage-resolve-serve"), steps=(*after, _forget(choice))),
        Stage(title=message("stage-resolve-copy"), steps=(_copied(choice),)),
    )


def _state_check(choice: Choice, holds: Callable[[DrbdState], bool]) -> Check:
    request = state_request(is_9=choice.is_9)

    def accept(replies: Replies) -> bool:
        return holds(device_state(replies[0], choice.minor))

    def missing(replies: Replies) -> str:
        now = device_state(replies[0], choice.minor)
        return f"{now.connection or 'Unconfigured'} {now.role}/{now.peer_role} {now.disk}/{now.peer_disk}"

    return Check(requests=(request,), holds=accept, missing=missing)


def _drbdadm(choice: Choice, *words: str) -> Command:
    return Command(argv=("drbdadm", *words, choice.drbd.resource), timeout_s=120, changes_node=True)


def hold(clone: str, keep: str) -> str:
    """The clone with a set of meta attributes that keeps it from being promoted, for `cibadmin --modify`.

    Pacemaker ignores a name that it does not know; it tells the next run whose data is to stay.
    """
    values = {"target-role": "Unpromoted", KEPT: keep}
    pairs = (
        element("nvpair", id=f"{HOLD}-{number}", name=name, value=value)
        for number, (name, value) in enumerate(values.items())
    )
    made = element("clone", element("meta_attributes", *pairs, id=HOLD, score="1000"), id=clone)
    return etree.tostring(element("resources", made), encoding="unicode")


def _release(choice: Choice) -> Step:
    order = ("cibadmin", "--modify", "--allow-create", "--scope", "resources")
    return Step(
        code="resolve-release",
        node=choice.lose,
        title=message("step-resolve-release"),
        impact=Impact.OUTAGE,
        actions=always(
            Command(argv=(*order, "--xml-text", hold(choice.drbd.clone, choice.keep)), changes_node=True)
        ),
        check=both(
            _state_check(choice, lambda now: now.is_configured and now.role == "Secondary"),
            Check(
                requests=(CIB,), holds=lambda replies: value_in(stdout_of(replies[0]), KEPT) == choice.keep
            ),
        ),
        deadline_s=_RELEASE_S,
    )


def _apart(choice: Choice, node: str) -> Step:
    return Step(
        code="resolve-apart",
        node=node,
        title=message("step-resolve-apart"),
        impact=Impact.NONE,
        actions=always(_drbdadm(choice, "disconnect")),
        check=_state_check(choice, lambda now: now.connection == STAND_ALONE),
        deadline_s=_CONNECT_S,
    )


def _snapshot(choice: Choice, wanted: Snapshot) -> Step:
    origin = f"{wanted.group}/{wanted.origin}"
    room = ("--size", f"{wanted.size}b") if wanted.size else ()
    order = ("lvcreate", "--yes", "--snapshot", "--name", wanted.name, *room, origin)
    return Step(
        code="resolve-snapshot",
        node=choice.lose,
        title=message("step-resolve-snapshot", path=wanted.path),
        impact=Impact.NONE,
        actions=always(Command(argv=order, timeout_s=120, changes_node=True)),
        check=Check(
            requests=(Command(argv=("lvs", f"{wanted.group}/{wanted.name}")),),
            holds=lambda replies: isinstance(replies[0], CommandResult) and replies[0].ok,
        ),
    )


def _connect(choice: Choice) -> Step:
    """Without the order to discard: this is the side that stays."""
    return Step(
        code="resolve-connect",
        node=choice.keep,
        title=message("step-resolve-connect"),
        impact=Impact.NONE,
        actions=always(_drbdadm(choice, "connect")),
        check=_state_check(choice, lambda now: now.is_configured and now.connection != STAND_ALONE),
        deadline_s=_CONNECT_S,
        # It is Connecting now where it waits for a peer that will never yield; that ends before.
        foreseen=True,
    )


def _discard(choice: Choice) -> Step:
    kept = choice.snapshot
    fields = {"lose": choice.lose, "keep": choice.keep}
    if isinstance(kept, Snapshot):
        question = message("resolve-question-kept", path=kept.path, **fields)
    else:
        question = message("resolve-question-lost", **fields)
    discard: tuple[Command, ...] = (_drbdadm(choice, "connect", "--discard-my-data"),)
    if choice.is_whole:
        # Of two generations that nobody knows, DRBD makes the source of the copy that is consistent, and the whole
        # disk is what differs (drbd_receiver.c: drbd_sync_handshake).
        discard = (_drbdadm(choice, "invalidate"), _drbdadm(choice, "connect"))
    return Step(
        code="resolve-discard",
        node=choice.lose,
        title=message("step-resolve-discard", **fields),
        impact=Impact.REPLACES_DATA,
        actions=always(*discard),
        check=_state_check(choice, lambda now: now.talks),
        deadline_s=_CONNECT_S,
        asks=question,
    )


def _unfence(choice: Choice) -> Step:
    """DRBD's handler has kept a head from becoming primary whose data is not the one that counts now."""

    def fences(replies: Replies) -> tuple[str, ...]:
        found = ids_in(stdout_of(replies[0]), "rsc_location")
        return tuple(one for one in found if one.startswith(FENCE_PREFIX) and one.endswith(choice.drbd.clone))

    return Step(
        code="resolve-unfence",
        node=choice.keep,
        title=message("step-resolve-unfence"),
        impact=Impact.NONE,
        actions=lambda replies: tuple(_delete("rsc_location", one) for one in fences(replies)),
        check=Check(requests=(CIB,), holds=lambda replies: not fences(replies)),
    )


def _delete(tag: str, identity: str) -> Command:
    path = f"//{tag}[@id='{identity}']"
    return Command(argv=("cibadmin", "--delete", "--xpath", path), changes_node=True)


def _serve(choice: Choice) -> Step:
    return Step(
        code="resolve-serve",
        node=choice.keep,
        title=message("step-resolve-serve"),
        impact=Impact.NONE,
        actions=always(_delete("meta_attributes", HOLD)),
        check=Check(
            requests=(CIB,),
            holds=lambda replies: HOLD not in ids_in(stdout_of(replies[0]), "meta_attributes"),
        ),
        foreseen=not choice.joined,
    )


def _running(choice: Choice) -> Step:
    return Step(
        code="resolve-running",
        node=choice.keep,
        title=message("step-resolve-running"),
        impact=Impact.NONE,
        actions=always(),
        check=view_check(
            lambda view: (
                stopped_on_purpose(view)
                or (
                    view.mirror is not None
                    and bool(view.mirror.nodes_in(Role.PROMOTED))
                    and all(runs(one) for group in view.sets if not group.is_clone for one in group.instances)
                )
            )
        ),
        deadline_s=_SERVE_S,
        foreseen=True,
    )


def _forget(choice: Choice) -> Step:
    """What DRBD's handler has told `status`."""

    def marked(replies: Replies) -> tuple[str, ...]:
        view = view_of(replies[0])
        nodes = view.nodes if view else ()
        return tuple(node.name for node in nodes if SPLIT_BRAIN_ATTRIBUTE in node.attributes)

    def actions(replies: Replies) -> tuple[Command, ...]:
        words = ("--name", SPLIT_BRAIN_ATTRIBUTE, "--delete", "--lifetime", "reboot")
        return tuple(
            Command(argv=("crm_attribute", "--node", name, *words), changes_node=True)
            for name in marked(replies)
        )

    return Step(
        code="resolve-forget",
        node=choice.keep,
        title=message("step-resolve-forget"),
        impact=Impact.NONE,
        actions=actions,
        check=Check(requests=(VIEW,), holds=lambda replies: not marked(replies)),
        deadline_s=30,
    )


def _copied(choice: Choice) -> Step:
    return Step(
        code="resolve-copied",
        node=choice.lose,
        title=message("step-resolve-copied", node=choice.lose),
        impact=Impact.NONE,
        actions=always(),
        check=_state_check(choice, lambda now: now.connection == CONNECTED and now.disk == UP_TO_DATE),
        deadline_s=_COPY_S,
        foreseen=not choice.joined,
        tells=lambda replies: resync_progress(device_state(replies[0], choice.minor)),
    )
