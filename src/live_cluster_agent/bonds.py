"""Bonds of this node that have lost an interface: the other node's `status` cannot look at them itself."""

from live_cluster_agent import files

# Transient node attribute RESOURCE-network; there is none while all interfaces work.
NETWORK = "network"
_INTERFACES = "/sys/class/net"


def degraded_bonds(interfaces: str = _INTERFACES) -> str:
    """BOND:FAILED:WORKING for each, separated by spaces, with commas between interfaces; empty where all work.

    A bond that has lost all of them is not told: its interfaces are tried in turn and seem to come and go, each
    change would make Pacemaker plan anew, and Corosync's link says that it is down.
    """
    found = []
    # The kernel has this file where there are bonds at all.
    for bond in (files.read_text(f"{interfaces}/bonding_masters") or "").split():
        ports = (files.read_text(f"{interfaces}/{bond}/bonding/slaves") or "").split()
        failed = [port for port in ports if not _works(f"{interfaces}/{port}/bonding_slave/mii_status")]
        working = [port for port in ports if port not in failed]
        if failed and working:
            found.append(f"{bond}:{','.join(failed)}:{','.join(working)}")
    return " ".join(found)


def _works(path: str) -> bool:
    # An interface that was just taken out of the bond has not failed.
    return (files.read_text(path) or "up").strip() == "up"
