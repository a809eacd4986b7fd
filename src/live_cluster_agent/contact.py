"""What the looks at the cluster and the networks have shown over time; a single look proves little."""

from dataclasses import asdict, dataclass, replace

from live_cluster_agent import memory
from live_cluster_agent.replication import Surroundings, is_outvoted

# Looks further apart than this are not one observation: what was seen before says nothing about now.
GAP_S = 12.0
# How often the client network is asked while all is well, and how long its answer is remembered.
PROOF_EVERY_S = 60.0
PROOF_LASTS_S = 600.0
# How long the client network may be out of sight, after the peer left, before this node counts as cut off. Gateways
# have been seen to take 6 s to be found again when another head's port went down with its power.
UNSEEN_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Since when something has been so, in seconds since boot; zero stands for: it is not so.

    lost: there was nothing of the looks before this one, as after a boot, or where somebody has emptied /run.
    """

    looked_at: float = 0.0
    member_since: float = 0.0
    gone_since: float = 0.0
    unseen_since: float = 0.0
    asked_at: float = 0.0
    proved_at: float = 0.0
    lost: bool = False

    def lasting_s(self, since: float) -> float:
        """Duration, up to the last look, of what began then."""
        return self.looked_at - since if since else 0.0


def proof_is_due(before: Contact, around: Surroundings, *, now_s: float) -> bool:
    """Whether it is time to see that the client network answers while all is well."""
    return around.peer_is_member is True and now_s - before.asked_at >= PROOF_EVERY_S


def weigh(around: Surroundings, before: Contact, *, now_s: float) -> Surroundings:
    """A client network that never answered in good times (its gateway may drop pings) tells nothing in bad ones."""
    proved = before.proved_at > 0 and now_s - before.proved_at < PROOF_LASTS_S
    if around.client_network_seen is False and not proved:
        return replace(around, client_network_seen=None)
    return around


def note(before: Contact, around: Surroundings, *, now_s: float, proof: bool | None = None) -> Contact:
    """The contact after one more look; proof is the answer of the client network if it was asked in good times."""
    lost = before == Contact()
    if now_s - before.looked_at > GAP_S:
        before = Contact(asked_at=before.asked_at, proved_at=before.proved_at)
    unseen = around.without_vote and around.client_network_seen is False
    gone = around.without_vote and not unseen and around.peer_answers is False
    return Contact(
        looked_at=now_s,
        member_since=(before.member_since or now_s) if around.peer_is_member else 0.0,
        gone_since=(before.gone_since or now_s) if gone else 0.0,
        unseen_since=(before.unseen_since or now_s) if unseen else 0.0,
        asked_at=before.asked_at if proof is None else now_s,
        proved_at=now_s if proof else before.proved_at,
        lost=lost,
    )


def is_cut_off(contact: Contact, around: Surroundings) -> bool:
    """Whether the peer may go on without this node: from now on this node's knowledge may be outdated.

    Also one that lives outside of the membership may have been promoted: when it falls silent later, that proves
    nothing any more. And a node that has forgotten whether the client network answers in good times does not know
    what its silence means.
    """
    apart = around.without_vote and (not around.has_cable or around.peer_serves is True or contact.lost)
    return is_outvoted(around) or apart or contact.lasting_s(contact.unseen_since) >= UNSEEN_S


def load(path: str) -> Contact:
    """The contact as the last look left it, or an empty one."""
    try:
        return Contact(**memory.read_facts(path))
    except TypeError:
        return Contact()


def save(path: str, contact: Contact) -> None:
    """Keep the contact for the next look."""
    memory.write_facts(path, asdict(contact))
