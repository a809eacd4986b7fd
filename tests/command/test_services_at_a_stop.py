"""Services that had to be killed, that hang, or that no head can run: what the verbs and `status` make of them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from planned_cluster import RUNNING, SWITCHED, PlannedCluster, SwiftTime, out_of_service

from live_cluster.apply import run_lock as locking
from live_cluster.apply import waiting
from live_cluster.cli.node_cli import Wish as StandbyWish
from live_cluster.cli.node_cli import run_standby
from live_cluster.cli.resources_cli import run_wish
from live_cluster.cli.switchover_cli import run_switchover
from live_cluster.commands.missing import Wish
from live_cluster.commands.status import Asked, understand
from live_cluster.errors import ExitCode
from live_cluster.model.health import judge
from live_cluster.probes.last_words import parse_last_words
from recordings.recorded_server import Finished, recording, server

SOURCE, TARGET = "ivcs-main-2", "ivcs-main-1"
STOPPED = recording("stopped")


def with_attribute(text: str, node: str, name: str) -> str:
    """The view with one more attribute of this node."""
    root = ET.fromstring(text)  # noqa: S314
    (place,) = root.iterfind(f"node_attributes/node[@name='{node}']")
    ET.SubElement(place, "attribute", name=name, value="1795393950")
    return ET.tostring(root, encoding="unicode")


def changed(text: str, resource: str, **values: str) -> str:
    """The view with one resource changed."""
    root = ET.fromstring(text)  # noqa: S314
    (found,) = root.iterfind(f".//resource[@id='{resource}']")
    for name, value in values.items():
        found.set(name, value)
    return ET.tostring(root, encoding="unicode")


KILLED = with_attribute(SWITCHED, SOURCE, "ivcs-server-killed")
HANGS = changed(RUNNING, "ivcs-server", blocked="true", failed="true")


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "LOCK", str(tmp_path / "run" / "lock"))
    clock = SwiftTime()
    times = {"now": clock.monotonic, "sleep": clock.sleep}
    monkeypatch.setattr(waiting.Clock.__init__, "__kwdefaults__", times)


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    problems = document["problems"]
    assert isinstance(problems, list)
    document["codes"] = [one["code"] for one in problems]
    return document


def switched_over(cluster: PlannedCluster, tmp_path: Path) -> int:
    machine = server(cluster.start, tmp_path)
    return run_switchover("", machine, timeout_s=10, yes=True, as_json=True)


def test_a_switchover_names_what_had_to_be_killed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert switched_over(PlannedCluster(RUNNING, RUNNING, KILLED), tmp_path) == ExitCode.PARTIAL
    document = told(capsys)
    assert (document["done"], document["codes"]) == (True, ["service-killed"])
    assert "ivcs-server did not end on ivcs-main-2" in str(document["problems"])


def test_what_was_killed_another_time_is_not_this_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = with_attribute(RUNNING, SOURCE, "ivcs-server-killed")
    assert switched_over(PlannedCluster(before, before, KILLED), tmp_path) == ExitCode.OK
    assert told(capsys)["codes"] == []


def test_a_switchover_ends_where_a_service_cannot_be_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = PlannedCluster(RUNNING, RUNNING, HANGS)
    assert switched_over(cluster, tmp_path) == ExitCode.PARTIAL
    document = told(capsys)
    assert (document["done"], document["codes"]) == (False, ["service-hangs"])
    # Nothing of the order is left behind.
    assert cluster.orders[-1].endswith("--name ivcs-db-wanted --delete")


def into_standby(cluster: PlannedCluster, tmp_path: Path) -> int:
    wish = StandbyWish(node=SOURCE, force=False, yes=True, timeout_s=10, as_json=True)
    return run_standby(wish, server(cluster.start, tmp_path))


def test_standby_names_what_had_to_be_killed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = with_attribute(out_of_service(SOURCE), SOURCE, "ivcs-server-killed")
    assert into_standby(PlannedCluster(RUNNING, RUNNING, KILLED, KILLED, out), tmp_path) == ExitCode.PARTIAL
    document = told(capsys)
    assert (document["done"], document["codes"]) == (True, ["service-killed"])


def test_standby_does_not_go_on_where_a_service_cannot_be_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = PlannedCluster(RUNNING, RUNNING, HANGS)
    assert into_standby(cluster, tmp_path) == ExitCode.PARTIAL
    assert told(capsys)["codes"] == ["service-hangs"]
    assert not any("--name standby" in one for one in cluster.orders)


def test_stop_resources_names_what_had_to_be_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = PlannedCluster(RUNNING, with_attribute(STOPPED, SOURCE, "gnugk-killed"))
    machine = server(cluster.start, tmp_path)
    assert run_wish(Wish.STOP, machine, timeout_s=10, as_json=True) == ExitCode.PARTIAL
    document = told(capsys)
    assert (document["done"], document["codes"]) == (True, ["service-killed"])


def test_stop_resources_ends_where_a_service_cannot_be_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = PlannedCluster(RUNNING, HANGS)
    machine = server(cluster.start, tmp_path)
    assert run_wish(Wish.STOP, machine, timeout_s=10, as_json=True) == ExitCode.PARTIAL
    assert "service-hangs" in str(told(capsys)["codes"])


def test_start_resources_forgets_what_failed(tmp_path: Path) -> None:
    marked = with_attribute(with_attribute(RUNNING, TARGET, "gnugk-fails"), SOURCE, "gnugk-fails")
    cluster = PlannedCluster(marked, RUNNING)
    machine = server(cluster.start, tmp_path)
    assert run_wish(Wish.START, machine, timeout_s=10, as_json=True) == ExitCode.OK
    # The primary's own first, although it runs there: a head that alone has a mark is left.
    assert cluster.orders == [
        f"attrd_updater --name gnugk-fails --node {node} --delete" for node in (SOURCE, TARGET)
    ]


WORDS = """\
{"MESSAGE":"cannot open the spool","_SYSTEMD_UNIT":"gnugk.service"}
{"MESSAGE":"gnugk.service: Main process exited, code=exited, status=1/FAILURE","_SYSTEMD_UNIT":"init.scope"}
{"MESSAGE":"gnugk.service: Failed with result 'exit-code'.","_SYSTEMD_UNIT":"init.scope"}
"""


def seen(view: str, tmp_path: Path) -> tuple[tuple[str, ...], str]:
    """Codes of the verdict's reasons, and their fields."""

    class Head(PlannedCluster):
        def start(self, argv: tuple[str, ...]) -> Finished:  # type: ignore[override]
            if argv[0] == "journalctl":
                assert "--unit=gnugk" in argv
                return Finished(WORDS)
            return super().start(argv)

    machine = server(Head(view).start, tmp_path)
    verdict = judge(understand(Asked(machine), machine))
    return tuple(one.code for one in verdict.reasons), str([one.fields for one in verdict.reasons])


