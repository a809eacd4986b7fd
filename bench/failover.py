"""Faults under load: from the fault to the first write that is acknowledged at the public address."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from bench.figures import Notebook
from bench.installation import (
    WITH_PASSPHRASE,
    configure,
    first_options,
    unlock_with_passphrase,
    wait_settled,
)
from bench.takeover import journal, phases
from live_lab import Host, Lab, LabError, audits, faults, wait_until
from live_lab.writer import Acknowledged, Persistence, Writer

RETURN_DEADLINE_S = 120.0
WHOLE_DEADLINE_S = 300.0
PGBENCH_DATABASE = "throughput"
SHORT_TOKEN_MS = 1000
# On a machine that does nothing else, every request is answered within 50 ms.
EAGER = Persistence(patience_s=0.5, pause_s=0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How often each fault happens; pgbench's seconds."""

    power_losses: int
    faults: int
    pgbench_s: int


def measure_failover(lab: Lab, notebook: Notebook, extent: Extent, say: Callable[[str], None]) -> None:
    """All figures of this part, on one freshly configured pair; LabError where an acknowledged write was lost."""
    unlock_with_passphrase(lab.heads)
    wait_settled(lab)
    configure(lab.heads[0], *first_options(lab), *WITH_PASSPHRASE)
    work = _Work(lab, notebook)
    for figure, fault, times in (
        ("failover.power_loss", work.power_loss, extent.power_losses),
        ("failover.postgres_killed", work.postgres_killed, extent.faults),
        ("failover.application_killed", work.application_killed, extent.faults),
        ("switchover", work.switchover, extent.faults),
    ):
        for number in range(1, times + 1):
            say(f"{figure}, {number} of {times}")
            fault(figure)
    say("replication.write_throughput")
    work.throughput(extent.pgbench_s)
    unlock_with_passphrase(lab.heads)
    argv = ("live-cluster", "timeouts", "--token", str(SHORT_TOKEN_MS), *WITH_PASSPHRASE)
    lab.heads[0].run(argv)
    for number in range(1, extent.faults + 1):
        say(f"failover.power_loss.token_{SHORT_TOKEN_MS}, {number} of {extent.faults}")
        work.power_loss(f"failover.power_loss.token_{SHORT_TOKEN_MS}")


