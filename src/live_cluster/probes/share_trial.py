"""The question whether a head can use a share of a NAS: it is mounted and written to, where nobody else sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from live_cluster.model.storage_facts import ShareFacts, ShareOutcome
from live_cluster.probes.storage_move import IGNORED, MARK
from live_cluster.remote.requests import Command, CommandResult, Reply

# More than the program's own limits together (name, connection, mount), for a NAS that hangs in the middle.
TRIAL_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried: the mount in the words of mount(8), the port that must answer, who has to be able to write.

    `login` is a file for mount.cifs(8); None where none is needed. `owner` is an account and a group.
    """

    node: str
    fstype: str
    device: str
    options: str
    host: str
    port: int
    login: str | None = field(default=None, repr=False)
    owner: tuple[str, str]


def trial_question(trial: Trial) -> Command:
    """One command; it leaves nothing on the head, and nothing at the NAS unless it is killed while it writes."""
    values = {
        "node": trial.node,
        "fstype": trial.fstype,
        "device": trial.device,
        "options": trial.options,
        "host": trial.host,
        "port": trial.port,
        "login": trial.login,
        "owner": trial.owner,
        "mark": MARK,
        "ignored": IGNORED,
    }
    call = f"\n\nmain({json.dumps(values)!r})\n"
    return Command(
        argv=("unshare", "--mount", "--propagation", "private", "--", "/usr/bin/python3", "-I", "-"),
        stdin=_program() + call.encode(),
        timeout_s=TRIAL_TIMEOUT_S,
    )


def trial_facts(reply: Reply) -> ShareFacts:
    """What the trial said; a trial that had to be ended is a NAS that does not answer."""
    if not isinstance(reply, CommandResult):
        return ShareFacts(outcome=ShareOutcome.NOT_MOUNTED, detail=str(reply))
    try:
        said = json.loads(reply.text)
        return ShareFacts(
            outcome=ShareOutcome(said["outcome"]),
            detail=str(said["detail"]),
            names=tuple(str(one) for one in said.get("names", ())),
            mark=str(said.get("mark", "")),
            free_bytes=said.get("free_bytes"),
        )
    except (ValueError, KeyError, TypeError):
        if reply.returncode == 124:
            return ShareFacts(outcome=ShareOutcome.SILENT)
        lines = reply.error_text.strip().splitlines()
        return ShareFacts(outcome=ShareOutcome.NOT_MOUNTED, detail=lines[-1] if lines else "")


@cache
def _program() -> bytes:
    return files("live_cluster.remote").joinpath("share_trial_program.py").read_bytes()
