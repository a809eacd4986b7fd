"""What the agent reads from the tools, from files, and from its own memory."""

from dataclasses import replace
from pathlib import Path

import pytest

from live_cluster_agent import memory, wal
from live_cluster_agent.cluster import parse_fencing, parse_nodes, parse_quorum, stood_still
from live_cluster_agent.divergence import Line, LocalEnd, PrimaryFacts, Verdict, judge, parse_primary
from live_cluster_agent.local_data import parse_control
from live_cluster_agent.memory import Memory, StandbySign, remember
from live_cluster_agent.outcome import NOT_CONFIGURED, AgentProblem
from live_cluster_agent.parameters import parse_addresses, read_parameters
from live_cluster_agent.postgres import parse_facts
from live_cluster_agent.replication import DataState, HandshakePhase, Surroundings

RECORDINGS = Path(__file__).with_name("recordings")
MIB = 1 << 20
ENVIRONMENT = {
    "OCF_RESOURCE_INSTANCE": "ivcs-db:0",
    "OCF_RESKEY_pgdata": "/var/lib/postgresql/15/main",
    "OCF_RESKEY_bindir": "/usr/lib/postgresql/15/bin",
    "OCF_RESKEY_config_file": "/etc/postgresql/15/main/postgresql.conf",
    "OCF_RESKEY_node_addresses": "ivcs-main-1=10.81.1.1,10.81.0.1 ivcs-main-2=10.81.1.2,10.81.0.2",
    "OCF_RESKEY_CRM_meta_timeout": "60000",
    "OCF_RESKEY_CRM_meta_interval": "2000",
    "OCF_RESKEY_CRM_meta_role": "Promoted",
}
NODES = """<xpath-query>
<nodes>
<node id="1" uname="ivcs-main-1"><instance_attributes id="nodes-1">
<nvpair id="nodes-1-standby" name="standby" value="off"/>
<nvpair id="nodes-1-ivcs-db-data" name="ivcs-db-data" value="latest"/></instance_attributes></node>
<node id="2" uname="ivcs-main-2"/>
</nodes>
<transient_attributes id="1"><instance_attributes id="status-1">
<nvpair id="status-1-ivcs-db-met" name="ivcs-db-met" value="1"/>
<nvpair id="status-1-ivcs-db-wanted" name="ivcs-db-wanted" value="1790000000"/>
<nvpair id="status-1-master-ivcs-db" name="master-ivcs-db" value="-INFINITY"/>
</instance_attributes></transient_attributes>
</xpath-query>"""


def test_parameters_of_a_clone_instance() -> None:
    parameters = read_parameters(ENVIRONMENT, node="ivcs-main-2")
    assert parameters.resource == "ivcs-db"
    assert parameters.peer == "ivcs-main-1"
    assert parameters.addresses[parameters.peer] == ("10.81.1.1", "10.81.0.1")
    assert parameters.action_timeout_s == 60
    assert parameters.promoted_expected
    assert not parameters.is_probe


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pgdata", "main"),
        ("bindir", ""),
        ("config_file", ""),
        ("port", "many"),
        ("standby_patience", "long"),
        ("replication_user", "robert'); --"),
        ("node_addresses", ""),
        ("node_addresses", "ivcs-main-1=10.0.0.1"),
        ("node_addresses", "a=10.0.0.1 b=10.0.0.2"),
        ("node_addresses", "ivcs-main-1=10.0.0.1 ivcs-main-2=10.0.0.2 c=10.0.0.3"),
    ],
)
def test_senseless_parameters_are_refused(name: str, value: str) -> None:
    with pytest.raises(AgentProblem) as caught:
        read_parameters({**ENVIRONMENT, f"OCF_RESKEY_{name}": value}, node="ivcs-main-1")
    assert caught.value.code == NOT_CONFIGURED
    assert name in caught.value.reason