class _Work:
    """One pair under load; every fault begins and ends with a whole pair."""

    def __init__(self, lab: Lab, notebook: Notebook) -> None:
        self._lab = lab
        self._notebook = notebook

    def power_loss(self, figure: str) -> None:
        """Of the head with the primary, and its way back."""
        active, other = self._heads()
        writer, began_s = self._under_load(active.power_off)
        back_s = self._first_after(writer, began_s)
        self._note(figure, other, began_s, back_s)
        powered_s = time.time()
        active.power_on()
        wait_until(
            lambda: self._data(other, of=active) == "sync",
            deadline_s=WHOLE_DEADLINE_S,
            what=f"{active.name} is a synchronous standby again",
        )
        self._notebook.note("rejoin", time.time() - powered_s)
        self._settle(writer)

    def postgres_killed(self, figure: str) -> None:
        """SIGKILL to the primary's server process."""
        active, _ = self._heads()
        version = active.run(("ls", "/etc/postgresql")).stdout.split()[0]
        pid_file = f"/var/lib/postgresql/{version}/main/postmaster.pid"
        writer, began_s = self._under_load(lambda: faults.kill_by_pid_file(active, pid_file))
        self._notebook.note(figure, self._first_after(writer, began_s) - began_s)
        self._settle(writer)

    def application_killed(self, figure: str) -> None:
        """SIGKILL to ivcs-server."""
        active, _ = self._heads()
        writer, began_s = self._under_load(lambda: faults.kill_unit(active, "ivcs-server"))
        self._notebook.note(figure, self._first_after(writer, began_s) - began_s)
        self._settle(writer)

    def switchover(self, figure: str) -> None:
        """The longest time between two acknowledged writes while the administrator moves everything."""
        active, other = self._heads()
        argv = ("live-cluster", "switchover", "--yes")
        writer, began_s = self._under_load(lambda: active.run(argv, timeout_s=WHOLE_DEADLINE_S))
        silence = _silence(writer.acknowledged, since_s=began_s)
        self._note(figure, other, silence[0].at_s, silence[1].at_s)
        self._settle(writer)

    def throughput(self, seconds: int) -> None:
        """Transactions a second on the synchronous pair, then on the same server while it is alone."""
        active, other = self._heads()
        _pgbench(active, "--initialize", "--scale=10", "--quiet", create=True)
        audits.wait_until_clean(self._lab, deadline_s=WHOLE_DEADLINE_S)
        load = ("--no-vacuum", "--client=8", "--jobs=2", f"--time={seconds}", "--builtin=simple-update")
        self._notebook.note("replication.write_throughput", _rate(_pgbench(active, *load)))
        standby = ("crm_standby", "--node", other.name)
        active.run((*standby, "--update", "on"))
        wait_until(
            lambda: self._data(active, of=other) == "stale",
            deadline_s=WHOLE_DEADLINE_S,
            what=f"{other.name} has left",
        )
        self._notebook.note("replication.write_throughput.single", _rate(_pgbench(active, *load)))
        active.run((*standby, "--delete"))
        self._settle(None)

    # -- parts ----------------------------------------------------------------------------------------------

    def _heads(self) -> tuple[Host, Host]:
        """The one with the primary, and the other."""
        first, second = self._lab.heads
        is_first = audits.psql(first, "SELECT pg_is_in_recovery()", database="postgres") == "f"
        return (first, second) if is_first else (second, first)

    def _under_load(self, fault: Callable[[], object]) -> tuple[Writer, float]:
        writer = Writer(self._lab, per_second=50.0, persistence=EAGER)
        writer.wait_for_more(100)
        began_s = time.time()
        fault()
        return writer, began_s

    def _first_after(self, writer: Writer, began_s: float) -> float:
        """When the first write was acknowledged after the silence that the fault caused."""
        wait_until(
            lambda: (
                writer.acknowledged[-1].at_s > began_s + 1.0
                and _silence(writer.acknowledged, since_s=began_s)
            ),
            deadline_s=RETURN_DEADLINE_S,
            what="the service is back",
        )
        writer.wait_for_more(50, deadline_s=RETURN_DEADLINE_S)
        return _silence(writer.acknowledged, since_s=began_s)[1].at_s

    def _note(self, figure: str, survivor: Host, began_s: float, back_s: float) -> None:
        self._notebook.note(figure, back_s - began_s)
        for phase, seconds in phases(
            journal(survivor, since_s=began_s), began_s=began_s, acknowledged_s=back_s
        ).items():
            self._notebook.note(f"{figure}.{phase}", seconds)

    def _data(self, host: Host, *, of: Host) -> str:
        argv = ("crm_attribute", "--query", "--quiet", "--node", of.name, "--name", "ivcs-db-data")
        return host.run(argv, check=False).stdout.strip()

    def _settle(self, writer: Writer | None) -> None:
        acknowledged = writer.stop() if writer else ()
        audits.wait_until_clean(self._lab, acknowledged, deadline_s=WHOLE_DEADLINE_S)


def _silence(acknowledged: tuple[Acknowledged, ...], *, since_s: float) -> tuple[Acknowledged, Acknowledged]:
    """The two writes between which the longest silence lies that ended after this moment."""
    later = [pair for pair in pairwise(acknowledged) if pair[1].at_s >= since_s]
    return max(later, key=lambda pair: pair[1].at_s - pair[0].at_s)


def _pgbench(host: Host, *options: str, create: bool = False) -> str:
    as_postgres = ("runuser", "-u", "postgres", "--")
    if create:
        host.run((*as_postgres, "createdb", PGBENCH_DATABASE))
    version = host.run(("ls", "/usr/lib/postgresql")).stdout.split()[-1]
    program = f"/usr/lib/postgresql/{version}/bin/pgbench"
    return host.run((*as_postgres, program, *options, PGBENCH_DATABASE), timeout_s=WHOLE_DEADLINE_S).stdout


def _rate(said: str) -> float:
    for line in said.splitlines():
        if line.startswith("tps = "):
            return float(line.split()[2])
    raise LabError(f"pgbench did not say how fast it was: {json.dumps(said)}")
