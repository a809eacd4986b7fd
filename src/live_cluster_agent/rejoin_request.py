"""The order for a repair, its state and its systemd unit; files that survive whatever interrupts them."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from live_cluster_agent import files, history, log, process, waiting
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.parameters import Parameters

UNIT = "live-cluster-rejoin.service"
RECLONE = "reclone"
REPAIR = "repair"
ARRIVED = "incoming-complete"
STATUS = "rejoin.json"
LOCK = "rejoin.lock"
# First line of an order `repair` by which an administrator gives up commits made alone; their WAL is kept.
REWIND_WANTED = "rewind"
# What stands in an order `reclone` while a rewind is at work: until it is through, the data is good for nothing.
HALF_REWOUND = "a rewind did not come to its end"
# States in which a repair at work has touched nothing and may still take another way.
UNDECIDED = ("checking", "waiting", "failed")
# States of a repair that the history keeps: the others are on the way to these.
_TOLD_LATER = ("rewinding", "copying", "ready", "done", "failed")


def utc_now() -> str:
    """Time for people: ISO 8601 in UTC."""
    return datetime.fromtimestamp(waiting.wall_clock_s(), UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class RejoinRequest:
    """What is ordered and how far it is; an empty file `reclone` orders a fresh copy of the primary."""

    parameters: Parameters

    def path(self, name: str) -> str:
        """Path of one of the files."""
        return self.parameters.state(name)

    @property
    def pending(self) -> bool:
        """Something is ordered and not finished; the server must not be started."""
        return any(files.exists(self.path(name)) for name in (RECLONE, REPAIR, ARRIVED))

    @property
    def rewind_wanted(self) -> bool:
        """An administrator has ordered a rewind, and was shown what it discards."""
        return (files.read_text(self.path(REPAIR)) or "").split("\n", 1)[0] == REWIND_WANTED

    @property
    def copy_wanted(self) -> bool:
        """A fresh copy is ordered, and no rewind instead of it, as where there is no room for a copy."""
        reason = files.read_text(self.path(RECLONE))
        return reason is not None and (not self.rewind_wanted or reason.strip() == HALF_REWOUND)

    @property
    def decided(self) -> bool:
        """A repair is at work now and past choosing its way."""
        return self.active and self.status.get("state") not in UNDECIDED

    @property
    def active(self) -> bool:
        """A repair process is at work now."""
        return files.is_locked(self.path(LOCK))

    def working(self) -> AbstractContextManager[bool]:
        """Hold the lock while repairing; False when somebody else does."""
        return files.locked(self.path(LOCK))

    @property
    def status(self) -> Mapping[str, object]:
        """The last status written, empty when there was never a repair."""
        text = files.read_text(self.path(STATUS))
        try:
            return dict(json.loads(text)) if text else {}
        except ValueError:
            return {}

    @property
    def ready_to_start(self) -> bool:
        """The data has been repaired and no server was started on it since."""
        return not self.pending and self.status.get("state") == "ready"

    def report(self, state: str, message: str, **details: object) -> None:
        """Write the status that people and `live-cluster status` read; a change of state goes to the log."""
        before = self.status
        if (before.get("state"), before.get("message")) != (state, message):
            log.info(f"rejoin: {state}: {message}")
            if state in _TOLD_LATER:
                history.note(self.parameters, f"rejoin-{state}", message)
        kept = (
            {}
            if state == "checking"
            else {name: before[name] for name in ("started", "method", "set_aside") if name in before}
        )
        status = {
            "started": utc_now(),
            **kept,
            "state": state,
            "message": message,
            "updated": utc_now(),
            **details,
        }
        files.write_durably(self.path(STATUS), json.dumps(status, indent=1) + "\n", mode=0o644)

    def order_reclone(self, reason: str) -> None:
        """Order a fresh copy; the data that is here will be set aside."""
        if not files.exists(self.path(RECLONE)):
            log.warning(f"a fresh copy of the primary is needed: {reason}")
            history.note(self.parameters, "reclone-ordered", reason)
            files.write_durably(self.path(RECLONE), reason + "\n")
        # Also an order to rewind, which cannot be carried out.
        files.remove_durably(self.path(REPAIR))

    def order_repair(self, reason: str) -> None:
        """Order a repair by the mildest means that the comparison with the primary allows."""
        if not self.pending:
            log.warning(f"this node's data needs a repair: {reason}")
            history.note(self.parameters, "repair-ordered", reason)
            files.write_durably(self.path(REPAIR), reason + "\n")

    def launch(self) -> None:
        """Start the repair outside of Pacemaker's actions, which must not take long."""
        passed = [name for name in os.environ if name.startswith("OCF_RESKEY_") and "CRM_meta" not in name]
        names = ("OCF_RESKEY_CRM_meta_on_node", "OCF_RESOURCE_INSTANCE", *passed)
        environment = {**os.environ, "OCF_RESKEY_CRM_meta_on_node": self.parameters.node}
        unit = ("systemd-run", "--quiet", "--collect", f"--unit={UNIT}", "--property=KillMode=mixed")
        settings = (f"--setenv={name}={environment[name]}" for name in names if name in environment)
        program = (sys.executable, "-IS", os.path.abspath(sys.argv[0]), "rejoin")
        argv = (*unit, "--description=Repair of the standby's data", *settings, *program)
        done = process.run(argv, timeout_s=20.0)
        if not done.succeeded and not self.active:
            log.error(f"the repair could not be started: {done.complaint}")

    def end(self) -> None:
        """Stop the repair; it goes on from where it was the next time."""
        if not self.active and not self.pending:
            return
        process.run(("systemctl", "stop", UNIT), timeout_s=30.0)
        if self.active:
            raise AgentProblem(f"the repair {UNIT} does not end")
