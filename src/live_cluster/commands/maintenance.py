"""Maintenance mode: Pacemaker leaves everything as it is and reacts to nothing, until it is told to go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from live_cluster.apply.waiting import wait_until
from live_cluster.commands.following import Waiting, run_here
from live_cluster.commands.missing import Missing, Wish, missing_of, why
from live_cluster.commands.status import Server, view_now
from live_cluster.errors import CommandFailed, ConditionNotMet, Problem, problem
from live_cluster.messages import message
from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.double_service import served_twice
from live_cluster.model.maintenance import Maintenance
from live_cluster.probes.maintenance import MAINTENANCE, SET, parse_maintenance
from live_cluster.render.maintenance import maintenance_set, moment

_ADD = ("cibadmin", "--modify", "--allow-create", "--scope", "crm_config", "--xml-text")
_REMOVE = ("cibadmin", "--delete", "--xml-text", f'<cluster_property_set id="{SET}"/>')
_OTHERS = ("crm_attribute", "--type", "crm_config", "--name", "maintenance-mode", "--delete")
# While nothing is acted on, every resource is looked at anew: what was done by hand is known before the end.
_PROBE = ("crm_resource", "--refresh")
# How long the answers to that are waited for. A cluster that cannot settle must be let go all the same.
_PROBED_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The mode as it is now, and whether that is a change."""

    on: bool
    changed: bool
    maintenance: Maintenance | None = None


def present(server: Server) -> Maintenance | None:
    """The set of ours that is in the configuration, in force or run out."""
    return parse_maintenance(server.start(MAINTENANCE).finish(timeout_s=30).stdout.decode(errors="replace"))


def switch_on(server: Server, waiting: Waiting, *, by: str, seconds: int | None) -> Outcome:
    """From now, for so long or until it is ended; a second order replaces the first one's end."""
    view_now(server)
    now = datetime.now(UTC)
    until = None if seconds is None else now + timedelta(seconds=seconds)
    if present(server) is not None:
        run_here(server, _REMOVE)
    run_here(server, (*_ADD, maintenance_set(by=by, since=now, until=until)))
    _wait_on(server, waiting)
    ends = "" if until is None else moment(until)
    return Outcome(on=True, changed=True, maintenance=Maintenance(by=by, since=moment(now), until=ends))


def switch_off(server: Server, waiting: Waiting) -> Outcome:
    """Look at everything first, then let Pacemaker go on; nothing that runs is restarted.

    It works on every head and in every state: whatever is wrong with the cluster, this is not what keeps it so.
    """
    view = view_now(server)
    ours = present(server)
    if not view.maintenance_mode:
        if ours is not None:
            # It has run out: only its trace is left.
            run_here(server, _REMOVE)
        return Outcome(on=False, changed=False)
    _look_again(server, waiting)
    if ours is not None:
        run_here(server, _REMOVE)
    if view_now(server).maintenance_mode:
        run_here(server, _OTHERS)
    _wait_off(server, waiting)
    return Outcome(on=False, changed=True)


def _look_again(server: Server, waiting: Waiting) -> None:
    """Best effort: nothing here keeps the mode from ending, least of all a cluster that is in trouble."""
    waiting.tell(message("maintenance-probing"))
    try:
        run_here(server, _PROBE)
    except CommandFailed as error:
        for found in error.problems:
            waiting.tell(message("maintenance-not-probed", reason=found.message))
        return
    wait_until(
        lambda: not missing_of(view_now(server), Wish.START), deadline_s=_PROBED_S, clock=waiting.clock
    )


def _wait_on(server: Server, waiting: Waiting) -> None:
    if not wait_until(
        lambda: view_now(server).maintenance_mode, deadline_s=waiting.deadline_s, clock=waiting.clock
    ):
        raise ConditionNotMet(problem("maintenance-not-on"))


def _wait_off(server: Server, waiting: Waiting) -> None:
    """Until everything runs, each service once; ConditionNotMet names what does not come about."""
    seen = view_now(server)

    def reached() -> bool:
        nonlocal seen
        seen = view_now(server)
        return not seen.maintenance_mode and _goes_on(seen, waiting)

    if wait_until(reached, deadline_s=waiting.deadline_s, clock=waiting.clock):
        return
    if seen.maintenance_mode:
        raise ConditionNotMet(problem("maintenance-still-on"))
    unsettled = [
        *(problem("resource-not-started", resource=one.resource, why=why(one)) for one in _missing(seen)),
        *(Problem(message=one) for one in served_twice(seen)),
    ]
    raise ConditionNotMet(problem("maintenance-not-off"), *unsettled)


def _missing(view: ClusterView) -> list[Missing]:
    return list({one.resource: one for one in missing_of(view, Wish.START)}.values())


def _goes_on(view: ClusterView, waiting: Waiting) -> bool:
    missing = missing_of(view, Wish.START)
    waiting.remaining(missing, view.resources_configured)
    if any(served_twice(view)):
        return False
    return view.stop_all_resources or not missing or all(one.stuck for one in missing)
