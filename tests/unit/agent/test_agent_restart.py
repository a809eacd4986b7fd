"""A killed primary is started again where it is, but only where a promotion would be allowed as well."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from live_cluster_agent import restart, waiting
from live_cluster_agent.agent import Agent
from live_cluster_agent.cluster import NodeRecord
from live_cluster_agent.local_data import ControlData
from live_cluster_agent.outcome import AgentProblem, ClusterSilent
from live_cluster_agent.replication import DataState, Surroundings

WELL = Surroundings(quorate=True, peer_is_member=True)
RECORD = NodeRecord(identifier="1", set_id="s", pair_id="p", data=DataState.LATEST, met=True, score="1000")


@dataclass
class Places:
    run_dir: str
    resource: str = "ivcs-db"
    action_timeout_s: float = 60.0
    node: str = "one"
    peer: str = "two"

    def state(self, name: str) -> str:
        return f"{self.run_dir}/{name}"


@dataclass
class Facts:
    in_recovery: bool = False


@dataclass
class Node:
    """Stands for the agent, its server and its cluster; `done` is what happened, in order."""

    parameters: Places
    around: Surroundings = WELL
    own: DataState = DataState.LATEST
    peer: DataState = DataState.SYNC
    is_standby_at_start: bool = False
    crashed: bool = True
    problem: AgentProblem | None = None
    starts: bool = True
    done: list[str] = field(default_factory=list)

    @property
    def server(self) -> Node:
        return self

    @property
    def cluster(self) -> Node:
        return self

    def nodes(self) -> dict[str, NodeRecord]:
        if self.problem:
            raise self.problem
        return {"one": replace(RECORD, data=self.own), "two": replace(RECORD, data=self.peer)}

    def look_around(self) -> tuple[Surroundings, None]:
        return self.around, None

    def write_replication_settings(self, *, required: bool) -> None:
        self.done.append("commits wait" if required else "commits do not wait")

    def launch(self, *, wait_s: float) -> bool:
        self.done.append("launch" if wait_s else "launch only")
        return self.starts

    def look(self) -> Facts:
        return Facts()


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(waiting, "now_s", lambda: 1000.0)
    node = Node(Places(run_dir=str(tmp_path)))
    monkeypatch.setattr(
        restart,
        "read_control",
        lambda _: ControlData(system="1", timeline=1, rewindable=True, crashed=node.crashed),
    )
    return node


def restarted(node: Node) -> bool:
    return restart.restart_in_place(cast("Agent", node))


def test_commits_wait_for_a_peer_that_counts_and_nothing_is_claimed(node: Node) -> None:
    assert restarted(node)
    assert node.done == ["commits wait", "launch"]


@pytest.mark.parametrize(
    "change",
    [
        {"around": Surroundings(quorate=False, peer_is_member=False)},
        {"around": Surroundings(quorate=None, peer_is_member=None)},
        {"around": replace(WELL, frozen=True)},
        # The peer has just left: it may be promoted, and this node may be the one that is cut off.
        {"around": Surroundings(quorate=True, peer_is_member=False)},
        {"own": DataState.STALE},
        {"is_standby_at_start": True},
        # Shut down in good order: no recovery, and its checkpointer might be late.
        {"crashed": False},
        {"problem": ClusterSilent("silent")},
    ],
    ids=str,
)
def test_nothing_starts_where_a_promotion_would_be_in_doubt(node: Node, change: dict[str, object]) -> None:
    for name, value in change.items():
        setattr(node, name, value)
    assert not restarted(node)
    assert "launch" not in node.done


def test_a_sole_primary_starts_again(node: Node) -> None:
    node.around, node.peer = Surroundings(quorate=True, peer_is_member=False), DataState.STALE
    assert restarted(node)
    assert node.done == ["commits do not wait", "launch"]


def test_the_second_time_within_a_minute_is_left_to_pacemaker(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert restarted(node)
    monkeypatch.setattr(waiting, "now_s", lambda: 1000.0 + restart.NOT_AGAIN_WITHIN_S - 1)
    assert not restarted(node)
    monkeypatch.setattr(waiting, "now_s", lambda: 1000.0 + restart.NOT_AGAIN_WITHIN_S)
    assert restarted(node)


def test_a_recovery_that_takes_too_long_is_left_to_pacemaker(node: Node) -> None:
    node.starts = False
    assert not restarted(node)
