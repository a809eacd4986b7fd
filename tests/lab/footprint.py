"""What a run leaves behind on a server, to be compared with what was before: configuration, services, files."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from live_lab import Host

_LONG_RUNNING_UNITS = (
    "corosync", "pacemaker", "ivcs-server", "opensips", "gnugk", "smbd", "nginx", "iptables-config", "ssh",
)  # fmt: skip


def cib_version(host: Host) -> str:
    """admin_epoch.epoch: it grows with every change of the configuration, not with states."""
    root = ET.fromstring(host.run(("cibadmin", "--query")).stdout)  # noqa: S314 - our own host
    return f"{root.get('admin_epoch')}.{root.get('epoch')}"


def service_identities(host: Host) -> dict[str, str]:
    """Main process ids and start times of all services, of the database and of Pacemaker's daemons."""
    argv = ("systemctl", "show", "--property=Id,MainPID,ActiveEnterTimestampMonotonic", "--")
    blocks = host.run((*argv, *_LONG_RUNNING_UNITS)).stdout.strip().split("\n\n")
    units = dict(zip(_LONG_RUNNING_UNITS, blocks, strict=True))
    database = host.run(("sh", "-c", "head -n 1 /var/lib/postgresql/*/main/postmaster.pid"), check=False)
    # Children of pacemakerd alone: each monitor is a copy of pacemaker-execd for a moment.
    main = units["pacemaker"].partition("MainPID=")[2].split()[0]
    daemons = host.run(("pgrep", "--list-name", "--parent", main)).stdout
    return {**units, "postgresql": database.stdout, "daemons": daemons}


def file_states(host: Host, *folders: str) -> dict[str, str]:
    """Owner, mode, size and times of everything below the folders, by path."""
    argv = ("find", *folders, "-xdev", "-printf", "%p\t%u:%g %m %s %T@ %C@\\n")
    rows = (line.partition("\t") for line in host.run(argv).stdout.splitlines())
    return {path: state for path, _, state in rows}


def differences(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str, str]]:
    """What changed between two looks: name to (before, after)."""
    names = before.keys() | after.keys()
    pairs = {name: (before.get(name, "absent"), after.get(name, "absent")) for name in names}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new}
