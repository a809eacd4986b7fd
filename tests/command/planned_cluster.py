"""A cluster that shows one state after the other, one per look, and remembers what it was told to do."""

from __future__ import annotations

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
