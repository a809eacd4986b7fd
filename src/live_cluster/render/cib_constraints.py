"""Where the resources of the tree run, and what waits for what."""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.model.profile import Resources
from live_cluster.render.cib_drbd import drbd_constraints
from live_cluster.render.cib_elements import Element, Ordering, colocation, element, ordering
from live_cluster.render.cib_fencing import Device, elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What has a place; of the application's services only the first one is named: its group keeps their order."""

    names: Resources
    first_service: str
    fencing: tuple[Device, ...]
    has_files: bool
    has_drbd: bool = False
    drbd_leaves: bool = False
    has_nas: bool = False


def constraints(placed: Placed) -> Element:
    """<constraints>."""
    names = placed.names
    storage = (names.filestorage_group,) if placed.has_files else ()
    made = element(
        "constraints",
    )
    for name in (names.database_group, *storage, names.application_group):
        made.append(
            colocation(
                f"live-cluster-{name}-with-primary",
                name,
                names.database_clone,
                role="Promoted",
                # Heads that take turns with a database because neither can mount the same NAS help nobody:
                # three failed mounts moved everything in crm_simulate, and nothing without this influence.
                has_influence=not (placed.has_nas and name == names.filestorage_group),
            )
        )
    if placed.has_files:
        # Where its files are not mounted, the application would write them below the mount point and lose them.
        made.append(
            colocation(
                "live-cluster-application-with-files", names.application_group, names.filestorage_filesystem
            )
        )
    if placed.has_drbd:
        made.extend(drbd_constraints(names, is_leaving=placed.drbd_leaves))
    made.extend(ordering(order) for order in _orderings(placed))
    made.extend((_prefer_connected(names), _avoid_full_disk(names)))
    made.extend(elsewhere(device) for device in placed.fencing)
    return made


def _orderings(placed: Placed) -> tuple[Ordering, ...]:
    names, first_service = placed.names, placed.first_service
    files = Ordering(
        id="live-cluster-files-before-application",
        first=names.filestorage_filesystem,
        first_action="start",
        then=first_service,
        then_action="start",
        symmetrical=True,
    )
    # Of the application's group only the services wait: its address starts beside the promotion. A demotion does
    # not wait for the services to stop, which would lengthen a switch-over by their 1.6 s.
    return (
        Ordering(
            id="live-cluster-promote-then-database-address",
            first=names.database_clone,
            first_action="promote",
            then=names.database_group,
            then_action="start",
        ),
        *((files,) if placed.has_files else ()),
        Ordering(
            # The promotion changes attributes, and then Pacemaker plans anew once nothing is under way any more: a
            # service that starts meanwhile would hold up the database's address for its 2 s.
            id="live-cluster-database-before-application",
            first=names.database_clone,
            first_action="promote",
            then=first_service,
            then_action="start",
            kind="Optional",
        ),
    )


def _prefer_connected(names: Resources) -> Element:
    # Relative, not absolute: where no head reaches the targets, the service goes on where it is.
    location = element("rsc_location", id="live-cluster-primary-connected", rsc=names.database_clone)
    rule = element(
        "rule",
        element(
            "expression", id="live-cluster-primary-connected-expr", attribute="pingd", operation="defined"
        ),
        id="live-cluster-primary-connected-rule",
        role="Promoted",
    )
    rule.set("score-attribute", "pingd")
    location.append(rule)
    return location


def _avoid_full_disk(names: Resources) -> Element:
    # Finite for the same reason: with both disks full a primary that reads is better than none. More than what
    # keeps the primary where it is (5800, seen), less than the client network counts (cib._connectivity).
    location = element("rsc_location", id="live-cluster-primary-disk", rsc=names.database_clone)
    rule = element(
        "rule",
        element(
            "expression",
            id="live-cluster-primary-disk-expr",
            attribute="#health_disk",
            operation="eq",
            value="red",
        ),
        id="live-cluster-primary-disk-rule",
        role="Promoted",
        score="-8000",
    )
    location.append(rule)
    return location
