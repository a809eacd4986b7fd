"""What the primary does about its standby, and who may be promoted: decisions only, nothing is done here.

The rule: a commit that was acknowledged is on every disk that may be promoted. So the cluster configuration says
that the peer is `stale` before the primary acknowledges anything alone, and it says `sync` only after every
commit waits for the peer.
"""

from dataclasses import dataclass
from enum import StrEnum

# Seconds without a sign of the standby (it answers once a second) before its membership is looked at.
SILENCE_S = 1.5
# Without an arbiter: how long the client network has to be seen and the peer has to be silent, after it left the
# membership, before commits are released. A peer that was cut off itself and is back asks for its promotion within
# 2 s of leaving; later than that, it would answer here.
CONFIRM_S = 3.0
# What was seen longer ago than this is looked at again before anybody acts on it.
FRESH_S = 2.0
# A standby further behind would make the first synchronous commits wait for the transfer.
NEARLY_CAUGHT_UP_BYTES = 16 << 20


# Above all that speaks for the present primary: its 1000, whatever stickiness an administrator has set, and
# thousands for reachability. Below infinity: it persuades nobody to run where something forbids it.
WANTED_SCORE = 100_000


PRIMARY_SCORE = 1000


class DataState(StrEnum):
    """Value of the node attribute RESOURCE-data."""

    LATEST = "latest"
    SYNC = "sync"
    LEAVING = "leaving"
    STALE = "stale"


class HandshakePhase(StrEnum):
    """How far the way from one copy to two has been gone."""

    NONE = "none"
    REQUESTED = "requested"
    EFFECTIVE = "effective"


class Decision(StrEnum):
    """What the primary has to do next."""

    KEEP = "keep"
    WATCH = "watch"
    LOOK_AROUND = "look around"
    YIELD = "yield"
    CLAIM = "claim"
    REQUIRE_STANDBY = "require standby"
    NOTE_EFFECT = "note effect"
    MARK_SYNC = "mark sync"
    GO_ALONE = "go alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What this node sees of the cluster; None where there was no answer, or where nobody was asked.

    peer_answers: anything of the peer does, be it its kernel; peer_serves: one of its programs does. has_cable:
    this node has a carrier on some way to the peer or to the clients.
    frozen: Corosync has just stood still for longer than the token lasts, so what it says may be outdated.
    fencing: Pacemaker promotes nobody before it has cut the power of a lost node; peer_is_off: it has, or the peer
    left in good order. Both are looked for only where no arbiter decides.
    """

    quorate: bool | None
    peer_is_member: bool | None
    arbiter: bool = False
    frozen: bool = False
    client_network_seen: bool | None = None
    peer_answers: bool | None = None
    peer_serves: bool | None = None
    has_cable: bool = True
    fencing: bool = False
    peer_is_off: bool = False

    @property
    def without_vote(self) -> bool:
        """Quorate only because two nodes may lose each other: the networks have to decide."""
        certain = self.arbiter or self.peer_is_off
        return self.quorate is True and self.peer_is_member is False and not certain


def is_outvoted(around: Surroundings) -> bool:
    """Whether Corosync itself says that the other side may go on without this node."""
    return around.frozen or around.quorate is False


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyLink:
    """The peer's standby as the primary's server sees it; durations in seconds."""

    streaming: bool = False
    synchronous: bool = False
    connections: int = 1
    flushed: int = 0
    replayed: int = 0
    silent_s: float = 0.0
    stuck_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationView:
    """All that the primary's decision depends on; positions in bytes of WAL.

    member_s: how long the looks have seen the peer as a member; gone_s: how long the networks have shown that it is
    gone; looked_at: when the surroundings were looked at, in seconds since boot.
    """

    own: DataState | None
    peer: DataState | None
    required: bool
    link: StandbyLink
    flushed: int
    redo: int
    met: bool = True
    member_s: float = 0.0
    gone_s: float = 0.0
    phase: HandshakePhase = HandshakePhase.NONE
    phase_position: int = 0
    surroundings: Surroundings | None = None
    looked_at: float = 0.0
    patience_s: float = 10.0

    @property
    def standby_is_ahead(self) -> bool:
        """What a standby has and its primary has not comes from another history: it is no copy."""
        return self.link.streaming and self.link.flushed > self.flushed


def decide(view: ReplicationView) -> Decision:
    """The primary's next step; LOOK_AROUND asks for the surroundings and to be called again."""
    if view.own is DataState.STALE and view.peer is DataState.LATEST:
        return Decision.YIELD
    if view.own is not DataState.LATEST:
        return _unrecorded(view)
    if not view.required:
        return _while_alone(view)
    if view.peer is DataState.LEAVING or _standby_is_away(view):
        return _without_standby(view)
    if view.peer is DataState.SYNC:
        return Decision.KEEP
    return _handshake(view)


def _unrecorded(view: ReplicationView) -> Decision:
    """A primary of which the cluster does not know that it has the latest data."""
    around = view.surroundings
    if around is None:
        return Decision.LOOK_AROUND
    return Decision.CLAIM if around.quorate and not is_outvoted(around) else Decision.WATCH


