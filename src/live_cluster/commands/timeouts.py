"""Corosync's time-outs as they are in force on this server."""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.errors import NotReady, problem
from live_cluster.remote.local import run_local

_PREFIX = "runtime.config.totem."


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Milliseconds, and a number of repetitions; the article's section on switch-over time-outs."""

    token_ms: int
    retransmits: int
    consensus_ms: int

    @property
    def retransmit_interval_ms(self) -> float:
        """Time between two attempts; the article and corosync.conf(5) want more than 30 ms."""
        return self.token_ms / (self.retransmits + 0.2)

    @property
    def detection_ms(self) -> int:
        """Until a lost head is noticed: the token's loss, and agreement about it."""
        return self.token_ms + self.consensus_ms

    @property
    def switch_over_ms(self) -> int:
        """The article's expectation for the whole switch-over: 0.75 x token + token."""
        return round(0.75 * self.token_ms) + self.token_ms


def running_timeouts() -> Timeouts:
    """What the running Corosync says; NotReady where none runs."""
    answer = run_local(("corosync-cmapctl", "-b", _PREFIX), check=False)
    values = {}
    for line in answer.text.splitlines():
        key, _, value = line.partition(" = ")
        values[key.rpartition(" (")[0].removeprefix(_PREFIX)] = value
    try:
        return Timeouts(
            token_ms=int(values["token"]),
            retransmits=int(values["token_retransmits_before_loss_const"]),
            consensus_ms=int(values["consensus"]),
        )
    except KeyError:
        raise NotReady(problem("corosync-silent")) from None
