"""What the scenarios do with the product in a lab: unlock, configure, look at what came of it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from signal import Signals
from typing import Any

from live_lab import Background, Completed, Host, Lab, LabError, wait_until

HEADS = ("ivcs-main-1", "ivcs-main-2")
PUBLIC_ADDRESS = "10.81.0.100"
FILESTORAGE_ADDRESS = "10.81.0.101"
DATABASE_ADDRESS = "10.81.0.102"
OPTIONS = (
    "--head-node-1-ip", "10.81.0.1", "--head-node-1-secondary-ip", "10.81.1.1",
    "--head-node-2-ip", "10.81.0.2", "--head-node-2-secondary-ip", "10.81.1.2",
    "--public-ip", PUBLIC_ADDRESS, "--filestorage-ip", FILESTORAGE_ADDRESS, "--database-ip", DATABASE_ADDRESS,
    "--filestorage-device", "/dev/lun", "--media-node-1-ip", "10.81.0.11",
)  # fmt: skip
# Virtual machines on a busy machine may stand still for longer than the usual 3 s.
MACHINE_TOKEN = ("--token", "10000")
# Conferences that the first and the second head have before the first run.
KEPT = "kept, it was on the first head"
REPLACED = "set aside, it was on the second head"
CONFIGURE_DEADLINE_S = 900.0
# Process ids within the host: the signals of the scenarios go to this one process.
_PID_FILE = "/run/lab-configure.pid"
_LOCK = "/run/live-cluster/configure.lock"
_NOTE_PID = f'echo $$ >{_PID_FILE}; exec "$@"'


def with_value(options: tuple[str, ...], name: str, *words: str) -> tuple[str, ...]:
    """The options with other words after this one, which had one."""
    place = options.index(name) + 1
    return (*options[:place], *words, *options[place + 1 :])


def options_with(*storage: str) -> tuple[str, ...]:
    """OPTIONS with another file storage: its device, and what belongs to it."""
    return with_value(OPTIONS, "--filestorage-device", *storage)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step in the JSON of `configure`."""

    node: str
    code: str
    title: str
    impact: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a `configure --json` ended."""

    returncode: int
    changed: bool
    steps: tuple[StepLine, ...]
    problems: tuple[Mapping[str, str], ...]
    stderr: str
    effects: tuple[Mapping[str, str], ...] = ()
    drift: tuple[Mapping[str, Any], ...] = ()

    @property
    def codes(self) -> list[str]:
        """Codes of all problems, sorted."""
        return sorted(one["code"] for one in self.problems)

    @classmethod
    def of(cls, completed: Completed) -> Report:
        """Reads the one JSON document of standard output."""
        try:
            document: dict[str, Any] = json.loads(completed.stdout)
        except json.JSONDecodeError:
            raise AssertionError(f"no JSON, exit code {completed.returncode}: {completed}") from None
        assert document["version"] == 1
        return cls(
            returncode=completed.returncode,
            changed=document["changed"],
            steps=tuple(
                StepLine(**{key: one[key] for key in ("node", "code", "title", "impact", "state")})
                for one in document["steps"]
            ),
            problems=tuple(document["problems"]),
            stderr=completed.stderr,
            effects=tuple(document.get("effects", ())),
            drift=tuple(document.get("drift", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One line of `status`: a resource instance."""

    id: str
    node: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `live-cluster status --json` said."""

    returncode: int
    healthy: bool
    can_lose: tuple[str, ...]
    reasons: tuple[str, ...]
    online: frozenset[str]
    instances: tuple[Instance, ...]
    mode: str
    primary: str

    def place_of(self, resource: str) -> list[str]:
        """Nodes on which the resource runs."""
        return sorted(one.node for one in self.instances if one.id == resource and one.node)

    def __bool__(self) -> bool:
        """Healthy, so that it can be waited for and is shown when it does not come about."""
        return self.healthy

    @classmethod
    def unknown(cls, returncode: int, reasons: tuple[str, ...]) -> Status:
        """Nothing was seen, for these reasons."""
        nothing: frozenset[str] = frozenset()
        return cls(
            returncode=returncode,
            healthy=False,
            can_lose=(),
            reasons=reasons,
            online=nothing,
            instances=(),
            mode="",
            primary="",
        )

    @classmethod
    def of(cls, completed: Completed) -> Status:
        """Reads the JSON document."""
        try:
            document: dict[str, Any] = json.loads(completed.stdout)
        except json.JSONDecodeError:
            raise AssertionError(f"no JSON, exit code {completed.returncode}: {completed}") from None
        if "verdict" not in document:
            # The cluster on that head is only just starting.
            codes = tuple(one["code"] for one in document["problems"])
            return cls.unknown(completed.returncode, codes)
        return cls(
            returncode=completed.returncode,
            healthy=document["verdict"]["healthy"],
            can_lose=tuple(document["verdict"]["can_lose"]),
            reasons=tuple(one["code"] for one in document["verdict"]["reasons"]),
            online=frozenset(one["name"] for one in document["nodes"] if one["online"]),
            instances=tuple(
                Instance(id=one["id"], node=one["node"] or "", role=one["role"])
                for one in document["resources"]
            ),
            mode=document["replication"]["mode"],
            primary=document["replication"]["primary"] or "",
        )


# Servers are open for an hour, which on a slow machine is less than a module of tests takes.
_OPEN_AGAIN_AFTER_S = 1200.0


@dataclass(slots=True)
class Cluster:
    """A lab whose servers are open for the configurator, and the commands on its heads."""

    lab: Lab
    passphrase: str
    _opened_at: float = field(default_factory=time.monotonic)

    @classmethod
    def unlocked(cls, lab: Lab) -> Cluster:
        """Opens every server of the lab, as an administrator does before the first run."""
        first, *others = (*lab.heads, *lab.media)
        cluster = cls(lab, unlock(first))
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(lambda host: unlock(host, cluster.passphrase), others))
        return cluster

    @property
    def _servers(self) -> tuple[Host, ...]:
        return (*self.lab.heads, *self.lab.media)

    def open_again(self) -> None:
        """An hour from now, also of servers that have booted since."""
        for host in self._servers:
            unlock(host, self.passphrase)
        self._opened_at = time.monotonic()

    def stay_open(self) -> None:
        """After a while an hour again for the servers that are open; those that a test has closed stay closed."""
        if time.monotonic() - self._opened_at < _OPEN_AGAIN_AFTER_S:
            return
        for host in self._servers:
            # Who is off, or does not answer, is no more open afterwards than before.
            with contextlib.suppress(LabError):
                told = json.loads(host.run(("live-configure", "status", "--json")).stdout)
                if told["open"]:
                    unlock(host, self.passphrase)
        self._opened_at = time.monotonic()

    def configure_argv(self, options: tuple[str, ...]) -> tuple[str, ...]:
        """The command line; the passphrase comes on standard input."""
        return ("live-cluster", "configure", *options, "--passphrase-file", "-")

    def configure(self, *options: str, head: int = 1) -> Report:
        """A whole run with --json."""
        self.stay_open()
        argv = self.configure_argv((*options, "--json"))
        host = self.lab.heads[head - 1]
        return Report.of(host.run(argv, stdin=self.passphrase, check=False, timeout_s=CONFIGURE_DEADLINE_S))

    def configure_fully(self) -> Report:
        """The first run with all options; it must succeed, and leave a healthy cluster."""
        report = self.configure(*OPTIONS, *(MACHINE_TOKEN if self.lab.scheme else ()))
        assert report.returncode == 0, report
        return report

    def start_configure(self, *options: str, head: int = 1) -> ConfigureRun:
        """A run with a line for each step, to be interrupted."""
        self.stay_open()
        host = self.lab.heads[head - 1]
        argv = ("sh", "-c", _NOTE_PID, "configure", *self.configure_argv((*options, "--verbose")))
        return ConfigureRun(host, host.start(argv, stdin=self.passphrase))

    def status(self, head: int = 1) -> Status:
        """What `status --json` says on this head."""
        argv = ("live-cluster", "status", "--json")
        return Status.of(self.lab.heads[head - 1].run(argv, check=False))

    def wait_healthy(self, head: int = 1, *, deadline_s: float = 300.0) -> Status:
        """Waits until either head may be lost, as both see it; what this head says then.

        A cluster just configured is so at once. A head that has just joined may lack what its peer knows until
        Pacemaker has compared both copies of the CIB: seen for 8 s.
        """

        def seen() -> Status:
            here = self.status(head)
            there = self.status(3 - head) if here else here
            return here if there else there

        return wait_until(seen, deadline_s=deadline_s, what="the cluster is healthy", every_s=1.0)

    def conferences(self, address: str = PUBLIC_ADDRESS) -> list[str]:
        """Names of the newest conferences, as the client sees them at the public address."""
        url = f"http://{address}/api/conferences?limit=1000"
        answer = self.lab.client.run(("curl", "-sS", "--fail", "-m", "10", url)).stdout
        return [one["name"] for one in json.loads(answer)["conferences"]]

    def health(self) -> dict[str, Any]:
        """What the application says of itself at the public address."""
        url = f"http://{PUBLIC_ADDRESS}/api/health"
        answer: dict[str, Any] = json.loads(self.lab.client.run(("curl", "-sS", "-m", "10", url)).stdout)
        return answer


class ConfigureRun:
    """A `configure` at work on a head."""

    def __init__(self, host: Host, work: Background) -> None:
        self._host = host
        self._work = work

    @property
    def lines(self) -> list[str]:
        """What it told so far, a step a line."""
        return self._work.stderr.splitlines()

    @property
    def steps_ended(self) -> int:
        """Steps that are done."""
        return sum(1 for line in self.lines if line.startswith(("  ✓ ", "  = ")))

    @property
    def is_running(self) -> bool:
        """Whether it is at work."""
        return self._work.is_running

    def wait_for_steps(self, count: int) -> bool:
        """Until so many steps have ended; False when the run ends before."""
        wait_until(
            lambda: self.steps_ended >= count or not self._work.is_running,
            deadline_s=CONFIGURE_DEADLINE_S,
            what=f"{count} steps ended",
            every_s=0.02,
        )
        return self._work.is_running

    def wait_for_line(self, text: str) -> bool:
        """Until a line holds this text; False when the run ends before."""
        wait_until(
            lambda: text in self._work.stderr or not self._work.is_running,
            deadline_s=CONFIGURE_DEADLINE_S,
            what=f"a line with {text}",
            every_s=0.02,
        )
        return self._work.is_running

    def wait_for_lock(self) -> None:
        """Until it holds this head's lock: it has begun. (To try the lock would take it from the run.)"""
        held = ("lslocks", "--noheadings", "--notruncate", "--output", "PATH")
        wait_until(
            lambda: _LOCK in self._host.run(held).stdout.split() or not self.is_running,
            deadline_s=300,
            what=f"{_LOCK} is held",
        )
        assert self.is_running, self.wait()

    def signal(self, name: str) -> Completed:
        """A signal to the command itself, as a terminal's Ctrl-C or an administrator's kill; waits for its end."""
        self._host.run(("kill", f"-{name}", self._host.read(_PID_FILE).strip()))
        return self.wait()

    def pause(self) -> None:
        """It stands still in the middle of its work, locks and connections held."""
        self._host.run(("kill", "-STOP", self._host.read(_PID_FILE).strip()))

    def resume(self) -> None:
        """It goes on; nsenter(1), which stopped along with it, too."""
        self._work.signal(Signals.SIGCONT)

    def wait(self) -> Completed:
        """Waits for its end."""
        return self._work.wait(CONFIGURE_DEADLINE_S)


