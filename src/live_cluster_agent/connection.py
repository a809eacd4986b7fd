"""Text of the settings and connections between the two servers."""

from live_cluster_agent.parameters import Parameters

REPLICATION_SETTINGS = "replication.conf"
PASSWORD_FILE = "replication.pgpass"  # noqa: S105  a file name


def peer_connection(parameters: Parameters, *, purpose: str) -> str:
    """Connection string to the other head over all its addresses, preferred first; gives up within seconds."""
    words = {
        "host": ",".join(parameters.addresses[parameters.peer]),
        "port": str(parameters.port),
        "user": parameters.replication_user,
        "passfile": parameters.state(PASSWORD_FILE),
        "application_name": purpose,
        "connect_timeout": "2",
        "keepalives_idle": "2",
        "keepalives_interval": "1",
        "keepalives_count": "3",
        "tcp_user_timeout": "4000",
        "gssencmode": "disable",
    }
    return " ".join(f"{name}={value}" for name, value in words.items())


def replication_settings(parameters: Parameters, *, required: bool) -> str:
    """Text of replication.conf; required makes every commit wait for the peer while this server is primary."""
    # read-write: after a switch-over the peer may be a standby itself for a moment.
    connection = f"{peer_connection(parameters, purpose=parameters.node)} target_session_attrs=read-write"
    names = f'"{parameters.peer}"' if required else ""
    return (
        "# Written by the resource agent ocf:live-cluster:postgresql; changes are lost.\n"
        f"primary_conninfo = '{connection}'\n"
        f"synchronous_standby_names = '{names}'\n"
    )
