"""A server whose tools answer as they did when they were recorded; any other command fails the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from live_cluster.commands.status import Server
from live_cluster.remote.early import Answer

HERE = Path(__file__).parent
ANSWERS = {
    "crm_mon": "crm_mon.xml",
    "database": "database.txt",
    "corosync-quorumtool": "quorum.txt",
    "corosync-cfgtool": "links.txt",
    "systemctl": "services.txt",
    "cibadmin": "maintenance_set.xml",
    "ip": "interfaces.json",
}
_SELDOM = (ANSWERS["cibadmin"], ANSWERS["ip"])
RELEASES = sorted(path.name for path in HERE.iterdir() if (path / "healthy-primary").is_dir())


class Finished:
    """A process that has already ended."""

    def __init__(self, text: str, returncode: int = 0, stderr: str = "") -> None:
        self._answer = Answer(returncode, text.encode(), stderr.encode())

    def finish(self, *, timeout_s: float = 0) -> Answer:  # noqa: ARG002
        return self._answer


def recording(situation: str, *, release: str = "bookworm", name: str = "crm_mon.xml") -> str:
    """One recorded answer; nothing where that tool was not asked in this situation."""
    path = HERE / release / situation / name
    return path.read_text() if path.exists() or name not in _SELDOM else ""


def recorded(
    situation: str, *, release: str = "bookworm", **changed: str
) -> Callable[[Sequence[str]], Finished]:
    """Starts nothing and answers from one situation; `changed` replaces answers, by the tool's name."""
    replaced: Mapping[str, str] = {tool.replace("_", "-"): text for tool, text in changed.items()}

    def start(argv: Sequence[str]) -> Finished:
        tool = argv[0]
        assert tool in ANSWERS, f"not recorded: {argv}"
        text = replaced.get(tool.replace("_", "-"))
        return Finished(recording(situation, release=release, name=ANSWERS[tool]) if text is None else text)

    return start


def server(start: Callable[[Sequence[str]], Finished], tmp_path: Path, *, configured: bool = True) -> Server:
    """A server with these tools; `configure` has been there or not."""
    mark = tmp_path / "cluster.toml"
    if configured:
        mark.touch()

    def ask_database(_sql: str) -> Finished | None:
        try:
            return start(("database",))
        except FileNotFoundError:
            return None

    machine = Server(
        start=start,
        mark=str(mark),
        rejoin=str(tmp_path / "rejoin.json"),
        corosync_conf=str(tmp_path / "corosync.conf"),
        ask_database=ask_database,
    )
    machine.replication_conf = str(tmp_path / "replication.conf")
    machine.sbd = (str(tmp_path / "sbd"), str(tmp_path / "sbd.pid"))
    machine.history = (str(tmp_path / "cluster.jsonl"), str(tmp_path / "database.jsonl"))
    return machine
