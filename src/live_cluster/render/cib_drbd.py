"""DRBD in the resource tree: which head may write, and that it is the one with the primary database."""

from __future__ import annotations

from live_cluster.model.profile import Resources
from live_cluster.render.cib_elements import (
    Element,
    Operation,
    Ordering,
    Primitive,
    clone,
    colocation,
    ordering,
)

AGENT = "ocf:linbit:drbd"
# The constraint with which DRBD's own handler keeps a head from becoming primary whose files are not current
# (crm-fence-peer.9.sh: --id-prefix). It comes and goes while the cluster runs, and is nobody's leftover.
FENCE_PREFIX = "drbd-fence-by-handler-"

_CLONE_META = {
    "promotable": "true",
    "promoted-max": "1",
    "promoted-node-max": "1",
    "clone-max": "2",
    "clone-node-max": "1",
    "interleave": "true",
    # The agent connects to a peer that has just started when it is told of that, and refuses to start untold.
    "notify": "true",
}


# Whoever finds this constraint knows the clone for ours, also while nothing else goes with it any more.
WITH_PRIMARY = "live-cluster-drbd-with-primary"
# As long as this one is there, files may be mounted from it.
WITH_FILES = "live-cluster-files-with-drbd"


def mirrored_disks(names: Resources, drbd_resource: str, *, is_leaving: bool = False) -> Element:
    """The promotable clone: on both heads, writable on one; on its way out of the tree it stops first."""
    agent = Primitive(
        id=names.filestorage_drbd,
        agent=AGENT,
        parameters={
            "drbd_resource": drbd_resource,
            # A link that was lost while nobody wrote leaves nothing to copy, hence no end of a copy at which the
            # constraint would be taken away: without this it stays, and the other head can never take over.
            "unfence_if_all_uptodate": "true",
        },
        operations=(
            Operation(name="monitor", interval="20s", timeout="60s", role="Unpromoted"),
            Operation(name="monitor", interval="10s", timeout="60s", role="Promoted"),
            Operation(name="start", timeout="240s"),
            Operation(name="stop", timeout="120s"),
            # Longer than the handler waits for Pacemaker to be sure of the peer's death (90 s).
            Operation(name="promote", timeout="120s"),
            Operation(name="demote", timeout="120s"),
            Operation(name="notify", timeout="90s"),
        ),
    )
    stop = {"target-role": "Stopped"} if is_leaving else {}
    return clone(names.filestorage_drbd_clone, agent, _CLONE_META, passing_meta=stop)


def drbd_constraints(names: Resources, *, is_leaving: bool = False) -> tuple[Element, ...]:
    """Writable where the database is primary, and before the file system is mounted.

    On its way out the files have nothing to do with it any more, and it can be demoted without them.
    """
    clone_name, database = names.filestorage_drbd_clone, names.database_clone
    with_primary = _follows(WITH_PRIMARY, clone_name, database, rsc_role="Promoted")
    if is_leaving:
        return (with_primary,)
    return (
        with_primary,
        _follows(WITH_FILES, names.filestorage_group, clone_name),
        ordering(
            Ordering(
                id="live-cluster-drbd-before-files",
                first=clone_name,
                first_action="promote",
                then=names.filestorage_group,
                then_action="start",
                symmetrical=True,
            )
        ),
    )


def _follows(identity: str, who: str, promoted: str, *, rsc_role: str = "") -> Element:
    """`who` is where the other one is promoted, and has no say in where that is.

    The database alone decides about the primary, as it does with every other kind of file storage. With the
    agent's scores (up to 10 000) in it and some stickiness, a primary with a full disk stayed where it was
    (crm_simulate: 10 600 against 10 100; 7 800 without).
    """
    made = colocation(identity, who, promoted, role="Promoted", has_influence=False)
    if rsc_role:
        made.set("rsc-role", rsc_role)
    return made
