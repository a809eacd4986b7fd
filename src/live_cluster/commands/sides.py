"""Look at both heads' copies of the files, and refuse where a choice between them cannot be carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from live_cluster.apply.fleet import Fleet
from live_cluster.errors import NotReady, Problem, problem
from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.drbd import STAND_ALONE
from live_cluster.model.drbd_split import NoSnapshot, Relation, Side, Snapshot, relation, snapshot_of
from live_cluster.model.mirror import SPLIT_BRAIN_ATTRIBUTE, TARGET
from live_cluster.plan.resolve_steps import KEPT
from live_cluster.plan.view_checks import stdout_of, view_of
from live_cluster.probes.drbd_sides import (
    STATE,
    ClusteredDrbd,
    changed_request,
    clustered_drbd,
    detail_requests,
    device_state,
    first_line,
    is_module_9,
    name_requests,
    parse_changed,
    side_of,
    state_request,
    text_of,
    value_in,
)
from live_cluster.probes.head import CIB, VIEW
from live_cluster.remote.executor import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Both sides, what they are to each other, and what an interrupted run has left."""

    drbd: ClusteredDrbd
    minor: int
    is_9: bool
    sides: tuple[Side, Side]
    relation: Relation
    # Whose files were to stay in the run that keeps the files out of use; empty: none does.
    held_for: str = ""
    # DRBD's handler has noted a split-brain that is over.
    is_marked: bool = False

    @property
    def is_joined(self) -> bool:
        """DRBD has been told whose data counts, or never had to be."""
        return not self.relation.is_split or all(one.drbd.talks for one in self.sides)

    @property
    def is_whole(self) -> bool:
        """Only a copy of the whole disk is sure to make both the same."""
        return self.relation is Relation.FORGOTTEN

    def snapshot_of(self, loser: Side) -> Snapshot | NoSnapshot:
        """What would keep this side's data."""
        winner = next(one for one in self.sides if one is not loser)
        return snapshot_of(loser, winner, is_whole=self.is_whole)

    @property
    def parted_at(self) -> float | None:
        """When the heads lost each other, by the one that was there to the end."""
        times = [one.parted_at for one in self.sides if one.parted_at is not None]
        return max(times, default=None)

    @property
    def is_open(self) -> bool:
        """There is something to decide, or to finish."""
        return not self.is_joined or bool(self.held_for) or self.is_marked

    @property
    def is_settled(self) -> bool:
        """The heads have the same again, and nothing here tells any more whose data an earlier run gave up."""
        return self.is_joined and not self.given_up

    @property
    def given_up(self) -> str:
        """The head whose data DRBD replaces already; empty where nothing is decided."""
        if self.is_joined and self.held_for:
            return next(one.node for one in self.sides if one.node != self.held_for)
        target = next((one.node for one in self.sides if one.drbd.connection in TARGET), "")
        if target or self.relation not in (Relation.FIRST_NEWER, Relation.SECOND_NEWER):
            return target
        return self.sides[1 if self.relation is Relation.FIRST_NEWER else 0].node


async def look(fleet: Fleet, names: Sequence[str]) -> Sight:
    """All facts; NotReady with everything that forbids even a choice."""
    servers = [fleet.servers[name] for name in names]
    (cib, view, *_), _ = await asyncio.gather(*(one.ask_all((CIB, VIEW, STATE)) for one in servers))
    drbd = clustered_drbd(stdout_of(cib))
    seen = view_of(view)
    if drbd is None or not drbd.resource:
        raise NotReady(problem("resolve-no-drbd"))
    found = tuple(_against(seen, names))
    if found or seen is None:
        raise NotReady(*found)
    looked = await asyncio.gather(*(_side(one, drbd) for one in servers))
    first, second = (side for side, _, _ in looked)
    parted = max((one.parted_at for one in (first, second) if one.parted_at), default=None)
    if parted is not None:
        first, second = await asyncio.gather(
            *(
                _with_files(server, side, parted)
                for server, side in zip(servers, (first, second), strict=True)
            )
        )
    assert first.identifiers is not None
    assert second.identifiers is not None
    sight = Sight(
        drbd=drbd,
        minor=looked[0][1],
        is_9=looked[0][2],
        sides=(first, second),
        relation=relation(first.identifiers, second.identifiers),
        held_for=value_in(stdout_of(cib), KEPT),
        is_marked=any(SPLIT_BRAIN_ATTRIBUTE in node.attributes for node in seen.nodes),
    )
    _refuse_what_is_no_split_brain(sight)
    return sight


def _against(view: ClusterView | None, names: Sequence[str]) -> Iterator[Problem]:
    if view is None:
        yield problem("resolve-no-cluster")
        return
    for name in names:
        node = view.node(name)
        if node is None or not node.online:
            yield problem("resolve-head-away", node=name)
    if not view.with_quorum:
        yield problem("resources-no-quorum")
    if view.maintenance_mode:
        yield problem("resources-in-maintenance")


async def _side(server: Server, drbd: ClusteredDrbd) -> tuple[Side, int, bool]:
    (kernel, *names) = await server.ask_all((STATE, *name_requests(drbd.resource)))
    is_9 = is_module_9(kernel)
    minor, backing = first_line(names[0]), first_line(names[1])
    if not minor.isdigit():
        raise NotReady(problem("resolve-not-known", node=server.name, resource=drbd.resource))
    if len(text_of(names[0]).split()) > 1:
        raise NotReady(problem("resolve-many-volumes", node=server.name, resource=drbd.resource))
    state = device_state(await server.ask(state_request(is_9=is_9)), int(minor))
    details = await server.ask_all(detail_requests(drbd.resource, backing, int(minor)))
    side = side_of(server.name, state, names, details)
    if not state.is_configured or side.identifiers is None:
        raise NotReady(problem("resolve-not-running", node=server.name, resource=drbd.clone))
    return side, int(minor), is_9


async def _with_files(server: Server, side: Side, since: float) -> Side:
    """What users have changed since then; only where the file system is mounted can one look."""
    if not side.mount_point:
        return side
    return replace(
        side, changed=parse_changed(text_of(await server.ask(changed_request(side.mount_point, since))))
    )


def _refuse_what_is_no_split_brain(sight: Sight) -> None:
    # Whether DRBD 9 would take an invalidated disk for the target is not known; DRBD 8.4 does.
    if sight.relation is Relation.UNRELATED or (sight.is_whole and sight.is_9):
        raise NotReady(problem("resolve-unrelated"))
    if sight.is_open:
        return
    apart = [one for one in sight.sides if not one.drbd.talks]
    if apart:
        alone = [one for one in apart if one.drbd.connection == STAND_ALONE]
        code = "resolve-only-apart" if alone else "resolve-only-waiting"
        raise NotReady(problem(code, node=(alone or apart)[0].node, resource=sight.drbd.resource))
