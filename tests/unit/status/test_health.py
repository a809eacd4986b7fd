"""Observation in, verdict out: each case is the healthy pair with one thing changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from live_cluster.messages import render
from live_cluster.model.cluster_view import Ban, ClusterView, FailCount, Instance, Role
from live_cluster.model.health import Certificate, Level, Observation, Verdict, judge
from live_cluster.model.membership import Link, Quorum
from live_cluster.model.network_scheme import Network
from live_cluster.model.replication import Mode, Replication
from live_cluster.model.watchdog_view import Watchdog
from live_cluster.probes.pacemaker import parse_crm_mon
from recordings.recorded_server import recording

HEADS = ("ivcs-main-1", "ivcs-main-2")
TWO_NODE = Quorum(total_votes=2, needed_votes=1, two_node=True)
LINKS = tuple(
    Link(number=n, local_address=f"10.81.{n}.1", remote_address=f"10.81.{n}.2", connected=True)
    for n in (0, 1)
)


def healthy() -> Observation:
    view = parse_crm_mon(recording("healthy-primary"))
    (standby,) = [node.name for node in view.nodes if node.name != view.primary]
    streaming = Replication(
        mode=Mode.SYNCHRONOUS,
        primary=view.primary,
        standby=standby,
        standby_state="streaming",
        lag_bytes=0,
    )
    return Observation(view=view, replication=streaming, quorum=TWO_NODE, links=LINKS)


def primary() -> str:
    return healthy().view.primary


def standby() -> str:
    return healthy().replication.standby


def with_view(change: Callable[[ClusterView], ClusterView]) -> Observation:
    seen = healthy()
    return seen._replace(view=change(seen.view))


def with_node(name: str, **changed: object) -> Observation:
    return with_view(
        lambda view: view._replace(
            nodes=tuple(node._replace(**changed) if node.name == name else node for node in view.nodes)
        )
    )


def with_instances(change: Callable[[Instance], Instance]) -> Observation:
    return with_view(
        lambda view: view._replace(
            sets=tuple(
                group._replace(instances=tuple(change(one) for one in group.instances)) for group in view.sets
            )
        )
    )


def codes(verdict: Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def test_a_whole_pair_can_lose_either_head() -> None:
    verdict = judge(healthy())
    assert verdict.healthy
    assert verdict.level is Level.HEALTHY
    assert verdict.can_lose == ("ivcs-main-1", "ivcs-main-2")
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"online": False}, "health-node-offline"),
        ({"standby": True}, "health-node-standby"),
        ({"maintenance": True}, "health-node-maintenance"),
        ({"pending": True}, "health-node-pending"),
        ({"online": False, "unclean": True}, "health-node-unclean"),
        ({"health": "red"}, "health-disk-full"),
        ({"attributes": {"ivcs-db-data": "sync", "pingd": "0"}}, "health-gateway-unreachable"),
        ({"attributes": {"ivcs-db-data": "sync", "root_free": "450"}}, "health-disk-full"),
        ({"attributes": {"ivcs-db-data": "stale"}}, "health-standby-behind"),
    ],
)
def test_the_primary_may_not_die_while_the_standby_is_not_ready(
    changed: dict[str, object], code: str
) -> None:
    verdict = judge(with_node(standby(), **changed))
    assert verdict.level is Level.DEGRADED
    assert primary() not in verdict.can_lose
    assert codes(verdict) == {code}


def test_a_lost_head_is_no_head_that_can_be_lost() -> None:
    assert judge(with_node(standby(), online=False)).can_lose == ()


def test_the_standby_may_die_while_only_its_own_data_is_behind() -> None:
    verdict = judge(with_node(standby(), attributes={"ivcs-db-data": "stale"}))
    assert verdict.can_lose == (standby(),)


@pytest.mark.parametrize(
    ("mode", "code"),
    [(Mode.ASYNCHRONOUS, "health-asynchronous"), (Mode.NONE, "health-not-replicating")],
)
def test_replication_must_be_synchronous(mode: Mode, code: str) -> None:
    seen = healthy()
    verdict = judge(seen._replace(replication=seen.replication._replace(mode=mode)))
    assert verdict.can_lose == (standby(),)
    assert codes(verdict) == {code}


def stop(name: str) -> Callable[[Instance], Instance]:
    def change(instance: Instance) -> Instance:
        if instance.id != name:
            return instance
        return instance._replace(role=Role.STOPPED, active=False, nodes=())

    return change


@pytest.mark.parametrize("resource", ["db-ip", "samba", "ivcs-server", "gnugk"])
def test_a_stopped_service_is_down(resource: str) -> None:
    verdict = judge(with_instances(stop(resource)))
    assert verdict.level is Level.DOWN
    assert verdict.can_lose == ()
    assert codes(verdict) == {"health-resource-not-running"}


def test_a_service_that_only_just_starts_is_not_there_yet() -> None:
    seen = with_instances(lambda one: one._replace(role=Role.STARTING) if one.id == "samba" else one)
    assert codes(judge(seen)) == {"health-resource-not-running"}


def test_a_service_that_is_switched_off_says_how_to_switch_it_on() -> None:
    change = stop("gnugk")
    seen = with_instances(
        lambda one: change(one)._replace(target_role="Stopped") if one.id == "gnugk" else one
    )
    assert codes(judge(seen)) == {"health-resource-disabled"}


def test_no_primary_is_down_and_stands_first() -> None:
    def without_primary(instance: Instance) -> Instance:
        if instance.role is Role.PROMOTED:
            return instance._replace(role=Role.UNPROMOTED)
        return stop("db-ip")(instance)

    verdict = judge(with_instances(without_primary))
    assert [reason.code for reason in verdict.down] == ["health-not-promoted", "health-resource-not-running"]


def test_a_failed_service_blocks_but_is_not_down() -> None:
    seen = with_instances(lambda one: one._replace(failed=True) if one.id == "gnugk" else one)
    assert judge(seen).level is Level.DEGRADED
    assert codes(judge(seen)) == {"health-resource-failed"}


def test_an_unmanaged_resource_does_not_move() -> None:
    seen = with_instances(lambda one: one._replace(managed=False) if one.id == "gnugk" else one)
    assert codes(judge(seen)) == {"health-resource-unmanaged"}


def test_a_clone_that_is_missing_on_the_survivor() -> None:
    def change(instance: Instance) -> Instance:
        return stop("monitor")(instance) if standby() in instance.nodes else instance

    verdict = judge(with_instances(change))
    assert verdict.can_lose == (standby(),)
    assert codes(verdict) == {"health-clone-missing"}


def test_a_database_standby_that_does_not_run() -> None:
    def change(instance: Instance) -> Instance:
        return stop("ivcs-db")(instance) if instance.role is Role.UNPROMOTED else instance

    assert codes(judge(with_instances(change))) == {"health-standby-stopped"}


def test_maintenance_mode_alone_is_reason_enough() -> None:
    seen = with_view(lambda view: view._replace(maintenance_mode=True))
    assert codes(judge(seen)) == {"health-maintenance-mode"}
    assert judge(seen).level is Level.DEGRADED


def test_stopped_on_purpose_is_down_with_one_reason() -> None:
    view = parse_crm_mon(recording("stopped"))
    verdict = judge(healthy()._replace(view=view))
    assert verdict.level is Level.DOWN
    assert codes(verdict) == {"health-resources-stopped"}


def test_without_quorum_nothing_can_run() -> None:
    seen = with_view(lambda view: view._replace(with_quorum=False))
    assert "health-no-quorum" in codes(judge(seen))
    assert judge(seen).level is Level.DOWN


@pytest.mark.parametrize(
    ("quorum", "code"),
    [
        (Quorum(total_votes=2, needed_votes=2, arbiter=True), "health-arbiter-silent"),
        (Quorum(total_votes=2, needed_votes=2), "health-quorum-would-be-lost"),
    ],
)
def test_a_head_may_not_die_when_that_costs_the_quorum(quorum: Quorum, code: str) -> None:
    verdict = judge(healthy()._replace(quorum=quorum))
    assert verdict.can_lose == ()
    assert codes(verdict) == {code}


def test_a_pair_with_an_arbiter_is_healthy_and_without_hazard() -> None:
    verdict = judge(healthy()._replace(quorum=with_arbiter(*HEADS)))
    assert verdict.healthy
    assert verdict.hazards == ()


def test_a_head_that_does_not_reach_the_arbiter_cannot_stay_alone() -> None:
    verdict = judge(healthy()._replace(quorum=with_arbiter(HEADS[0])))
    assert verdict.can_lose == (HEADS[1],)
    assert codes(verdict) == {"health-arbiter-unseen"}


def with_arbiter(*heads: str) -> Quorum:
    return Quorum(total_votes=3, needed_votes=2, arbiter=True, arbiter_votes=1, arbiter_heads=heads)


def failed(node: str, times: int) -> Observation:
    count = FailCount(resource="gnugk", node=node, times=times, threshold=3)
    return with_view(lambda view: view._replace(fail_counts=(count,)))


def test_too_many_failures_on_the_survivor_bar_it() -> None:
    verdict = judge(failed(standby(), 3))
    assert verdict.can_lose == (standby(),)
    assert codes(verdict) == {"health-banned-by-failures"}


def test_some_failures_are_only_a_hazard() -> None:
    verdict = judge(failed(standby(), 2))
    assert verdict.healthy
    assert "hazard-failures-counted" in {hazard.code for hazard in verdict.hazards}


def test_a_constraint_that_keeps_a_resource_from_the_survivor() -> None:
    ban = Ban(id="cli-ban-x", resource="ivcs-server-group", node=standby())
    verdict = judge(with_view(lambda view: view._replace(bans=(ban,))))
    assert verdict.can_lose == (standby(),)
    assert codes(verdict) == {"health-banned-by-rule"}


def test_a_cluster_of_one_can_lose_nothing() -> None:
    seen = with_view(lambda view: view._replace(nodes=view.nodes[:1]))
    verdict = judge(seen)
    assert verdict.can_lose == ()
    assert "health-one-node" in codes(verdict)


def hazards(seen: Observation) -> set[str]:
    return {hazard.code for hazard in judge(seen).hazards}


def test_split_brain_is_named_where_nothing_prevents_it() -> None:
    seen = healthy()
    assert hazards(seen) == {"hazard-split-brain"}
    assert hazards(seen._replace(links=LINKS[:1])) == {"hazard-split-brain-one-network"}
    assert hazards(with_view(lambda view: view._replace(fencing_enabled=True))) == set()


def test_a_broken_link_is_a_hazard_while_both_heads_are_there() -> None:
    broken = (LINKS[0], LINKS[1]._replace(connected=False))
    assert "hazard-link-down" in hazards(healthy()._replace(links=broken))
    alone = with_node(standby(), online=False)
    assert "hazard-link-down" not in hazards(alone._replace(links=broken))


def test_waiting_writes_are_a_hazard() -> None:
    seen = healthy()
    waiting = seen._replace(replication=seen.replication._replace(mode=Mode.NONE, commits_wait=True))
    assert "hazard-commits-wait" in hazards(waiting)


def test_every_reason_is_said_once() -> None:
    seen = with_node(standby(), standby=True)
    reasons = judge(seen._replace(replication=seen.replication._replace(mode=Mode.NONE))).reasons
    assert len(reasons) == len(set(reasons))


def with_devices(*, failed: str = "", stopped: str = "", there: bool = True) -> Observation:
    """Fencing is on; the named device has failed or does not run."""
    devices = tuple(
        Instance(
            id=f"fence-{name}",
            agent="stonith:fence_ipmilan",
            role=Role.STOPPED if name == stopped else Role.STARTED,
            active=name != stopped,
            failed=name == failed,
        )
        for name in (primary(), standby())
    )
    return with_view(
        lambda view: view._replace(fencing_enabled=True, fencing_devices=devices if there else ())
    )


def test_with_fencing_either_head_may_be_lost() -> None:
    verdict = judge(with_devices())
    assert verdict.healthy
    assert not [one for one in verdict.hazards if one.code.startswith("hazard-split-brain")]


@pytest.mark.parametrize("fault", ["failed", "stopped"])
def test_a_head_whose_device_is_dead_must_not_be_lost(fault: str) -> None:
    verdict = judge(with_devices(**{fault: primary()}))  # type: ignore[arg-type]
    assert verdict.can_lose == (standby(),)
    assert [one.code for one in verdict.reasons] == ["health-fencing-device"]
    assert verdict.level is Level.DEGRADED


def test_services_on_a_head_that_may_be_off_are_down() -> None:
    verdict = judge(with_node(primary(), online=False, unclean=True))
    assert verdict.level is Level.DOWN
    assert [one.code for one in verdict.reasons] == ["health-node-unclean"]


def test_fencing_without_a_device_blocks_every_takeover() -> None:
    verdict = judge(with_devices(there=False))
    assert verdict.can_lose == ()
    assert [one.code for one in verdict.reasons] == ["health-fencing-no-device"]


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        (31, set()),
        (30, set()),
        (29, {"hazard-certificate-expires"}),
        (0, {"hazard-certificate-expires"}),
        (-1, {"hazard-certificate-expired"}),
    ],
)
def test_a_certificate_near_its_end_is_a_hazard(days: int, shown: set[str]) -> None:
    seen = healthy()._replace(certificate=Certificate(until="2026-12-01", days_left=days))
    assert hazards(seen) - hazards(healthy()) == shown
    assert judge(seen).healthy


def test_with_a_watchdog_no_device_is_missing() -> None:
    relied_on = with_view(lambda view: view._replace(fencing_enabled=True))
    assert codes(judge(relied_on)) == {"health-fencing-no-device"}
    armed = relied_on._replace(watchdog=Watchdog("/dev/watchdog", armed=True))
    assert judge(armed).healthy
    idle = relied_on._replace(watchdog=Watchdog("/dev/watchdog"))
    assert codes(judge(idle)) == {"health-watchdog-not-armed"}
    # Left over where fencing was turned off by hand: nobody counts on it.
    assert judge(healthy()._replace(watchdog=Watchdog("/dev/watchdog"))).healthy


def test_a_bond_that_the_other_head_has_degraded_is_a_hazard_and_no_more() -> None:
    told = {"ivcs-db-network": "bond0:eth2:eth0 bond1:eth3:eth1"}
    seen = with_node("ivcs-main-2", attributes=told)
    verdict = judge(seen)
    assert verdict.healthy
    texts = [render(one, "en") for one in verdict.hazards if one.code == "network-bond-degraded"]
    assert [text.split(",")[0] for text in texts] == [
        "ivcs-main-2: bond0 has lost eth2 and runs on eth0 alone",
        "ivcs-main-2: bond1 has lost eth3 and runs on eth1 alone",
    ]
    # This head is looked at, so what its own agent told a moment ago does not count.
    own = Network("ivcs-main-2", rings=())
    assert not [
        one for one in judge(seen._replace(network=own)).hazards if one.code == "network-bond-degraded"
    ]
