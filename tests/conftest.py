"""For all tests: Ctrl-C means what it means at a terminal."""

import signal


def pytest_configure() -> None:
    """Undo an ignored SIGINT: background jobs inherit it, and so would all that the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
