"""Runs `live-cluster configure` on a head server of the lab and notes what every server answered.

`record.py` copies this file to the head server and starts it there with the installed product; the tests import
it for the notation of requests and replies. Standard input: the passphrase. Arguments: those of `configure`.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, "/usr/lib/live-cluster")

from live_cluster.remote.requests import (
    ClockReading,
    Command,
    CommandResult,
    Done,
    FileState,
    HoldLock,
    ReadFile,
    Refused,
    RemoveFile,
    Reply,
    Request,
    WriteFile,
    WriteTogether,
)

# Passwords that the lab's image made; everything else that is secret is planted by record.py.
APPLICATION_FILE = "/etc/ivcs/server.conf"
ADMINISTRATOR_FILE = "/etc/ivcs/initial-admin-password"
PASSWORD = re.compile(r"^(?:admin_)?password(?:_hash)? = (\S+)$", re.MULTILINE)
FIRST_HEAD = "ivcs-main-1"
# In the names of what is set aside and of a run's record.
RUN_TIME = re.compile(r"\d{8}-\d{6}")


def changes(request: Request) -> bool:
    """Is the server different afterwards?"""
    return isinstance(request, WriteFile | WriteTogether | RemoveFile) or (
        isinstance(request, Command) and request.changes_node
    )


def key_of(request: Request) -> str:
    """What makes two requests the same one; the input of a changing command may be secret and is left out."""
    match request:
        case Command():
            words = " ".join(request.argv)
            asked = request.stdin.decode() if not request.changes_node else ""
            return f"run {words}" + (f" <<< {asked}" if asked else "")
        case ReadFile():
            return f"read {request.path}"
        case WriteFile():
            return RUN_TIME.sub("TIME", f"write {request.path}")
        case WriteTogether():
            return " and ".join(key_of(one) for one in request.files)
        case RemoveFile():
            return RUN_TIME.sub("TIME", f"remove {request.path}")
        case HoldLock():
            return f"lock {request.path}"
        case _:
            return "clock"


def to_json(reply: Reply) -> dict[str, Any]:
    """One reply as it is kept."""
    match reply:
        case CommandResult():
            shown: dict[str, Any] = {"exit_code": reply.returncode}
            return shown | _text("stdout", reply.stdout) | _text("stderr", reply.stderr)
        case FileState(exists=False):
            return {"exists": False}
        case FileState():
            place = {
                "mode": f"{reply.mode:04o}",
                "owner": reply.owner,
                "group": reply.group,
                "mtime": reply.mtime,
            }
            return {"exists": True} | place | _text("content", reply.content)
        case ClockReading():
            return {
                "remote_s": reply.remote_s,
                "local_s": reply.local_s,
                "uncertainty_s": reply.uncertainty_s,
            }
        case Refused():
            return {"refused": reply.reason, "held_by": reply.held_by}
        case Done():
            return {}


def from_json(kept: dict[str, Any]) -> Reply:
    """The reply that was kept."""
    if "exit_code" in kept:
        return CommandResult(
            returncode=kept["exit_code"], stdout=_bytes(kept, "stdout"), stderr=_bytes(kept, "stderr")
        )
    if "exists" in kept:
        return FileState(
            exists=kept["exists"],
            content=_bytes(kept, "content"),
            mode=int(kept.get("mode", "0"), 8),
            owner=kept.get("owner", ""),
            group=kept.get("group", ""),
            mtime=kept.get("mtime", 0.0),
        )
    if "remote_s" in kept:
        return ClockReading(**kept)
    if "refused" in kept:
        return Refused(reason=kept["refused"], held_by=kept["held_by"])
    return Done()


def _text(name: str, content: bytes) -> dict[str, str]:
    if not content:
        return {}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}


def _bytes(kept: dict[str, Any], name: str) -> bytes:
    encoded = kept.get(f"{name}_base64")
    return base64.b64decode(encoded) if encoded else str(kept.get(name, "")).encode()


class ServerLog:
    """What one server answered, by request and by the number of changes made there before.

    Of the answers between two changes the first and the last are kept: while somebody waits, the others tell
    nothing new.
    """

    def __init__(self) -> None:
        self.changes: list[str] = []
        self._replies: dict[str, dict[int, list[dict[str, Any]]]] = {}

    def note(self, request: Request, reply: Reply) -> None:
        """One more answer."""
        known = self._replies.setdefault(key_of(request), {}).setdefault(len(self.changes), [])
        known[1:] = [] if not known else [to_json(reply)]
        if not known:
            known.append(to_json(reply))
        if changes(request):
            self.changes.append(key_of(request))

    def as_json(self) -> dict[str, Any]:
        """Per request the answers; a row is left out where it only repeats the one before."""
        replies = {}
        for key, rows in self._replies.items():
            kept: list[dict[str, Any]] = []
            for after, answers in rows.items():
                distinct = answers[:1] if answers[-1] == answers[0] else answers
                if not kept or [kept[-1]["answers"][-1]] != distinct:
                    kept.append({"after_changes": after, "answers": distinct})
            replies[key] = kept
        return {"changes": self.changes, "replies": replies}


def record(arguments: list[str]) -> dict[str, Any]:
    """A first run with these arguments, a second one without any, and a change of the time-outs."""
    from live_cluster.apply.fleet import Fleet
    from live_cluster.cli.main import main
    from live_cluster.commands import configure

    logs: dict[str, ServerLog] = {}
    connect = configure.connect

    async def connect_and_watch(*details: Any) -> Fleet:
        fleet = await connect(*details)
        for server in fleet.servers.values():
            server.watch = _also(server.watch, logs)
        return fleet

    configure.connect = connect_and_watch
    codes = [main(["configure", *arguments])]
    if codes == [0]:
        again = arguments[arguments.index("--passphrase-file") :]
        codes.append(main(["configure", *again]))
        codes.append(main(["timeouts", "--token", "4000", *again]))
    return {"exit_codes": codes, "servers": {name: log.as_json() for name, log in logs.items()}}


def _also(watch: Any, logs: dict[str, ServerLog]) -> Any:
    def both(node: str, request: Request, reply: Reply) -> None:
        logs.setdefault(node, ServerLog()).note(request, reply)
        watch(node, request, reply)

    return both


def without_passwords(recording: dict[str, Any]) -> str:
    """The recording as text without either head's passwords; it stays to be seen that they differ."""
    known: dict[str, str] = {}
    for name, server in sorted(recording["servers"].items()):
        shown = "password-of-the-lab" if name == FIRST_HEAD else "second-password-of-the-lab"
        for path in (APPLICATION_FILE, ADMINISTRATOR_FILE):
            for row in server["replies"].get(f"read {path}", []):
                for answer in row["answers"]:
                    content = answer.get("content", "").strip()
                    found = [content] if path == ADMINISTRATOR_FILE else PASSWORD.findall(content)
                    known |= {word: shown for word in found if word and word not in known}
    text = json.dumps(recording, ensure_ascii=False, indent=1)
    for password, shown in known.items():
        text = text.replace(password, shown)
    return text + "\n"


if __name__ == "__main__":
    sys.stdout.write(without_passwords(record(sys.argv[1:])))
