"""`live-cluster status` as a whole on recorded answers: exit codes, JSON, what is missing."""

from __future__ import annotations

import io
import json
import subprocess  # noqa: TID251
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import live_cluster
from live_cluster.cli.output import Output
from live_cluster.cli.status_show import show_status
from live_cluster.commands.status import Asked, Server
from live_cluster.errors import ExitCode, LiveClusterError, NotPermitted, Unconfigured, Unreachable
from recordings.recorded_server import RELEASES, Finished, recorded, recording, server


class Shown:
    """What one run printed."""

    def __init__(self) -> None:
        self.out = io.StringIO()
        self.output = Output(out=self.out, err=io.StringIO(), environment={})

    @property
    def document(self) -> dict[str, object]:
        document: dict[str, object] = json.loads(self.out.getvalue())
        return document


def run(
    start: Callable[[Sequence[str]], Finished],
    tmp_path: Path,
    *,
    as_json: bool = True,
    configured: bool = True,
) -> tuple[int, Shown]:
    shown = Shown()
    machine = server(start, tmp_path, configured=configured)
    return show_status(machine, shown.output, as_json=as_json, asked=Asked(machine)), shown


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("situation", "code", "level"),
    [
        ("healthy-primary", ExitCode.OK, "healthy"),
        ("healthy-standby", ExitCode.OK, "healthy"),
        ("link-down", ExitCode.OK, "healthy"),
        ("failed-action", ExitCode.OK, "healthy"),
        ("maintenance", ExitCode.DEGRADED, "degraded"),
        ("node-standby", ExitCode.DEGRADED, "degraded"),
        ("node-offline", ExitCode.DEGRADED, "degraded"),
        ("banned", ExitCode.DEGRADED, "degraded"),
        ("stopped", ExitCode.ERROR, "down"),
    ],
)
def test_the_exit_code_tells_the_health(
    situation: str, code: ExitCode, level: str, release: str, tmp_path: Path
) -> None:
    result, shown = run(recorded(situation, release=release), tmp_path)
    verdict = shown.document["verdict"]
    assert isinstance(verdict, dict)
    assert (result, verdict["level"], verdict["healthy"]) == (code, level, level == "healthy")


@pytest.mark.parametrize("release", RELEASES)
def test_json_has_one_entry_per_instance(release: str, tmp_path: Path) -> None:
    _, shown = run(recorded("healthy-primary", release=release), tmp_path)
    document = shown.document
    assert document["version"] == 1
    resources = document["resources"]
    assert isinstance(resources, list)
    assert len(resources) == 14
    assert all(set(one) >= {"id", "agent", "group", "node", "role"} for one in resources)
    database = sorted(one["role"] for one in resources if one["id"] == "ivcs-db")
    assert database == ["Promoted", "Unpromoted"]
    nodes = document["nodes"]
    assert isinstance(nodes, list)
    assert [(node["name"], node["online"]) for node in nodes] == [
        ("ivcs-main-1", True),
        ("ivcs-main-2", True),
    ]
    replication = document["replication"]
    assert isinstance(replication, dict)
    assert replication["mode"] == "synchronous"
    assert replication["lag_bytes"] >= 0
    verdict = document["verdict"]
    assert isinstance(verdict, dict)
    assert verdict["can_lose"] == ["ivcs-main-1", "ivcs-main-2"]


def test_reasons_carry_stable_codes_and_english_words(tmp_path: Path) -> None:
    _, shown = run(recorded("maintenance"), tmp_path)
    verdict = shown.document["verdict"]
    assert isinstance(verdict, dict)
    assert [reason["code"] for reason in verdict["reasons"]] == ["health-maintenance-mode"]
    assert verdict["reasons"][0]["message"].startswith("maintenance mode is on")


def refused(
    start: Callable[[Sequence[str]], Finished], tmp_path: Path, *, configured: bool = True
) -> tuple[LiveClusterError, Shown]:
    shown = Shown()
    machine = server(start, tmp_path, configured=configured)
    with pytest.raises(LiveClusterError) as caught:
        show_status(machine, shown.output, as_json=True, asked=Asked(machine))
    return caught.value, shown


@pytest.mark.parametrize("release", RELEASES)
def test_a_cluster_that_does_not_run_here(release: str, tmp_path: Path) -> None:
    error, shown = refused(recorded("not-running", release=release), tmp_path)
    assert isinstance(error, Unreachable)
    assert error.exit_code == 69
    assert error.problems[0].code == "cluster-not-running"
    assert dict(error.problems[0].message.fields)["corosync"] == "inactive"
    assert shown.document["problems"]


