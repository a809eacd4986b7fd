"""DRBD's handler, as a program: whom it names, what it answers, and when it restarts the server."""

from __future__ import annotations

import subprocess  # noqa: TID251
from pathlib import Path

import pytest

HANDLER = Path(__file__).parents[2] / "packaging/live-cluster/drbd-fence-peer"
# /proc/drbd while the handler is at work: the primary's writes wait (s), or it is the standby that is asked.
FROZEN = " 0: cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C s---d-\n"
SECONDARY = " 0: cs:WFConnection ro:Secondary/Unknown ds:UpToDate/DUnknown C r-----\n"


class Stage:
    """A folder with stand-ins for DRBD's scripts and the cluster's tools, and what they were told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told = path / "told"
        self.sysrq = path / "sysrq"
        self.proc = path / "drbd"
        self.proc.write_text(FROZEN)
        (path / "scripts").mkdir()
        (path / "bin").mkdir()
        # The handler looks for commands beside itself first.
        (path / "lib" / "drbd-names").mkdir(parents=True)
        for name in ("drbd-fence-peer", "drbd-names/uname", "drbd-names/crm_diff"):
            target = path / "lib" / name
            target.write_bytes((HANDLER.parent / name).read_bytes())
            target.chmod(0o755)
        self.tool("logger", f'echo "$*" >>{path}/log')
        self.tool("sleep", "exit 0")
        self.tool("crm_node", "echo 1")
        self.fence(4)

    def tool(self, name: str, text: str) -> None:
        self._program(self.path / "lib" / "drbd-names" / name, text)

    def fence(self, *codes: int) -> None:
        """What DRBD's own script answers, call after call; the last one for ever."""
        calls = " ".join(str(code) for code in codes)
        body = f"""
echo "$(uname -n) $DRBD_PEER $*" >>{self.told}
set -- {calls}
n=$(wc -l <{self.told})
while [ $n -gt 1 ] && [ $# -gt 1 ]; do shift; n=$((n - 1)); done
exit $1"""
        for name in ("crm-fence-peer.9.sh", "crm-unfence-peer.9.sh"):
            self._program(self.path / "scripts" / name, body)

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def run(self, act: str = "fence") -> int:
        environment = {
            "DRBD_RESOURCE": "filestorage",
            "DRBD_MINOR": "0",
            "LIVE_CLUSTER_DRBD_SCRIPTS": str(self.path / "scripts"),
            "LIVE_CLUSTER_PROC_DRBD": str(self.proc),
            "LIVE_CLUSTER_SYSRQ": str(self.sysrq),
            "LIVE_CLUSTER_PATIENCE": "3",
        }
        argv = (str(self.path / "lib" / "drbd-fence-peer"), act, "ivcs-main-1", "ivcs-main-2")
        return subprocess.run(argv, env=environment, capture_output=True, check=False).returncode

    @property
    def calls(self) -> list[str]:
        return self.told.read_text().splitlines()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.mark.parametrize("code", [3, 4, 5, 6, 7])
def test_what_drbds_script_answers_is_passed_on(stage: Stage, code: int) -> None:
    stage.fence(code)
    assert stage.run() == code
    assert len(stage.calls) == 1


def test_heads_are_called_as_the_cluster_calls_them(stage: Stage) -> None:
    # Otherwise a renamed host's constraint keeps both heads from becoming primary (C1).
    stage.run()
    assert stage.calls == ["ivcs-main-1 ivcs-main-2 --role Promoted --dc-timeout 60"]


def test_the_constraint_is_taken_away_under_the_same_names(stage: Stage) -> None:
    stage.fence(0)
    assert stage.run("unfence") == 0
    assert stage.calls == ["ivcs-main-1 ivcs-main-2 --role Promoted"]


def test_a_head_that_is_cut_off_with_waiting_writes_restarts(stage: Stage) -> None:
    stage.fence(1)
    stage.tool("crm_node", "echo 0")
    assert stage.run() == 1
    assert stage.sysrq.read_text() == "b\n"


def test_a_head_that_gets_its_quorum_back_asks_again_and_stays(stage: Stage) -> None:
    stage.fence(1, 4)
    stage.tool("crm_node", f"[ -e {stage.path}/asked ] && echo 1 || {{ touch {stage.path}/asked; echo 0; }}")
    assert stage.run() == 4
    assert len(stage.calls) == 2
    assert not stage.sysrq.exists()


def test_a_standby_that_may_not_take_over_is_left_running(stage: Stage) -> None:
    stage.proc.write_text(SECONDARY)
    stage.fence(1)
    stage.tool("crm_node", "echo 0")
    assert stage.run() == 1
    assert not stage.sysrq.exists()


def test_with_quorum_it_is_tried_again_for_as_long_as_writes_wait(stage: Stage) -> None:
    stage.fence(1, 1, 1, 1, 1, 1, 5)
    assert stage.run() == 5
    assert len(stage.calls) == 7
    assert not stage.sysrq.exists()


def test_it_ends_when_the_other_head_is_connected_again(stage: Stage) -> None:
    stage.fence(1)
    stage.tool("sleep", f"cp {stage.path}/connected {stage.proc}")
    (stage.path / "connected").write_text(SECONDARY)
    assert stage.run() == 1
    assert len(stage.calls) == 2
    assert not stage.sysrq.exists()


def test_a_split_brain_is_noted_for_the_status(stage: Stage) -> None:
    stage.tool("crm_attribute", f'echo "$*" >{stage.path}/attribute')
    assert stage.run("split-brain") == 0
    words = (stage.path / "attribute").read_text().split()
    assert words[:5] == ["--node", "ivcs-main-1", "--name", "live-cluster-drbd-split-brain", "--update"]
    assert words[5].isdigit()
