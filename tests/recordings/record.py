"""Record what the tools say about a configured cluster in its various states: nothing here is written by hand.

    .venv/bin/python tests/recordings/record.py LAB [SITUATION…]

The lab's two heads are configured and healthy; they are so again afterwards. Writes
RELEASE/SITUATION/{crm_mon.xml,database.txt,quorum.txt,links.txt,services.txt} beside this file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from live_lab import Host, Lab, wait_until

HERE = Path(__file__).parent
ASK = """
import json, subprocess, sys
sys.path.insert(0, "/usr/lib/live-cluster")
from live_cluster.probes import local_tools as tools
from live_cluster.remote.early_database import ask_early
asked = {"crm_mon.xml": tools.CRM_MON, "quorum.txt": tools.QUORUM_TOOL,
         "links.txt": tools.LINK_TOOL, "services.txt": tools.SERVICES}
answers = {name: subprocess.run(argv, capture_output=True, text=True).stdout for name, argv in asked.items()}
question = ask_early(tools.REPLICATION)
answers["database.txt"] = question.finish().text if question else ""
print(json.dumps(answers))
"""
# What SysInfo tells about the machine below the lab belongs to no test.
MACHINE = re.compile(r' *<attribute name="(?:arch|os|cpu_\w+|free_swap|ram_\w+)" [^>]*/>\n')


@dataclass(frozen=True)
class Pair:
    """The two heads by what they are for the database now."""

    lab: Lab
    primary: Host
    standby: Host

    def record(self, situation: str, *, on: Host | None = None) -> None:
        """All answers of one head."""
        directory = HERE / self.lab.release / situation
        directory.mkdir(parents=True, exist_ok=True)
        answers = json.loads((on or self.primary).run(("python3", "-IS", "-c", ASK)).stdout)
        for name, text in answers.items():
            (directory / name).write_text(MACHINE.sub("", text))

    def links_whole(self) -> bool:
        return "disconnected" not in self.primary.run(("corosync-cfgtool", "-s"), check=False).stdout

    def reached(self, *codes: str) -> None:
        """Wait until the verdict has just these reasons: a state, and no transition between two."""

        def is_so() -> bool:
            verdict = status(self.primary).get("verdict")
            return verdict is not None and {one["code"] for one in verdict["reasons"]} == set(codes)

        wait_until(is_so, deadline_s=300, what=f"verdict with {codes}", every_s=1)

    def during(self, situation: str, begin: tuple[str, ...], end: tuple[str, ...], *codes: str) -> None:
        """Record a state that one command makes and another ends."""
        self.primary.run(begin)
        self.reached(*codes)
        self.record(situation)
        self.primary.run(end)
        self.reached()


def status(host: Host) -> dict[str, dict[str, list[dict[str, str]]]]:
    text = host.run(("live-cluster", "status", "--json"), check=False).stdout
    document: dict[str, dict[str, list[dict[str, str]]]] = json.loads(text or "{}")
    return document


def healthy(pair: Pair) -> None:
    pair.record("healthy-primary")
    pair.record("healthy-standby", on=pair.standby)


def maintenance(pair: Pair) -> None:
    mode = ("crm_attribute", "--name", "maintenance-mode")
    pair.during("maintenance", (*mode, "--update", "true"), (*mode, "--delete"), "health-maintenance-mode")


def node_standby(pair: Pair) -> None:
    rest = ("crm_standby", "--node", pair.standby.name)
    pair.during("node-standby", (*rest, "--update", "on"), (*rest, "--delete"), "health-node-standby")


def banned(pair: Pair) -> None:
    group = ("--resource", "ivcs-server-group")
    ban = ("crm_resource", "--ban", *group, "--node", pair.standby.name)
    pair.during("banned", ban, ("crm_resource", "--clear", *group), "health-banned-by-rule")


def stopped(pair: Pair) -> None:
    stop, start = ("live-cluster", "stop-resources"), ("live-cluster", "start-resources")
    pair.during("stopped", stop, start, "health-resources-stopped")


def failed_action(pair: Pair) -> None:
    fail = ("crm_resource", "--fail", "--resource", "gnugk", "--node", pair.primary.name)
    pair.during("failed-action", fail, ("crm_resource", "--cleanup"))


def link_down(pair: Pair) -> None:
    pair.lab.cut(pair.standby.name, "bond1")
    try:
        wait_until(lambda: not pair.links_whole(), deadline_s=60, what="link 1 down")
        # The database replicates over the other link then.
        pair.reached()
        pair.record("link-down")
    finally:
        pair.lab.heal(pair.standby.name, "bond1")
    pair.reached()
    wait_until(pair.links_whole, deadline_s=60, what="link 1 up")


def node_offline(pair: Pair) -> None:
    pair.standby.power_off()
    pair.reached("health-node-offline")
    pair.record("node-offline")
    pair.standby.power_on()
    pair.reached()


def not_running(pair: Pair) -> None:
    pair.standby.run(("systemctl", "stop", "pacemaker", "corosync"))
    pair.record("not-running", on=pair.standby)
    pair.standby.run(("systemctl", "start", "corosync", "pacemaker"))
    pair.reached()


SITUATIONS: tuple[Callable[[Pair], None], ...] = (
    healthy,
    maintenance,
    node_standby,
    banned,
    failed_action,
    link_down,
    node_offline,
    not_running,
    stopped,
)


def pair_of(lab: Lab) -> Pair:
    first, second = lab.heads
    replication = status(first)["replication"]
    return Pair(lab, first, second) if replication["primary"] == first.name else Pair(lab, second, first)


def main(lab: Lab, wanted: list[str]) -> None:
    """Every situation, one after the other; some of them change who is primary."""
    for situation in SITUATIONS:
        if not wanted or situation.__name__ in wanted:
            pair = pair_of(lab)
            pair.reached()
            situation(pair)


if __name__ == "__main__":
    main(Lab.attach(sys.argv[1]), sys.argv[2:])
