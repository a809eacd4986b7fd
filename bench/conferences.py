"""A media server's death: from its power loss until all its conferences run on others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from bench.figures import Notebook
from bench.installation import (
    WITH_PASSPHRASE,
    configure,
    first_options,
    media_options,
    unlock_with_passphrase,
    wait_settled,
)
from live_lab import Host, Lab, LabError, wait_until
from live_lab.writer import PUBLIC_ADDRESS, Writer

MEDIA = 3
FIGURE = "media_server.power_loss"
NEW_CONFERENCES = 200
DEADLINE_S = 300.0
_ASK = ("curl", "-sS", "--fail", "-m", "10", "--write-out", "\\n")


def measure_conferences(lab: Lab, notebook: Notebook, times: int, say: Callable[[str], None]) -> None:
    """Each media server in turn loses its power; the heads, which are media servers as well, never do."""
    unlock_with_passphrase((*lab.heads, *lab.media))
    wait_settled(lab)
    configure(lab.heads[0], *first_options(lab), *media_options(lab), *WITH_PASSPHRASE)
    for number in range(1, times + 1):
        say(f"{FIGURE}, {number} of {times}")
        lost = lab.media[number % len(lab.media)]
        wait_until(
            lambda host=lost: _is_reachable(lab, host),  # type: ignore[misc]
            deadline_s=DEADLINE_S,
            what=f"the application reaches {lost.name}",
        )
        writer = Writer(lab, per_second=100.0)
        writer.wait_for_more(NEW_CONFERENCES)
        writer.stop()
        notebook.note(FIGURE, _move(lab, lost))
        lost.power_on()


def _move(lab: Lab, lost: Host) -> float:
    """Seconds from the loss until the others say themselves that they run everything that ran there."""
    head = lab.heads[0]
    orphans = _running_on(head, [lost])
    if not orphans:
        raise LabError(f"no conference ran on {lost.name}: there is nothing to be moved")
    others = [host for host in (*lab.heads, *lab.media) if host is not lost]
    began_s = time.monotonic()
    lost.power_off()
    wait_until(
        lambda: orphans <= _running_on(head, others),
        deadline_s=DEADLINE_S,
        what=f"{len(orphans)} conferences of {lost.name} run elsewhere",
        every_s=0.02,
    )
    return time.monotonic() - began_s


def _running_on(head: Host, hosts: Sequence[Host]) -> set[str]:
    """Conferences that these media servers say they run; asking them all takes 30 ms."""
    urls = [f"http://{host.addresses['bond0']}:8091/api/conferences" for host in hosts]
    answers = head.run((*_ASK, *urls)).stdout.splitlines()
    return {one for answer in answers for one in json.loads(answer)["conferences"]}


def _is_reachable(lab: Lab, host: Host) -> bool:
    answer = lab.client.run((*_ASK, f"http://{PUBLIC_ADDRESS}/api/media-servers")).stdout
    return any(
        one["address"] == host.addresses["bond0"] and one["state"] == "reachable"
        for one in json.loads(answer)["media_servers"]
    )
