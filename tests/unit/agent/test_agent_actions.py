"""What ends and what begins a primary: nothing prevents a stop, and nothing is claimed before it is proved."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from live_cluster_agent import __main__, actions, files, history, memory, outcome, timelines
from live_cluster_agent.agent import ALONE_RANK, Agent
from live_cluster_agent.cluster import NodeRecord
from live_cluster_agent.contact import Contact
from live_cluster_agent.outcome import AgentProblem, ClusterSilent, DiskProblem
from live_cluster_agent.postgres import Postmaster
from live_cluster_agent.replication import DataState, Surroundings

RECORD = NodeRecord(identifier="1", set_id="s", pair_id="p", data=DataState.SYNC, met=True, score="100")
FACTS = SimpleNamespace(in_recovery=True, required_names='"two"', timeline=4, receiver="")
TOGETHER = Surroundings(quorate=True, peer_is_member=True)
READY = Postmaster(pid=1, started="1", status="ready")


@dataclass
class Node:
    """Stands for the agent, its server and its cluster; `done` is what happened, `broken` says what fails."""

    state_dir: str
    broken: dict[str, AgentProblem] = field(default_factory=dict)
    facts: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(**vars(FACTS)))
    done: list[str] = field(default_factory=list)
    running: bool = True
    around: Surroundings = TOGETHER

    def __post_init__(self) -> None:
        self.parameters = SimpleNamespace(
            node="one", peer="two", action_timeout_s=60.0, state=lambda name: f"{self.state_dir}/{name}"
        )
        self.server = self.cluster = self

    def _do(self, what: str) -> None:
        if what in self.broken:
            raise self.broken[what]
        self.done.append(what)

    def postmaster(self) -> Postmaster | None:
        self._do("look for the server")
        return READY if self.running else None

    def look(self) -> SimpleNamespace:
        self._do("look")
        return self.facts

    def stop(self, *, deadline_s: float) -> None:
        self._do("stop" if deadline_s else "")

    def nodes(self) -> dict[str, NodeRecord]:
        self._do("ask the cluster")
        return {"one": RECORD, "two": RECORD}

    def look_around(self) -> tuple[Surroundings, Contact]:
        self._do("look around")
        return self.around, Contact()

    def eligibility(self, *_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(own=DataState.LATEST, peer=DataState.STALE, repair_pending=False, wanted=False)

    def forget_wish(self) -> None:
        self._do("forget wish")

    def set_score(self, score: int | None, *, known: str | None) -> None:
        self._do(f"score {score} {known}")

    def forget_score(self) -> None:
        self._do("forget score")

    @contextmanager
    def take_over_scores(self, **_: object) -> Iterator[None]:
        yield

    def query(self, sql: str, *, timeout_s: float) -> list[str]:
        self._do("promote" if "pg_promote" in sql and timeout_s else sql)
        return ["t"]

    def claim(self, _: object, *, timeline: int) -> bool:
        self._do(f"claim {timeline}")
        return "refuse" not in self.broken

    def write_replication_settings(self, *, required: bool) -> None:
        self._do("commits wait" if required else "commits do not wait")

    def become_standby_at_start(self) -> None:
        self._do("become standby")

    def reload(self) -> None:
        self._do("reload")


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(timelines, "reserve", lambda *_, **__: 7)
    return Node(str(tmp_path))


def done(node: Node, *wanted: str) -> list[str]:
    return [what for what in node.done if what.startswith(wanted)]


@pytest.mark.parametrize("what", ["look for the server", "look", "ask the cluster", "look around"])
@pytest.mark.parametrize("problem", [DiskProblem("no space"), ClusterSilent("silent"), AgentProblem("busy")])
def test_nothing_prevents_a_stop_or_a_demotion(node: Node, what: str, problem: AgentProblem) -> None:
    node.broken = {what: problem}
    assert actions.stop(cast("Agent", node)) == outcome.SUCCESS
    assert done(node, "stop", "forget score") == ["stop", "forget score"]
    node.done.clear()
    node.facts.in_recovery = False
    node.broken["become standby"] = DiskProblem("no space")
    with pytest.raises(AgentProblem) as raised:
        actions.demote(cast("Agent", node))
    # It serves nobody any more, and the standby that should follow does not start.
    assert raised.value.code == outcome.NOT_RUNNING
    assert done(node, "stop") == ["stop"]


def test_a_server_that_does_not_end_is_a_failure(node: Node) -> None:
    node.broken = {"stop": AgentProblem("it does not end")}
    with pytest.raises(AgentProblem):
        actions.stop(cast("Agent", node))


def test_a_promotion_proves_before_it_claims_and_claims_before_it_acknowledges(node: Node) -> None:
    assert actions.promote(cast("Agent", node)) == outcome.SUCCESS
    assert done(node, "promote", "claim", "commits") == ["promote", "claim 7", "commits do not wait"]


@pytest.mark.parametrize(("broken", "claimed"), [("promote", []), ("claim 7", []), ("refuse", ["claim 7"])])
def test_what_fails_before_its_claim_leaves_the_peer_its_right(
    node: Node, broken: str, claimed: list[str]
) -> None:
    node.broken = {broken: AgentProblem("no")}
    with pytest.raises(AgentProblem):
        actions.promote(cast("Agent", node))
    assert done(node, "claim") == claimed
    assert done(node, "commits do not wait") == []


@pytest.mark.parametrize(
    "around",
    [
        Surroundings(quorate=False, peer_is_member=False),
        Surroundings(quorate=None, peer_is_member=None, frozen=True),
        # What the cluster knows of this node may be older than this very look.
        Surroundings(quorate=True, peer_is_member=False, has_cable=False),
        Surroundings(quorate=True, peer_is_member=False, peer_answers=True, peer_serves=True),
    ],
)
def test_a_node_that_finds_itself_cut_off_is_not_promoted(
    node: Node, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(history, "note", lambda _, kind, text="": told.append(f"{kind}: {text}"))
    node.around = around
    with pytest.raises(AgentProblem):
        actions.promote(cast("Agent", node))
    assert done(node, "promote", "claim") == []
    assert told == ["not-promoted: this node is or was cut off"]


def test_a_standby_whose_commits_would_not_wait_is_told_so_first(node: Node) -> None:
    node.facts.required_names = ""

    def reload() -> None:
        node.facts.required_names = '"two"'

    node.reload = reload  # type: ignore[method-assign]
    actions.promote(cast("Agent", node))
    assert done(node, "promote", "commits") == ["commits wait", "promote", "commits do not wait"]


@dataclass
class Records:
    """A cluster that confirms a claim, does not, or says nothing at all."""

    answer: bool | AgentProblem
    mark: Path

    def write_data(self, *_: object, timeline: int, rank: int) -> bool:
        assert self.mark.exists(), "the disk is proved first"
        assert (rank > ALONE_RANK) is (timeline > 0)
        if isinstance(self.answer, AgentProblem):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [True, False, ClusterSilent("silent")], ids=["yes", "no", "silence"])
@pytest.mark.parametrize("timeline", [0, 7])
@pytest.mark.parametrize("was_alone", [True, False])
def test_what_was_not_confirmed_leaves_no_note_of_commits_made_alone(
    tmp_path: Path, answer: bool | AgentProblem, timeline: int, was_alone: bool
) -> None:
    mark = tmp_path / "alone"
    if was_alone:
        mark.write_text("")
    parameters = SimpleNamespace(node="one", peer="two", state=lambda name: str(tmp_path / name))
    agent = Agent(*(cast("Any", part) for part in (parameters, None, Records(answer, mark))))
    if isinstance(answer, AgentProblem):
        with pytest.raises(AgentProblem):
            agent.claim({}, timeline=timeline)
    else:
        assert agent.claim({}, timeline=timeline) is answer
    assert mark.exists() is (was_alone or answer is True)


def test_what_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskProblem, match="file/new"):
        files.write_durably(str(tmp_path / "file/new"), "")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_memory_goes_on_in_a_full_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = str(tmp_path / "memory.json")
    memory.write_facts(path, {"at": 1, "longer": "than the next"})

    def full(*_: object) -> None:
        raise OSError(number, "full")

    monkeypatch.setattr(files.os, "replace", full)
    memory.write_facts(path, {"at": 2})
    assert memory.read_facts(path) == {"at": 2}
    assert [file.name for file in tmp_path.iterdir()] == ["memory.json"]
    # Nothing there to write into: it is forgotten, and nothing fails.
    memory.write_facts(str(tmp_path / "other.json"), {"at": 3})
    assert memory.read_facts(str(tmp_path / "other.json")) == {}


def test_an_unexpected_fault_is_one_line_for_pacemaker(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        {}["nobody"]
    except KeyError:
        __main__.report_fault(*sys.exc_info())
    reason, logged = capsys.readouterr().err.splitlines()
    assert reason == "ocf-exit-reason:unexpected fault of the agent: KeyError: 'nobody'"
    assert "test_agent_actions.py" in logged
