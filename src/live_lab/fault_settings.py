"""Faults by hand: an administrator changes a setting, a file, an attribute, or types a command at a bad moment."""

from __future__ import annotations

import shlex

from live_lab.audits import psql
from live_lab.errors import LabError
from live_lab.host import Host

ATTRIBUTE = "ivcs-db-data"
_NEUTRAL_ATTRIBUTE = "live-lab-edit"
_BROKEN_LINE = "live-lab: this is no line of pg_hba.conf"
_SETTINGS = ("synchronous_commit", "synchronous_standby_names", "fsync", "full_page_writes")
_COMMAND_TIMEOUT_S = 900.0

# Of a shell on the host, whose server may run or not: files as they were.
RESTORE = f"""
sed --in-place --regexp-extended '/^({"|".join(_SETTINGS)}) /d' /var/lib/postgresql/*/main/postgresql.auto.conf
sed --in-place '/^live-lab: /d' /etc/postgresql/*/main/pg_hba.conf
runuser -u postgres -- psql -XAtq -d postgres -c 'SELECT pg_reload_conf()' >/dev/null
"""


def alter_system(host: Host, setting: str) -> None:
    """`ALTER SYSTEM SET` for NAME=VALUE, which outweighs every file that the product writes; read at once."""
    name, _, value = setting.partition("=")
    if name not in _SETTINGS:
        raise LabError(f"the lab takes back {', '.join(_SETTINGS)}, not {name!r}")
    psql(host, f"ALTER SYSTEM SET {name} = '{value}'", database="postgres", check=True)
    psql(host, "SELECT pg_reload_conf()", database="postgres")


def break_access(host: Host) -> None:
    """A line in pg_hba.conf that no server starts with; one that runs complains and goes on."""
    script = 'for file in /etc/postgresql/*/main/pg_hba.conf; do echo "$1" >>"$file"; done'
    host.run(("sh", "-euc", script, "break", _BROKEN_LINE))
    psql(host, "SELECT pg_reload_conf()", database="postgres")


def set_attribute(host: Host, value: str) -> None:
    """What the cluster knows of this host's data is what somebody has typed."""
    host.run((*_attribute(host, ATTRIBUTE), "--update", value))


def delete_attribute(host: Host) -> None:
    """The cluster knows nothing of this host's data."""
    host.run((*_attribute(host, ATTRIBUTE), "--delete"))


def edit_cib(host: Host, count: str) -> None:
    """So many changes of the cluster's configuration that change nothing that counts."""
    for number in range(int(count)):
        host.run((*_attribute(host, _NEUTRAL_ATTRIBUTE), "--update", str(number)))


def forget_edits(host: Host) -> None:
    """Nothing of these changes is left; nothing where there were none, or no cluster runs."""
    host.run((*_attribute(host, _NEUTRAL_ATTRIBUTE), "--delete"), check=False)


def _attribute(host: Host, name: str) -> tuple[str, ...]:
    return ("crm_attribute", "--node", host.name, "--name", name, "--lifetime", "forever")


def erase_cib(host: Host) -> None:
    """Takes the whole configuration of the cluster away, on both heads."""
    host.run(("cibadmin", "--erase", "--force"))


def end_maintenance(host: Host) -> None:
    """No maintenance that somebody has left on."""
    query = ("crm_attribute", "--type", "crm_config", "--name", "maintenance-mode", "--query", "--quiet")
    if host.run(query, check=False).stdout.strip() == "true":
        host.run(("live-cluster", "maintenance", "off"), check=False, timeout_s=_COMMAND_TIMEOUT_S)


def cancel_wait_for_all(host: Host) -> None:
    """An administrator says that the other head will not come: Corosync waits for it no longer."""
    host.run(("corosync-cmapctl", "-s", "quorum.cancel_wait_for_all", "u8", "1"))


def promote(host: Host) -> None:
    """Somebody promotes the standby's server past the cluster."""
    psql(host, "SELECT pg_promote(wait => true)", database="postgres", check=True)


def type_command(host: Host, words: str) -> None:
    """What an administrator types after `live-cluster`; whether it is refused is not for the lab to judge."""
    host.run(("live-cluster", *shlex.split(words)), check=False, timeout_s=_COMMAND_TIMEOUT_S)
