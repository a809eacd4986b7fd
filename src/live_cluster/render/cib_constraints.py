"""Where the resources of the tree run, and what waits for what."""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.model.profile import Resources
from live_cluster.model.service_marks import fails_attribute
from live_cluster.render.cib_drbd import drbd_constraints
from live_cluster.render.cib_elements import Element, Ordering, colocation, element, ordering
from live_cluster.render.cib_fencing import Device, elsewhere
from live_cluster.render.cib_parts import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What has a place, and the clustered units: the application's are in the order of their start."""

    names: Resources
    services: tuple[Service, ...]
    file_server: Service | None
    fencing: tuple[Device, ...]
    has_files: bool
    has_drbd: bool = False
    drbd_leaves: bool = False
    has_nas: bool = False

    @property
    def units(self) -> tuple[Service, ...]:
        """All clustered units that have a say in where the primary is; a NAS's file server has none."""
        files = () if self.file_server is None or self.has_nas else (self.file_server,)
        return (*files, *self.services)


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
    made.extend((_prefer_connected(names), _avoid_full_disk(names), _avoid_failing_service(placed)))
    made.extend(_stay_with_what_hangs(placed))
    made.extend(elsewhere(device) for device in placed.fencing)
    return made


def _file_orderings(placed: Placed) -> tuple[Ordering, ...]:
    names = placed.names
    if not placed.has_files:
        return ()
    return (
        Ordering(
            id="live-cluster-files-before-application",
            first=names.filestorage_filesystem,
            first_action="start",
            then=placed.services[0].resource,
            then_action="start",
            symmetrical=True,
        ),
        # A file server that started beside the promotion held up the database's address, and with it the
        # application, for 1.8 s (seen).
        Ordering(
            id="live-cluster-database-address-before-file-server",
            first=names.database_group,
            first_action="start",
            then=names.filestorage_samba,
            then_action="start",
            kind="Optional",
        ),
    )


def _orderings(placed: Placed) -> tuple[Ordering, ...]:
    names, first_service = placed.names, placed.services[0].resource
    # Of the application's group only the services wait: its address starts beside the promotion.
    return (
        Ordering(
            id="live-cluster-promote-then-database-address",
            first=names.database_clone,
            first_action="promote",
            then=names.database_group,
            then_action="start",
        ),
        *_file_orderings(placed),
        # Programs that find no way to their database wait for ten seconds, or give up. One way: where the address
        # is started anew in its place, the services stay.
        Ordering(
            id="live-cluster-database-address-before-application",
            first=names.database_group,
            first_action="start",
            then=first_service,
            then_action="start",
        ),
        # What a service has still to write when it ends needs its database, and the address of it. Optional: only
        # what stops anyway is waited for. As a condition (crm_simulate of 2.1.5), a service that could not be
        # stopped kept a database that had died from being restarted, and an orderly shutdown from its end;
        # and where the demotion alone waited for it, the other head was promoted without.
        Ordering(
            id="live-cluster-application-stops-before-database-address",
            first=first_service,
            first_action="stop",
            then=names.database_group,
            then_action="stop",
            kind="Optional",
        ),
        Ordering(
            # The promotion changes attributes, and then Pacemaker plans anew once nothing is under way any more: a
            # service that starts meanwhile would hold up the database's address for its 2 s.
            id="live-cluster-database-before-application",
            first=names.database_clone,
            first_action="promote",
            then=first_service,
            then_action="start",
            kind="Optional",
            symmetrical=True,
        ),
    )


def _prefer_connected(names: Resources) -> Element:
    # Relative, not absolute: where no head reaches the targets, the service goes on where it is.
    return _of_primary(
        names, "connected", (_defined("live-cluster-primary-connected-expr", "pingd"),), "pingd"
    )


def _avoid_full_disk(names: Resources) -> Element:
    # Finite for the same reason: with both disks full a primary that reads is better than none. More than what
    # keeps the primary where it is (5800, seen), less than the client network counts (cib._connectivity).
    full = element(
        "expression",
        id="live-cluster-primary-disk-expr",
        attribute="#health_disk",
        operation="eq",
        value="red",
    )
    return _of_primary(names, "disk", (full,), "-8000")


def _avoid_failing_service(placed: Placed) -> Element:
    # One move, and none back: a head keeps its mark when the primary has left it, and where both have one neither
    # is better. As members of groups that hold the primary, services that ran nowhere made it change places every
    # 37 s, whenever Pacemaker had forgotten the failures on the other head. Counts once, however many services it
    # is, and less than a full disk.
    failing = (
        _defined(f"live-cluster-primary-service-{one.resource}", fails_attribute(one.resource))
        for one in placed.units
    )
    return _of_primary(placed.names, "service", tuple(failing), "-7000")


def _stay_with_what_hangs(placed: Placed) -> tuple[Element, ...]:
    # What runs once and could not be stopped runs nowhere else either, and may still need its database. More than a
    # planned move counts (100 000), less than a head that must not have the primary.
    hanging = tuple(
        _defined(f"live-cluster-primary-hanging-{one.resource}", f"fail-count-{one.resource}#stop_0")
        for one in placed.services
        if one.must_run_once
    )
    return (_of_primary(placed.names, "hanging", hanging, "120000"),) if hanging else ()


def _of_primary(names: Resources, what: str, expressions: tuple[Element, ...], score: str) -> Element:
    """A head where one of these is so counts so much more as the primary's place, or as its attribute says."""
    location = element("rsc_location", id=f"live-cluster-primary-{what}", rsc=names.database_clone)
    rule = element("rule", *expressions, id=f"live-cluster-primary-{what}-rule", role="Promoted")
    if len(expressions) > 1:
        rule.set("boolean-op", "or")
    rule.set("score" if score.lstrip("-").isdigit() else "score-attribute", score)
    location.append(rule)
    return location


def _defined(identity: str, attribute: str) -> Element:
    return element("expression", id=identity, attribute=attribute, operation="defined")
