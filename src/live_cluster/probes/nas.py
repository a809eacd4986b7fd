"""Does the NAS answer? One connection from this server, begun before anything else is looked at."""

from __future__ import annotations

import re
import select
import socket

from live_cluster.model.nas import Nas, NasShare, share_of

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Answering(Protocol):
        """A question to a port."""

        def succeeded(self) -> bool:
            """It answers."""


# A NAS in the same building answers in a millisecond; a busy one is not a dead one.
DEADLINE_S = 2.0
_SETTING = re.compile(r'^\s*filestorage-device\s*=\s*"([^"]+)"', re.MULTILINE)
_ADDRESS = re.compile(r"(?:^|,)addr=([0-9.]+)(?:,|$)")
_IPV4 = re.compile(r"[0-9.]+")


class Reaching:
    """A connection on its way."""

    __slots__ = ("_socket",)

    def __init__(self, address: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.settimeout(0)
        self._socket.connect_ex((address, port))

    def succeeded(self) -> bool:
        """Wait for the answer, not longer than DEADLINE_S."""
        waiting = select.poll()
        waiting.register(self._socket, select.POLLOUT)
        is_ready = bool(waiting.poll(DEADLINE_S * 1000))
        with self._socket:
            return is_ready and self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


if TYPE_CHECKING:
    Reach = Callable[[str, int], Answering]


class AskedNas:
    """The question under way; nothing is known of a NAS by name that this server has not mounted."""

    __slots__ = ("_is_mounted", "_reaching", "_share")

    def __init__(self, share: NasShare, mounts: str, reach: Reach) -> None:
        self._share = share
        options = _options_of(share.device, mounts)
        self._is_mounted = bool(options)
        # A name is not looked up: where the name servers are as dead as the NAS, that would take longest.
        found = _ADDRESS.search(options)
        address = share.host if _IPV4.fullmatch(share.host) else found.group(1) if found else ""
        self._reaching = reach(address, share.port) if address else None

    def finish(self) -> Nas | None:
        """What came of it."""
        if self._reaching is None:
            return None
        answers = self._reaching.succeeded()
        return Nas(host=self._share.host, answers=answers, is_mounted=self._is_mounted)


def ask_nas(settings: str, mounts: str, reach: Reach = Reaching) -> AskedNas | None:
    """`settings` is the text of cluster.toml, `mounts` that of /proc/self/mounts; None for any other storage."""
    found = _SETTING.search(settings)
    share = share_of(found.group(1)) if found else None
    return None if share is None else AskedNas(share, mounts, reach)


def _options_of(device: str, mounts: str) -> str:
    # proc(5): a space in a name is written as \040.
    wanted = device.replace(" ", "\\040")
    rows = (line.split(" ") for line in mounts.splitlines())
    return next((row[3] for row in rows if len(row) > 3 and row[0].rstrip("/") == wanted), "")