def test_status_says_which_service_runs_nowhere_and_why(tmp_path: Path) -> None:
    nowhere = changed(RUNNING, "gnugk", role="Stopped", active="false", nodes_running_on="0")
    for node in (SOURCE, TARGET):
        nowhere = with_attribute(nowhere, node, "gnugk-fails")
    codes, fields = seen(nowhere, tmp_path)
    assert codes == ("health-resource-not-running", "health-service-fails-on")
    assert "cannot open the spool" in fields
    assert "ivcs-main-1, ivcs-main-2" in fields


def test_status_says_which_head_could_not_run_a_service(tmp_path: Path) -> None:
    codes, fields = seen(with_attribute(RUNNING, TARGET, "gnugk-fails"), tmp_path)
    assert codes == ("health-service-fails",)
    assert TARGET in fields
    # One that runs there can run there.
    assert seen(with_attribute(RUNNING, SOURCE, "gnugk-fails"), tmp_path)[0] == ()


def test_status_says_what_hangs(tmp_path: Path) -> None:
    assert seen(HANGS, tmp_path)[0] == ("health-service-hangs",)


def test_the_last_words_are_the_services_own_or_how_systemd_saw_it_end() -> None:
    assert parse_last_words(WORDS) == "cannot open the spool"
    without = "\n".join(WORDS.splitlines()[1:])
    assert parse_last_words(without).endswith("Main process exited, code=exited, status=1/FAILURE")
    assert parse_last_words('{"MESSAGE":[1,2]}\nno json\n') == ""
    assert parse_last_words("") == ""
    # What systemd finds in the unit's file says nothing about its end.
    assert (
        parse_last_words('{"MESSAGE":"gnugk.service:5: this is not safe!","_SYSTEMD_UNIT":"init.scope"}')
        == ""
    )
