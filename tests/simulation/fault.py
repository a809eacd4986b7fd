"""One fault or deed as plain data, so that a schedule can be printed, drawn from a seed and made smaller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulation.head import Head
from simulation.network import NETWORKS, PROTOCOLS
from simulation.world import World


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault or deed: when it begins, how long it lasts (0: it has no end of its own), and where."""

    at: float
    kind: str
    head: str
    lasts: float = 0.0
    networks: tuple[str, ...] = NETWORKS
    protocols: tuple[str, ...] = PROTOCOLS
    amount: float = 0.0
    text: str = ""

    def __str__(self) -> str:
        return f"{self.at:7.2f} s  {self.deed}"

    @property
    def deed(self) -> str:
        """What it is, without its moment."""
        words = [f"{self.head}: {self.kind}"]
        if self.networks != NETWORKS:
            words.append(f"in the {' and '.join(self.networks)} network")
        if self.protocols != PROTOCOLS:
            words.append(f"of {', '.join(self.protocols)}")
        if self.text:
            words.append(self.text)
        if self.amount:
            words.append(f"({self.amount:g})")
        if self.lasts:
            words.append(f"for {self.lasts:.1f} s")
        return " ".join(words)


Deed = Callable[[World, Head, Fault], None]
