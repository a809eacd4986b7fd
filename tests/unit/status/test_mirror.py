"""The files' mirrored disk in status: what DRBD says in, reasons, lines and JSON out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from live_cluster.cli.output import Output
from live_cluster.cli.status_json import document
from live_cluster.cli.status_mirror import mirror_lines
from live_cluster.commands.status import Asked, understand
from live_cluster.model.cluster_view import Ban, ClusterView, Instance, Kind, ResourceSet, Role
from live_cluster.model.drbd import DrbdState
from live_cluster.model.health import Level, Observation, Verdict, judge
from live_cluster.model.membership import Quorum
from live_cluster.model.mirror import SPLIT_BRAIN_ATTRIBUTE, mirror_of
from live_cluster.model.replication import Mode, Replication
from live_cluster.probes.drbd9 import parse_status
from live_cluster.probes.membership import parse_local_id
from live_cluster.probes.pacemaker import parse_crm_mon
from recordings.recorded_server import recorded, recording, server

# In the recordings the second head is the primary, and the one that was asked.
ACTIVE, STANDBY = "ivcs-main-2", "ivcs-main-1"
WHOLE = DrbdState(
    connection="Connected", role="Primary", peer_role="Secondary", disk="UpToDate", peer_disk="UpToDate"
)
ALONE = WHOLE._replace(
    connection="StandAlone", peer_role="Unknown", peer_disk="DUnknown", out_of_sync_kib=2048
)
SYNCING = WHOLE._replace(
    connection="SyncSource",
    peer_disk="Inconsistent",
    out_of_sync_kib=239616,
    synced_percent=12.3,
    remaining="0:00:23",
    kib_per_second=10240,
)
PROC = """\
version: 8.4.11 (api:1/proto:86-101)
srcversion: 211FB288A383ED945B83420
 0: cs:{connection} ro:Primary/Secondary ds:UpToDate/{peer} C r-----
    ns:40960 nr:0 dw:0 dr:45056 al:0 bm:0 lo:0 pe:3 ua:0 ap:0 ep:1 wo:f oos:221184
\t[==>.................] sync'ed: 15.8% (221184/262144)K
\tfinish: 0:00:21 speed: 10,240 (10,240) K/sec
"""
CLONE = """<clone id="filestorage-drbd-clone" multi_state="true" managed="true">
  <resource id="filestorage-drbd" resource_agent="ocf:linbit:drbd" role="Promoted" active="true" managed="true">
    <node name="ivcs-main-2" id="2"/></resource>
  <resource id="filestorage-drbd" resource_agent="ocf:linbit:drbd" role="Unpromoted" active="true" managed="true">
    <node name="ivcs-main-1" id="1"/></resource>
