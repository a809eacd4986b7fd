"""D1 on heads with real bonds: interfaces, cables and switches fail under load, nothing moves, nothing is lost.

In virtual machines, for bonds need a kernel that has them. Membership is compared by Corosync's ring id: it is
another one as soon as the heads have lost each other for a moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest

from live_lab import Host, Lab, Scheme, audits, wait_until
from live_lab.pair import configure
from live_lab.writer import Writer

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

# A bond takes a second; a virtual machine on a busy machine may stand still for longer than Corosync's usual 3 s.
TOKEN = ("--token", "20000")
DEADLINE_S = 1800.0


@dataclass(frozen=True)
class Pair:
    """Configured heads as they were before a fault: which is active, and who is a member."""

    lab: Lab
    active: Host
    standby: Host
    membership: str

    @classmethod
    def now(cls, lab: Lab) -> Pair:
        first, second = lab.heads
        active, standby = (first, second) if audits.is_primary(first) else (second, first)
        return cls(lab, active, standby, membership(active))


def membership(host: Host) -> str:
    lines = host.run(("corosync-quorumtool", "-s"), check=False).stdout.splitlines()
    # While it changes Corosync may say nothing.
    return next((line for line in lines if line.startswith("Ring ID")), "")


def told(host: Host) -> tuple[bool, set[str]]:
    """Whether `status` says that the pair is healthy, and what it says of networks."""
    answer = host.run(("live-cluster", "status", "--json"), check=False).stdout
    verdict = json.loads(answer).get("verdict", {"healthy": False, "hazards": []})
    of_networks = (one["message"] for one in verdict["hazards"] if one["code"].startswith("network-"))
    return verdict["healthy"], {text.partition(" and ")[0].partition(" (")[0] for text in of_networks}


def wait_for(host: Host, expected: set[str], *, healthy: bool = True) -> None:
    wait_until(
        lambda: told(host) == (healthy, expected),
        deadline_s=DEADLINE_S,
        what=f"status on {host.name} says {expected or 'nothing'} of its networks",
        every_s=1.0,
    )


def scheme_shown(lab: Lab) -> set[str]:
    answers = [head.run(("live-cluster", "status", "--json"), check=False).stdout for head in lab.heads]
    return {json.loads(text)["network"]["scheme"] for text in answers}


def configured(lab: Lab) -> Lab:
    configure(lab, *TOKEN, deadline_s=2 * DEADLINE_S)
    audits.wait_until_clean(lab, deadline_s=DEADLINE_S)
    return lab


# One pair of virtual machines at a time: each class takes its own down before the next one comes.


@pytest.fixture(scope="class")
def full() -> Iterator[Lab]:
    with Lab.up(name="nfull", media=0, scheme=Scheme.FULL) as lab:
        yield configured(lab)


@pytest.fixture(scope="class")
def partial() -> Iterator[Lab]:
    with Lab.up(name="npart", media=0, scheme=Scheme.PARTIAL) as lab:
        yield configured(lab)


@pytest.fixture(scope="class")
def one_network() -> Iterator[Lab]:
    with Lab.up(name="nnone", media=0, scheme=Scheme.NONE) as lab:
        yield configured(lab)


@dataclass(frozen=True)
class Fault:
    """What is done, how it is taken back, and which interface of which bond each head has lost by it."""

    begin: Callable[[Pair], None]
    end: Callable[[Pair], None]
    lost: Callable[[Pair], set[str]]


def _head(pair: Pair, which: str) -> Host:
    return pair.active if which == "active head" else pair.standby


def _cable(which: str, nic: str) -> Fault:
    return Fault(
        begin=lambda pair: pair.lab.cut(_head(pair, which).name, nic),
        end=lambda pair: pair.lab.heal(_head(pair, which).name, nic),
        lost=lambda pair: {_lost(_head(pair, which), nic)},
    )


def _interface(which: str, nic: str) -> Fault:
    def set_to(state: str) -> Callable[[Pair], None]:
        return lambda pair: void(_head(pair, which).run(("ip", "link", "set", nic, state)))

    return Fault(begin=set_to("down"), end=set_to("up"), lost=lambda pair: {_lost(_head(pair, which), nic)})


def _switch(number: str, nics: tuple[str, ...]) -> Fault:
    return Fault(
        begin=lambda pair: pair.lab.switch_down(number),
        end=lambda pair: pair.lab.switch_up(number),
        lost=lambda pair: {_lost(host, nic) for host in pair.lab.heads for nic in nics},
    )


def void(_: object) -> None:
    """Only what it did counts."""


def _lost(host: Host, nic: str) -> str:
    bond = {"eth0": "bond0", "eth2": "bond0", "eth1": "bond1", "eth3": "bond1"}[nic]
    return f"{host.name}: {bond} has lost {nic}"


NICS = ("eth0", "eth1", "eth2", "eth3")
HEADS = ("active head", "standby")
KINDS = {"cable": _cable, "interface": _interface}
ONE_OF_A_HEAD = {
    f"{kind} {nic} of the {which}": make(which, nic)
    for which in HEADS
    for kind, make in KINDS.items()
    for nic in NICS
}


def one_fault(lab: Lab, fault: Fault) -> None:
    """It is told, nothing moves, and everything that was acknowledged is there."""
    pair = Pair.now(lab)
    wait_for(pair.active, set())
    writer = Writer(lab)
    try:
        writer.wait_for_more(deadline_s=DEADLINE_S)
        fault.begin(pair)
        try:
            # Of the other head's bonds each one is told by its database agent.
            for head in lab.heads:
                wait_for(head, fault.lost(pair))
            writer.wait_for_more(deadline_s=DEADLINE_S)
        finally:
            fault.end(pair)
        for head in lab.heads:
            wait_for(head, set())
        writer.wait_for_more(deadline_s=DEADLINE_S)
    finally:
        acknowledged = writer.stop()
    assert membership(pair.active) == pair.membership
    assert audits.is_primary(pair.active)
    audits.wait_until_clean(lab, acknowledged, deadline_s=DEADLINE_S)


class TestFull:
    """Each bond at two switches."""

    FAULTS: ClassVar = {
        "switch 1": _switch("1", ("eth0", "eth1")),
        "switch 2": _switch("2", ("eth2", "eth3")),
        **ONE_OF_A_HEAD,
    }

    @pytest.mark.parametrize("name", FAULTS)
    def test_one_fault_is_told_and_nothing_moves(self, full: Lab, name: str) -> None:
        one_fault(full, self.FAULTS[name])

    def test_both_switches_take_everything_and_it_comes_back_by_itself(self, full: Lab) -> None:
        assert scheme_shown(full) == {"full"}
        writer = Writer(full)
        try:
            writer.wait_for_more(deadline_s=DEADLINE_S)
            for switch in ("1", "2"):
                full.switch_down(switch)
            try:
                for head in full.heads:
                    dead = {f"{head.name}: {bond} has lost all its interfaces" for bond in ("bond0", "bond1")}
                    wait_until(
                        lambda head=head, dead=dead: dead <= told(head)[1],  # type: ignore[misc]
                        deadline_s=DEADLINE_S,
                        what=f"status on {head.name} says that both bonds are dead",
                        every_s=1.0,
                    )
            finally:
                for switch in ("1", "2"):
                    full.switch_up(switch)
            writer.wait_for_more(deadline_s=DEADLINE_S)
        finally:
            acknowledged = writer.stop()
        audits.wait_until_clean(full, acknowledged, deadline_s=DEADLINE_S)


class TestPartial:
    """Both interfaces of bond0 at switch 1, and one of bond1: which switch it is, no server sees."""

    FAULTS: ClassVar = {
        "switch 2": _switch("2", ("eth3",)),
        **{
            f"{kind} {nic} of the {which}": ONE_OF_A_HEAD[f"{kind} {nic} of the {which}"]
            for kind, nic, which in (
                ("cable", "eth0", "active head"),
                ("cable", "eth2", "standby"),
                ("interface", "eth2", "active head"),
                ("interface", "eth1", "standby"),
            )
        },
    }

    @pytest.mark.parametrize("name", FAULTS)
    def test_one_fault_is_told_and_nothing_moves(self, partial: Lab, name: str) -> None:
        one_fault(partial, self.FAULTS[name])

    def test_without_the_customer_s_switch_nobody_reaches_it_and_nothing_splits(self, partial: Lab) -> None:
        assert scheme_shown(partial) == {"full"}
        pair, writer = Pair.now(partial), Writer(partial)
        degraded = {_lost(head, "eth1") for head in partial.heads}
        try:
            writer.wait_for_more(deadline_s=DEADLINE_S)
            partial.switch_down("1")
            try:
                for head in partial.heads:
                    dead = f"{head.name}: bond0 has lost all its interfaces"
                    wait_for(head, {dead, *degraded}, healthy=False)
            finally:
                partial.switch_up("1")
            writer.wait_for_more(deadline_s=DEADLINE_S)
        finally:
            acknowledged = writer.stop()
        # The primary may have moved: the heads notice one after the other that they do not see the gateway.
        assert membership(pair.active) == pair.membership
        audits.wait_until_clean(partial, acknowledged, deadline_s=DEADLINE_S)


class TestNone:
    """One interface of each head in the one network."""

    def test_without_the_standby_s_cable_the_primary_goes_on(self, one_network: Lab) -> None:
        assert scheme_shown(one_network) == {"none"}
        pair, writer = Pair.now(one_network), Writer(one_network)
        try:
            writer.wait_for_more(deadline_s=DEADLINE_S)
            one_network.cut(pair.standby.name, "eth0")
            try:
                wait_until_lost(pair)
                writer.wait_for_more(deadline_s=DEADLINE_S)
            finally:
                one_network.heal(pair.standby.name, "eth0")
            writer.wait_for_more(deadline_s=DEADLINE_S)
        finally:
            acknowledged = writer.stop()
        audits.wait_until_clean(one_network, acknowledged, deadline_s=DEADLINE_S)
        assert audits.is_primary(pair.active)

    def test_when_its_network_is_back_so_is_the_service(self, one_network: Lab) -> None:
        pair, writer = Pair.now(one_network), Writer(one_network)
        try:
            writer.wait_for_more(deadline_s=DEADLINE_S)
            one_network.switch_down("bond0")
            try:
                wait_until_lost(pair)
            finally:
                one_network.switch_up("bond0")
            writer.wait_for_more(deadline_s=DEADLINE_S)
        finally:
            acknowledged = writer.stop()
        audits.wait_until_clean(one_network, acknowledged, deadline_s=DEADLINE_S)


def wait_until_lost(pair: Pair) -> None:
    wait_until(
        lambda: membership(pair.active) not in ("", pair.membership),
        deadline_s=DEADLINE_S,
        what="the heads have lost each other",
        every_s=1.0,
    )
