"""The database's replication as both Pacemaker and the local PostgreSQL see it."""

from __future__ import annotations

from live_cluster.model.cluster_view import ClusterView, Role
from live_cluster.record import Choice, Record


class Mode(Choice):
    """What a commit waits for: the standby's disk, nobody although a standby follows, nobody at all."""

    SYNCHRONOUS = "synchronous"
    ASYNCHRONOUS = "asynchronous"
    NONE = "none"


class Standby(Record):
    """One row of pg_stat_replication on the primary; lag is what the standby has yet to replay."""

    name: str
    state: str
    sync_state: str
    lag_bytes: int | None = None

    @property
    def synchronous(self) -> bool:
        """A commit is acknowledged only when this standby has it."""
        return self.sync_state in ("sync", "quorum") and self.state == "streaming"


class LocalDatabase(Record):
    """What the PostgreSQL on this server answers; the receiver's fields only have values on a standby."""

    in_recovery: bool
    waits_for: str = ""
    standbys: tuple[Standby, ...] = ()
    receiver_status: str = ""
    receiver_lag_bytes: int | None = None


class Replication(Record):
    """Who is primary, who follows, and how closely; `lag_bytes` None where this server cannot tell."""

    mode: Mode
    primary: str = ""
    standby: str = ""
    standby_state: str = ""
    lag_bytes: int | None = None
    commits_wait: bool = False


class Rejoin(Record):
    """How far the agent is with bringing this server's copy back; sizes are None while unknown."""

    state: str
    method: str = ""
    message: str = ""
    done_bytes: int | None = None
    total_bytes: int | None = None
    set_aside: tuple[str, ...] = ()


class SetAside(Record):
    """Data of this server that a repair took away and kept."""

    path: str
    size_bytes: int


# What the agent writes into the attribute RESOURCE-data of each node about the data that lies there.
DATA_LATEST, DATA_SYNC = "latest", "sync"


def data_state(view: ClusterView, node_name: str) -> str:
    """What the database agent says about the data on a node; empty where it said nothing."""
    database, node = view.database, view.node(node_name)
    if database is None or node is None:
        return ""
    return node.attributes.get(f"{database.member}-data", "").lower()


def replication_of(view: ClusterView, local: LocalDatabase | None) -> Replication:
    """Both sources in one: the local PostgreSQL where it runs, the cluster's attributes for the rest."""
    database = view.database
    if database is None:
        return Replication(mode=Mode.NONE)
    primary = view.primary
    followers = database.nodes_in(Role.UNPROMOTED)
    standby = followers[0] if followers else ""
    if local is not None and not local.in_recovery:
        return _seen_from_primary(local, primary, standby)
    if not primary or not standby:
        return Replication(mode=Mode.NONE, primary=primary, standby=standby, standby_state="stopped")
    in_step = data_state(view, standby) == DATA_SYNC
    mode = Mode.SYNCHRONOUS if in_step else Mode.ASYNCHRONOUS
    if local is None:
        # Nothing answers here: the standby is being copied, or this server has no part in the database.
        mode = Mode.SYNCHRONOUS if in_step else Mode.NONE
        return Replication(mode=mode, primary=primary, standby=standby)
    if local.receiver_status != "streaming":
        state = local.receiver_status or "disconnected"
        return Replication(mode=Mode.NONE, primary=primary, standby=standby, standby_state=state)
    return Replication(
        mode=mode,
        primary=primary,
        standby=standby,
        standby_state="streaming",
        lag_bytes=local.receiver_lag_bytes,
    )


def _seen_from_primary(local: LocalDatabase, primary: str, standby: str) -> Replication:
    # The closest standby counts: with two heads there is one, beside a copy that is being made.
    rows = sorted(local.standbys, key=lambda row: (not row.synchronous, row.state != "streaming"))
    if not rows:
        return Replication(
            mode=Mode.NONE,
            primary=primary,
            standby=standby,
            standby_state="disconnected",
            commits_wait=bool(local.waits_for),
        )
    row = rows[0]
    return Replication(
        mode=Mode.SYNCHRONOUS if row.synchronous else Mode.ASYNCHRONOUS,
        primary=primary,
        standby=standby or row.name,
        standby_state=row.state,
        lag_bytes=row.lag_bytes,
        commits_wait=bool(local.waits_for) and not row.synchronous,
    )