@pytest.mark.parametrize("text", ["a", "a=", "a=x;y", "a b", "=10.0.0.1", "a'=10.0.0.1"])
def test_senseless_addresses_are_refused(text: str) -> None:
    with pytest.raises(AgentProblem):
        parse_addresses(text)


def test_nodes_with_and_without_attributes() -> None:
    one, two = parse_nodes(NODES, "ivcs-db").values()
    assert (one.data, one.met, one.score) == (DataState.LATEST, True, "-INFINITY")
    assert (two.data, two.met, two.score) == (None, False, None)
    assert (one.wanted_until, two.wanted_until) == (1790000000, 0)
    assert (one.set_id, one.pair_id) == ("nodes-1", "nodes-1-ivcs-db-data")
    assert (two.set_id, two.pair_id) == ("nodes-2", "nodes-2-ivcs-db-data")


@pytest.mark.parametrize("text", ["", "soon", "-1"])
def test_a_wish_without_an_end_is_none(text: str) -> None:
    one, _ = parse_nodes(NODES.replace("1790000000", text), "ivcs-db").values()
    assert one.wanted_until == 0


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_nodes_as_the_cluster_shows_them(release: str) -> None:
    one, two = parse_nodes((RECORDINGS / f"nodes.{release}.xml").read_text("utf-8"), "ivcs-db").values()
    assert {one.data, two.data} == {DataState.LATEST, DataState.SYNC}
    assert {one.score, two.score} == {"1000", "100"}
    assert one.met
    assert two.met


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_quorum_as_corosync_shows_it(release: str) -> None:
    text = (RECORDINGS / f"quorum.{release}.txt").read_text("utf-8")
    seen = parse_quorum(text, "ivcs-main-2")
    assert (seen.quorate, seen.peer_is_member, seen.arbiter) == (True, True, False)
    assert parse_quorum(text, "ivcs-main-3").peer_is_member is False
    assert parse_quorum(text, "ivcs-main-1").peer_is_member is True


def test_quorum_without_an_answer_is_unknown() -> None:
    seen = parse_quorum("", "ivcs-main-2")
    assert (seen.quorate, seen.peer_is_member) == (None, None)


def test_quorum_lost_with_an_arbiter() -> None:
    text = """Quorate:          No
Flags:            Qdevice
Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         1          1   NA,NV,NMW ivcs-main-1 (local)
         0          0            Qdevice (votes 1)
"""
    seen = parse_quorum(text, "ivcs-main-2")
    assert (seen.quorate, seen.peer_is_member, seen.arbiter) == (False, False, True)


MISSES = """stats.schedmiss.0.delay (flt) = 6171.803223
stats.schedmiss.0.timestamp (u64) = 1795372914990
"""


@pytest.mark.parametrize(
    ("misses", "token", "later_ms", "expected"),
    [
        (MISSES, 3000, 500, True),
        (MISSES, 3000, 11_000, False),
        (MISSES, 10_000, 500, False),
        ("", 3000, 500, False),
    ],
)
def test_a_freeze_counts_for_a_while(misses: str, token: int, later_ms: int, *, expected: bool) -> None:
    text = f"runtime.config.totem.token (u32) = {token}\n"
    assert stood_still(misses, text, now_ms=1795372914990 + later_ms) is expected


def test_facts_of_a_primary() -> None:
    fields = (
        "f",
        '"ivcs-main-2"',
        "t",
        "0000001A",
        "0/5000100",
        "0/5000000",
        "0/4000000",
        "0/0",
        "0/0",
        "",
        "",
    )
    link = ("7", "streaming", "sync", "0/4FFFFFF", "0/4FFFFF0", "2025-01-01 00:00:00+00", "1")
    facts = parse_facts("\x1f".join((*fields, *link, "12@1.5 13@2.5", "fsync=off")))
    assert not facts.in_recovery
    assert (facts.timeline, facts.inserted, facts.flushed, facts.redo) == (
        26,
        0x5000100,
        0x5000000,
        0x4000000,
    )
    assert (facts.link_pid, facts.link_state, facts.links) == (7, "streaming", 1)
    assert (facts.link_flushed, facts.link_replayed) == (0x4FFFFFF, 0x4FFFFF0)
    assert (facts.commits_waiting, facts.unsafe) == (("12@1.5", "13@2.5"), "fsync=off")


