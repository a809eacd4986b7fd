"""Schedules drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from simulation.fault import Fault
from simulation.network import ARP, CLIENT, DATABASE, DIRECT, HEADS, ICMP, KNET, NETWORKS, PROTOCOLS, SSH
from simulation.schedule import Schedule
from simulation.world import Pair

LENGTH_S = 45.0
_OBSTACLES = (
    "could not load pg_hba.conf",
    "could not access file: a library is missing",
    "data directory has wrong ownership",
)
_PROCESSES = ("postmaster", "walsender", "walreceiver", "startup", "checkpointer")
Draw = Callable[[Random, float, str, Pair], Fault]


def _plain(
    kind: str, *, lasts: tuple[float, float] = (0.0, 0.0), amount: tuple[float, float] = (0.0, 0.0)
) -> Draw:
    def draw(random: Random, at: float, head: str, pair: Pair) -> Fault:
        return Fault(
            at, kind, head, lasts=round(random.uniform(*lasts), 2), amount=round(random.uniform(*amount))
        )

    return draw


def _cut(random: Random, at: float, head: str, pair: Pair) -> Fault:
    """Never all paths at once where nobody could tell a cut from a dead peer: that hazard is known."""
    kind = random.choice(("cut between the heads", "cut towards the other head"))
    networks = random.choice((NETWORKS, NETWORKS, (CLIENT,), (DIRECT,)))
    choices = (
        PROTOCOLS,
        (KNET,),
        (ICMP,),
        (DATABASE,),
        (KNET, ICMP),
        (KNET, DATABASE),
        (ICMP, DATABASE, SSH),
        (KNET, ICMP, ARP, SSH),
    )
    protocols = random.choice(choices)
    lone = not (pair.arbiter or pair.fencing)
    if lone and networks == NETWORKS and protocols == PROTOCOLS:
        return Fault(at, "cables out", head, lasts=round(random.uniform(1, 25), 2))
    return Fault(at, kind, head, round(random.uniform(1, 25), 2), networks, protocols)


def _cables(random: Random, at: float, head: str, pair: Pair) -> Fault:
    networks = random.choice((NETWORKS, NETWORKS, (CLIENT,), (DIRECT,)))
    kind = random.choice(("cables out", "isolated behind its switches"))
    return Fault(at, kind, head, round(random.uniform(1, 30), 2), networks)


def _text(kind: str, texts: tuple[str, ...], lasts: tuple[float, float]) -> Draw:
    def draw(random: Random, at: float, head: str, pair: Pair) -> Fault:
        return Fault(at, kind, head, lasts=round(random.uniform(*lasts), 2), text=random.choice(texts))

    return draw


# How often, and what.
_WEIGHTS: tuple[tuple[int, Draw], ...] = (
    (12, _plain("power loss", lasts=(3, 30))),
    (8, _plain("power loss at a step", lasts=(5, 30), amount=(0, 60))),
    (8, _plain("stands still", lasts=(0.5, 15))),
    (6, _plain("stands still at a step", lasts=(0.5, 15), amount=(0, 60))),
    (2, _plain("its fencing device does not answer", lasts=(5, 30))),
    (8, _plain("server killed")),
    (6, _plain("action killed", amount=(0, 30))),
    (10, _cut),
    (8, _cables),
    (3, _plain("gateway unreachable", lasts=(1, 30))),
    (3, _plain("arbiter unreachable", lasts=(1, 30))),
    (4, _text("process stopped", _PROCESSES, (2, 25))),
    (2, _plain("connections used up", lasts=(2, 20))),
    (2, _plain("clock step", lasts=(5, 30), amount=(-4000, 4000))),
    (4, _plain("busy", lasts=(5, 30), amount=(2, 20))),
    (2, _plain("shutdown hangs", lasts=(5, 30), amount=(1, 50))),
    (3, _plain("disk dead", lasts=(20, 40))),
    (2, _plain("disk full", lasts=(5, 30))),
    (2, _plain("inodes used up", lasts=(5, 30))),
    (2, _plain("/run full", lasts=(5, 30))),
    (2, _plain("disk slow", lasts=(5, 30), amount=(1, 3))),
    (2, _plain("/run emptied")),
    (3, _text("server does not start", _OBSTACLES, (5, 30))),
    (2, _plain("old WAL recycled")),
    (2, _plain("bulk load", amount=(1, 40))),
    (3, _plain("maintenance", lasts=(2, 20))),
    (3, _plain("stop-resources", lasts=(2, 15))),
    (3, _plain("node standby", lasts=(3, 25))),
    (4, _plain("switchover to this head")),
    (2, _plain("rejoin --keep")),
    (2, _plain("rejoin --reclone")),
    (2, _plain("rejoin --rewind")),
    (3, _plain("CIB changed by hand", amount=(1, 6))),
    (1, _plain("cleanup")),
)


def draw(seed: int) -> Schedule:
    """The schedule of a seed."""
    random = Random(seed)
    kind = random.choice(("none", "none", "arbiter", "fencing"))
    pair = Pair(
        arbiter=kind == "arbiter",
        fencing=kind == "fencing",
        gateway=random.random() < 0.85,
        primary=random.randrange(2),
    )
    draws = [one for _, one in _WEIGHTS]
    weights = [weight for weight, _ in _WEIGHTS]
    chosen = random.choices(draws, weights, k=random.choice((1, 2, 2, 3, 3, 4, 5, 7)))
    moments = _moments(random, len(chosen))
    heads = _heads(random, len(chosen))
    faults = tuple(one(random, at, head, pair) for one, at, head in zip(chosen, moments, heads, strict=True))
    return Schedule(pair, seed, tuple(sorted(faults, key=lambda fault: fault.at)), LENGTH_S)


def _moments(random: Random, count: int) -> list[float]:
    """Faults that meet each other are worth more than faults far apart."""
    at = random.uniform(0.5, 8.0)
    moments = []
    for _ in range(count):
        moments.append(round(at, 2))
        at += random.choice((random.uniform(0.01, 1.5), random.uniform(0.5, 6.0), random.uniform(3.0, 14.0)))
    return [min(moment, LENGTH_S - 1.0) for moment in moments]


def _heads(random: Random, count: int) -> list[str]:
    favourite = random.choice(HEADS)
    return [favourite if random.random() < 0.6 else random.choice(HEADS) for _ in range(count)]
