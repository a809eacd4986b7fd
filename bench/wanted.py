"""What the product brought about on two heads, as data for the playbook that is to bring about the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from xml.etree import ElementTree

from bench.installation import ConfigureRun
from live_lab import Host, Lab

# The product's own settings (a playbook has its variables instead), and what pcs writes.
NOT_FOR_ANSIBLE = ("/etc/live-cluster/", "/etc/corosync/")
STATE = "/var/lib/live-cluster"
DATABASE_STATE = f"{STATE}/postgresql"
PASSFILE = f"{DATABASE_STATE}/replication.pgpass"
# Differs from one installation to the next: the playbook takes it from its own first head.
SHARED_FILE = "/etc/ivcs/server.conf"
SMB_USER = "ivcs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file or folder; `content` in base64."""

    path: str
    owner: str
    group: str
    mode: str
    content: str = ""


def wanted_by_playbook(lab: Lab, done: ConfigureRun) -> str:
    """Variables of the playbook as JSON, read from the heads that this run has configured."""
    first = lab.heads[0]
    passfile = first.read(PASSFILE).strip()
    database_unit = _titles(done, first, "database-handed-over")[0]
    return json.dumps(
        {
            "files": {head.name: [asdict(one) for one in _files(done, head)] for head in lab.heads},
            "folders": {
                head.name: [asdict(_entry(head, path)) for path in (STATE, DATABASE_STATE)]
                for head in lab.heads
            },
            "shared_file": asdict(_entry(first, SHARED_FILE)),
            "replication_role": passfile.split(":")[3],
            "replication_password": passfile.split(":", 4)[4],
            "smb_user": SMB_USER,
            "smb_password": "a throw-away password",
            "units": [_unit(title) for title in _titles(done, first, "service-handed-over")],
            "database_unit": _unit(database_unit),
            "copy_request": f"{DATABASE_STATE}/reclone",
        }
    )


def _files(done: ConfigureRun, head: Host) -> Iterable[Entry]:
    for title in _titles(done, head, "file"):
        path = title.removeprefix("Write ")
        if path != SHARED_FILE and not path.startswith(NOT_FOR_ANSIBLE):
            content = head.run(("base64", "--wrap=0", path)).stdout
            yield _entry(head, path, content)


def _entry(head: Host, path: str, content: str = "") -> Entry:
    mode, owner, group = head.run(("stat", "--format=%a %U %G", path)).stdout.split()
    return Entry(path=path, owner=owner, group=group, mode=mode.zfill(4), content=content)


def _titles(done: ConfigureRun, head: Host, code: str) -> list[str]:
    return [str(step["title"]) for step in done.steps if step["node"] == head.name and step["code"] == code]


def _unit(title: str) -> str:
    match = re.fullmatch(r"Hand (\S+) over to the cluster", title)
    if match is None:
        raise ValueError(f"no unit in the title of a step: {title!r}")
    return match[1]


def wanted_by_pcs(lab: Lab) -> str:
    """The CIB's configuration as pcs is to load it, with the data of the first head as the one that counts."""
    first = lab.heads[0]
    text = first.run(("cibadmin", "--query", "--scope", "configuration")).stdout
    configuration = ElementTree.fromstring(text)  # noqa: S314 - of our own lab
    options = configuration.find("crm_config")
    assert options is not None
    for made_by_pacemaker in options.findall("cluster_property_set[@id='cib-bootstrap-options']"):
        options.remove(made_by_pacemaker)
    for node in configuration.iterfind("nodes/node"):
        for attribute in node.iter("nvpair"):
            attribute.set("value", "latest" if node.get("uname") == first.name else "stale")
    return ElementTree.tostring(configuration, encoding="unicode")