# -- WAL and divergence -----------------------------------------------------------------------------------------


def test_positions_and_names() -> None:
    assert wal.format_lsn(wal.parse_lsn("16/B374D848")) == "16/B374D848"
    assert wal.split_segment_name("0000000A0000000200000003", 16 * MIB) == (10, 2 * 256 + 3)
    assert wal.parse_history("1\t0/3000060\tno recovery target\n\n2\t0/5000000\tx # y\n") == {
        1: 0x3000060,
        2: 0x5000000,
    }


@pytest.mark.parametrize(
    ("position", "expected"), [(0x5000001, 3), (0x5000000, 2), (0x4000001, 2), (0x9000001, None), (0, None)]
)
def test_timeline_of_the_newest_segment_there(position: int, expected: int | None) -> None:
    names = [
        "000000020000000000000004",
        "000000020000000000000005",
        "000000030000000000000005",
        "00000003.history",
    ]
    assert wal.timeline_at(position, names, 16 * MIB) == expected


PRIMARY = PrimaryFacts(
    system="1",
    timeline=3,
    position=9000,
    oldest=2000,
    segment_bytes=16 * MIB,
    data_bytes=1,
    ancestors={1: 3000, 2: 5000},
)


@pytest.mark.parametrize(
    ("timeline", "position", "expected"),
    [
        (3, 9000, Verdict.FOLLOWS),
        (3, 9001, Verdict.DIVERGED),
        (2, 5000, Verdict.FOLLOWS),
        (2, 5001, Verdict.DIVERGED),
        (1, 2500, Verdict.FOLLOWS),
        (1, 3001, Verdict.DIVERGED),
        (4, 100, Verdict.DIVERGED),
        (1, 1999, Verdict.WAL_GONE),
    ],
)
def test_verdict(timeline: int, position: int, expected: Verdict) -> None:
    ancestors = {number: end for number, end in PRIMARY.ancestors.items() if number < timeline}
    local = LocalEnd(system="1", timeline=timeline, position=position, ancestors=ancestors)
    assert judge(local, PRIMARY) is expected


@pytest.mark.parametrize("timeline", [2, 3])
@pytest.mark.parametrize("position", [1, 2000, 9000])
@pytest.mark.parametrize("ancestors", [{}, {1: 999}, {1: 2999, 2: 4999}, {2: 5000}])
def test_a_timeline_of_the_same_number_from_elsewhere_is_another_one(
    timeline: int, position: int, ancestors: dict[int, int]
) -> None:
    """Also where the data ends before the fork: what follows there has nothing to do with the primary's."""
    local = LocalEnd(system="1", timeline=timeline, position=position, ancestors=ancestors)
    assert judge(local, PRIMARY) is Verdict.DIVERGED


def test_what_contains_what() -> None:
    before_the_fork = Line(timeline=2, position=5000, ancestors={1: 3000})
    assert PRIMARY.contains(before_the_fork)
    assert not before_the_fork.contains(PRIMARY)
    assert not PRIMARY.contains(replace(before_the_fork, position=5001))
    assert not PRIMARY.contains(replace(before_the_fork, timeline=4))


def test_data_of_something_else() -> None:
    assert judge(LocalEnd(system="2", timeline=3, position=9000), PRIMARY) is Verdict.FOREIGN


