"""The agent's self-description for Pacemaker and its tools."""

from live_cluster_agent.parameters import DEFAULTS

_PARAMETERS: dict[str, tuple[str, str]] = {
    "pgdata": ("Data directory", "Directory of the database cluster."),
    "bindir": (
        "Programs",
        "Directory of the programs of this PostgreSQL version (postgres, psql, pg_rewind, ...).",
    ),
    "config_file": (
        "Settings file",
        "The server's postgresql.conf; has to include state_dir/replication.conf.",
    ),
    "port": ("Port", "TCP port of the server on both nodes."),
    "socket_dir": ("Socket directory", "Directory of the Unix socket."),
    "state_dir": (
        "State directory",
        "Directory for what must survive a reboot: replication settings, orders and results of repairs.",
    ),
    "run_dir": ("Run directory", "Directory for what is worthless after a reboot."),
    "log_file": ("Log file", "Where the server's output goes until it logs by itself."),
    "replication_user": ("Replication role", "Role that standbys, rewinds and copies connect as."),
    "node_addresses": (
        "Replication addresses",
        "Addresses of both nodes, preferred first: node=address,address node=address.",
    ),
    "client_network": (
        "Client network",
        "Addresses a node pings before it goes on or is promoted without its peer; not asked with an arbiter.",
    ),
    "standby_patience": (
        "Patience with the standby",
        "Seconds that commits wait for a standby that is silent although its node is a member of the cluster.",
    ),
}
_REQUIRED = ("pgdata", "bindir", "config_file", "node_addresses")
_RELOADABLE = ("node_addresses", "client_network", "standby_patience")
_ACTIONS = """<action name="start" timeout="300s"/>
<action name="stop" timeout="120s"/>
<action name="promote" timeout="120s"/>
<action name="demote" timeout="180s"/>
<action name="monitor" depth="0" timeout="60s" interval="3s"/>
<action name="monitor" depth="0" timeout="60s" interval="3s" role="Unpromoted"/>
<action name="monitor" depth="0" timeout="60s" interval="2s" role="Promoted"/>
<action name="reload-agent" timeout="60s"/>
<action name="validate-all" timeout="20s"/>
<action name="meta-data" timeout="5s"/>
"""
_PROLOGUE = """<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="postgresql" version="1.0">
<version>1.1</version>
<longdesc lang="en">
PostgreSQL primary and synchronous standby on two nodes. A commit that was acknowledged is on every disk that may be
promoted. A former primary comes back as a standby by itself; what its repair discards is set aside.
</longdesc>
<shortdesc lang="en">PostgreSQL with one synchronous standby</shortdesc>
"""


def metadata() -> str:
    """The XML document of the action meta-data."""
    rows = []
    for name, (short, long) in _PARAMETERS.items():
        # An attribute of OCF 1.1; resource-agents still ships the 1.0 schema, which does not know it.
        reloadable = ' reloadable="1"' if name in _RELOADABLE else ""
        required = int(name in _REQUIRED)
        default = f' default="{DEFAULTS[name]}"' if DEFAULTS[name] else ""
        rows.append(
            f'<parameter name="{name}" unique="0" required="{required}"{reloadable}>\n'
            f'<longdesc lang="en">{long}</longdesc>\n<shortdesc lang="en">{short}</shortdesc>\n'
            f'<content type="string"{default}/>\n</parameter>\n'
        )
    parameters = "".join(rows)
    body = f"<parameters>\n{parameters}</parameters>\n<actions>\n{_ACTIONS}</actions>"
    return f"{_PROLOGUE}{body}\n</resource-agent>\n"
