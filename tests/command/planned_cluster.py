"""A cluster that shows one state after the other, one per look, and remembers what it was told to do."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from recordings.recorded_server import ANSWERS, Finished, recording

# In the recordings the second head is the primary.
RUNNING = recording("healthy-primary")
# Everything on the other head: what one is told of the other holds the other way round.
SWITCHED = (
    RUNNING.replace("ivcs-main-1", "ivcs-main-0")
    .replace("ivcs-main-2", "ivcs-main-1")
    .replace("ivcs-main-0", "ivcs-main-2")
)


def out_of_service(node: str) -> str:
    """Everything runs on the other head, and nothing on this one, which is in standby."""
    # In the recordings the second head is the primary.
    root = ET.fromstring(RUNNING if node == "ivcs-main-1" else SWITCHED)  # noqa: S314
    for head in root.iterfind("nodes/node"):
        head.set("standby", "true" if head.get("name") == node else "false")
    for one in root.iter("resource"):
        if [place.get("name") for place in one.iterfind("node")] == [node]:
            one.set("active", "false")
            one.set("role", "Stopped")
            one.remove(one.findall("node")[0])
    return ET.tostring(root, encoding="unicode")


class SwiftTime:
    """Stands in for the module time where waiting happens."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class PlannedCluster:
    """The tools of one head; `refuses` names the tools whose orders fail."""

    def __init__(
        self, *states: str, refuses: tuple[str, ...] = (), upstream: str = "", maintenance: str = ""
    ) -> None:
        self.states = list(states)
        self.orders: list[str] = []
        self.statements: list[tuple[str, str]] = []
        self.refuses = refuses
        self.upstream = upstream
        self.maintenance = maintenance

    def start(self, argv: Sequence[str]) -> Finished:
        tool = argv[0]
        if tool == "crm_mon":
            return Finished(self.states.pop(0) if len(self.states) > 1 else self.states[0])
        if argv[:2] == ("cibadmin", "--query"):
            return Finished(self.maintenance)
        if tool == "setpriv" and "-c" in argv:
            return self._psql(argv)
        if tool in ANSWERS and tool != "cibadmin":
            return Finished(recording("healthy-primary", name=ANSWERS[tool]))
        self.orders.append(" ".join(argv))
        failed = tool in self.refuses
        return Finished("", returncode=int(failed), stderr="No quorum" if failed else "")

    def _psql(self, argv: Sequence[str]) -> Finished:
        statement, target = argv[-1], argv[argv.index("-d") + 1]
        if "psql" in self.refuses:
            return Finished("", returncode=2, stderr="connection refused")
        if "primary_conninfo" in statement:
            return Finished(self.upstream)
        if statement == "CHECKPOINT":
            self.statements.append((statement, target))
            return Finished("")
        return Finished(recording("healthy-primary", name="psql.json"))
