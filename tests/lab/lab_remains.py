"""What the lab's own tests look at on this machine and ask its hosts."""

from live_lab import Host
from live_lab.mounts import loop_devices_below, mounts_below
from live_lab.network import namespaces
from live_lab.places import Places
from live_lab.process import run


def answers(host: Host, address: str) -> bool:
    """The address answers a ping from this host."""
    return host.run(("ping", "-q", "-c1", "-W1", address), check=False).returncode == 0


def traces(name: str) -> list[str]:
    """Everything on this machine that belongs to the lab."""
    places = Places(lab=name)
    groups = run(("find", "/sys/fs/cgroup", "-type", "d", "-path", f"*/live-lab/{name}")).stdout.split()
    files = [str(path) for path in (places.state, places.disks) if path.exists()]
    mounts = [str(path) for path in mounts_below(places.disks)]
    return [*groups, *files, *mounts, *namespaces(places.name_prefix), *loop_devices_below(places.disks)]
