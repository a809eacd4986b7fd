"""What a virtual machine boots from and writes to, and how it knows its network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from live_lab.disk import personalise, sparse_file
from live_lab.image_cache import CONFINED
from live_lab.network import PRIVATE_TARGET
from live_lab.places import Places
from live_lab.process import run
from live_lab.topology import GATEWAY, PREFIX_LENGTH, Cable, HostPlan, Port

# For DRBD, one in each head; and one that both share, for sbd.
LOCAL_BYTES = 1024**3
SBD_BYTES = 8 * 1024**2

_LINK = """\
[Match]
OriginalName={kernel}
[Link]
Name={interface}
"""
_SLAVE = """\
[Match]
Name={interface}
[Network]
Bond={bond}
LinkLocalAddressing=no
"""
# This kernel's interfaces have a carrier even where the cable's other end is down: it takes ARP to notice.
_BOND = """\
[NetDev]
Name={bond}
Kind=bond
[Bond]
Mode=active-backup
ARPIntervalSec=300ms
ARPValidate=all
ARPIPTargets={targets}
PrimaryReselectPolicy=failure
"""
# The addresses stay when all slaves are down.
_ADDRESS = """\
[Match]
Name={interface}
[Network]
Address={address}
LinkLocalAddressing=no
IPv6AcceptRA=no
ConfigureWithoutCarrier=yes
IgnoreCarrierLoss=yes
"""


def local_disk(places: Places, host: str) -> Path:
    """The machine's second disk, empty at first."""
    return places.root(host).parent / "local.img"


def sbd_disk(places: Places) -> Path:
    """A small disk that all machines share."""
    return places.disks / "sbd.img"


def create_machine_disk(places: Places, host: HostPlan, image: Path) -> None:
    """Disks of a machine, as its installer would have left them; its root is not mounted here."""
    home = places.root(host.name).parent
    for directory in (places.root(host.name), memory_directory(places, host.name)):
        directory.mkdir(parents=True)
    run(("cp", "--sparse=always", "--reflink=auto", str(image), str(home / "disk.img")), timeout_s=900)
    sparse_file(local_disk(places, host.name), LOCAL_BYTES)
    if not sbd_disk(places).exists():
        sparse_file(sbd_disk(places), SBD_BYTES)
    own = home / "own"
    for place in ("etc/network", "etc/ssh", "etc/systemd/network"):
        (own / place).mkdir(parents=True)
    personalise(own, host)
    for file, content in network_files(host).items():
        (own / "etc/systemd/network" / file).write_text(content)
    _with_disk(places, host.name, "loop", 'cp -r --preserve=mode "$3/." "$2"', own)


def memory_directory(places: Places, host: str) -> Path:
    """Where the file that is the machine's memory lies, in memory itself."""
    return places.root(host).parent / "memory"


def copy_from_disk(places: Places, host: str, trees: Sequence[str], target: Path) -> None:
    """Copies directories of the machine's disk where they exist; of one that runs, what has reached the disk."""
    copies = (f'[ ! -d "$2/{tree}" ] || (cd "$2" && cp -a --parents {tree} "$3")' for tree in trees)
    _with_disk(places, host, "loop,ro,noload", "; ".join(copies), target)


def _with_disk(places: Places, host: str, options: str, script: str, directory: Path) -> None:
    """Runs the script with the disk mounted at $2, and a directory as $3.

    In a mount namespace of its own: in the usual one, whoever makes another namespace meanwhile takes the mount
    along, and then unmounting it ends and writes nothing. Machines booted with empty files (seen).
    """
    root = places.root(host)
    shell = f'set -eu; mount -t ext4 -o {options} "$1" "$2"; {script}; umount "$2"'
    run(
        (*CONFINED, "sh", "-c", shell, "disk", str(root.parent / "disk.img"), str(root), str(directory)),
        timeout_s=600,
    )


def kernel_interface(host: HostPlan, cable: Cable) -> str:
    """What the machine's kernel calls the interface before it gets its name."""
    return f"vec{host.nics.index(cable)}"


def network_files(host: HostPlan) -> dict[str, str]:
    """For systemd-networkd: each interface in the bond of its network, or with the address where it is alone."""
    files = {}
    for cable in host.nics:
        kernel, interface = kernel_interface(host, cable), cable.interface
        files[f"10-{interface}.link"] = _LINK.format(kernel=kernel, interface=interface)
    for port in host.ports:
        slaves = host.cables_of(port.link)
        if len(slaves) == 1:
            files |= {f"20-{slaves[0].interface}.network": _address(slaves[0].interface, port)}
            continue
        targets = GATEWAY if _is_public(port) else PRIVATE_TARGET
        files[f"20-{port.link}.netdev"] = _BOND.format(bond=port.link, targets=targets)
        files[f"20-{port.link}.network"] = _address(port.link, port)
        for cable in slaves:
            files[f"30-{cable.interface}.network"] = _SLAVE.format(interface=cable.interface, bond=port.link)
    return files


def _is_public(port: Port) -> bool:
    return port.address.rpartition(".")[0] == GATEWAY.rpartition(".")[0]


def _address(interface: str, port: Port) -> str:
    text = _ADDRESS.format(interface=interface, address=f"{port.address}/{PREFIX_LENGTH}")
    return text + (f"Gateway={GATEWAY}\n" if _is_public(port) else "")