def test_a_cluster_that_is_still_starting(tmp_path: Path) -> None:
    error, _ = refused(recorded("not-running", systemctl="active\nactive\n"), tmp_path)
    assert error.problems[0].code == "cluster-starting"


def test_a_server_without_a_cluster(tmp_path: Path) -> None:
    error, _ = refused(recorded("not-running"), tmp_path, configured=False)
    assert isinstance(error, Unconfigured)
    assert error.exit_code == 105


def test_debians_own_cluster_of_one_is_not_ours(tmp_path: Path) -> None:
    fresh = '<pacemaker-result><summary/><nodes><node name="node1" online="true"/></nodes></pacemaker-result>'
    error, _ = refused(recorded("not-running", crm_mon=fresh), tmp_path, configured=False)
    assert error.problems[0].code == "cluster-not-configured"


def test_a_server_without_pacemaker(tmp_path: Path) -> None:
    def start(argv: Sequence[str]) -> Finished:
        raise FileNotFoundError(argv[0])

    error, _ = refused(start, tmp_path)
    assert isinstance(error, Unconfigured)
    assert error.problems[0].code == "cluster-tools-missing"


def test_only_root_may_ask(tmp_path: Path) -> None:
    with pytest.raises(NotPermitted):
        show_status(server(recorded("healthy-primary"), tmp_path), Shown().output, as_json=False, asked=None)


def test_a_database_that_does_not_answer_hides_nothing_else(tmp_path: Path) -> None:
    result, shown = run(recorded("healthy-standby", database=""), tmp_path)
    assert result == ExitCode.OK
    replication = shown.document["replication"]
    assert isinstance(replication, dict)
    assert (replication["mode"], replication["lag_bytes"]) == ("synchronous", None)


def test_a_rejoin_under_way_is_shown(tmp_path: Path) -> None:
    progress = {
        "state": "copying",
        "method": "copy",
        "message": "in progress",
        "bytes_done": 1,
        "bytes_total": 4,
    }
    (tmp_path / "rejoin.json").write_text(json.dumps(progress))
    _, shown = run(recorded("healthy-standby"), tmp_path)
    rejoin = shown.document["rejoin"]
    assert isinstance(rejoin, dict)
    assert (rejoin["state"], rejoin["done_bytes"], rejoin["total_bytes"]) == ("copying", 1, 4)
    _, text = run(recorded("healthy-standby"), tmp_path, as_json=False)
    assert "copying the primary's data, 25 % done: in progress" in text.out.getvalue()


def test_data_set_aside_is_shown_while_it_is_there(tmp_path: Path) -> None:
    kept = tmp_path / "main.set-aside"
    (kept / "base").mkdir(parents=True)
    (kept / "base" / "1").write_bytes(bytes(3 << 20))
    status = {"state": "done", "set_aside": [str(kept), str(tmp_path / "removed since")]}
    (tmp_path / "rejoin.json").write_text(json.dumps(status))
    _, shown = run(recorded("healthy-standby"), tmp_path)
    assert shown.document["set_aside"] == [{"path": str(kept), "bytes": 3 << 20}]
    _, text = run(recorded("healthy-standby"), tmp_path, as_json=False)
    assert f"{kept} (3 MiB)" in text.out.getvalue()
    assert "removed since" not in text.out.getvalue()


def test_failures_that_pacemaker_has_forgotten_are_counted_for_a_day(tmp_path: Path) -> None:
    def line(kind: str, ago_s: float, text: str = "") -> str:
        event = {"time": time.time() - ago_s, "kind": kind, "node": "ivcs-main-1", "text": text}
        return json.dumps(event, separators=(",", ":")) + "\n"

    cluster = [
        ("failed", 60.0, "error"),
        ("node", 50.0, "lost"),
        ("node", 40.0, "member"),
        ("action", 30.0, "ok"),
    ]
    database = [
        ("failed", 2 * 86400.0, ""),
        ("failed", 20.0, ""),
        ("restarted", 10.0, ""),
        ("reason", 60.0, ""),
    ]
    for name, events in (("cluster.jsonl", cluster), ("database.jsonl", database)):
        (tmp_path / name).write_text("".join(line(*one) for one in events) + '{"time":17')
    result, shown = run(recorded("healthy-primary"), tmp_path)
    assert (result, shown.document["last_day"]) == (ExitCode.OK, {"failures": 3, "lost": 1})
    _, text = run(recorded("healthy-primary"), tmp_path, as_json=False)
    assert "In the last day: failures 3, servers lost 1. See: sudo live-cluster events" in text.out.getvalue()


