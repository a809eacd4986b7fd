"""For all tests: Ctrl-C means what it means at a terminal, and nobody is timed."""

import signal

import pytest
from hypothesis import settings

from live_cluster.model import not_yet

# A busy machine takes 340 ms for what an idle one does in one.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


def pytest_configure() -> None:
    """Undo an ignored SIGINT: background jobs inherit it, and so would all that the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def everything_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this version still refuses is accepted: what is planned for it is judged all the same."""
    monkeypatch.setattr(not_yet, "NOT_YET", ())
