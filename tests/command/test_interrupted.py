"""D4: a run that fails on any server at any change leaves a state from which the next run converges."""

from __future__ import annotations

import pytest
from installation import FIRST_RUN, Installation

from live_cluster.errors import ExitCode
from live_cluster.remote.requests import CommandResult, Refused
from recordings.configure.recorded import SERVERS, RecordedServer


def all_changes() -> list[tuple[str, str]]:
    """Every change of a first run, on every server."""
    return [
        (name, key)
        for name in SERVERS
        for key in RecordedServer(name).recorded_changes
        # Of what `configure` does on a fresh pair: the recording goes on with another command.
        if "corosync-cfgtool" not in key and "/history/" not in key
    ]


# All of them take half a minute; neighbours differ little.
SOME = list(dict.fromkeys(all_changes()))[::6]


@pytest.mark.parametrize(("name", "key"), SOME)
def test_the_next_run_goes_on_where_one_failed(site: Installation, name: str, key: str) -> None:
    refused = CommandResult(returncode=1) if key.startswith("run ") else Refused(reason="No space left")
    instead = site.servers[name].instead
    instead[key] = refused
    failed = site.configure(*FIRST_RUN)
    assert failed.code == ExitCode.ERROR, failed.err
    del instead[key]
    again = site.configure(*FIRST_RUN)
    assert again.code == ExitCode.OK, again.err
    assert "Nothing to do" in site.configure().err


@pytest.mark.parametrize("key", [key for name, key in SOME if name == "ivcs-main-2"])
def test_ctrl_c_ends_the_run_at_once_and_is_remembered(site: Installation, key: str) -> None:
    server = site.servers["ivcs-main-2"]
    server.interrupted_at = key
    interrupted = site.configure(*FIRST_RUN)
    assert interrupted.code == 130
    assert "Interrupted." in interrupted.err
    after = server.changed.index(key)
    assert server.changed[after:] == [key]
    assert any("/history/" in one for one in site.servers["ivcs-main-1"].changed)
    server.interrupted_at = ""
    assert site.configure(*FIRST_RUN).code == ExitCode.OK
