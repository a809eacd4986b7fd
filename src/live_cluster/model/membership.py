"""Votes and links of Corosync: whether the pair stays quorate, and through how many networks it talks."""

from __future__ import annotations

from live_cluster.record import Record


class Quorum(Record):
    """Votes at this moment; `arbiter` says that a quorum device is configured or known to Corosync.

    `arbiter_heads` are the heads that have its vote now.
    """

    total_votes: int
    needed_votes: int
    two_node: bool = False
    arbiter: bool = False
    arbiter_votes: int = 0
    arbiter_address: str = ""
    arbiter_heads: tuple[str, ...] = ()

    @property
    def stays_without_one(self) -> bool:
        """The rest is still quorate when one head (one vote) disappears."""
        return self.total_votes - 1 >= self.needed_votes


# Corosync's rule for a pair without an arbiter: one vote is enough (votequorum(5), two_node).
PAIR_WITHOUT_ARBITER = Quorum(total_votes=2, needed_votes=1, two_node=True)


class Link(Record):
    """One Corosync link from this server to the other."""

    number: int
    local_address: str
    remote_address: str
    connected: bool