def test_a_day_without_failures_is_not_mentioned(tmp_path: Path) -> None:
    _, text = run(recorded("healthy-primary"), tmp_path, as_json=False)
    assert "In the last day" not in text.out.getvalue()


PAIR = "quorum {\n    provider: corosync_votequorum\n    two_node: 1\n}\n"
ARBITER = "quorum {\n    provider: corosync_votequorum\n    device {\n        model: net\n    }\n}\n"


@pytest.mark.parametrize(("conf", "asked"), [(PAIR, False), (ARBITER, True), ("", True)])
def test_votes_are_asked_for_only_where_they_can_change(conf: str, asked: bool, tmp_path: Path) -> None:
    (tmp_path / "corosync.conf").write_text(conf)
    tools = []

    def start(argv: Sequence[str]) -> Finished:
        tools.append(argv[0])
        return recorded("healthy-primary")(argv)

    result, shown = run(start, tmp_path)
    assert ("corosync-quorumtool" in tools) is asked
    verdict = shown.document["verdict"]
    assert isinstance(verdict, dict)
    assert (result, [one["code"] for one in verdict["hazards"]]) == (ExitCode.OK, ["hazard-split-brain"])


# 3, 4, 4, 4, 4, 5, 7 and 29 ms to load; crm_mon takes 20.
SLOW_MODULES = (
    "typing",
    "enum",
    "socket",
    "re",
    "json",
    "pathlib",
    "subprocess",
    "lxml",
    "dataclasses",
    "click",
)