</clone></resources>"""


def with_clone(text: str) -> str:
    return text.replace("</resources>", CLONE, 1)


def healthy_view(*, found: str = "", runs_on: tuple[str, ...] = (ACTIVE, STANDBY)) -> ClusterView:
    view = parse_crm_mon(recording("healthy-primary"))
    instances = tuple(
        Instance(
            id="filestorage-drbd",
            agent="ocf:linbit:drbd",
            role=Role.PROMOTED if name == ACTIVE else Role.UNPROMOTED,
            nodes=(name,),
            active=True,
        )
        for name in runs_on
    )
    clone = ResourceSet(kind=Kind.PROMOTABLE, id="filestorage-drbd-clone", instances=instances)
    attributes = {SPLIT_BRAIN_ATTRIBUTE: found} if found else {}
    nodes = tuple(one._replace(attributes=dict(one.attributes) | attributes) for one in view.nodes)
    return view._replace(sets=(*view.sets, clone), nodes=nodes)


def observation(drbd: DrbdState | None, view: ClusterView | None = None, *, here: str = "2") -> Observation:
    view = view or healthy_view()
    replication = Replication(mode=Mode.SYNCHRONOUS, primary=ACTIVE, standby=STANDBY, lag_bytes=0)
    return Observation(
        view=view,
        replication=replication,
        quorum=Quorum(total_votes=2, needed_votes=1, two_node=True),
        mirror=None if drbd is None else mirror_of(view, drbd, here),
    )


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.reasons]


def test_both_copies_up_to_date_let_either_head_be_lost() -> None:
    assert judge(observation(WHOLE)).healthy
    # Where this server's name is not known, that both are good is enough.
    assert judge(observation(WHOLE, here="")).healthy


@pytest.mark.parametrize(
    ("drbd", "code"),
    [
        (SYNCING, "health-drbd-resync"),
        (WHOLE._replace(peer_disk="Outdated"), "health-drbd-outdated"),
        (WHOLE._replace(peer_disk="Diskless"), "health-drbd-diskless"),
        (WHOLE._replace(peer_disk="Failed"), "health-drbd-diskless"),
        (WHOLE._replace(peer_disk="Inconsistent"), "health-drbd-inconsistent"),
        (ALONE, "health-drbd-stands-alone"),
        # As seen after a split-brain with DRBD's fencing.
        (ALONE._replace(peer_disk="Outdated"), "health-drbd-stands-alone"),
        (ALONE._replace(connection="WFConnection"), "health-drbd-disconnected"),
        (ALONE._replace(connection="WFConnection", peer_disk="Outdated"), "health-drbd-outdated"),
        (WHOLE._replace(peer_disk="Negotiating"), "health-drbd-disk"),
    ],
)
def test_the_active_head_must_stay_while_the_other_s_copy_is_not_good(drbd: DrbdState, code: str) -> None:
    verdict = judge(observation(drbd))
    assert (verdict.can_lose, codes(verdict), verdict.level) == ((STANDBY,), [code], Level.DEGRADED)


@pytest.mark.parametrize(
    ("drbd", "code"),
    [
        (WHOLE._replace(disk="Diskless"), "health-drbd-diskless"),
        (WHOLE._replace(connection="SyncTarget", disk="Inconsistent"), "health-drbd-resync"),
    ],
)
def test_a_primary_that_lives_on_the_other_s_disk(drbd: DrbdState, code: str) -> None:
    verdict = judge(observation(drbd))
    assert (verdict.can_lose, codes(verdict)) == ((ACTIVE,), [code])
    assert "hazard-drbd-elsewhere" in [one.code for one in verdict.hazards]


def test_a_split_brain_forbids_the_loss_of_any_head() -> None:
    verdict = judge(observation(ALONE, healthy_view(found="1764000000")))
    assert (verdict.can_lose, codes(verdict)) == ((), ["health-drbd-split-brain"])


def test_what_was_found_before_the_heads_agreed_counts_no_more() -> None:
    assert judge(observation(WHOLE, healthy_view(found="1764000000"))).healthy


def test_a_mirror_that_does_not_run_on_a_head() -> None:
    verdict = judge(observation(ALONE, healthy_view(runs_on=(ACTIVE,))))
    assert (verdict.can_lose, codes(verdict)) == ((STANDBY,), ["health-drbd-stopped"])


def test_the_rule_of_drbd_s_handler_is_nobody_s_leftover() -> None:
    rule = "drbd-fence-by-handler-filestorage-filestorage-drbd-clone"
    ban = Ban(id=rule, resource="filestorage-drbd-clone", node=STANDBY, promoted_only=True)
    seen = observation(WHOLE, healthy_view()._replace(bans=(ban,)))
    assert (judge(seen).can_lose, codes(judge(seen))) == ((STANDBY,), ["health-drbd-fenced"])


def test_nobody_uses_the_disk() -> None:
    view = healthy_view(runs_on=(STANDBY,))
    assert codes(judge(observation(None, view))) == ["health-drbd-not-promoted"]


def test_without_this_server_s_name_nothing_is_taken_for_granted() -> None:
    verdict = judge(observation(SYNCING, here=""))
    assert codes(verdict) == ["health-drbd-unknown", "health-drbd-unknown"]


def lines(drbd: DrbdState, view: ClusterView | None = None, *, language: str = "en") -> list[str]:
    environment = {"LC_ALL": f"{language}_XX"}
    mirror = observation(drbd, view).mirror
    assert mirror is not None
    return list(mirror_lines(mirror, Output(out=io.StringIO(), environment=environment)))


def test_the_lines() -> None:
    assert lines(WHOLE) == [
        "Files (DRBD): connected; ivcs-main-2: Primary, UpToDate; ivcs-main-1: Secondary, UpToDate"
    ]
    assert lines(SYNCING)[1:] == [
        (
            "Files (DRBD): the copy of ivcs-main-1 is being brought up to date: "
            "12.3 % done, 234 MiB left, about 0:00:23 to go"
        )
    ]
    assert "NOT connected (StandAlone)" in lines(ALONE)[0]
    assert "written here since: 2 MiB" in lines(ALONE)[0]
    split = healthy_view(found="1764000000")
    assert "SPLIT-BRAIN" in lines(ALONE, split)[0]
    assert "оба сервера писали" in lines(ALONE, split, language="ru")[0]


def test_the_document() -> None:
    seen = observation(SYNCING)
    mirror = document(seen, judge(seen))["drbd"]
    assert mirror == {
        "connection": "SyncSource",
        "split_brain": False,
        "here": {"node": ACTIVE, "role": "Primary", "disk": "UpToDate"},
        "there": {"node": STANDBY, "role": "Secondary", "disk": "Inconsistent"},
        "out_of_sync_bytes": 239616 << 10,
        "resync": {
            "node": STANDBY,
            "percent": 12.3,
            "left_bytes": 239616 << 10,
            "remaining": "0:00:23",
            "bytes_per_second": 10 << 20,
        },
    }


def test_status_reads_the_kernel_s_file_and_starts_nothing_for_it(tmp_path: Path) -> None:
    view = with_clone(recording("healthy-primary"))
    machine = server(recorded("healthy-primary", crm_mon=view), tmp_path)
    machine.drbd = str(tmp_path / "drbd")
    assert understand(Asked(machine), machine).mirror is None
    Path(machine.drbd).write_text(PROC.format(connection="SyncSource", peer="Inconsistent"))
    mirror = understand(Asked(machine), machine).mirror
    assert mirror is not None
    assert (mirror.here, mirror.there, mirror.target) == (ACTIVE, STANDBY, STANDBY)
    assert (mirror.drbd.synced_percent, mirror.drbd.remaining) == (15.8, "0:00:21")


def test_without_drbd_in_the_cluster_its_file_is_not_looked_at(tmp_path: Path) -> None:
    machine = server(recorded("healthy-primary"), tmp_path)
    machine.drbd = str(tmp_path)  # reading a folder would fail
    assert understand(Asked(machine), machine).mirror is None


def test_of_several_devices_the_one_of_the_settings_is_shown(tmp_path: Path) -> None:
    machine = server(recorded("healthy-primary", crm_mon=with_clone(recording("healthy-primary"))), tmp_path)
    machine.drbd = str(tmp_path / "drbd")
    other = " 3: cs:WFConnection ro:Secondary/Unknown ds:UpToDate/DUnknown C r-----\n"
    Path(machine.drbd).write_text(PROC.format(connection="Connected", peer="UpToDate") + other)
    assert understand(Asked(machine), machine).mirror.drbd.connection == "Connected"  # type: ignore[union-attr]
    Path(machine.mark).write_text('filestorage-device = "/dev/drbd3"\n')
    assert understand(Asked(machine), machine).mirror.drbd.connection == "WFConnection"  # type: ignore[union-attr]


def test_the_server_s_own_node_id() -> None:
    assert parse_local_id(recording("healthy-primary", name="links.txt")) == "2"
    assert parse_local_id("") == ""


def test_module_9_is_asked_by_its_tool() -> None:
    text = """[{"name":"r0","role":"Secondary","suspended":false,
      "devices":[{"volume":0,"minor":4,"disk-state":"Inconsistent"}],
      "connections":[{"peer-node-id":1,"name":"b","connection-state":"Connected","peer-role":"Primary",
        "peer_devices":[{"volume":0,"replication-state":"SyncTarget","peer-disk-state":"UpToDate",
          "out-of-sync":2048,"percent-in-sync":97.5}]}]}]"""
    assert parse_status(text) == {
        4: DrbdState(
            connection="SyncTarget",
            role="Secondary",
            peer_role="Primary",
            disk="Inconsistent",
            peer_disk="UpToDate",
            out_of_sync_kib=2048,
            synced_percent=97.5,
        )
    }
    assert parse_status("") == {}
