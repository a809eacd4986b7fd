"""Clients: each writes one row after the other, and notes what was acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.network import CLIENT, DATABASE, MEDIA

if TYPE_CHECKING:
    from simulation.head import Head
    from simulation.postgres import Server
    from simulation.world import World

PAUSE_S = (0.2, 1.0)
PATIENCE_S = 20.0


class Writer:
    """One connection after the other to the floating address, or to one head's own."""

    def __init__(self, world: World, target: str) -> None:
        self.world = world
        self.loop = world.loop
        self.target = target
        self._attempt = 0
        self._again()

    def _again(self) -> None:
        self.loop.after(self.loop.between(*PAUSE_S), self._write)

    def _reached(self) -> Head | None:
        heads = [
            head
            for head in self.world.heads
            if (head.has_address if self.target == "floating" else head.name == self.target)
            and self._reaches(head)
        ]
        return self.loop.random.choice(heads) if heads else None

    def _reaches(self, head: Head) -> bool:
        return head.works and self.world.network.answers(MEDIA, head.name, DATABASE, CLIENT)

    def _write(self) -> None:
        head = self._reached()
        server = head.server if head is not None else None
        if server is None or not server.takes_connections or server.in_recovery or server.connections_used_up:
            self._again()
            return
        self._attempt += 1
        attempt, number = self._attempt, self.world.new_commit()
        gives_up = self.loop.after(PATIENCE_S, lambda: self._give_up(attempt))

        def done(committed: bool) -> None:
            if attempt != self._attempt:
                return
            gives_up.cancel()
            self._attempt += 1
            if committed and self._reaches(server.head):
                self.world.checks.acknowledged(number, server)
            self._again()

        server.commit(number, done)

    def _give_up(self, attempt: int) -> None:
        if attempt == self._attempt:
            self._attempt += 1
            self._again()


def acknowledges(server: Server | None) -> bool:
    """Whether this server may acknowledge a commit now."""
    return server is not None and not server.ended and not server.in_recovery and server.head.works
