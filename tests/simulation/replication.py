"""Streaming replication: a standby's walreceiver and the primary's walsender for it.

Checked exactly as PostgreSQL does it. That includes what it does not check: with equal timeline numbers nobody
compares histories, streaming begins at the start of a segment, and a standby whose data ends later than the
primary's reports its own end as flushed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.data import Record, ancestors, history_name, history_text, newest_timeline, segment_start
from simulation.engine import Event
from simulation.network import DATABASE

if TYPE_CHECKING:
    from simulation.postgres import Server

RETRY_S = 0.5
# wal_sender_timeout, wal_receiver_timeout and tcp_user_timeout.
TIMEOUT_S = 4.0


class Sender:
    """A walsender with its connection; `flushed` is what the standby has reported."""

    def __init__(self, server: Server, receiver: Receiver, network: str) -> None:
        self.server = server
        self.receiver: Receiver | None = receiver
        self.network = network
        self.name = receiver.server.head.name
        self.state = "catchup"
        self.sent = len(server.data.chain)
        self.flushed = 0
        self.replayed = 0
        self.pid = server.head.new_pid()
        self.stalled_since: float | None = None
        self.last_reply = server.loop.now
        self._busy = False
        self._timeouts: list[Event] = []
        taken = {one.slot for one in server.senders}
        free = [slot for slot in range(5) if slot not in taken]
        self.slot = server.loop.random.choice(free[:2])

    @property
    def healthy(self) -> bool:
        """Whether question and answer pass between both processes now."""
        receiver, world = self.receiver, self.server.world
        if receiver is None or receiver.sender is not self:
            return False
        ours, theirs = self.server.head, receiver.server.head
        return (
            ours.works
            and theirs.works
            and not self.frozen_process
            and "walreceiver" not in receiver.server.stopped
            and world.network.answers(ours.name, theirs.name, DATABASE, self.network)
        )

    @property
    def frozen_process(self) -> bool:
        """Only walsenders that were there when the fault came stand still."""
        return self in self.server.head.frozen_senders

    def healthy_without_receiver(self) -> bool:
        """Whether the end of the standby's side of the connection is heard here."""
        ours = self.server.head
        return (
            ours.works
            and not self.frozen_process
            and self.server.world.network.answers(ours.name, ours.peer.name, DATABASE, self.network)
        )

    def reply_moment(self) -> float:
        """When the standby answered last: once a second while all is well."""
        if self.stalled_since is None:
            now = self.server.loop.now
            return max(self.last_reply, now - now % 1.0)
        return self.last_reply

    def look(self) -> None:
        """Something about the connection may have changed."""
        loop = self.server.loop
        if self.healthy:
            if self.stalled_since is not None:
                self.stalled_since = None
                for event in self._timeouts:
                    event.cancel()
                self._timeouts = []
                self.last_reply = loop.now
                self.send()
        elif self.stalled_since is None:
            self.last_reply = self.reply_moment()
            self.stalled_since = loop.now
            delay = loop.between(TIMEOUT_S, TIMEOUT_S + 1.5)
            self._timeouts.append(loop.after(delay, self._sender_times_out, self.server.head))
            if self.receiver is not None:
                self._timeouts.append(
                    loop.after(
                        loop.between(TIMEOUT_S, TIMEOUT_S + 1.5),
                        self._receiver_times_out,
                        self.receiver.server.head,
                    )
                )

    def _sender_times_out(self) -> None:
        if self.stalled_since is None or self.server.ended:
            return
        if self.frozen_process:
            self._timeouts.append(self.server.loop.after(0.5, self._sender_times_out, self.server.head))
        else:
            self.break_off()

    def _receiver_times_out(self) -> None:
        receiver = self.receiver
        if self.stalled_since is None or receiver is None or receiver.sender is not self:
            return
        if "walreceiver" not in receiver.server.stopped:
            receiver.lose_connection()

    def break_off(self) -> None:
        """This walsender ends; the standby learns it at once where packets pass."""
        if self in self.server.senders:
            self.server.senders.remove(self)
        receiver, self.receiver = self.receiver, None
        if receiver is not None and receiver.sender is self:
            loop, head = self.server.loop, receiver.server.head
            reached = head.works and self.server.world.network.answers(
                self.server.head.name, head.name, DATABASE, self.network
            )
            if reached and self.server.head.powered:
                loop.after(0.005, receiver.lose_connection, head)
            else:
                loop.after(
                    loop.between(TIMEOUT_S, TIMEOUT_S + 1.5), lambda: receiver.lose_connection_to(self), head
                )

    def send(self) -> None:
        """Ship what is new, unless a shipment is under way."""
        if not self._busy and self.stalled_since is None:
            self._busy = True
            self.server.loop.after(self.server.loop.between(0.0005, 0.003), self._deliver, self.server.head)

    def _deliver(self) -> None:
        self._busy = False
        receiver = self.receiver
        if receiver is None or self.server.ended:
            return
        if not self.healthy:
            self.look()
            return
        chain = self.server.data.chain
        fresh, self.sent = chain[self.sent :], len(chain)
        receiver.receive(fresh)
        if receiver.sender is self:
            disk = receiver.server.head.disk
            delay = self.server.loop.between(0.0005, 0.003) + disk.slow_s
            self.server.loop.after(delay, receiver.flush_and_reply, receiver.server.head)

    def hear(self, flushed: int, replayed: int) -> None:
        """The standby's answer."""
        if self.server.ended or not self.healthy:
            return
        self.flushed = flushed
        self.replayed = replayed
        self.last_reply = self.server.loop.now
        if self.sent >= len(self.server.data.chain):
            self.state = "streaming"
        self.server.release()
        if self.sent < len(self.server.data.chain):
            self.send()


