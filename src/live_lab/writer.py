"""A user of the application: one conference after the other at the public address, each acknowledgement noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import uuid4

from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.wait import wait_until

PUBLIC_ADDRESS = "10.81.0.100"

# Each conference has an id of its own and is asked for until it is acknowledged: repeating is safe (POST with id).
# Connecting to a head without power takes until the time-out; the application itself answers within 5 s.
_PROGRAM = """
import http.client, json, sys, time, uuid

address, per_second, series = sys.argv[1], float(sys.argv[2]), sys.argv[3]
patience, pause = float(sys.argv[4]), float(sys.argv[5])


def accepted(body):
    connection = http.client.HTTPConnection(address, timeout=patience)
    try:
        connection.request("POST", "/api/conferences", body, {"Content-Type": "application/json"})
        return connection.getresponse().status == 201
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


number = 0
while True:
    number += 1
    began = time.monotonic()
    conference, name = str(uuid.uuid4()), f"{series}-{number}"
    body = json.dumps({"id": conference, "name": name})
    while not accepted(body):
        time.sleep(pause)
    print(time.time(), conference, name, flush=True)
    time.sleep(max(0.0, began + 1 / per_second - time.monotonic()))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """When a request without an answer is given up, and how much later it is repeated.

    How long the service was away cannot be told more precisely than that.
    """

    patience_s: float = 2.0
    pause_s: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A conference that the application promised to keep; `at_s` in seconds since 1970."""

    at_s: float
    conference: str
    name: str


class Writer:
    """Writes until stopped, at most `per_second` conferences in a second; from the client unless told else."""

    def __init__(
        self,
        lab: Lab,
        *,
        host: Host | None = None,
        address: str = PUBLIC_ADDRESS,
        per_second: float = 20.0,
        persistence: Persistence = Persistence(),
    ) -> None:
        self.series = uuid4().hex[:8]
        words = (address, str(per_second), self.series)
        patience = (str(persistence.patience_s), str(persistence.pause_s))
        argv = ("python3", "-c", _PROGRAM, *words, *patience)
        self._work = (host or lab.client).start(argv)

    @property
    def acknowledged(self) -> tuple[Acknowledged, ...]:
        """Everything acknowledged so far, in order."""
        complete = self._work.stdout.rpartition("\n")[0]
        rows = (line.split() for line in complete.splitlines())
        return tuple(Acknowledged(at_s=float(at), conference=one, name=name) for at, one, name in rows)

    def wait_for_more(self, count: int = 20, *, deadline_s: float = 300.0) -> float:
        """Until so many more are acknowledged; the time of the first of them, in seconds since 1970."""
        before = len(self.acknowledged)
        wait_until(
            lambda: len(self.acknowledged) >= before + count,
            deadline_s=deadline_s,
            what=f"{count} more conferences acknowledged (so far {before})",
        )
        return self.acknowledged[before].at_s

    def stop(self) -> tuple[Acknowledged, ...]:
        """Ends the writing; everything that was acknowledged."""
        self._work.kill()
        return self.acknowledged

    @property
    def longest_silence_s(self) -> float:
        """The longest time between two acknowledgements."""
        return longest_silence_s(self.acknowledged)


def longest_silence_s(acknowledged: Sequence[Acknowledged]) -> float:
    """The longest time between two of these acknowledgements, which are in order."""
    times = [one.at_s for one in acknowledged]
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)
