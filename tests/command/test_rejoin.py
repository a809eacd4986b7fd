"""`rejoin`: what is shown, ordered and refused for each state of a head's data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from planned_cluster import RUNNING, PlannedCluster

from live_cluster.apply import run_lock as locking
from live_cluster.cli.main import main
from live_cluster.cli.rejoin_cli import Wish, run_rejoin
from live_cluster.commands.rejoin import AGENT, Way
from live_cluster.errors import Declined, ExitCode
from live_cluster_agent.rejoin_request import REWIND_WANTED
from recordings.recorded_server import Finished, recording, server

PRIMARY, STANDBY = "ivcs-main-2", "ivcs-main-1"
# Nobody serves: everything is stopped on purpose.
STOPPED = recording("stopped")
BEHIND = RUNNING.replace('value="sync"', 'value="stale"')
# No primary, but one may be promoted at any moment.
NOBODY_YET = RUNNING.replace('role="Promoted"', 'role="Unpromoted"')
PRIMITIVE = """<primitive id="ivcs-db"><instance_attributes id="i"><nvpair id="p" name="port" value="5432"/>
</instance_attributes></primitive>"""
DIVERGED = {
    "node": STANDBY,
    "peer": PRIMARY,
    "own_data": "stale",
    "peer_data": "latest",
    "pgdata": "/var/lib/postgresql/15/main",
    "repairing": False,
    "unusable": False,
    "acknowledged_alone": True,
    "free_bytes": 10 << 30,
    "primary_bytes": 1 << 30,
    "primary_timeline": 3,
    "timeline": 2,
    "rewindable": True,
    "verdict": "diverged",
    "fork": "0/3000000",
    "end": "0/3000400",
    "discarded_bytes": 1024,
    "discarded_commits": 7,
}


class Head(PlannedCluster):
    """One head whose agent tells these facts."""

    def __init__(self, *states: str, **facts: object) -> None:
        super().__init__(*states)
        self.facts = DIVERGED | facts
        self.asked: list[str] = []

    def start(self, argv: Sequence[str]) -> Finished:
        if argv[0] == "env":
            self.asked = list(argv)
            return Finished(json.dumps(self.facts))
        if argv[0] == "cibadmin":
            return Finished(PRIMITIVE)
        return super().start(argv)


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 0)


def run(head: Head, tmp_path: Path, way: Way, *, dry_run: bool = False, as_json: bool = True) -> int:
    wish = Wish(node=STANDBY, way=way, dry_run=dry_run, yes=True, timeout_s=0, as_json=as_json)
    return run_rejoin(wish, server(head.start, tmp_path))


def codes(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [one["code"] for one in json.loads(capsys.readouterr().out)["problems"]]


def test_a_dry_run_shows_everything_and_orders_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = Head(BEHIND)
    assert run(head, tmp_path, Way.RECLONE, dry_run=True, as_json=False) == ExitCode.OK
    said = capsys.readouterr().err
    for words in ("0/3000000", "1024 bytes", "7 commit", "1024 MiB", "main.set-aside", "were told"):
        assert words in said
    assert head.orders == []
    assert not (tmp_path / "reclone").exists()


def test_the_agent_is_asked_with_the_resource_s_parameters(tmp_path: Path) -> None:
    head = Head(BEHIND)
    run(head, tmp_path, Way.RECLONE, dry_run=True)
    assert head.asked == [
        "env",
        "OCF_RESOURCE_INSTANCE=ivcs-db",
        "OCF_RESKEY_port=5432",
        AGENT,
        "rejoin-survey",
    ]


@pytest.mark.parametrize(("way", "name"), [(Way.REWIND, "repair"), (Way.RECLONE, "reclone")])
def test_the_order_lies_where_the_agent_looks(
    way: Way, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Head(BEHIND), tmp_path, way) == ExitCode.TIMEOUT
    assert codes(capsys) == ["rejoin-not-finished"]
    first_line = (tmp_path / name).read_text().splitlines()[0]
    assert (first_line == REWIND_WANTED) is (way is Way.REWIND)


def test_the_end_tells_what_was_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "old"
    kept.mkdir()
    (kept / "PG_VERSION").write_text("15\n")

    class Agent(Head):
        """Carries the order out as soon as it is there."""

        def start(self, argv: Sequence[str]) -> Finished:
            if (tmp_path / "reclone").exists():
                (tmp_path / "reclone").unlink()
                status = {"state": "done", "started": "now", "set_aside": [str(kept)]}
                (tmp_path / "rejoin.json").write_text(json.dumps(status))
            return super().start(argv)

    wish = Wish(node=STANDBY, way=Way.RECLONE, yes=True, timeout_s=30, as_json=True)
    head = Agent(BEHIND, RUNNING)
    assert run_rejoin(wish, server(head.start, tmp_path)) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["set_aside"] == [{"path": str(kept), "bytes": 3}]


@pytest.mark.parametrize(
    ("way", "state", "facts", "code"),
    [
        (Way.RECLONE, BEHIND, {"own_data": "latest"}, "rejoin-holds-latest"),
        (Way.RECLONE, BEHIND, {"repairing": True}, "rejoin-under-way"),
        (Way.RECLONE, BEHIND, {"primary_bytes": None}, "rejoin-no-primary"),
        (Way.REWIND, STOPPED, {}, "rejoin-no-primary"),
        (Way.REWIND, BEHIND, {"rewindable": False}, "rejoin-not-rewindable"),
        (Way.REWIND, BEHIND, {"verdict": "foreign"}, "rejoin-not-rewindable"),
        (Way.RECLONE, BEHIND, {"free_bytes": 1 << 30}, "rejoin-no-space"),
        (Way.KEEP, BEHIND, {}, "keep-primary-elsewhere"),
        (Way.KEEP, NOBODY_YET, {}, "keep-primary-elsewhere"),
        (Way.KEEP, STOPPED, {"unusable": True}, "keep-unusable"),
        (Way.RECLONE, BEHIND, {"node": PRIMARY}, "rejoin-elsewhere"),
    ],
)
def test_refused(
    way: Way,
    state: str,
    facts: dict[str, object],
    code: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    head = Head(state, **facts)
    assert run(head, tmp_path, way) == ExitCode.CONFIGURATION
    assert codes(capsys) == [code]
    assert head.orders == []
    assert not {"repair", "reclone"} & {one.name for one in tmp_path.iterdir()}


def test_the_primary_in_use_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = Head(RUNNING, node=PRIMARY, peer=STANDBY, own_data="latest")
    wish = Wish(node=PRIMARY, way=Way.RECLONE, yes=True, as_json=True)
    assert run_rejoin(wish, server(head.start, tmp_path)) == ExitCode.CONFIGURATION
    assert codes(capsys) == ["rejoin-is-primary"]
    keep = Wish(node=PRIMARY, way=Way.KEEP, yes=True, as_json=True)
    assert run_rejoin(keep, server(head.start, tmp_path)) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert head.orders == []


def test_to_keep_this_data_the_other_s_is_outdated_first(tmp_path: Path) -> None:
    head = Head(STOPPED)
    (tmp_path / "repair").touch()
    assert run(head, tmp_path, Way.KEEP) == ExitCode.OK
    change = "--lifetime forever --name ivcs-db-data --update"
    assert head.orders == [
        f"crm_attribute --node {PRIMARY} {change} stale",
        f"crm_attribute --node {STANDBY} {change} latest",
    ]
    assert not (tmp_path / "repair").exists()


def test_nobody_to_ask(tmp_path: Path) -> None:
    head = Head(BEHIND)
    with pytest.raises(Declined):
        run_rejoin(Wish(node=STANDBY, way=Way.REWIND), server(head.start, tmp_path))
    assert not (tmp_path / "repair").exists()


@pytest.mark.parametrize("words", [(), ("--rewind", "--keep"), ("--rewind", "--reclone", "--keep")])
def test_exactly_one_way(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rejoin", STANDBY, *words]) == ExitCode.USAGE
    assert "[rejoin-one-way]" in capsys.readouterr().err


def test_root_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main(["rejoin", STANDBY, "--keep"]) == ExitCode.NOT_PERMITTED
