"""The same cluster by the tools that administrators use otherwise: Ansible for the servers, pcs for the cluster."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from bench.figures import Notebook
from bench.installation import CRM_MON_XML
from bench.stopwatch import time_command, time_commands
from live_lab import Host, Lab, LabError, wait_until

PLAYBOOK = Path(__file__).parent / "ansible"
FOLDER = "/root/bench"
KEY = "/root/.ssh/bench"
CONFIGURATION = f"{FOLDER}/configuration.xml"
# Debian's packages for both tools; only the labs of this comparison have them.
PACKAGES = ("pcs", "ansible-core")
PCSD_PASSWORD = "throw-away"  # noqa: S105 - a lab that lives for minutes
START_DEADLINE_S = 600.0
# The pause between two looks of `live-cluster configure`.
POLL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What Ansible (JSON) and pcs (XML) are to bring about."""

    variables: str
    configuration: str


def prepare(lab: Lab, wanted: Wanted) -> None:
    """What an administrator has ready before the first run of either tool; no part of the figures."""
    first, second = lab.heads
    first.run(("mkdir", "-p", "-m", "700", "/root/.ssh", FOLDER))
    first.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY))
    second.run(("mkdir", "-p", "-m", "700", "/root/.ssh"))
    second.write("/root/.ssh/authorized_keys", first.read(f"{KEY}.pub"), mode=0o600)
    host_key = second.read("/etc/ssh/ssh_host_ed25519_key.pub")
    first.write("/root/.ssh/known_hosts", f"{second.addresses['bond0']} {host_key}")
    for file in PLAYBOOK.iterdir():
        first.write(f"{FOLDER}/{file.name}", file.read_text())
    first.write(f"{FOLDER}/wanted.json", wanted.variables, mode=0o600)
    first.write(CONFIGURATION, wanted.configuration)
    for head in lab.heads:
        _prepare_pcsd(head)


def measure_first(lab: Lab, notebook: Notebook) -> None:
    """From fresh servers to running resources."""
    first = lab.heads[0]
    ansible_s = time_command(first, _playbook_argv(forming=True)).seconds
    notebook.note("ansible.first", ansible_s)
    parts_s = {name: time_command(first, argv).seconds for name, argv in _pcs_commands(lab).items()}
    began = time.monotonic()
    time_command(first, ("pcs", "cluster", "cib-push", CONFIGURATION, "--config"))
    wait_until(lambda: _all_runs(lab), deadline_s=START_DEADLINE_S, what="all resources run", every_s=POLL_S)
    parts_s["pcs.resources"] = time.monotonic() - began
    for name, seconds in parts_s.items():
        notebook.note(name, seconds)
    notebook.note("pcs.cluster", sum(parts_s.values()))
    notebook.note("ansible_and_pcs.first", ansible_s + sum(parts_s.values()))


def measure_no_change(lab: Lab, notebook: Notebook, rounds: int) -> None:
    """The playbook where there is nothing left to do; pcs has no such run."""
    first = lab.heads[0]
    runs = time_commands(first, (_playbook_argv(forming=False),), rounds=rounds)[0]
    if any(int(count) for run in runs for count in re.findall(r"\bchanged=(\d+)", run.output)):
        raise LabError(f"a second run of the playbook changed something:\n{runs[-1].output}")
    notebook.note("ansible.no_change", *(run.seconds for run in runs))


def _prepare_pcsd(head: Host) -> None:
    head.write(
        "/etc/iptables-config/ipv4/filter.d/0400-pcsd", "-A INPUT -p tcp -m tcp --dport 2224 -j ACCEPT\n"
    )
    head.run(("systemctl", "restart", "iptables-config"))
    head.run(("chpasswd",), stdin=f"hacluster:{PCSD_PASSWORD}\n")
    head.run(("systemctl", "restart", "pcsd"))
    # Debian's one-server cluster, of which pcs would believe that the head is a member.
    head.run(("pcs", "cluster", "destroy"))


def _playbook_argv(*, forming: bool) -> tuple[str, ...]:
    forming_text = "true" if forming else "false"
    return (
        "env", f"ANSIBLE_CONFIG={FOLDER}/ansible.cfg",
        "ansible-playbook", f"{FOLDER}/heads.yml", "--extra-vars", f"forming={forming_text}",
    )  # fmt: skip


def _pcs_commands(lab: Lab) -> dict[str, tuple[str, ...]]:
    """By the name of their figure; the same Corosync settings as live-cluster's."""
    addresses = [word for head in lab.heads for word in (head.name, f"addr={head.addresses['bond0']}")]
    links = [
        word
        for head in lab.heads
        for word in (head.name, *(f"addr={head.addresses[link]}" for link in ("bond0", "bond1")))
    ]
    return {
        "pcs.host_auth": ("pcs", "host", "auth", *addresses, "-u", "hacluster", "-p", PCSD_PASSWORD),
        "pcs.cluster_setup": (
            "pcs", "cluster", "setup", "live-cluster", *links,
            "transport", "knet",
            "link", "linknumber=0", "link_priority=10", "link", "linknumber=1", "link_priority=9",
            "crypto", "cipher=aes256", "hash=sha256",
            "totem", "token=3000", "consensus=600", "token_retransmits_before_loss_const=10",
            "--start", "--enable", "--wait",
        ),
    }  # fmt: skip


def _all_runs(lab: Lab) -> bool:
    """Every instance is active, and the second head's database is a synchronous standby."""
    first, second = lab.heads
    view = first.run(CRM_MON_XML, check=False)
    if view.returncode != 0:
        return False
    instances = list(ElementTree.fromstring(view.stdout).iter("resource"))  # noqa: S314 - of our own lab
    if not instances or any(one.get("active") != "true" or one.get("failed") == "true" for one in instances):
        return False
    query = ("crm_attribute", "--query", "--quiet", "--node", second.name, "--name", "ivcs-db-data")
    return first.run(query, check=False).stdout.strip() == "sync"
