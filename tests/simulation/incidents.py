"""Schedules written by hand: what went wrong once, on real servers or in this simulation.

`broke` names the promise that the agent of that day broke.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulation.fault import Fault
from simulation.network import CLIENT, DATABASE, DIRECT, ICMP, KNET
from simulation.schedule import Run, Schedule, carry_out
from simulation.world import Pair

_PLAIN, _ARBITER, _FENCING = Pair(), Pair(arbiter=True), Pair(fencing=True)
FIRST, SECOND = "main-1", "main-2"


@dataclass(frozen=True, slots=True)
class Incident:
    """What was done, the promise that was broken then, how long clients may wait, and what must not happen."""

    name: str
    broke: str
    schedule: Schedule
    pause_s: float = 0.0
    never: str = ""

    def carry_out(self) -> Run:
        """Run it, and look at the longest pause and the story as well."""
        run = carry_out(self.schedule)
        checks = run.world.checks
        waited_s = checks.longest_pause_s
        if self.pause_s and waited_s > self.pause_s:
            checks.report("silence", f"clients waited for {waited_s:.1f} s, not {self.pause_s:g} s")
        if self.never and any(self.never in what for _, _, what in run.world.story):
            checks.report("forbidden", self.never)
        return replace(run, violations=tuple(checks.violations))


def _incident(
    name: str,
    broke: str,
    *faults: Fault,
    pair: Pair = _PLAIN,
    pause_s: float = 0.0,
    never: str = "",
    until: float = 60.0,
    seed: int = 1,
) -> Incident:
    wanted = tuple(fault for fault in faults if fault.kind != "bulk load" or fault.amount)
    return Incident(name, broke, Schedule(pair, seed, wanted, until), pause_s, never)


def _same_number(where: str, *, second_writes: int = 0, first_writes: int = 0) -> Incident:
    """Both heads are promoted without knowing of each other; megabytes say whose data ends later."""
    return _incident(
        f"two promotions that do not know of each other; {where}",
        "a copy is one only by its history",
        Fault(5, "power loss", FIRST, lasts=35),
        Fault(14, "bulk load", SECOND, amount=second_writes),
        Fault(16, "power loss", SECOND, lasts=64),
        Fault(57, "rejoin --keep", FIRST),
        Fault(70, "bulk load", FIRST, amount=first_writes),
        Fault(115, "power loss", FIRST, lasts=25),
        until=160,
    )


def _does_not_start(name: str, *faults: Fault) -> Incident:
    return _incident(name, "a claim comes after its proof: the other head takes over", *faults, pause_s=40.0)


_OBSTACLES = ("could not load pg_hba.conf", "could not access file: a library is missing", "wrong ownership")
_THROUGH_THE_SPLIT = (
    Fault(5, "cables out", FIRST, lasts=30),
    Fault(16, "CIB changed by hand", FIRST, amount=3),
)

INCIDENTS = (
    _same_number("the one that returns ends within the same segment", second_writes=2),
    _same_number("the one that returns ends behind", first_writes=8),
    _same_number("the one that returns is ahead by segments", second_writes=40),
    _does_not_start("the primary's disk dies", Fault(5, "disk dead", FIRST, lasts=100)),
    _does_not_start(
        "the primary's inodes are used up",
        Fault(5, "inodes used up", FIRST, lasts=100),
        Fault(6, "server killed", FIRST),
    ),
    *(
        _does_not_start(
            f"the primary's server ends and does not start: {reason}",
            Fault(5, "server does not start", FIRST, lasts=100, text=reason),
            Fault(6, "server killed", FIRST),
        )
        for reason in _OBSTACLES
    ),
    _incident(
        "the side that was cut off changes the configuration, in maintenance until after the heal",
        "the later promotion outranks what the other side writes",
        *_THROUGH_THE_SPLIT,
        Fault(17, "maintenance", FIRST, lasts=50),
        until=90,
    ),
    _incident(
        "the side that was cut off changes the configuration",
        "the later promotion outranks what the other side writes",
        *_THROUGH_THE_SPLIT,
    ),
    _incident(
        "stop-resources on the side that was cut off, started again after the heal",
        "the later promotion outranks what the other side writes",
        *_THROUGH_THE_SPLIT,
        Fault(18, "stop-resources", FIRST, lasts=35),
        until=90,
    ),
    _incident(
        "Corosync and pings are lost between the heads, TCP is not",
        "every sign of life counts",
        Fault(5, "cut between the heads", FIRST, lasts=30, protocols=(KNET, ICMP)),
    ),
    _incident(
        "synchronous_commit is local by ALTER SYSTEM, replication is held up, the primary loses power",
        "the settings in force are the ones that the promise needs",
        Fault(1, "setting changed", FIRST, text="synchronous_commit=local"),
        Fault(30, "cut between the heads", FIRST, lasts=5, protocols=(DATABASE,)),
        Fault(30.9, "power loss", FIRST, lasts=20),
    ),
    _incident(
        "the data attributes are erased while the standby lags, and the primary loses power",
        "the better data is the source",
        Fault(5, "cut between the heads", SECOND, lasts=60, protocols=(DATABASE,)),
        Fault(25, "data attributes erased", FIRST),
        Fault(29, "power loss", FIRST, lasts=20),
        until=70,
    ),
    _incident(
        "the data attributes are erased while the standby lags, and the primary loses power at once",
        "the better data is the source",
        Fault(5, "cut between the heads", SECOND, lasts=60, protocols=(DATABASE,)),
        Fault(25, "data attributes erased", FIRST),
        Fault(25.3, "power loss", FIRST, lasts=20),
        until=70,
        seed=2,
    ),
    *(
        _incident(
            f"the disk of {head} is set back to a snapshot",
            "the better data is the source",
            Fault(3, "disk set back to a snapshot", head, lasts=12),
        )
        for head in (FIRST, SECOND)
    ),
    _incident(
        "/run is full on the primary's head",
        "nothing prevents a stop",
        Fault(4.9, "/run emptied", FIRST),
        Fault(5, "/run full", FIRST, lasts=60),
        pause_s=15.0,
        until=70,
    ),
    _incident(
        "connections are used up at the primary",
        "a primary that is busy is not demoted",
        Fault(5, "connections used up", FIRST, lasts=20),
        pause_s=25.0,
        never="Pacemaker: demote",
    ),
    *(
        _incident(
            f"the walsender stands still for {seconds} s",
            "the wait itself is measured",
            Fault(5, "process stopped", FIRST, lasts=seconds, text="walsender"),
            pause_s=17.0,
        )
        for seconds in (20, 45)
    ),
    _incident(
        "the preferred network of the replication is lost",
        "writes wait for a bounded time",
        Fault(5, "cut between the heads", FIRST, lasts=30, networks=(DIRECT,)),
        Fault(40, "cut between the heads", FIRST, lasts=10, networks=(CLIENT,)),
        pause_s=17.0,
    ),
    # Found by chance, in this simulation.
    _incident(
        "the data attributes are exchanged by hand while the standby lags",
        "the better data is the source",
        Fault(5, "cut between the heads", SECOND, lasts=40, protocols=(DATABASE,)),
        Fault(25, "data attribute by hand", FIRST, text="stale"),
        Fault(25.1, "data attribute by hand", SECOND, text="latest"),
        until=70,
    ),
    _incident(
        "Corosync alone is cut, and the former primary's server is killed",
        "who cannot know is not promoted",
        Fault(1.6, "cut towards the other head", FIRST, lasts=15, protocols=(KNET,)),
        Fault(6.5, "server killed", FIRST),
    ),
    _incident(
        "the side that was cut off changes the configuration, the other one goes on alone",
        "the later record outranks what the other side writes",
        Fault(1.6, "cables out", SECOND, lasts=20),
        Fault(2, "CIB changed by hand", SECOND, amount=4),
        seed=2,
    ),
    _incident(
        "Corosync and pings are cut, and then the new primary loses power",
        "a peer that was seen alive outside of the membership may have been promoted",
        Fault(3, "cut between the heads", FIRST, lasts=30, protocols=(KNET, ICMP)),
        Fault(11, "power loss", SECOND, lasts=20),
    ),
    _incident(
        "the primary stands still between a look and what it does upon it",
        "evidence from before a freeze proves nothing",
        Fault(6.7, "stands still", SECOND, lasts=8.1),
        Fault(14.41, "stands still", FIRST, lasts=6.7),
        Fault(15.8, "CIB changed by hand", SECOND, amount=2),
    ),
    _incident(
        "the standby's cables are out for 18 s, and in the meantime the primary goes on alone and loses power",
        "who was cut off for longer than the other one waits is not promoted",
        Fault(2.6, "cables out", SECOND, lasts=17.9),
        Fault(16.7, "power loss", FIRST, lasts=25),
    ),
    _incident(
        "the standby's cables are out and its /run is emptied, and the primary goes on alone",
        "who finds itself cut off is not promoted",
        Fault(6.6, "cables out", SECOND, lasts=14.7),
        Fault(7.2, "/run emptied", SECOND),
    ),
    _incident(
        "/run is emptied while the primary is isolated behind its switches",
        "who does not see the clients' network is the one that is cut off",
        Fault(14.3, "isolated behind its switches", SECOND, lasts=20.1),
        Fault(17.9, "/run emptied", SECOND),
        pair=Pair(primary=1),
    ),
    # What a condition of the agent is there for: without it, these end otherwise (see `mutations`).
    _incident(
        "the primary's server is killed",
        "a server that is started again in place lets commits wait for the peer",
        Fault(14.4, "server killed", FIRST),
        pause_s=15.0,
    ),
    _incident(
        "the standby is isolated behind its switches for half a minute",
        "who does not see the clients' network is the one that is cut off",
        Fault(6.7, "isolated behind its switches", SECOND, lasts=28),
    ),
    _incident(
        "the former primary loses power while the other head is promoted in its place",
        "a promotion whose claim is not confirmed releases nothing",
        Fault(21.5, "node standby", FIRST, lasts=19),
        Fault(22.8, "power loss", FIRST, lasts=22),
    ),
    _incident(
        "replication is lost for eight seconds, and then the primary is cut off",
        "who is left behind has read that its data is stale",
        Fault(3, "cut between the heads", FIRST, lasts=40, protocols=(DATABASE,)),
        Fault(11, "cut between the heads", FIRST, lasts=25),
        Fault(11, "arbiter unreachable", FIRST, lasts=25),
        pair=_ARBITER,
    ),
    _incident(
        "the standby is isolated for as long as Corosync takes to notice",
        "silence lasts before it counts",
        Fault(5, "isolated behind its switches", SECOND, lasts=4.3),
        seed=3,
    ),
    _incident(
        "the standby comes back after an isolation, and the primary loses power before the configurations merge",
        "knowledge has arrived when both heads have joined",
        Fault(5, "isolated behind its switches", SECOND, lasts=30),
        Fault(34, "cut between the heads", FIRST, lasts=20, protocols=(DATABASE,)),
        Fault(42.7, "power loss", FIRST, lasts=20),
        until=80,
        seed=15,
    ),
    _incident(
        "the standby stands still during its promotion, and the primary goes on alone",
        "evidence from before a freeze proves nothing",
        Fault(5, "cut between the heads", FIRST, lasts=40, protocols=(KNET,)),
        Fault(8.5, "stands still at a step", SECOND, lasts=15, amount=45),
    ),
    _incident(
        "the primary stands still just before it would go on alone, and the standby returns meanwhile",
        "evidence from before a freeze proves nothing",
        Fault(5, "isolated behind its switches", SECOND, lasts=10.5),
        Fault(13, "stands still at a step", FIRST, lasts=15, amount=3),
    ),
    _incident(
        "the heads lose each other, and the primary cannot switch the other one off",
        "with fencing nobody goes on before the peer's power is off",
        Fault(5, "its fencing device does not answer", FIRST, lasts=30),
        Fault(6, "cut between the heads", FIRST, lasts=30),
        pair=_FENCING,
    ),
    _incident(
        "the standby returns while the primary's checkpointer stands still",
        "sync is recorded after commits wait",
        Fault(5, "power loss", SECOND, lasts=15),
        Fault(25, "process stopped", FIRST, lasts=35, text="checkpointer"),
        until=80,
    ),
    _incident(
        "the standby returns with a slow disk",
        "sync is recorded after the standby has everything",
        Fault(4, "disk slow", SECOND, lasts=30, amount=2),
        Fault(5, "server killed", SECOND),
        seed=2,
    ),
    _incident(
        "Corosync alone is cut, and both heads see the arbiter",
        "the standby does not take the vote from a primary that lives",
        Fault(5, "cut between the heads", FIRST, lasts=20, protocols=(KNET,)),
        pair=_ARBITER,
        never="Pacemaker: promote",
    ),
    _incident(
        "the standby's /run is full and empty, and its server is killed",
        "what cannot be remembered prevents nothing",
        Fault(4.9, "/run emptied", SECOND),
        Fault(5, "/run full", SECOND, lasts=50),
        Fault(8, "server killed", SECOND),
        never="start ended with 1",
        until=70,
    ),
)

# What still happens.
OPEN = (
    _incident(
        "the primary is isolated behind its switches for 16 s, and the new primary loses power meanwhile",
        "who was cut off for longer than the other one waits does not go on alone",
        Fault(3.3, "isolated behind its switches", FIRST, lasts=15.6),
        Fault(13.9, "power loss", SECOND, lasts=30),
    ),
    _incident(
        "the standby is isolated behind its switches for 18 s, and in the meantime the primary goes on alone and "
        "loses power",
        "who was cut off for longer than the other one waits is not promoted",
        Fault(2.6, "isolated behind its switches", SECOND, lasts=17.9),
        Fault(16.7, "power loss", FIRST, lasts=25),
    ),
    _incident(
        "/run is full and empty, and the standby loses power",
        "what cannot be remembered prevents nothing",
        Fault(4.9, "/run emptied", FIRST),
        Fault(5, "/run full", FIRST, lasts=60),
        Fault(6, "power loss", SECOND, lasts=50),
        pause_s=30.0,
        until=70,
    ),
)
