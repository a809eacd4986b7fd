"""Corosync on two heads, with or without an arbiter: membership, quorum, the tie, and how long all that takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from live_cluster_agent import tie_break
from simulation.cib import RESOURCE
from simulation.engine import Event
from simulation.network import ARBITER, ARBITER_PORT, HEADS, KNET

if TYPE_CHECKING:
    from simulation.head import Head
    from simulation.world import World

TOKEN_S, CONSENSUS_S = 3.0, 0.6
# After a thaw the old membership is told for this long.
OUTDATED_S = 2.0
# While the membership changes, Corosync waits this long for the arbiter before it goes on without its vote.
ARBITER_PATIENCE_S = 4.0
# The arbiter gives up a head that has been silent for so long.
ARBITER_LOSES_S = (0.8, 2.4)


@dataclass(slots=True)
class View:
    """What Corosync on one head says."""

    running: bool = False
    members: frozenset[str] = frozenset()
    quorate: bool = False
    vote: bool = False
    seen_both: bool = False
    settling_until: float = 0.0
    misses: list[tuple[int, int]] = field(default_factory=list)
    # Asked by the arbiter about this membership, and waiting for its answer.
    asking: bool = False


class Corosync:
    """Both heads' Corosync and the arbiter's daemon."""

    def __init__(self, world: World, *, arbiter: bool) -> None:
        self.world = world
        self.loop = world.loop
        self.has_arbiter = arbiter
        self.linked = False
        self._linked_since = 0.0
        self._apart_since = 0.0
        self._losing: dict[str, Event] = {}
        self._joining: Event | None = None
        self._silent_since: dict[str, float] = {}
        # When a head that had lost the arbiter has made its connection again.
        self._connected_at: dict[str, float] = {}

    # --- start and stop ----------------------------------------------------------------------------------------

    def start(self, head: Head) -> None:
        """Corosync starts and is alone at first."""
        head.corosync = View(running=True)
        self.loop.after(
            self.loop.between(0.3, 1.2), lambda: self._becomes(head, frozenset({head.name})), head
        )
        self.look()

    def stop(self, head: Head, *, announced: bool) -> None:
        """It ends; announced: the other head hears of it at once."""
        head.corosync = View()
        self.look()
        peer = head.peer
        if announced and peer.works and peer.corosync.running and head.name in peer.corosync.members:
            self.loop.after(0.1, lambda: self._loses(peer), peer)

    # --- membership --------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Something that the membership depends on may have changed."""
        first, second = self.world.heads
        linked = all(head.works and head.corosync.running for head in (first, second)) and (
            self.world.network.path(first.name, second.name, KNET) is not None
        )
        self._watch_arbiter()
        if linked == self.linked:
            return
        self.linked = linked
        if linked:
            self._linked_since = self.loop.now
            for event in self._losing.values():
                event.cancel()
            self._losing.clear()
            self._plan_join()
        else:
            self._apart_since = self.loop.now
            if self._joining is not None:
                self._joining.cancel()
                self._joining = None
            for head in self.world.heads:
                if head.works and head.corosync.running:
                    self._plan_loss(head)

    def _plan_loss(self, head: Head) -> None:
        if len(head.corosync.members) < 2:
            return
        delay = TOKEN_S + CONSENSUS_S * self.loop.between(0.6, 1.4)
        self._losing[head.name] = self.loop.after(delay, lambda: self._loses(head), head)

    def _loses(self, head: Head) -> None:
        if head.corosync.running and not self.linked and len(head.corosync.members) > 1:
            self._becomes(head, frozenset({head.name}))

    def _plan_join(self) -> None:
        heads = self.world.heads
        if all(len(head.corosync.members) == 2 for head in heads):
            return
        quick = self.loop.random.random() < 0.7
        delay = self.loop.between(1.5, 3.0) if quick else self.loop.between(3.0, 13.0)
        self._joining = self.loop.after(delay, self._join)

    def _join(self) -> None:
        self._joining = None
        heads = self.world.heads
        if not self.linked or all(len(head.corosync.members) == 2 for head in heads):
            return
        if not all(head.corosync.members for head in heads):
            self._joining = self.loop.after(0.5, self._join)
            return
        for head in heads:
            delay = self.loop.between(0.05, 0.6)
            head.corosync.settling_until = self.loop.now + delay
            self.loop.after(delay, lambda head=head: self._joins(head), head)

    def _joins(self, head: Head) -> None:
        if self.linked:
            self._becomes(head, frozenset(HEADS))

    def thawed(self, head: Head, stood_s: float) -> None:
        """A head that stood still goes on: it tells the old membership until it learns better."""
        if not head.corosync.running:
            return
        if stood_s >= TOKEN_S:
            moment = int(self.world.wall_clock(head) * 1000)
            head.corosync.misses.append((moment, int(stood_s * 1000)))
            self.loop.after(OUTDATED_S * self.loop.between(0.5, 1.1), lambda: self._learns(head), head)
        self.look()

    def _learns(self, head: Head) -> None:
        if len(head.corosync.members) == 2 and head.name not in head.peer.corosync.members:
            self._becomes(head, frozenset({head.name}))
            if self.linked and self._joining is None:
                self._plan_join()

    def _becomes(self, head: Head, members: frozenset[str]) -> None:
        """A new membership; with an arbiter it is told once that has said whom it gives its vote."""
        view = head.corosync
        if not view.running:
            return
        if self.has_arbiter and len(members) == 1:
            view.asking = True
            view.settling_until = self.loop.now + ARBITER_PATIENCE_S
            self._ask(head, members, self.loop.now + ARBITER_PATIENCE_S)
        else:
            self._tell(head, members, vote=self.has_arbiter and self._reaches_arbiter(head))

    def _tell(self, head: Head, members: frozenset[str], *, vote: bool) -> None:
        view = head.corosync
        view.asking = False
        view.settling_until = self.loop.now
        view.members = members
        view.vote = vote
        view.seen_both = view.seen_both or len(members) == 2
        self._count(head)
        self.world.checks.membership_told(head, members)
        self.world.tell(
            head.name,
            f"Corosync: members {', '.join(sorted(members))}, {'' if view.quorate else 'no '}quorum",
        )
        head.pacemaker.membership_changed()
        if len(members) == 1 and self.linked and self._joining is None:
            self._plan_join()

    def _count(self, head: Head) -> None:
        view = head.corosync
        if self.has_arbiter:
            view.quorate = len(view.members) + view.vote >= 2
        else:
            view.quorate = len(view.members) == 2 or view.seen_both

    # --- the arbiter -------------------------------------------------------------------------------------------

    def _reaches_arbiter(self, head: Head) -> bool:
        connected = self.loop.now >= self._connected_at.get(head.name, 0.0)
        return connected and self._has_path_to_arbiter(head)

    def _has_path_to_arbiter(self, head: Head) -> bool:
        return head.works and self.world.network.path(head.name, ARBITER, ARBITER_PORT) is not None

    def _ask(self, head: Head, members: frozenset[str], until: float) -> None:
        """The arbiter answers as soon as it knows about both; without an answer there is no vote."""
        view = head.corosync
        if not view.asking:
            return
        if self.linked and self._joining is not None and self.loop.now > until - 0.5:
            # The heads find each other again before the arbiter has decided.
            self._tell(head, members, vote=False)
            return
        answer = self._decision(head) if self._reaches_arbiter(head) else None
        if answer is not None or self.loop.now >= until:
            self._tell(head, members, vote=answer is True)
            return
        self.loop.after(0.1, lambda: self._ask(head, members, until), head)

    def _decision(self, head: Head) -> bool | None:
        """ffsplit: one of two halves gets the vote; the head that should win by its own word, else the first."""
        peer = head.peer
        if not self._arbiter_sees(peer):
            return True
        if len(peer.corosync.members) == 1 and not peer.corosync.asking:
            return not peer.corosync.vote
        if not peer.corosync.asking:
            return None
        wins = {one.name: self._should_win(one) for one in self.world.heads}
        if wins[head.name] != wins[peer.name]:
            return wins[head.name]
        return head is self.world.heads[0]

    def _arbiter_sees(self, head: Head) -> bool:
        since = self._silent_since.get(head.name)
        return head.corosync.running and (since is None or self.loop.now < since)

    @staticmethod
    def _should_win(head: Head) -> bool:
        text = head.pacemaker.cib_file()
        met = head.disk.exists(tie_break.met_path(head.run_dir, RESOURCE))
        return tie_break.should_win(tie_break.data_states(text, RESOURCE), head.name, met=met)

    def _watch_arbiter(self) -> None:
        """Who cannot be heard any more is given up a little later; that costs a lone head its vote."""
        if not self.has_arbiter:
            return
        for head in self.world.heads:
            heard = head.corosync.running and self._has_path_to_arbiter(head)
            if heard and head.name in self._silent_since:
                del self._silent_since[head.name]
                delay = self.loop.between(0.5, 3.0)
                self._connected_at[head.name] = self.loop.now + delay
                self.loop.after(delay + 0.01, lambda head=head: self._regain(head), head)
            elif not heard and head.name not in self._silent_since:
                delay = self.loop.between(*ARBITER_LOSES_S)
                self._silent_since[head.name] = self.loop.now + delay
                self.loop.after(delay * 0.9, lambda head=head: self._lose_vote(head), head)

    def _lose_vote(self, head: Head) -> None:
        if head.name in self._silent_since and head.corosync.vote:
            head.corosync.vote = False
            self._recount(head)

    def _regain(self, head: Head) -> None:
        view = head.corosync
        if not view.running or view.vote or view.asking or head.name in self._silent_since:
            return
        if len(view.members) == 2:
            view.vote = True
        else:
            peer = head.peer
            taken = self._arbiter_sees(peer) and (peer.corosync.vote or peer.corosync.asking)
            view.vote = not taken
        self._recount(head)

    def _recount(self, head: Head) -> None:
        before = head.corosync.quorate
        self._count(head)
        if head.corosync.quorate != before:
            self.world.tell(head.name, f"Corosync: quorum {'regained' if not before else 'lost'}")
            head.pacemaker.membership_changed()