def unlock(host: Host, passphrase: str = "") -> str:
    """Opens one server; without a passphrase it makes one. Returns the passphrase."""
    argv = ("live-configure", "unlock-configurator")
    if passphrase:
        host.run((*argv, "--passphrase-file", "-"), stdin=passphrase)
        return passphrase
    return host.run((*argv, "--generate")).stdout


def verb(host: Host, *words: str) -> tuple[Completed, dict[str, Any]]:
    """One verb of live-cluster on this head, with --json."""
    argv = ("live-cluster", *words, "--json")
    done = host.run(argv, check=False, timeout_s=2 * CONFIGURE_DEADLINE_S)
    return done, json.loads(done.stdout)


def other_head(name: str) -> int:
    """Index of the head that is not this one."""
    return 1 - HEADS.index(name)


def write_conference(host: Host, name: str, address: str = "127.0.0.1") -> str:
    """Creates a conference from this host and returns its id; a server just booted makes its tables first."""
    url = f"http://{address}/api/conferences"
    argv = ("curl", "-sS", "--fail", "-m", "10")
    wait_until(
        lambda: host.run((*argv, f"{url}?limit=1"), check=False).returncode == 0,
        deadline_s=300,
        what=f"the application answers at {address}",
    )
    body = ("-H", "Content-Type: application/json", "-d", json.dumps({"name": name}))
    return str(json.loads(host.run((*argv, *body, url)).stdout)["id"])
