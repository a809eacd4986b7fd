"""C14: a media server that is off is named, everything else is done, and the exit code says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest
from installation import FIRST_RUN, Installation

from live_cluster.access.login import Outcome
from live_cluster.apply.fleet import Fleet
from live_cluster.commands import configure, connecting
from live_cluster.errors import ExitCode, Problem, Unreachable, problem
from live_cluster.model.facts import ServerName
from live_cluster.remote.requests import Reply, Request
from recordings.configure.recorded import RecordedServer

MEDIA = "ivcs-media-0"
ADDRESS = "10.81.0.11"


class OneIsAway:
    """Connections of an installation in which some servers do not answer."""

    def __init__(self, site: Installation, away: Sequence[str], outcome: Outcome) -> None:
        self.site, self.away, self.outcome = site, away, outcome

    async def connect(self, names: Sequence[ServerName], credentials: object) -> Fleet:
        missing = [one for one in names if one.name in self.away]
        if missing:
            raise Unreachable(
                *(
                    problem("server-unreachable", node=one.name, address=one.address, reason="no route")
                    for one in missing
                )
            )
        return await self.site.connect(names, credentials)

    async def explain(self, node: str, address: str, _credentials: object, **_: str) -> Problem | None:
        return problem(
            self.outcome.value, node=node, address=IPv4Address(address), detail="no answer", own="x"
        )


def without(
    site: Installation, monkeypatch: pytest.MonkeyPatch, *away: str, outcome: Outcome = Outcome.OFF
) -> None:
    missing = OneIsAway(site, away, outcome)

    class Secret:
        fingerprint = "x"

    monkeypatch.setattr(configure, "connect", missing.connect)
    monkeypatch.setattr(connecting, "explain_refusal", missing.explain)
    monkeypatch.setattr("live_cluster.cli.run_cli.find_secret", lambda _: Secret())


def test_the_rest_is_done_without_a_media_server_that_is_off(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(site, monkeypatch, MEDIA)
    done = site.configure("--json", *FIRST_RUN)
    assert done.code == ExitCode.PARTIAL
    assert [(one["code"], one["node"]) for one in done.document["problems"]] == [("media-server-off", MEDIA)]
    assert not [step for step in done.document["steps"] if step["node"] == MEDIA]
    hosts = site.servers["ivcs-main-1"].written["/etc/hosts"].text
    assert f"{ADDRESS} {MEDIA}" in " ".join(hosts.split())
    assert ADDRESS in (site.stored / "cluster.toml").read_text("utf-8")


def test_when_it_is_back_it_is_made_up_for(site: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as away:
        without(site, away, MEDIA)
        assert site.configure(*FIRST_RUN).code == ExitCode.PARTIAL
    done = site.configure("--json")
    assert done.code == ExitCode.OK
    assert {step["node"] for step in done.document["steps"]} == {MEDIA}


def test_a_media_server_that_is_locked_stops_the_run(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever forgot to unlock it wants to know before anything is touched."""
    without(site, monkeypatch, MEDIA, outcome=Outcome.LOCKED)
    refused = site.configure(*FIRST_RUN)
    assert refused.code == ExitCode.UNAVAILABLE
    assert site.changes == []


@pytest.mark.parametrize("away", [("ivcs-main-2",), ("ivcs-main-2", MEDIA)])
def test_a_head_is_never_done_without(
    site: Installation, monkeypatch: pytest.MonkeyPatch, away: tuple[str, ...]
) -> None:
    without(site, monkeypatch, *away)
    assert site.configure(*FIRST_RUN).code == ExitCode.UNAVAILABLE
    assert site.changes == []


def test_a_media_server_that_is_the_arbiter_is_needed(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(site, monkeypatch, MEDIA)
    assert site.configure(*FIRST_RUN, "--arbiter-ip", ADDRESS).code == ExitCode.UNAVAILABLE


class DropsOut(RecordedServer):
    """Its connection breaks when something is to be changed on it."""

    async def ask(self, request: Request) -> Reply:
        if getattr(request, "changes_node", False):
            raise Unreachable(problem("connection-lost", node=self.name, reason="broken pipe"))
        return await super().ask(request)


def test_one_that_gets_lost_on_the_way_does_not_stop_the_others(site: Installation) -> None:
    site.servers[MEDIA] = DropsOut(MEDIA)
    done = site.configure("--json", *FIRST_RUN)
    assert done.code == ExitCode.PARTIAL
    assert [one["code"] for one in done.document["problems"]] == ["connection-lost"]
    states = {(step["node"], step["code"]): step["state"] for step in done.document["steps"]}
    assert states[MEDIA, "hostname"] == "failed"
    assert states["ivcs-main-1", "application-settings"] == "changed"


def test_the_plan_shows_what_becomes_of_the_application_s_settings(site: Installation) -> None:
    """Also without --dry-run, for it is short."""
    shown = site.configure(*FIRST_RUN, "--external-mail-server-hostname", "mail.example.com")
    assert "external-mail-server-hostname: - → “mail.example.com”" in shown.err
    assert "- media server 127.0.0.1" in shown.err


def test_a_password_is_nowhere_to_be_seen(
    site: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    password = 'it\'s "quoted" пароль'
    path = tmp_path_factory.mktemp("secret") / "p"
    path.write_text(password + "\n", "utf-8")
    path.chmod(0o600)
    words = ("--external-mail-server-hostname=m", "--external-mail-server-username=u")
    shown = site.configure(*FIRST_RUN, *words, "--external-mail-server-password-file", str(path))
    assert "external-mail-server-password: changed" in shown.err
    assert password not in shown.err
    head = site.servers["ivcs-main-1"]
    history = [state.text for path_, state in head.written.items() if "/history/" in path_]
    assert history
    assert not [text for text in history if password in text or json.dumps(password) in text]
    assert not [one for one in head.changed if password in one]
