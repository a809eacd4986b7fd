"""For all tests: Ctrl-C means what it means at a terminal, and nobody is timed."""

import signal

from hypothesis import settings

# A busy machine takes 340 ms for what an idle one does in one.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


def pytest_configure() -> None:
    """Undo an ignored SIGINT: background jobs inherit it, and so would all that the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
