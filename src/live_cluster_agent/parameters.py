"""The agent's parameters, read from the environment that Pacemaker gives every action."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from live_cluster_agent.outcome import NOT_CONFIGURED, AgentProblem

DEFAULTS: dict[str, str] = {
    "pgdata": "",
    "bindir": "",
    "config_file": "",
    "port": "5432",
    "socket_dir": "/var/run/postgresql",
    "state_dir": "/var/lib/live-cluster/postgresql",
    "run_dir": "/run/live-cluster/postgresql",
    "log_file": "/var/log/postgresql/live-cluster.log",
    "replication_user": "live_cluster_replication",
    "node_addresses": "",
    "client_network": "",
    "standby_patience": "10",
}
_PLAIN_NAME = re.compile(r"^[A-Za-z0-9_.-]+$")
_ADDRESS = re.compile(r"^[A-Za-z0-9_.:-]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """One resource on one node; times in seconds."""

    resource: str
    node: str
    pgdata: str
    bindir: str
    config_file: str
    port: int
    socket_dir: str
    state_dir: str
    run_dir: str
    log_file: str
    replication_user: str
    addresses: Mapping[str, tuple[str, ...]]
    client_network: tuple[str, ...]
    standby_patience_s: float
    action_timeout_s: float
    is_probe: bool
    promoted_expected: bool

    @property
    def peer(self) -> str:
        """Name of the other head."""
        return next(name for name in self.addresses if name != self.node)

    @property
    def is_first(self) -> bool:
        """Whether node_addresses names this node first: the same on both nodes, so it tells them apart."""
        return next(iter(self.addresses)) == self.node

    def state(self, name: str) -> str:
        """Path of a file that survives reboots."""
        return f"{self.state_dir}/{name}"

    def program(self, name: str) -> str:
        """Path of a program of this PostgreSQL version."""
        return f"{self.bindir}/{name}"


def parse_addresses(text: str) -> dict[str, tuple[str, ...]]:
    """Replication addresses by node, preferred first, from `node=address,address node=address`."""
    addresses: dict[str, tuple[str, ...]] = {}
    for entry in text.split():
        node, _, listed = entry.partition("=")
        chosen = tuple(filter(None, listed.split(",")))
        if not _PLAIN_NAME.match(node) or not chosen or not all(map(_ADDRESS.match, chosen)):
            raise AgentProblem(f"node_addresses: cannot understand {entry!r}", code=NOT_CONFIGURED)
        addresses[node] = chosen
    return addresses


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise AgentProblem(f"{name}: {text!r} is not a number", code=NOT_CONFIGURED) from None


def read_parameters(environment: Mapping[str, str], *, node: str) -> Parameters:
    """The parameters of this action; raises AgentProblem for those that are missing or make no sense."""
    values = {name: environment.get(f"OCF_RESKEY_{name}", default) for name, default in DEFAULTS.items()}
    for name in ("pgdata", "bindir", "config_file"):
        if not values[name].startswith("/"):
            raise AgentProblem(f"{name}: an absolute path is needed", code=NOT_CONFIGURED)
    addresses = parse_addresses(values["node_addresses"])
    if len(addresses) != 2 or node not in addresses:
        problem = (
            f"node_addresses: needs exactly two nodes, one of them {node}, got {values['node_addresses']!r}"
        )
        raise AgentProblem(problem, code=NOT_CONFIGURED)
    if not _PLAIN_NAME.match(values["replication_user"]):
        raise AgentProblem("replication_user: only letters, digits and _ . -", code=NOT_CONFIGURED)
    meta_timeout = environment.get("OCF_RESKEY_CRM_meta_timeout", "60000")
    return Parameters(
        resource=environment.get("OCF_RESOURCE_INSTANCE", "postgresql").split(":")[0],
        node=node,
        pgdata=os.path.realpath(values["pgdata"]),
        bindir=values["bindir"],
        config_file=values["config_file"],
        port=int(_number("port", values["port"])),
        socket_dir=values["socket_dir"],
        state_dir=values["state_dir"],
        run_dir=values["run_dir"],
        log_file=values["log_file"],
        replication_user=values["replication_user"],
        addresses=addresses,
        client_network=tuple(values["client_network"].replace(",", " ").split()),
        standby_patience_s=_number("standby_patience", values["standby_patience"]),
        action_timeout_s=max(5.0, _number("timeout", meta_timeout) / 1000),
        is_probe=environment.get("OCF_RESKEY_CRM_meta_interval", "0") == "0",
        promoted_expected=environment.get("OCF_RESKEY_CRM_meta_role") in ("Promoted", "Master"),
    )
