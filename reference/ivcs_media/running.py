"""The conferences that this media server runs, as the head application told it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

NOBODY = UUID(int=0)
# Without a word from the head application for so long, its conferences run elsewhere.
LEASE_S = 60.0


class BadList(ValueError):
    """The body is not what the head application sends."""


@dataclass(slots=True)
class Running:
    """Everything is lost with the process: the head application then tells it again."""

    generation: UUID = NOBODY
    transaction: int = 0
    conference: UUID = NOBODY
    conferences: set[UUID] = field(default_factory=set)
    heard_at_s: float = 0.0

    def heard(self, now_s: float) -> None:
        """The head application is there; `now_s` of a clock that only goes forward."""
        if now_s - self.heard_at_s > LEASE_S:
            self.generation, self.transaction, self.conference = NOBODY, 0, NOBODY
            self.conferences.clear()
        self.heard_at_s = now_s

    def take(self, told: Any) -> None:
        """Adds or replaces conferences; BadList leaves everything as it was."""
        try:
            generation, transaction = UUID(told["generation"]), int(told["transaction"])
            conference = UUID(told["conference"])
            conferences = {UUID(one) for one in told["conferences"]}
            is_anew = told["replace"] is True
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadList(f"not a list of conferences: {type(error).__name__}") from None
        if is_anew:
            self.conferences = conferences
        else:
            self.conferences |= conferences
        self.generation, self.transaction, self.conference = generation, transaction, conference

    def health(self, host: str) -> dict[str, object]:
        """The answer to a health check."""
        return {
            "reference": True,
            "healthy": True,
            "host": host,
            "running": len(self.conferences),
            "generation": str(self.generation),
            "transaction": str(self.transaction),
            "conference": str(self.conference),
        }