class Receiver:
    """A standby's walreceiver, with the startup process that replays what it writes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.wanted = True
        self.sender: Sender | None = None
        self.reported = 0
        self.received = 0
        self.complaint = ""
        self.pid = 0
        self._event = server.loop.after(server.loop.between(0.02, 0.1), self._connect, server.head)

    @property
    def streams(self) -> bool:
        """What pg_stat_wal_receiver calls streaming."""
        return self.sender is not None

    def close(self) -> None:
        """End the connection from here."""
        sender, self.sender = self.sender, None
        if sender is not None:
            loop, upstream = self.server.loop, sender.server
            if sender.healthy_without_receiver():
                loop.after(0.003, sender.break_off, upstream.head)
            else:
                sender.look()

    def lose_connection(self) -> None:
        """The connection has ended: look for a primary again, over all its addresses."""
        self.close()
        self._again()

    def lose_connection_to(self, sender: Sender) -> None:
        """The same, if it still is that connection."""
        if self.sender is sender:
            self.lose_connection()

    def _again(self) -> None:
        if self.wanted and not self.server.ended:
            self._event.cancel()
            self._event = self.server.loop.after(RETRY_S, self._connect, self.server.head)

    def _connect(self) -> None:
        server = self.server
        if not self.wanted or server.ended or self.sender is not None:
            return
        if {"walreceiver", "startup"} & server.stopped:
            self._again()
            return
        complaint = self._try()
        if complaint:
            self.complaint = complaint
            self._again()

    def _try(self) -> str:
        """Why streaming does not begin; empty where it does."""
        server, head = self.server, self.server.head
        world, peer = server.world, server.head.peer
        network = world.network.path(head.name, peer.name, DATABASE)
        upstream = peer.server
        if not server.conninfo or head.disk.dead:
            return "no connection"
        if network is None or not peer.works or upstream is None or not upstream.takes_connections:
            return "could not connect"
        if upstream.in_recovery or upstream.connections_used_up:
            return "session is not read-write"
        ours, theirs = server.data, upstream.data
        if ours.system != theirs.system:
            return "database system identifier differs"
        timeline, newest = max(server.target_timeline, ours.timeline), theirs.timeline
        if newest < timeline:
            return f"highest timeline {newest} of the primary is behind recovery timeline {timeline}"
        if newest > timeline:
            complaint = self._fetch_histories(upstream, timeline, newest) or self._switch(newest, timeline)
            if complaint:
                return complaint
        start = segment_start(ours.end)
        if start > theirs.end:
            return f"requested starting point {start:X} is ahead of the WAL flush position"
        if start < segment_start(theirs.oldest):
            return "requested WAL segment has already been removed"
        self._begin(upstream, network, start)
        return ""

    def _fetch_histories(self, upstream: Server, first: int, last: int) -> str:
        """Ask for the history files from the own timeline to the primary's; one that is here stays as it is."""
        disk, path = self.server.head.disk, self.server.path
        if disk.full or disk.inodes_used_up:
            return "could not create file: No space left on device"
        for number in range(max(first, 2), last + 1):
            name = f"pg_wal/{history_name(number)}"
            if disk.exists(f"{path}/{name}"):
                continue
            text = upstream.head.disk.seen.get(f"{upstream.path}/{name}")
            if text is None:
                return f"could not open file {name}"
            disk.write(f"{path}/{name}", text, durably=True)
        return ""

    def _switch(self, newest: int, timeline: int) -> str:
        """Follow to the primary's timeline, by the history files that this server has."""
        server, ours = self.server, self.server.data
        target = newest_timeline(server.head.disk, server.path, timeline)
        fork = ancestors(history_text(server.head.disk, server.path, target)).get(ours.timeline)
        if target != newest or fork is None:
            return f"new timeline {target} is not a child of database system timeline {ours.timeline}"
        if fork < ours.end:
            return f"new timeline {target} forked off timeline {ours.timeline} before recovery point {ours.end:X}"
        server.target_timeline = target
        return ""

    def _begin(self, upstream: Server, network: str, start: int) -> None:
        sender = Sender(upstream, self, network)
        upstream.senders.append(sender)
        self.sender = sender
        self.pid = self.server.head.new_pid()
        self.complaint = ""
        chain = upstream.data.chain
        sender.sent = len(chain) - len(upstream.data.records_from(start))
        # What it has replayed counts as flushed from the first answer on, whose it may be.
        self.reported = self.server.data.end
        self.received = start
        sender.look()
        sender.send()

    def receive(self, records: list[Record]) -> None:
        """Write what came, and replay it as far as it fits to the end of what is here."""
        data = self.server.data
        for record in records:
            self.received = max(self.received, record.end)
            last = data.chain[-1]
            if record.end <= last.end:
                continue
            if record.start == last.end and record.previous == last.start:
                data.add(record)
            else:
                self.complaint = f"invalid record length at {last.end:X}"
                self.lose_connection()
                return

    def flush_and_reply(self) -> None:
        """Make it durable and answer."""
        sender, server = self.sender, self.server
        if sender is None or server.ended:
            return
        disk = server.head.disk
        if disk.dead or disk.full:
            server.fail("PANIC:  could not write to file")
            return
        server.data.flush()
        self.reported = max(self.reported, self.received)
        server.look_for_consistency()
        flushed, replayed = self.reported, server.data.end
        delay = server.loop.between(0.0005, 0.003)
        server.loop.after(delay, lambda: sender.hear(flushed, replayed), sender.server.head)
