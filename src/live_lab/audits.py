"""What must hold on the heads after every scenario, seen with the systems' own tools."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.wait import wait_until
from live_lab.writer import Acknowledged

FLOATING_ADDRESSES = ("10.81.0.100", "10.81.0.101", "10.81.0.102")
DATABASE_ADDRESS = "10.81.0.102"
CLUSTERED_UNITS = ("ivcs-server", "opensips", "gnugk", "smbd")
UNITS_ON_BOTH = ("nginx", "corosync", "pacemaker")
MOUNT_POINT = "/srv/filestorage"
INSTANCES = 14
HEADS = ("ivcs-main-1", "ivcs-main-2")
OUR_PREFIX = "live-cluster-"

_REPLICATION = "SELECT application_name || ' ' || state || ' ' || sync_state FROM pg_stat_replication"
_REPEATED = "SELECT name FROM conferences GROUP BY name HAVING count(*) > 1"


def psql(host: Host, sql: str, *, database: str = "ivcs", check: bool = False) -> str:
    """What this host's own PostgreSQL answers, a row a line; empty where it does not run, unless it has to."""
    argv = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database)
    return host.run(argv, stdin=sql, check=check).stdout.strip()


def is_primary(host: Host) -> bool:
    """This host's PostgreSQL runs and takes writes."""
    return psql(host, "SELECT pg_is_in_recovery()", database="postgres") == "f"


def is_quorate(host: Host) -> bool:
    """Corosync on this host has quorum."""
    votes = host.run(("corosync-quorumtool", "-s"), check=False).stdout
    return any(line.split() == ["Quorate:", "Yes"] for line in votes.splitlines())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What really runs on one head."""

    host: Host
    addresses: frozenset[str]
    units: frozenset[str]
    is_mounted: bool
    recovery: str

    @property
    def is_primary(self) -> bool:
        return self.recovery == "f"


def findings(lab: Lab, acknowledged: Sequence[Acknowledged] = ()) -> tuple[str, ...]:
    """Everything that is not as it must be while both heads run; empty is good."""
    heads = [_look(host) for host in lab.heads]
    cluster = (*_records(lab), *_same_configuration(lab), *_bans(lab), *_attributes(lab))
    found = [*_once_each(heads), *_database(heads), *cluster]
    return (*found, *_kept(heads, acknowledged))


def lost(lab: Lab, acknowledged: Sequence[Acknowledged]) -> int:
    """How many acknowledged conferences the primary does not have."""
    for host in lab.heads:
        if is_primary(host):
            present = set(psql(host, "SELECT id FROM conferences").split())
            return sum(1 for one in acknowledged if one.conference not in present)
    return len(acknowledged)


def wait_until_clean(
    lab: Lab, acknowledged: Sequence[Acknowledged] = (), *, deadline_s: float = 300.0
) -> None:
    """Waits until there are no findings; WaitTimeout names the last ones."""
    wait_until(
        lambda: _Audit(found=findings(lab, acknowledged)),
        deadline_s=deadline_s,
        what="all audits hold",
        every_s=1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Audit:
    """True when nothing was found; its text says what was."""

    found: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.found


def _look(host: Host) -> _Head:
    links = json.loads(host.run(("ip", "-json", "-4", "address", "show")).stdout)
    known = (*CLUSTERED_UNITS, *UNITS_ON_BOTH)
    states = host.run(("systemctl", "is-active", *known), check=False).stdout.split()
    return _Head(
        host=host,
        addresses=frozenset(entry["local"] for link in links for entry in link["addr_info"]),
        units=frozenset(unit for unit, state in zip(known, states, strict=True) if state == "active"),
        is_mounted=host.run(("mountpoint", "-q", MOUNT_POINT), check=False).returncode == 0,
        recovery=psql(host, "SELECT pg_is_in_recovery()", database="postgres"),
    )


def _once_each(heads: Sequence[_Head]) -> Iterator[str]:
    """Nothing runs twice, nothing is missing, and what belongs together is together."""
    for address in FLOATING_ADDRESSES:
        holders = [head.host.name for head in heads if address in head.addresses]
        if len(holders) != 1:
            yield f"{address} is on {holders}"
    for unit in CLUSTERED_UNITS:
        runners = [head.host.name for head in heads if unit in head.units]
        if len(runners) != 1:
            yield f"{unit} runs on {runners}"
    for unit in UNITS_ON_BOTH:
        yield from (f"{unit} does not run on {head.host.name}" for head in heads if unit not in head.units)
    mounted = [head.host.name for head in heads if head.is_mounted]
    if len(mounted) != 1:
        yield f"{MOUNT_POINT} is mounted on {mounted}"
    for head in heads:
        if ("smbd" in head.units) != head.is_mounted:
            yield f"Samba and its file system are not together on {head.host.name}"


def _database(heads: Sequence[_Head]) -> Iterator[str]:
    primaries = [head for head in heads if head.is_primary]
    if len(primaries) != 1:
        yield f"database: {[(head.host.name, head.recovery or 'silent') for head in heads]}"
        return
    primary = primaries[0]
    if DATABASE_ADDRESS not in primary.addresses:
        yield f"the database address is not at the primary {primary.host.name}"
    standby = next(head.host.name for head in heads if head is not primary)
    replication = psql(primary.host, _REPLICATION, database="postgres")
    if replication != f"{standby} streaming sync":
        yield f"replication: {replication or 'none'}"


def _records(lab: Lab) -> Iterator[str]:
    """Pacemaker's own view: everything started, nothing remembered as failed, on both heads alike."""
    for host in lab.heads:
        completed = host.run(("crm_mon", "-1", "--output-as=xml", "--inactive"), check=False)
        if completed.returncode != 0:
            yield f"{host.name}: crm_mon: {completed.stderr or completed.returncode}"
            continue
        view = ET.fromstring(completed.stdout)  # noqa: S314 - our own hosts
        running = [
            one
            for one in view.iterfind("resources//resource")
            if one.get("role") in ("Started", "Promoted", "Unpromoted")
            and one.get("failed") == "false"
            and not one.get("resource_agent", "").startswith("stonith:")
        ]
        if len(running) != INSTANCES:
            yield f"{host.name} sees {len(running)} of {INSTANCES} instances running"
        yield from _membership(host, view)
        for failure in view.iterfind("failures/failure"):
            yield f"{host.name}: failed action {failure.get('op_key')} on {failure.get('node')}"
        for history in view.iterfind("node_history/node/resource_history[@fail-count]"):
            yield f"{host.name}: {history.get('id')} has failed {history.get('fail-count')} time(s)"


