"""./lab split-brain: what an arbiter is for, shown on one pair: the heads lose each other, clients lose neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from live_lab import audits
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.pair import have_arbiter
from live_lab.wait import wait_until
from live_lab.writer import Writer

# Losing the peer is noticed within 4 s; for machines ten times slower, and the arbiter's decision on top.
DECISION_DEADLINE_S = 300.0
HEALING_DEADLINE_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One cut between the heads: who was primary, what each side's own client was promised, what was gone after."""

    arbiter: bool
    primaries: tuple[str, ...]
    acknowledged: dict[str, int]
    missing: int

    def lines(self) -> Iterator[str]:
        """The same in words."""
        yield f"{'With' if self.arbiter else 'Without'} an arbiter: primary was {' and '.join(self.primaries)}"
        for head, count in self.acknowledged.items():
            yield f"    the client beside {head} was promised {count} conferences while the heads were apart"
        yield f"    {self.missing} of them do not exist any more"


def split(lab: Lab, *, arbiter: bool) -> Split:
    """Cuts the heads of a configured pair from each other under load, heals, and counts."""
    have_arbiter(lab, wanted=arbiter)
    audits.wait_until_clean(lab, deadline_s=HEALING_DEADLINE_S)
    active, standby = sorted(lab.heads, key=lambda head: not audits.is_primary(head))
    with _clients(lab) as clients:
        before = {head.name: len(writer.acknowledged) for head, writer in clients}
        lab.cut_between()
        wait_until(
            lambda: _decided(active, standby, arbiter=arbiter),
            deadline_s=DECISION_DEADLINE_S,
            what="one side has given up" if arbiter else "both heads are primary",
        )
        serving = [head for head in (active, standby) if audits.is_primary(head)]
        for head, writer in clients:
            if head in serving:
                writer.wait_for_more(deadline_s=DECISION_DEADLINE_S)
        apart = {head.name: len(writer.acknowledged) - before[head.name] for head, writer in clients}
        lab.heal_between()
        # The service is one again, so everything that was promised from here on is kept.
        audits.wait_until_clean(lab, deadline_s=HEALING_DEADLINE_S)
        promised = [one for _, writer in clients for one in writer.stop()]
    return Split(
        arbiter=arbiter,
        primaries=tuple(head.name for head in serving),
        acknowledged=apart,
        missing=audits.lost(lab, promised),
    )


def demonstrate(lab: Lab, announce: Callable[[str], None]) -> tuple[Split, Split]:
    """The hazard first, then its prevention."""
    found = []
    for arbiter in (False, True):
        one = split(lab, arbiter=arbiter)
        for line in one.lines():
            announce(line)
        found.append(one)
    return found[0], found[1]


@contextmanager
def _clients(lab: Lab) -> Iterator[tuple[tuple[Host, Writer], ...]]:
    """A client on each head, at the public address: the head's own where that head believes to be active."""
    clients = tuple((head, Writer(lab, host=head)) for head in lab.heads)
    try:
        for _, writer in clients:
            writer.wait_for_more()
        yield clients
    finally:
        for _, writer in clients:
            writer.stop()


def _decided(active: Host, standby: Host, *, arbiter: bool) -> bool:
    if not arbiter:
        return audits.is_primary(active) and audits.is_primary(standby)
    quorate = [audits.is_quorate(head) for head in (active, standby)]
    return quorate.count(True) == 1