def test_nothing_slow_is_loaded_to_show_the_status() -> None:
    source = Path(live_cluster.__file__).parents[1]
    program = (
        f"import sys; sys.path.insert(0, {str(source)!r});"
        "from live_cluster.cli import output, status_show, status_text;"
        "from live_cluster.probes import membership, pacemaker, recent_failures, replication;"
        f"print(*[name for name in {SLOW_MODULES!r} if name in sys.modules])"
    )
    done = subprocess.run((sys.executable, "-IS", "-c", program), capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_failure_is_json_to_a_pipe_too() -> None:
    source = Path(live_cluster.__file__).parents[1]
    program = (
        f"import os, sys; sys.path.insert(0, {str(source)!r});"
        "from live_cluster.probes import local_tools; local_tools.CRM_MON = ('no-such-crm-mon',);"
        "os.geteuid = lambda: 0; sys.argv[1:] = ['status', '--json'];"
        "from live_cluster.__main__ import main; sys.exit(main())"
    )
    argv = (sys.executable, "-IS", "-c", program)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert [one["code"] for one in json.loads(done.stdout)["problems"]] == ["cluster-tools-missing"]
    assert "[cluster-tools-missing]" in done.stderr
    assert done.returncode == ExitCode.NOT_CONFIGURED


# -- what the promise rests on ----------------------------------------------------------------------------------

COROSYNC_CONF = """nodelist {
    node {
        name: ivcs-main-1
        ring0_addr: 10.81.0.1
    }
    node {
        name: ivcs-main-2
        ring0_addr: 10.81.0.2
    }
}
quorum {
    provider: corosync_votequorum
    two_node: 1
}
"""
AUTO = "/var/lib/postgresql/15/main/postgresql.auto.conf"


def answer(*rows: tuple[str, ...]) -> str:
    return "".join("\x1f".join((*row, *[""] * (6 - len(row)))) + "\n" for row in rows)


def head(tmp_path: Path, situation: str, *, number: int, here: str = "", there: str = "") -> Server:
    """A head of the recorded pair whose database, and the other one's, say more than they did."""
    addresses = json.dumps([
        {"ifname": "bond0", "addr_info": [{"family": "inet", "local": f"10.81.0.{number}", "prefixlen": 24}]}
    ])  # fmt: skip
    replay = recorded(situation, ip=addresses)

    def start(argv: Sequence[str]) -> Finished:
        return Finished(there) if argv[0] == "setpriv" else replay(argv)

    machine = server(start, tmp_path)
    machine.ask_database = lambda sql: (
        Finished(here) if "in_recovery" in sql and here else replay(("database",))
    )
    (tmp_path / "corosync.conf").write_text(COROSYNC_CONF)
    conninfo = "primary_conninfo = 'host=10.81.0.2 port=5432 target_session_attrs=read-write'\n"
    (tmp_path / "replication.conf").write_text(conninfo)
    machine.replication_conf = str(tmp_path / "replication.conf")
    machine.mounts = str(tmp_path / "mounts")
    return machine


def shown_on(machine: Server, *, as_json: bool = True) -> tuple[int, Shown]:
    shown = Shown()
    return show_status(machine, shown.output, as_json=as_json, asked=Asked(machine)), shown


def reasons(shown: Shown) -> list[str]:
    verdict = shown.document["verdict"]
    assert isinstance(verdict, dict)
    return [one["code"] for one in verdict["reasons"]]


PRIMARY_ROW = ("server", "in_recovery", "false")
STANDBY_ROW = ("server", "in_recovery", "true")
LOCAL = ("running", "synchronous_commit", "local", AUTO, "3", "configuration file")


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_setting_that_breaks_the_promise_is_named_on_either_head(where: str, tmp_path: Path) -> None:
    rows = answer(PRIMARY_ROW, LOCAL)
    sound = answer(STANDBY_ROW)
    if where == "here":
        machine = head(tmp_path, "healthy-primary", number=2, here=rows, there=sound)
    else:
        machine = head(tmp_path, "healthy-standby", number=1, here=sound, there=rows)
    code, shown = shown_on(machine)
    assert code == ExitCode.DEGRADED
    assert "health-database-setting" in reasons(shown)
    replication, verdict = shown.document["replication"], shown.document["verdict"]
    assert isinstance(replication, dict)
    assert isinstance(verdict, dict)
    assert replication["mode"] == "asynchronous"
    assert verdict["can_lose"] == []
    assert shown.document["settings"] == [
        {
            "node": "ivcs-main-2",
            "kind": "running",
            "name": "synchronous_commit",
            "value": "local",
            "file": AUTO,
            "line": 3,
            "set_by": None,
        }
    ]
    _, text = shown_on(machine, as_json=False)
    assert f"ivcs-main-2 runs with synchronous_commit = local ({AUTO}, line 3)" in text.out.getvalue()


def test_two_databases_that_take_writes_are_seen_though_the_cluster_knows_one(tmp_path: Path) -> None:
    rows = answer(PRIMARY_ROW)
    code, shown = shown_on(head(tmp_path, "healthy-primary", number=2, here=rows, there=rows))
    assert (code, reasons(shown)[0]) == (ExitCode.ERROR, "health-two-databases")


def with_twice(text: str) -> str:
    """Everything that runs on the second head runs on the first one as well."""
    second = '<node name="ivcs-main-2" id="2" cached="true"/>'
    first = second.replace("main-2", "main-1").replace('id="2"', 'id="1"')
    return text.replace('role="Unpromoted"', 'role="Promoted"').replace(second, second + first)


def test_what_the_cluster_itself_sees_on_both_heads_is_down(tmp_path: Path) -> None:
    twice = with_twice(recording("healthy-primary"))
    code, shown = run(recorded("healthy-primary", crm_mon=twice), tmp_path)
    assert code == ExitCode.ERROR
    assert reasons(shown)[0] == "health-two-primaries"
    assert "health-runs-twice" in reasons(shown)
    resources = shown.document["resources"]
    assert isinstance(resources, list)
    places = next(one["nodes"] for one in resources if one["id"] == "db-ip")
    assert places == ["ivcs-main-2", "ivcs-main-1"]


def test_an_address_and_a_mount_that_the_cluster_has_elsewhere_are_seen_here(tmp_path: Path) -> None:
    machine = head(tmp_path, "healthy-standby", number=1)
    (tmp_path / "cluster.toml").write_text(
        'public-ip = "10.81.0.1"\ndatabase-ip = "10.81.0.102"\nfilestorage-device = "/dev/lun"\n'
    )
    (tmp_path / "mounts").write_text("/dev/lun /srv/filestorage ext4 rw 0 0\n")
    code, shown = shown_on(machine)
    assert code == ExitCode.ERROR
    assert reasons(shown)[:2] == ["health-address-twice", "health-mounted-twice"]


def test_the_head_that_should_have_them_may(tmp_path: Path) -> None:
    machine = head(tmp_path, "healthy-primary", number=2)
    (tmp_path / "cluster.toml").write_text('public-ip = "10.81.0.2"\nfilestorage-device = "/dev/lun"\n')
    (tmp_path / "mounts").write_text("/dev/lun /srv/filestorage ext4 rw 0 0\n")
    assert shown_on(machine)[0] == ExitCode.OK


def test_a_configuration_that_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    root = ET.fromstring(recording("healthy-primary"))  # noqa: S314
    resources = root.find("resources")
    assert resources is not None
    resources.clear()
    code, shown = run(recorded("healthy-primary", crm_mon=ET.tostring(root, encoding="unicode")), tmp_path)
    assert (code, reasons(shown)) == (ExitCode.ERROR, ["health-configuration-gone"])