def _membership(host: Host, view: ET.Element) -> Iterator[str]:
    online = [node.get("name") for node in view.iterfind("nodes/node[@online='true']")]
    if len(online) != len(HEADS):
        yield f"{host.name} sees online: {online}"
    controller = view.find("summary/current_dc")
    if controller is None or controller.get("with_quorum") != "true":
        yield f"{host.name} has no quorum"
    unmanaged = [one.get("id") for one in view.iterfind("resources//resource[@managed='false']")]
    if unmanaged:
        yield f"{host.name}: not managed: {unmanaged}"


def _attributes(lab: Lab) -> Iterator[str]:
    """What placement and promotion depend on stands in the configuration, not just in a daemon's memory."""
    completed = lab.heads[0].run(("cibadmin", "--query", "--scope", "status"), check=False)
    if completed.returncode != 0:
        yield f"status section: {completed.stderr.strip()}"
        return
    for node in ET.fromstring(completed.stdout).iterfind("node_state"):  # noqa: S314
        values = {one.get("name"): one.get("value") for one in node.iterfind("transient_attributes//nvpair")}
        if values.get("pingd", "0") == "0":
            yield f"{node.get('uname')} does not count as connected: pingd is {values.get('pingd')}"
        if values.get("ivcs-db-met") != "1":
            yield f"{node.get('uname')} could not be promoted: it has not met its peer"
        if values.get("#health_disk") == "red":
            yield f"{node.get('uname')} has no space on its disk"


def _bans(lab: Lab) -> Iterator[str]:
    """A resource that somebody banned from a head, or fixed to it, has a constraint that is not ours."""
    completed = lab.heads[0].run(("cibadmin", "--query", "--scope", "constraints"), check=False)
    if completed.returncode != 0:
        yield f"constraints: {completed.stderr.strip()}"
        return
    ids = [one.get("id", "") for one in ET.fromstring(completed.stdout)]  # noqa: S314
    foreign = [one for one in ids if not one.startswith(OUR_PREFIX)]
    if foreign:
        yield f"constraints that nobody took back: {foreign}"


def _same_configuration(lab: Lab) -> Iterator[str]:
    texts = [host.run(("cibadmin", "--query", "--local"), check=False).stdout for host in lab.heads]
    if not all(texts):
        yield "a head has no CIB"
        return
    trees = [ET.fromstring(text) for text in texts]  # noqa: S314
    versions = [(tree.get("admin_epoch"), tree.get("epoch")) for tree in trees]
    contents = [ET.canonicalize(ET.tostring(tree.find("configuration") or tree)) for tree in trees]
    if len(set(versions)) > 1 or len(set(contents)) > 1:
        yield f"the CIBs differ: {versions}"


def _kept(heads: Sequence[_Head], acknowledged: Sequence[Acknowledged]) -> Iterator[str]:
    """Every acknowledged conference exists on both heads, exactly once."""
    for head in heads:
        present = set(psql(head.host, "SELECT id FROM conferences").split())
        missing = [one for one in acknowledged if one.conference not in present]
        if missing:
            first = missing[0]
            yield (
                f"{head.host.name}: {len(missing)} of {len(acknowledged)} acknowledged conferences are missing,"
                f" the first is {first.name} of {first.at_s:.3f}"
            )
        repeated = psql(head.host, _REPEATED)
        if repeated:
            yield f"{head.host.name}: conferences exist twice: {repeated.split()[:5]}"
