"""A head server's command line, and three servers that answer from recordings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from live_cluster.apply.fleet import Fleet
from live_cluster.cli.main import main
from live_cluster.model.facts import ServerName
from live_cluster.plan.build import SECRETS_FILE, SETTINGS_FILE
from recordings.configure.recorded import SERVERS, RecordedServer

PROFILE = Path(__file__).parents[2] / "profiles/ivcs.toml"
FIRST_RUN = (
    "--head-node-1-ip", "10.81.0.1", "--head-node-1-secondary-ip", "10.81.1.1",
    "--head-node-2-ip", "10.81.0.2", "--head-node-2-secondary-ip", "10.81.1.2",
    "--public-ip", "10.81.0.100", "--filestorage-ip", "10.81.0.101", "--database-ip", "10.81.0.102",
    "--filestorage-device", "/dev/lun", "--media-node-1-ip", "10.81.0.11",
)  # fmt: skip


class SwiftTime:
    """A clock that waiting moves forward at once."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a run left on the screen."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads(self.out)
        return values


@dataclass(kw_only=True)
class Installation:
    """The three servers of the recording, and a head server's command line."""

    stored: Path
    capture: pytest.CaptureFixture[str]
    servers: dict[str, RecordedServer] = field(default_factory=dict)
    release: str = ""
    connected: int = 0
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.use("bookworm")

    def use(self, release: str) -> None:
        """Fresh servers of this Debian release."""
        self.release = release
        self.servers = {name: RecordedServer(name, release) for name in SERVERS}

    async def connect(self, names: Sequence[ServerName], _credentials: object) -> Fleet:
        """Instead of apply.fleet.connect."""
        self.connected += 1
        if self.error:
            raise self.error
        return Fleet({one.name: self.servers[one.name] for one in names}, "ivcs-main-1")

    def configure(self, *words: str) -> Finished:
        """One run of `live-cluster configure` on the first head."""
        return self.run("configure", "--profile", str(PROFILE), *words)

    def run(self, *words: str) -> Finished:
        """One run of `live-cluster` on the first head."""
        self.forget_requests()
        code = main(list(words))
        self._keep_settings()
        shown = self.capture.readouterr()
        return Finished(code=code, out=shown.out, err=shown.err)

    def forget_requests(self) -> None:
        for server in self.servers.values():
            server.asked.clear()

    @property
    def changes(self) -> list[str]:
        """Every changing request since the last run began."""
        return [f"{name}: {one}" for name, server in self.servers.items() for one in server.changed]

    def _keep_settings(self) -> None:
        for path in (SETTINGS_FILE, SECRETS_FILE):
            state = self.servers["ivcs-main-1"].written.get(path)
            if state:
                self.stored.mkdir(exist_ok=True)
                self.stored.joinpath(Path(path).name).write_bytes(state.content)