def _standby_is_away(view: ReplicationView) -> bool:
    silent = not view.link.streaming or view.link.silent_s >= SILENCE_S
    return silent or view.link.stuck_s >= view.patience_s or view.standby_is_ahead


def _while_alone(view: ReplicationView) -> Decision:
    if view.peer not in (DataState.STALE, DataState.LEAVING):
        return Decision.GO_ALONE
    behind = view.flushed - view.link.flushed
    alive = view.link.streaming and view.link.silent_s < SILENCE_S
    # Beside a connection that has ended without anybody's notice the new one may not be the one that counts.
    ready = alive and view.link.connections == 1 and 0 <= behind <= NEARLY_CAUGHT_UP_BYTES
    if not ready or view.peer is not DataState.STALE:
        return Decision.KEEP
    if view.surroundings is None:
        return Decision.LOOK_AROUND
    # A standby outside of the cluster would not learn that its data counts again.
    return Decision.REQUIRE_STANDBY if view.surroundings.peer_is_member else Decision.KEEP


def _handshake(view: ReplicationView) -> Decision:
    if view.phase is HandshakePhase.NONE:
        return Decision.REQUIRE_STANDBY
    if view.phase is HandshakePhase.REQUESTED:
        return Decision.NOTE_EFFECT if view.redo >= view.phase_position else Decision.WATCH
    # Only a standby that has replayed what was written after all this began has certainly this history.
    has_all = min(view.link.flushed, view.link.replayed) >= view.phase_position
    return Decision.MARK_SYNC if view.link.synchronous and has_all else Decision.WATCH


def _without_standby(view: ReplicationView) -> Decision:
    around = view.surroundings
    if around is None:
        return Decision.LOOK_AROUND
    if is_outvoted(around) or not around.quorate or around.peer_is_member is None:
        return Decision.WATCH
    # Once cut off, this node cannot know whether the peer went on and then fell silent.
    if not view.met and not (around.peer_is_member and view.peer is not DataState.SYNC):
        return Decision.WATCH
    if around.without_vote and around.client_network_seen is False:
        return Decision.WATCH
    # A peer that still answers is coming back or hangs: after an interruption it takes Corosync 2 s to form the
    # membership again, and commits released in that time were lost.
    if around.peer_is_member or (around.without_vote and around.peer_answers):
        # Right after a heal this node may hold the configuration from before, and the peer may be primary by now.
        since_s = view.member_s if around.peer_is_member else view.patience_s
        waited_s = min(max(view.link.silent_s, view.link.stuck_s), since_s)
        # Patience protects a copy that counts; one that is stale already costs nothing to leave behind.
        gone = view.peer is not DataState.SYNC or waited_s >= view.patience_s or view.standby_is_ahead
        # Outside of the membership a living server may have been promoted: on a busy machine the membership took
        # 13 s to form again after a heal, and the former primary went on alone. Only a host that hangs is left.
        if not around.peer_is_member and (around.fencing or around.peer_serves is not False):
            return Decision.WATCH
        return Decision.GO_ALONE if gone else Decision.WATCH
    if around.arbiter or around.peer_is_off:
        return Decision.GO_ALONE
    # With fencing the heads shoot at each other, and the networks do not tell who wins.
    return Decision.GO_ALONE if view.gone_s >= CONFIRM_S and not around.fencing else Decision.WATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """What decides whether this node's data may serve.

    met: the peer's knowledge has come here and this node was not cut off since.
    wanted: an administrator asks for the primary here.
    """

    own: DataState | None
    peer: DataState | None
    met: bool
    peer_is_member: bool | None
    repair_pending: bool = False
    wanted: bool = False


def why_not_promoted(candidate: Eligibility) -> str | None:
    """The reason that forbids a promotion, or None when this node's data holds every acknowledged write."""
    if candidate.repair_pending:
        return "the data of this node waits for its repair"
    if candidate.own not in (DataState.LATEST, DataState.SYNC):
        return f"the data of this node is {candidate.own or 'unknown'}"
    # Only the holder of the latest data lets its peer catch up: nobody overtakes it while that is stale.
    if candidate.own is DataState.LATEST and candidate.peer in (DataState.STALE, DataState.LEAVING):
        return None
    if not candidate.met and not candidate.peer_is_member:
        return "the peer may have gone on without this node; it has not been seen since this node came up"
    if candidate.own is DataState.SYNC and candidate.peer is not DataState.LATEST:
        return "no node holds the latest data"
    return None


def promotion_score(candidate: Eligibility, *, promoted: bool, timeline: int = 0) -> int | None:
    """Pacemaker's promotion score; None stands for minus infinity.

    Of two primaries, which a split leaves behind, Pacemaker demotes the one with the lower score: the one that was
    promoted earlier. A primary that does not yield keeps its score whatever the record says.
    """
    if promoted:
        return PRIMARY_SCORE + min(timeline, PRIMARY_SCORE)
    if why_not_promoted(candidate) is not None:
        return None
    if candidate.wanted:
        return WANTED_SCORE
    return 900 if candidate.own is DataState.LATEST else 100
