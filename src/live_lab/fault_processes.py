"""Faults of single processes on a host, found by what they do: killed, stopped, restarted."""

from __future__ import annotations

from live_lab.errors import LabError
from live_lab.host import Host
from live_lab.wait import wait_until

# Children of the postmaster, by what stands in their titles.
_CHILDREN = {
    "checkpointer": ": checkpointer",
    "startup": ": startup ",
    "walreceiver": ": walreceiver ",
    "walsender": ": walsender ",
}
_COMMITTING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' LIMIT 1"
_PACEMAKER = "pacemaker-"
# Until a commit waits for the standby: with some 60 of them a second.
_COMMIT_DEADLINE_S = 300.0


def processes(host: Host, what: str) -> list[str]:
    """Process ids of `postgres`, one of its children, `commit`, a daemon of Pacemaker, or a unit's main process."""
    if what in ("postgres", *_CHILDREN):
        found = _postgres(host, what)
    elif what == "commit":
        found = wait_until(
            lambda: _committing(host), deadline_s=_COMMIT_DEADLINE_S, what="a commit waits for the standby"
        )
    elif what.startswith(_PACEMAKER):
        found = _members(host, "pacemaker", what)
    else:
        main = host.run(("systemctl", "show", "--property=MainPID", "--value", what)).stdout.split()
        found = [pid for pid in main if pid != "0"]
    if not found:
        raise LabError(f"{host.name}: there is no process {what}")
    return found


def _postgres(host: Host, what: str) -> list[str]:
    """The server of the host's one database cluster, or a child of it."""
    places = host.run(("sh", "-c", "echo /var/lib/postgresql/*/main/postmaster.pid")).stdout.split()
    server = host.read(places[-1]).split()[0]
    if what == "postgres":
        return [server]
    listing = host.run(("ps", "-o", "pid=,args=", "--ppid", server)).stdout
    return [line.split()[0] for line in listing.splitlines() if _CHILDREN[what] in f"{line} "]


def _committing(host: Host) -> list[str]:
    psql = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "postgres", "-c", _COMMITTING)
    return host.run(psql, check=False).stdout.split()


def _members(host: Host, unit: str, name: str) -> list[str]:
    """One of the processes of a service that has several."""
    members = host.read(f"/sys/fs/cgroup/system.slice/{unit}.service/cgroup.procs").split()
    listing = host.run(("ps", "-o", "pid=,comm=", "-p", ",".join(members))).stdout
    # The kernel keeps 15 characters of a command's name.
    return [pid for pid, command in map(str.split, listing.splitlines()) if command == name[:15]]


def kill(host: Host, what: str) -> None:
    """SIGKILL; what a commit does in its middle, PostgreSQL ends all sessions for."""
    host.run(("kill", "-KILL", *processes(host, what)))


def kill_unit(host: Host, unit: str) -> None:
    """SIGKILL to the main process of a service."""
    host.run(("systemctl", "kill", "--kill-who=main", "--signal=KILL", unit))


def kill_by_pid_file(host: Host, path: str) -> None:
    """SIGKILL to the process whose id is on the first line of a file, as postmaster.pid has it."""
    host.run(("kill", "-KILL", host.read(path).split()[0]))


def stop_process(host: Host, what: str) -> None:
    """SIGSTOP: it stands still and its connections stay open."""
    host.run(("kill", "-STOP", *processes(host, what)))


# Of a shell on the host: every process that stands still goes on.
CONTINUE = "ps -eo pid=,stat= | awk '$2 ~ /^T/ { print $1 }' | xargs --no-run-if-empty kill -CONT"


def restart(host: Host, unit: str) -> None:
    """`systemctl restart`, as an update does; `postgresql` is Debian's own unit, which may refuse."""
    is_debians = unit == "postgresql"
    name = f"postgresql@{_version(host)}-main" if is_debians else unit
    host.run(("systemctl", "restart", name), check=not is_debians, timeout_s=600)


def pg_ctlcluster(host: Host, verb: str) -> None:
    """Debian's own way to stop or restart a database cluster, past the cluster; it may refuse."""
    host.run(("pg_ctlcluster", _version(host), "main", verb), check=False, timeout_s=600)


def _version(host: Host) -> str:
    return host.run(("ls", "/etc/postgresql")).stdout.split()[0]
