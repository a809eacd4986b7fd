"""Should this head win when both see the arbiter but not each other? corosync-qdevice asks, and takes 0 for yes.

At most one head says yes: the one that holds the latest data, and knows it. So the primary keeps the vote, and a
standby never takes it from a primary that still has the arbiter; the head that is left alone gets the vote
whatever it says here. All answers come from files, because Corosync is just forming a new membership then and
answers nobody; and nothing is imported but sys: on a machine with a load of 20 the usual modules took 0.5 s to
load, and the answer counts for nothing after 1 to 2 s.
"""

import sys

CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
COROSYNC_CONF = "/etc/corosync/corosync.conf"
LOCAL_ADDRESSES = "/proc/net/fib_trie"
RUN_DIR = "/run/live-cluster/postgresql"


def met_path(run_dir: str, resource: str) -> str:
    """The file that is there while this node's knowledge is up to date, gone after a reboot."""
    return f"{run_dir}/{resource}.met"


def addresses_of(corosync_conf: str) -> dict[str, str]:
    """Node name by its first address."""
    found: dict[str, str] = {}
    name = ""
    for line in corosync_conf.partition("nodelist {")[2].splitlines():
        key, _, value = line.strip().partition(": ")
        if key == "name":
            name = value
        elif key == "ring0_addr":
            found[value] = name
    return found


def local_addresses(fib_trie: str) -> set[str]:
    """Addresses of this machine in the kernel's table: a line `|-- ADDRESS`, then one that says `host LOCAL`."""
    found: set[str] = set()
    address = ""
    for line in fib_trie.splitlines():
        if "|-- " in line:
            address = line.split()[-1]
        elif line.endswith("host LOCAL"):
            found.add(address)
    return found


def data_states(cib: str, resource: str) -> dict[str, str]:
    """Whose data is how: the permanent node attributes in Pacemaker's file, whose values need no XML escapes."""
    states: dict[str, str] = {}
    for part in cib.partition("<nodes>")[2].partition("</nodes>")[0].split("<node ")[1:]:
        for pair in part.split("<nvpair ")[1:]:
            if _attribute(pair, "name") == f"{resource}-data":
                states[_attribute(part, "uname")] = _attribute(pair, "value")
    return states


def should_win(states: dict[str, str], node: str, *, met: bool) -> bool:
    """Whether this node's data is the latest for certain: nobody can have overtaken it."""
    if states.get(node) != "latest":
        return False
    others = [state for name, state in states.items() if name != node]
    return met or (others != [] and all(state in ("stale", "leaving") for state in others))


def _attribute(element: str, name: str) -> str:
    start = " " + element.partition(">")[0]
    return start.partition(f' {name}="')[2].partition('"')[0]


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _exists(path: str) -> bool:
    try:
        with open(path, encoding="utf-8"):
            return True
    except OSError:
        return False


def main() -> int:
    """0: this head should win; 1: not."""
    resource = sys.argv[1]
    here = local_addresses(_text(LOCAL_ADDRESSES))
    nodes = addresses_of(_text(COROSYNC_CONF))
    node = next((name for address, name in nodes.items() if address in here), "")
    met = _exists(met_path(RUN_DIR, resource))
    return 0 if should_win(data_states(_text(CIB_FILE), resource), node, met=met) else 1


if __name__ == "__main__":
    sys.exit(main())
