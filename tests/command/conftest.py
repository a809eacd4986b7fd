"""Whole verbs on servers that answer from recordings; nothing here starts a process or opens a connection."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from installation import PROFILE, Installation, SwiftTime

from live_cluster.apply import waiting
from live_cluster.cli import application_profile, run_cli, timeouts_cli
from live_cluster.cli.arguments import Inputs
from live_cluster.cli.secret_input import SecretSource
from live_cluster.cli.settings_file import read_stored
from live_cluster.commands import configure


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Installation:
    installation = Installation(stored=tmp_path / "stored", capture=capsys)
    clock = SwiftTime()
    inputs = Inputs(
        environment={},
        secrets=SecretSource(stdin=io.BytesIO(), is_terminal=False, ask=lambda _: ""),
        stored_directory=installation.stored,
    )
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(Inputs, "of_process", classmethod(lambda _: inputs))
    monkeypatch.setattr(run_cli, "find_secret", lambda _: None)
    monkeypatch.setattr(timeouts_cli, "read_stored", lambda: read_stored(installation.stored))
    monkeypatch.setattr(application_profile, "DEFAULT_PROFILE", PROFILE)
    monkeypatch.setattr(application_profile, "KEPT_PROFILE", installation.stored / "profile.toml")
    monkeypatch.setattr(configure, "controller_credentials", lambda _secret, **_: None)
    monkeypatch.setattr(configure, "connect", installation.connect)
    monkeypatch.setattr(waiting, "time", clock)
    monkeypatch.setattr(waiting, "asyncio", clock)
    return installation