def test_primary_that_answers() -> None:
    line = "\x1f".join(
        (
            "77",
            "f",
            "000000020000000000000005",
            "0/5000100",
            "16777216",
            "0000000000000003",
            "31",
            "1\t0/3000060\tx",
        )
    )
    facts = parse_primary(line)
    assert facts is not None
    assert (facts.timeline, facts.oldest, facts.ancestors) == (2, 0x3000000, {1: 0x3000060})
    assert parse_primary(line.replace("\x1ff\x1f", "\x1ft\x1f", 1)) is None


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_control_data(release: str) -> None:
    control = parse_control((RECORDINGS / f"controldata.{release}.txt").read_text("utf-8"))
    assert control.system.isdigit()
    assert control.timeline >= 1
    assert control.rewindable


# -- memory -----------------------------------------------------------------------------------------------------


def look(seen: Memory, now_s: float, **changes: object) -> Memory:
    """One more look; unless told otherwise the standby streams and answers."""
    usual: dict[str, object] = {"streaming": True, "reply": str(now_s), "flushed": 10, "commits_waiting": ()}
    return remember(seen, StandbySign(**{**usual, **changes}), server="a", now_s=now_s)  # type: ignore[arg-type]


def test_silence_begins_with_the_last_new_answer() -> None:
    seen = look(Memory(), 1.0, reply="x")
    seen = look(seen, 2.0, reply="x")
    assert seen.reply_since == 1.0
    assert look(seen, 3.0, reply="y").reply_since == 3.0
    assert look(seen, 3.0, reply="", streaming=False).reply_since == 1.0


def test_a_standby_is_stuck_only_while_commits_wait_and_nothing_moves() -> None:
    seen = look(Memory(), 1.0)
    seen = look(seen, 2.0, commits_waiting=("a", "b"))
    assert look(seen, 5.0, commits_waiting=("c",)).stuck_since == 1.0
    assert look(seen, 5.0, commits_waiting=("c",), flushed=11).stuck_since == 5.0
    assert look(seen, 5.0).stuck_since == 5.0


def test_a_commit_that_goes_on_waiting_is_held_up_whatever_moves_beside_it() -> None:
    seen = look(Memory(), 1.0, commits_waiting=("a",))
    seen = look(seen, 2.0, commits_waiting=("a", "b"), flushed=11)
    assert look(seen, 5.0, commits_waiting=("b", "a"), flushed=12).stuck_since == 1.0
    assert look(seen, 5.0, commits_waiting=("b",), flushed=12).stuck_since == 2.0


def test_another_server_process_starts_anew() -> None:
    seen = Memory(server="b", phase=HandshakePhase.EFFECTIVE, phase_position=7, reply_since=1.0)
    assert look(seen, 5.0) == Memory(
        server="a", reply="5.0", reply_since=5.0, flushed=10, flushed_since=5.0, moved_since=5.0
    )


def test_memory_survives_between_two_looks(tmp_path: Path) -> None:
    path = str(tmp_path / "run/memory.json")
    seen = Memory(server="a", phase=HandshakePhase.REQUESTED, phase_position=5)
    memory.save(path, seen)
    assert memory.load(path) == seen


@pytest.mark.parametrize("text", ["", "{", "[]", '{"phase": "unheard of"}', '{"phase": "none", "more": 1}'])
def test_a_broken_memory_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "memory.json"
    path.write_text(text)
    assert memory.load(str(path)) == Memory()


@pytest.mark.parametrize(
    ("enabled", "expected", "found"),
    [
        ("true", "down", (True, True)),
        ("true", "member", (True, False)),
        ("false", "down", (False, False)),
    ],
)
def test_a_peer_is_off_when_pacemaker_expects_it_to_be(
    enabled: str, expected: str, found: tuple[bool, bool]
) -> None:
    text = f"""<xpath-query>
  <nvpair id="live-cluster-cluster_property_set-stonith-enabled" name="stonith-enabled" value="{enabled}"/>
  <node_state id="2" uname="ivcs-main-2" in_ccm="false" crmd="offline" join="down" expected="{expected}"/>
</xpath-query>"""
    seen = parse_fencing(text, Surroundings(quorate=True, peer_is_member=False))
    assert (seen.fencing, seen.peer_is_off) == found
    assert seen.without_vote is not seen.peer_is_off
