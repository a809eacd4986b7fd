"""Should this head win when both see the arbiter but not each other? corosync-qdevice asks, and takes 0 for yes.

At most one head says yes: the one that holds the latest data, and knows it. So the primary keeps the vote, and a
standby never takes it from a primary that still has the arbiter; the head that is left alone gets the vote
whatever it says here. All answers come from files, because Corosync is just forming a new membership then and
answers nobody.
"""

import re
import socket
import sys

from live_cluster_agent import files
from live_cluster_agent.cluster import parse_nodes
from live_cluster_agent.parameters import DEFAULTS
from live_cluster_agent.replication import DataState

CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
COROSYNC_CONF = "/etc/corosync/corosync.conf"
_NODE = re.compile(r"^\s*name:\s*(\S+)\s.*?^\s*ring0_addr:\s*(\S+)", re.MULTILINE | re.DOTALL)


def met_path(run_dir: str, resource: str) -> str:
    """The file that is there while this node's knowledge is up to date, gone after a reboot."""
    return f"{run_dir}/{resource}.met"


def addresses_of(corosync_conf: str) -> dict[str, str]:
    """Node name by its first address."""
    _, _, nodes = corosync_conf.partition("nodelist {")
    return {address: name for name, address in _NODE.findall(nodes)}


def should_win(cib: str, resource: str, node: str, *, met: bool) -> bool:
    """Whether this node's data is the latest for certain: nobody can have overtaken it."""
    records = parse_nodes(cib, resource)
    own = records.get(node)
    if own is None or own.data is not DataState.LATEST:
        return False
    peers = [record.data for name, record in records.items() if name != node]
    return met or all(data in (DataState.STALE, DataState.LEAVING) for data in peers)


def _is_here(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def main() -> int:
    """0: this head should win; 1: not."""
    resource = sys.argv[1]
    nodes = addresses_of(files.read_text(COROSYNC_CONF) or "")
    node = next((name for address, name in nodes.items() if _is_here(address)), "")
    met = files.read_text(met_path(DEFAULTS["run_dir"], resource)) is not None
    try:
        return 0 if should_win(files.read_text(CIB_FILE) or "", resource, node, met=met) else 1
    except SyntaxError:
        # xml.etree's ParseError: Pacemaker has not started yet.
        return 1


if __name__ == "__main__":
    sys.exit(main())
