"""Starts actions of the agent's real code as processes of a simulated head."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import live_cluster_agent.__main__ as agent_main
import live_cluster_agent.postgres as agent_postgres
from simulation.cib import RESOURCE
from simulation.engine import Task
from simulation.head import PGDATA, RUN_DIR, STATE_DIR, Head
from simulation.network import CLIENT, DIRECT, GATEWAY, HEADS, address_of

if TYPE_CHECKING:
    from simulation.world import World

BINDIR = "/usr/lib/postgresql/15/bin"
START_S = (0.04, 0.12)
_ADDRESSES = " ".join(f"{name}={address_of(name, DIRECT)},{address_of(name, CLIENT)}" for name in HEADS)


class AgentProgram:
    """The installed agent with the parameters of its resource."""

    def __init__(self, world: World) -> None:
        self.world = world
        parameters = {
            "pgdata": PGDATA,
            "bindir": BINDIR,
            "config_file": "/etc/postgresql/15/main/postgresql.conf",
            "state_dir": STATE_DIR,
            "run_dir": RUN_DIR,
            "node_addresses": _ADDRESSES,
            "client_network": address_of(GATEWAY, CLIENT) if world.scenario.gateway else "",
            "standby_patience": "10",
        }
        self._settings = {f"OCF_RESKEY_{name}": value for name, value in parameters.items()}

    @property
    def passes_settings(self) -> bool:
        """Whether the agent's command line says on what the contract rests."""
        return any("synchronous_commit" in setting for setting in getattr(agent_postgres, "_CERTAIN", ()))

    def action(self, head: Head, action: str, *, timeout_s: float, promoted: bool) -> Task:
        """Pacemaker starts an action; a probe is a monitor without an interval."""
        interval = "0" if action != "monitor" else "2000" if promoted else "3000"
        environment = {
            **self._settings,
            "OCF_RESOURCE_INSTANCE": RESOURCE,
            "OCF_RESKEY_CRM_meta_on_node": head.name,
            "OCF_RESKEY_CRM_meta_timeout": str(int(timeout_s * 1000)),
            "OCF_RESKEY_CRM_meta_interval": interval,
            "OCF_RESKEY_CRM_meta_role": "Promoted" if promoted else "Unpromoted",
        }
        name = "monitor" if action == "probe" else action
        return self.start(head, name, environment)

    def repair(self, head: Head) -> Task:
        """systemd starts the repair; it has no time limit."""
        environment = {
            **self._settings,
            "OCF_RESOURCE_INSTANCE": RESOURCE,
            "OCF_RESKEY_CRM_meta_on_node": head.name,
        }
        return self.start(head, "rejoin", environment)

    def start(self, head: Head, name: str, environment: dict[str, str]) -> Task:
        """One process: what it finds in its environment and on its command line is all that it is told."""

        def code() -> int:
            argv = ["postgresql", name]
            agent_main.os = SimpleNamespace(environ=environment)  # type: ignore[attr-defined]
            agent_main.sys = SimpleNamespace(argv=argv)  # type: ignore[attr-defined]
            return agent_main.main()

        return head.run(name, code, delay_s=self.world.loop.between(*START_S) * head.slowness)
