"""`standby`, `online` and `maintenance` on a cluster that answers from recordings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from planned_cluster import RUNNING, SWITCHED, PlannedCluster, SwiftTime, out_of_service

from live_cluster.apply import run_lock as locking
from live_cluster.apply import waiting
from live_cluster.cli.main import main
from live_cluster.cli.maintenance_cli import Order, duration_s, run_maintenance
from live_cluster.cli.node_cli import Wish, run_online, run_standby
from live_cluster.errors import Declined, ExitCode, NotReady
from live_cluster.probes import maintenance as probe
from live_cluster.probes.maintenance import parse_maintenance
from live_cluster.render import maintenance as rendered
from recordings.recorded_server import recording, server

PRIMARY, STANDBY = "ivcs-main-2", "ivcs-main-1"
MAINTENANCE = recording("maintenance")
SET = """<cluster_property_set id="live-cluster-maintenance" score="1000">
<nvpair id="a" name="maintenance-mode" value="true"/>
<nvpair id="b" name="live-cluster-maintenance-by" value="anna@ivcs-main-1"/>
<nvpair id="c" name="live-cluster-maintenance-since" value="2026-11-22 20:00:00Z"/>
<nvpair id="d" name="live-cluster-maintenance-until" value="2026-11-22 22:00:00Z"/></cluster_property_set>"""


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SwiftTime()
    monkeypatch.setattr(locking, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(
        waiting.Clock.__init__, "__kwdefaults__", {"now": clock.monotonic, "sleep": clock.sleep}
    )
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 0)


def standby(
    cluster: PlannedCluster, tmp_path: Path, node: str, *, force: bool = False, yes: bool = True
) -> int:
    wish = Wish(node=node, force=force, yes=yes, timeout_s=30, as_json=True)
    return run_standby(wish, server(cluster.start, tmp_path))


def test_the_standby_head_stops_and_nothing_else_happens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = PlannedCluster(RUNNING, RUNNING, out_of_service(STANDBY))
    assert standby(cluster, tmp_path, STANDBY) == ExitCode.OK
    assert cluster.orders == [f"crm_attribute --node {STANDBY} --lifetime forever --name standby --update on"]
    document = json.loads(capsys.readouterr().out)
    assert (document["moved"], document["changed"], document["done"]) == (False, True, True)


def test_the_primary_is_moved_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = PlannedCluster(RUNNING, RUNNING, SWITCHED, SWITCHED, out_of_service(PRIMARY))
    assert standby(cluster, tmp_path, PRIMARY) == ExitCode.OK
    assert [order.split("--name ")[-1].split()[0] for order in cluster.orders[::2]] == [
        "ivcs-db-wanted",
        "standby",
    ]
    assert json.loads(capsys.readouterr().out)["moved"] is True


def test_the_only_good_head_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stale = RUNNING.replace('value="sync"', 'value="stale"')
    cluster = PlannedCluster(stale)
    assert standby(cluster, tmp_path, PRIMARY) == ExitCode.CONFIGURATION
    assert "standby-refused" in capsys.readouterr().out
    assert cluster.orders == []


def test_the_only_good_head_goes_by_force(tmp_path: Path) -> None:
    stale = RUNNING.replace('value="sync"', 'value="stale"')
    cluster = PlannedCluster(stale, stale, out_of_service(PRIMARY))
    standby(cluster, tmp_path, PRIMARY, force=True)
    assert cluster.orders == [f"crm_attribute --node {PRIMARY} --lifetime forever --name standby --update on"]


def test_nobody_to_ask(tmp_path: Path) -> None:
    cluster = PlannedCluster(RUNNING)
    wish = Wish(node=STANDBY, force=False, yes=False, timeout_s=30, as_json=False)
    with pytest.raises(Declined):
        run_standby(wish, server(cluster.start, tmp_path))
    assert cluster.orders == []


def test_in_standby_already(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = PlannedCluster(out_of_service(STANDBY))
    assert standby(cluster, tmp_path, STANDBY) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert cluster.orders == []


def test_online_waits_until_the_head_is_in_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    behind = RUNNING.replace('value="sync"', 'value="stale"')
    cluster = PlannedCluster(out_of_service(STANDBY), out_of_service(STANDBY), behind, RUNNING)
    machine = server(cluster.start, tmp_path)
    assert run_online(STANDBY, machine, timeout_s=30, as_json=True) == ExitCode.OK
    assert cluster.orders == [f"crm_attribute --node {STANDBY} --lifetime forever --name standby --delete"]
    assert json.loads(capsys.readouterr().out)["changed"] is True


def test_online_says_when_it_takes_longer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    behind = RUNNING.replace('value="sync"', 'value="stale"')
    machine = server(PlannedCluster(behind).start, tmp_path)
    assert run_online(STANDBY, machine, timeout_s=30, as_json=True) == ExitCode.TIMEOUT
    assert "online-not-reached" in capsys.readouterr().out


def test_online_of_a_head_that_is_off(tmp_path: Path) -> None:
    away = recording("node-offline")
    off = STANDBY if f'name="{STANDBY}" id="1" online="false"' in away else PRIMARY
    with pytest.raises(NotReady) as refused:
        run_online(off, server(PlannedCluster(away).start, tmp_path), timeout_s=30, as_json=False)
    assert [one.code for one in refused.value.problems] == ["online-not-there"]


def switch(cluster: PlannedCluster, tmp_path: Path, *, on: bool, seconds: int | None = None) -> int:
    order = Order(on=on, seconds=seconds)
    return run_maintenance(order, server(cluster.start, tmp_path), yes=True, as_json=True)


def test_maintenance_with_an_end_is_one_set_with_a_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = PlannedCluster(RUNNING, RUNNING, RUNNING, MAINTENANCE)
    assert switch(cluster, tmp_path, on=True, seconds=7200) == ExitCode.OK
    (order,) = cluster.orders
    until = json.loads(capsys.readouterr().out)["maintenance"]["until"]
    assert order.startswith("cibadmin --modify --allow-create --scope crm_config --xml-text <crm_config>")
    assert f'<date_expression id="live-cluster-maintenance-end" operation="lt" end="{until}"/>' in order


def test_maintenance_without_an_end_has_no_rule(tmp_path: Path) -> None:
    cluster = PlannedCluster(RUNNING, RUNNING, MAINTENANCE)
    switch(cluster, tmp_path, on=True)
    assert "rule" not in cluster.orders[0]


def test_the_end_of_maintenance_looks_first(tmp_path: Path) -> None:
    cluster = PlannedCluster(MAINTENANCE, RUNNING, maintenance=SET)
    assert switch(cluster, tmp_path, on=False) == ExitCode.OK
    assert [order.split()[1] for order in cluster.orders] == ["--refresh", "--delete"]


TWO_PRIMARIES = MAINTENANCE.replace('role="Unpromoted"', 'role="Promoted"')


def test_a_cluster_that_cannot_settle_is_let_go_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still = TWO_PRIMARIES.replace('maintenance-mode="true"', 'maintenance-mode="false"')
    cluster = PlannedCluster(TWO_PRIMARIES, still, maintenance=SET, refuses=("crm_resource",))
    assert switch(cluster, tmp_path, on=False) == ExitCode.TIMEOUT
    assert [order.split()[1] for order in cluster.orders] == ["--refresh", "--delete"]
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [one["code"] for one in problems] == ["maintenance-not-off", "health-two-primaries"]


def test_what_does_not_run_afterwards_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stopped = recording("stopped").replace('stop-all-resources="true"', 'stop-all-resources="false"')
    cluster = PlannedCluster(MAINTENANCE, MAINTENANCE, stopped, maintenance=SET)
    assert switch(cluster, tmp_path, on=False) == ExitCode.TIMEOUT
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert problems[0]["code"] == "maintenance-not-off"
    assert any("samba" in one["message"] for one in problems[1:])


def test_maintenance_of_another_tool_is_ended_too(tmp_path: Path) -> None:
    cluster = PlannedCluster(MAINTENANCE, MAINTENANCE, MAINTENANCE, RUNNING)
    assert switch(cluster, tmp_path, on=False) == ExitCode.OK
    assert cluster.orders[-1] == "crm_attribute --type crm_config --name maintenance-mode --delete"


def test_what_has_run_out_leaves_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = PlannedCluster(RUNNING, maintenance=SET)
    assert switch(cluster, tmp_path, on=False) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert [order.split()[1] for order in cluster.orders] == ["--delete"]


def test_who_and_until_when_can_be_read_back() -> None:
    known = parse_maintenance(SET)
    assert known is not None
    assert (known.by, known.since, known.until) == (
        "anna@ivcs-main-1",
        "2026-11-22 20:00:00Z",
        "2026-11-22 22:00:00Z",
    )
    assert parse_maintenance("") is None
    assert probe.SET == rendered.SET


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1d", 86400),
        ("7d", 604800),
        *((bad, None) for bad in ("", "0m", "8d", "2", "h", "-1h", "2h1d", "1.5h", "ever")),
    ],
)
def test_durations(text: str, seconds: int | None) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (("perhaps",), ["maintenance-on-or-off"]),
        (("off", "--for", "2h"), ["maintenance-for-off"]),
        (("on", "--for", "soon"), ["duration-invalid"]),
        (("maybe", "--for", "x"), ["maintenance-on-or-off", "duration-invalid"]),
    ],
)
def test_wrong_words(words: tuple[str, ...], codes: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maintenance", *words]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert all(f"[{code}]" in said for code in codes)


@pytest.mark.parametrize("verb", [("standby", "x"), ("online", "x"), ("maintenance", "on")])
def test_root_only(verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main(list(verb)) == ExitCode.NOT_PERMITTED
