"""The settings on which "an acknowledged commit is on both disks" rests, as the running servers have them.

What a file says is not what is in force: `ALTER SYSTEM` and `ALTER ROLE … SET` win over every file of ours.
"""

from __future__ import annotations

from live_cluster.messages import Message, message
from live_cluster.model.replication import Mode, Replication
from live_cluster.record import Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# live_cluster_agent.connection: the agent alone says who the primary is and what commits wait for.
AGENTS_FILE = "/replication.conf"
OWN_FILE = "/conf.d/live-cluster.conf"
SET_BY_ALTER_SYSTEM = "/postgresql.auto.conf"

# Values that keep the promise. `remote_write` does not: the standby's disk has not got the commit yet.
GOOD_VALUES = {
    "synchronous_commit": ("on", "remote_apply"),
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "wal_level": ("replica", "logical"),
    "hot_standby": ("on",),
    "restart_after_crash": ("off",),
}
AGENTS_OWN = ("synchronous_standby_names", "primary_conninfo")
# Asked for by name; a change of these waits for a restart, and is told while it waits.
WATCHED = (
    *GOOD_VALUES,
    *AGENTS_OWN,
    "listen_addresses",
    "port",
    "hba_file",
    "wal_log_hints",
    "data_checksums",
)
# Without these a commit that was acknowledged may be on one disk only, or on none.
_PROMISE = ("synchronous_commit", "fsync", "full_page_writes", "synchronous_standby_names")
_SWITCHES = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
_OF_THIS_SESSION = ("user", "database", "database user", "client", "session")
# May hold a password.
_HIDDEN = ("primary_conninfo",)


class Setting(Record):
    """One row of an answer. `kind`: running (in force), pending (waits for a restart), role, error (in a file)."""

    kind: str
    name: str
    value: str
    file: str = ""
    line: str = ""
    # running: pg_settings.source; role: the statement that set it.
    source: str = ""


class Deviation(Record):
    """A setting that breaks the promise, or will: on which head, and where it comes from."""

    node: str
    setting: Setting

    @property
    def breaks_promise(self) -> bool:
        """An acknowledged commit may be lost by it now."""
        return self.setting.kind in ("running", "role") and self.setting.name in _PROMISE


class DatabaseServer(Record):
    """A head's running PostgreSQL as it answered."""

    node: str
    in_recovery: bool
    deviations: tuple[Deviation, ...] = ()


def deviations_of(node: str, settings: Iterable[Setting]) -> tuple[Deviation, ...]:
    """Everything in the answer of a head's server that is not as the promise needs it."""
    rows = tuple(settings)
    running = {one.name: one for one in rows if one.kind == "running"}
    return tuple(Deviation(node, one) for one in _deviating(rows, running))


def _deviating(rows: tuple[Setting, ...], running: dict[str, Setting]) -> Iterator[Setting]:
    # What the agent says on the command line wins over every file, also at the next start.
    told = {name for name, one in running.items() if one.source == "command line"}
    for one in rows:
        judged = one.kind in ("running", "role") or (one.kind == "pending" and one.name not in told)
        if one.kind == "error" or (judged and _is_bad(one, running)):
            yield one
    hints, checksums = running.get("wal_log_hints"), running.get("data_checksums")
    # pg_rewind needs one of them; without both a head that diverged is copied anew, however large the database.
    if hints is not None and checksums is not None and "on" not in (hints.value, checksums.value):
        yield hints


def _is_bad(one: Setting, running: dict[str, Setting]) -> bool:
    if one.kind == "running" and one.source in _OF_THIS_SESSION:
        # The row of the role or database says the same, and by which statement.
        return False
    if one.name in GOOD_VALUES:
        return _canonical(one.value) not in GOOD_VALUES[one.name]
    if one.name in AGENTS_OWN:
        return not (one.file.endswith(AGENTS_FILE) or one.source in ("command line", "default"))
    if one.name == "listen_addresses":
        return all(_is_local(word.strip()) for word in one.value.split(","))
    if one.name == "hba_file":
        configuration = running.get("config_file")
        folder = configuration.value.rpartition("/")[0] if configuration is not None else ""
        return bool(folder) and one.value != f"{folder}/pg_hba.conf"
    # Another port than the present one is another than the other head asks at.
    return one.kind == "pending" and one.name == "port"


def _canonical(value: str) -> str:
    """Of a role's setting and a line in a file the answer is what somebody typed."""
    word = value.lower()
    return _SWITCHES.get(word, word)


def _is_local(address: str) -> bool:
    return address in ("", "localhost", "::1") or address.startswith("127.")


def overriding(deviations: Iterable[Deviation], *, before_our_files: bool) -> tuple[Deviation, ...]:
    """Those that stay whatever `configure` writes.

    Before its files are there, that is known of ALTER SYSTEM, roles and databases only.
    """
    return tuple(one for one in deviations if _stays(one.setting, before_our_files=before_our_files))


def _stays(one: Setting, *, before_our_files: bool) -> bool:
    if one.kind in ("role", "error") or one.file.endswith(SET_BY_ALTER_SYSTEM):
        return True
    return bool(one.file) and not before_our_files and not one.file.endswith(OWN_FILE)


def kept_to_the_truth(replication: Replication, servers: Iterable[DatabaseServer]) -> Replication:
    """Not synchronous where a server runs with settings by which an acknowledged commit may be lost."""
    broken = any(one.breaks_promise for server in servers for one in server.deviations)
    if broken and replication.mode is Mode.SYNCHRONOUS:
        return replication._replace(mode=Mode.ASYNCHRONOUS)
    return replication


def sentence(deviation: Deviation, code: str = "health-database") -> Message:
    """What is set to what, by whom or in which line, and the command that takes it back."""
    one = deviation.setting
    if one.kind == "error":
        where = {"file": one.file, "line": one.line or "?", "reason": one.value}
        return message(f"{code}-file", node=deviation.node, **where)
    return message(
        f"{code}-setting-pending" if one.kind == "pending" else f"{code}-setting",
        node=deviation.node,
        name=one.name,
        value="…" if one.name in _HIDDEN else one.value or "''",
        place=_place(one),
        remedy=_remedy(one),
    )


def _place(one: Setting) -> Message:
    if one.kind == "role":
        return message("setting-by-order", order=f"{one.source} SET {one.name}")
    if one.file:
        return message("setting-in-file", file=one.file, line=one.line or "?")
    return message("setting-by-source", source=one.source or "?")


def _remedy(one: Setting) -> Message:
    if one.kind == "role":
        return message("setting-remedy-order", order=f"{one.source} RESET {one.name}")
    if one.file.endswith(SET_BY_ALTER_SYSTEM):
        return message("setting-remedy-order", order=f"ALTER SYSTEM RESET {one.name}")
    if one.file:
        return message("setting-remedy-line")
    return message("setting-remedy-configure")


def facts(deviation: Deviation) -> dict[str, object]:
    """The JSON form."""
    one = deviation.setting
    return {
        "node": deviation.node,
        "kind": one.kind,
        "name": one.name or None,
        "value": None if one.name in _HIDDEN else one.value,
        "file": one.file or None,
        "line": int(one.line) if one.line.isdigit() else None,
        "set_by": one.source if one.kind == "role" else None,
    }
