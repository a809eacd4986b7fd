"""The rounds of a benchmark: fresh labs, one after the other, so that nothing runs beside what is measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench import by_hand, conferences, failover, media, product, storage
from bench.figures import VM, Notebook
from bench.installation import versions_on
from bench.wanted import wanted_by_pcs, wanted_by_playbook
from live_lab import Lab, LabError, Scheme
from live_lab.image import ImageWish
from live_lab.lab import LabWish

Value = TypeVar("Value")

PARTS = ("heads", "by-hand", "media", "conferences", "failover", "storage")
MEDIA = 20
# On containers all in all at most 40 minutes, 15 of them for the faults: on a busy machine there are fewer rounds,
# never shorter ones.
NO_NEW_ROUND_AFTER_S = 12 * 60.0
FAILURE_LOGS = Path(__file__).parent / "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured: rounds on fresh labs, and runs in each of them."""

    rounds: int = 3
    amount: product.Amount = product.Amount(no_change=3, status=10)  # noqa: RUF009 - frozen
    by_hand_no_change: int = 2
    media_no_change: int = 5
    media_losses: int = 5
    storage: int = 5
    failover: failover.Extent = failover.Extent(power_losses=5, faults=3, pgbench_s=20)  # noqa: RUF009 - frozen


QUICK = Extent(
    rounds=1,
    amount=product.Amount(no_change=1, status=5),
    by_hand_no_change=1,
    media_no_change=1,
    media_losses=1,
    storage=1,
    failover=failover.Extent(power_losses=1, faults=1, pgbench_s=5),
)


@dataclass(slots=True, kw_only=True)
class Bench:
    """One run of the benchmarks; `failures` tell what could not be taken."""

    extent: Extent
    release: str
    parts: frozenset[str]
    say: Callable[[str], None]
    notebook: Notebook = field(default_factory=Notebook)
    failures: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def carry_out(self) -> None:
        """All parts that were asked for; the others' tools come right after ours in every round."""
        began = time.monotonic()
        rounds = self.extent.rounds if self.parts & {"heads", "by-hand"} else 0
        for number in range(1, rounds + 1):
            if time.monotonic() - began > NO_NEW_ROUND_AFTER_S:
                self.say(f"The time is up after {number - 1} of {rounds} rounds")
                break
            self._round(f"round {number} of {rounds}")
        if "media" in self.parts:
            image = ImageWish(release=self.release)
            self._in_lab("bmedia", f"{MEDIA} media servers", LabWish(image=image, media=MEDIA), self._media)
        if "conferences" in self.parts:
            image = ImageWish(release=self.release)
            wish = LabWish(image=image, media=conferences.MEDIA)
            self._in_lab("bconf", "a media server lost", wish, self._conferences)
        if "failover" in self.parts:
            wish = LabWish(image=ImageWish(release=self.release), media=0)
            self._in_lab("bfail", "faults under load", wish, self._failover)
        if "storage" in self.parts:
            for one in (*storage.ON_NSPAWN, *storage.ON_MACHINES):
                self._storage(one)

    def _round(self, title: str) -> None:
        wish = LabWish(image=ImageWish(release=self.release), media=0)
        wanted = self._in_lab("bheads", f"{title}: live-cluster", wish, self._heads)
        if wanted is not None and "by-hand" in self.parts:
            wish = LabWish(image=ImageWish(release=self.release, extras=by_hand.PACKAGES), media=0)
            self._in_lab("bhand", f"{title}: Ansible and pcs", wish, lambda lab: self._by_hand(lab, wanted))

    def _heads(self, lab: Lab) -> by_hand.Wanted:
        done = product.measure_first(lab, self.notebook)
        self.versions = versions_on(lab.heads[0])
        wanted = by_hand.Wanted(variables=wanted_by_playbook(lab, done), configuration=wanted_by_pcs(lab))
        product.measure_status(lab, self.notebook, self.extent.amount)
        product.measure_no_change(lab, self.notebook, self.extent.amount)
        return wanted

    def _by_hand(self, lab: Lab, wanted: by_hand.Wanted) -> None:
        by_hand.prepare(lab, wanted)
        by_hand.measure_first(lab, self.notebook)
        by_hand.measure_no_change(lab, self.notebook, self.extent.by_hand_no_change)

    def _media(self, lab: Lab) -> None:
        media.measure_media(lab, self.notebook, self.extent.media_no_change)

    def _conferences(self, lab: Lab) -> None:
        self.versions = self.versions or versions_on(lab.heads[0])
        conferences.measure_conferences(lab, self.notebook, self.extent.media_losses, self.say)

    def _failover(self, lab: Lab) -> None:
        self.versions = self.versions or versions_on(lab.heads[0])
        failover.measure_failover(lab, self.notebook, self.extent.failover, self.say)

    def _storage(self, one: storage.Storage) -> None:
        image = ImageWish(release=self.release)
        wish = LabWish(image=image)
        if one.host == VM:
            # The NAS runs beside each kind: what is compared has the same machine under it.
            wish = LabWish(image=image, scheme=Scheme.FULL, has_nas=True)

        def work(lab: Lab) -> None:
            self.versions = self.versions or versions_on(lab.heads[0])
            storage.measure_storage(lab, self.notebook, one, self.extent.storage, self.say)

        self._in_lab(one.lab_name, f"file storage: {one.kind} on {one.host}", wish, work)

    def _in_lab(self, name: str, what: str, wish: LabWish, work: Callable[[Lab], Value]) -> Value | None:
        """Work in a fresh lab; None where it failed, which is told at the end: other figures are worth having."""
        self.say(what)
        try:
            with Lab.create(name, wish, self.say) as lab:
                try:
                    return work(lab)
                except LabError:
                    lab.collect_logs(FAILURE_LOGS / name)
                    raise
        except LabError as error:
            # The program that takes the time stands in the command line: the end says what is wrong.
            reason = str(error)[-1500:]
            self.failures.append(f"{what}: {reason}")
            self.say(f"Failed: {reason}")
            return None
