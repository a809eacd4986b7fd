"""The heads' management controllers as fencing devices, as an administrator names them."""

from __future__ import annotations

from cluster import HEADS, Cluster

from live_lab import Lab
from live_lab.controller import PASSWORD, USERNAME

PASSWORD_FILE = "/root/controller-password"


def fencing_options(lab: Lab, *, password_file: str = PASSWORD_FILE) -> tuple[str, ...]:
    """Both heads' controllers."""
    words: list[str] = []
    for number, head in enumerate(HEADS, start=1):
        device = f"fence_ipmilan ip={lab.controller(head).address} username={USERNAME} lanplus=1 cipher=3"
        words += [f"--head-node-{number}-fencing", device]
        words += [f"--head-node-{number}-fencing-password-file", password_file]
    return tuple(words)


def with_controllers(cluster: Cluster) -> None:
    """Controllers answer, and the first head has their password in a file."""
    for head in HEADS:
        cluster.lab.controller(head).power_on()
    cluster.lab.heads[0].write(PASSWORD_FILE, f"{PASSWORD}\n", mode=0o600)
