"""What the agent tells the cluster."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from live_cluster_agent import process
from live_cluster_agent.cluster import Cluster
from live_cluster_agent.parameters import Parameters

PARAMETERS = Parameters(
    resource="ivcs-db", node="one", pgdata="/pgdata", bindir="/bin", config_file="", port=5432,
    socket_dir="/socket", state_dir="/state", run_dir="/run", log_file="/log", replication_user="user",
    addresses={"one": ("10.0.0.1",), "two": ("10.0.0.2",)}, client_network=(), standby_patience_s=10.0,
    action_timeout_s=60.0, is_probe=False, promoted_expected=False,
)  # fmt: skip


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that were given, all of which succeed."""
    commands: list[str] = []

    def run(argv: Sequence[str], **_: object) -> process.Finished:
        commands.append(" ".join(argv))
        return process.Finished(code=0, out="", error="")

    monkeypatch.setattr(process, "run", run)
    return commands


def test_that_the_peer_was_met_reaches_the_configuration_also_when_the_daemon_knows_it_already(
    told: list[str],
) -> None:
    Cluster(PARAMETERS).set_met(met=True)
    assert told == [
        "crm_attribute --node=one --lifetime=reboot --name=ivcs-db-met --update=1",
        "attrd_updater --refresh",
    ]


def test_a_node_that_is_cut_off_takes_it_back(told: list[str]) -> None:
    Cluster(PARAMETERS).set_met(met=False)
    assert told == ["crm_attribute --node=one --lifetime=reboot --name=ivcs-db-met --delete"]


@pytest.mark.parametrize(
    ("degraded", "known", "command"),
    [
        ("", "", []),
        ("bond0:eth2:eth0", "bond0:eth2:eth0", []),
        ("bond0:eth2:eth0", "", ["--update=bond0:eth2:eth0"]),
        ("", "bond0:eth2:eth0", ["--delete"]),
    ],
)
def test_only_a_change_of_the_bonds_is_told(
    degraded: str, known: str, command: list[str], told: list[str]
) -> None:
    Cluster(PARAMETERS).set_network(degraded, known=known)
    begin = "crm_attribute --node=one --lifetime=reboot --name=ivcs-db-network "
    assert told == [begin + change for change in command]
