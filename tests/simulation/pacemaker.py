"""Pacemaker on one head: its copy of the configuration, its attributes, its membership and who controls it.

What the controller decides is in `controller`, how actions are run in `executor`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulation.cib import Cib, NodeState
from simulation.controller import Controller
from simulation.executor import Executor

if TYPE_CHECKING:
    from simulation.engine import Task
    from simulation.head import Head

FOREVER_S = 1e9
Change = Callable[[Cib], Cib]


class Pacemaker:
    """The daemons of one head."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.world = head.world
        self.loop = head.world.loop
        self.running = False
        self.cib = Cib()
        self.kept = Cib()
        # Transient attributes of this head as its attribute daemon remembers them.
        self.attributes: dict[str, str] = {}
        self.dc: str | None = None
        self.members: frozenset[str] = frozenset()
        self.executor = Executor(head)
        self.controller = Controller(head)
        self._round = 0

    # --- start and stop ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """The daemons start with the configuration from their disk."""
        if not self.head.corosync.running:
            return
        self.running = True
        self.cib = self.kept
        self.attributes = {}
        self.dc = None
        self.members = frozenset()
        self.executor.start()
        self.membership_changed()

    def power_lost(self) -> None:
        """Nothing of it is left but the configuration on its disk."""
        self.running = False
        self.dc = None
        self.members = frozenset()
        self.attributes = {}
        self.executor.forget()
        self.controller.forget()

    def cib_file(self) -> str:
        """The configuration as its file has it."""
        from lxml import etree

        return etree.tostring(self.kept.document(), encoding="unicode")

    # --- membership and election -------------------------------------------------------------------------------

    def membership_changed(self) -> None:
        """Corosync tells another membership or quorum."""
        if not self.running:
            return
        members = self.head.corosync.members
        peer = self.head.peer
        if peer.name not in members and self.dc == peer.name:
            self.dc = None
        if self.dc == self.head.name and peer.name in self.members and peer.name not in members:
            self._forget_peer()
        gained = members - self.members
        self.members = members
        if self.dc is None or gained:
            self._round += 1
            number = self._round
            if gained:
                self.dc = None if len(members) > 1 else self.dc
            self.loop.after(self.loop.between(0.05, 0.4), lambda: self._elect(number), self.head)
        self.controller.think()

    def _forget_peer(self) -> None:
        """The lost node's attributes vanish; it is expected to be a member until somebody knows better."""
        peer = self.head.peer.name
        expected = self.cib.states.get(peer, NodeState()).expected
        states = {**self.cib.states, peer: NodeState(join="down", expected=expected)}
        lost = {key: None for key in self.cib.transient if key[0] == peer}
        self._take(self.cib.noted(states=states).with_transient(lost))

    def _elect(self, number: int) -> None:
        """One of those who see each other becomes the controller; all of them take over one configuration."""
        if number != self._round or not self.running or not self.members:
            return
        partition = [head for head in self.world.heads if head.name in self.members]
        ready = all(
            head.works and head.pacemaker.running and head.pacemaker.members == self.members
            for head in partition
        )
        if not ready:
            self._elect_without_peer(number)
            return
        if self.dc is not None and all(head.pacemaker.dc == self.dc for head in partition):
            return
        controllers = [head for head in partition if head.pacemaker.was_controller]
        chosen = self.loop.random.choice(controllers or partition)
        chosen.pacemaker.join(partition)

    def _elect_without_peer(self, number: int) -> None:
        """A member whose Pacemaker does not run yet takes no part."""
        peer = self.head.peer
        if (
            peer.name in self.members
            and peer.corosync.running
            and not peer.pacemaker.running
            and self.head.works
        ):
            if self.dc != self.head.name:
                self.loop.after(self.loop.between(1.0, 2.0), lambda: self._join_alone(number), self.head)
            return
        self.loop.after(0.2, lambda: self._elect(number), self.head)

    def _join_alone(self, number: int) -> None:
        if number == self._round and not self.head.peer.pacemaker.running:
            self.join([self.head])
        elif number == self._round:
            self._elect(number)

    @property
    def was_controller(self) -> bool:
        """It controlled a partition until now."""
        return self.controller.active

    def join(self, partition: list[Head]) -> None:
        """This head controls these now. The configuration with the highest version wins whole."""
        own = self.cib
        best = max((head.pacemaker.cib for head in partition), key=lambda cib: cib.version)
        winner = own if own.version >= best.version else best
        names = {head.name for head in partition}
        states = dict(winner.states)
        for name in (self.head.name, self.head.peer.name):
            before = states.get(name, NodeState())
            states[name] = (
                NodeState("member", "member") if name in names else NodeState("down", before.expected)
            )
        transient = {
            (head.name, name): value
            for head in partition
            for name, value in head.pacemaker.attributes.items()
        }
        failures = tuple(one for one in winner.failures if one.node in names)
        merged = winner.noted(states=states, transient=transient, failures=failures)
        for head in partition:
            head.pacemaker.dc = self.head.name
            head.pacemaker.controller.active = head is self.head
            head.pacemaker.take(merged)
        if len(partition) > 1:
            self.world.tell(self.head.name, f"Pacemaker: controls both heads, configuration {merged.version}")
        else:
            self.world.tell(
                self.head.name, f"Pacemaker: controls this head alone, configuration {merged.version}"
            )
        self.world.records_changed()
        self.controller.joined(partition)

    # --- the configuration -------------------------------------------------------------------------------------

    def take(self, cib: Cib) -> None:
        """Another version; the part that outlives a reboot is written to disk a moment later."""
        self._take(cib)

    def _take(self, cib: Cib) -> None:
        configuration = cib.version[:2] != self.kept.version[:2]
        self.cib = cib
        if configuration:
            kept = Cib(version=(*cib.version[:2], 0), permanent=cib.permanent, options=cib.options)
            self.loop.after(self.loop.between(0.005, 0.05), lambda: self._keep(kept), self.head)

    def _keep(self, cib: Cib) -> None:
        if cib.version > self.kept.version or self.cib.version[:2] == cib.version[:2]:
            self.kept = cib

    def controlling(self) -> Pacemaker | None:
        """The Pacemaker of the controller, while it can be reached."""
        if not self.running or self.dc is None:
            return None
        head = self.head if self.dc == self.head.name else self.head.peer
        found = head.pacemaker
        reached = head is self.head or (self.world.corosync.linked and head.works)
        return found if reached and found.running and found.dc == head.name else None

    def change(self, task: Task, change: Change) -> Cib:
        """A change of the configuration by a program: through the controller, back to this head.

        Where there is no controller nobody takes the request, and nobody will later: the program waits in vain.
        """
        task.pause(self.loop.between(0.004, 0.02))
        controlling = self.controlling()
        while controlling is None:
            task.pause(FOREVER_S)
        made = controlling.apply(change)
        task.pause(self.loop.between(0.002, 0.01))
        task.wait_for(lambda: self.cib.version >= made.version, 0.02)
        return made

    def apply(self, change: Change) -> Cib:
        """The controller's own change, which it passes on to the other member."""
        after = change(self.cib)
        if after is self.cib:
            return after
        self._take(after)
        self.world.records_changed()
        peer = self.head.peer
        if peer.name in self.members:
            self.loop.after(self.loop.between(0.001, 0.01), lambda: self._pass_on(peer.pacemaker, after))
        self.controller.think()
        return after

    def _pass_on(self, other: Pacemaker, cib: Cib) -> None:
        if not other.running or other.dc != self.head.name:
            return
        if not other.head.works or not self.world.corosync.linked:
            # Corosync delivers it when it can, or the partition ends.
            self.loop.after(0.05, lambda: self._pass_on(other, cib))
            return
        if cib.version > other.cib.version:
            other.take(cib)
            self.world.records_changed()

    # --- transient attributes ----------------------------------------------------------------------------------

    def set_attribute(self, node: str, name: str, value: str | None) -> None:
        """The attribute daemon takes it at once; the configuration has it a little later."""
        owner = self.head if node == self.head.name else self.head.peer
        if owner.name not in self.members or not owner.pacemaker.running:
            return
        attributes = owner.pacemaker.attributes
        if value is None:
            attributes.pop(name, None)
        else:
            attributes[name] = value
        self.loop.after(self.loop.between(0.005, 0.03), self.write_attributes, self.head)

    def write_attributes(self) -> None:
        """Bring what the attribute daemons know into the configuration; a join does it, too."""
        controlling = self.controlling()
        if controlling is None:
            return
        known: dict[tuple[str, str], str | None] = dict.fromkeys(controlling.cib.transient)
        for head in self.world.heads:
            if (
                head.name in controlling.members
                and head.pacemaker.running
                and head.pacemaker.dc == controlling.dc
            ):
                known |= {(head.name, name): value for name, value in head.pacemaker.attributes.items()}
        controlling.apply(lambda cib: cib.with_transient(known))
