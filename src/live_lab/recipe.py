"""What an image is made of: packages, files and the finishing touches, with the key that names the result."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from live_lab.errors import LabError

RELEASES = ("bookworm", "trixie")
ASSETS = Path(__file__).resolve().parent / "assets" / "image"

PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "kmod", "ifupdown", "iproute2", "iputils-ping",
    "iputils-arping", "procps", "psmisc", "less", "sudo", "curl", "ca-certificates", "tcpdump", "rsync",
    "netcat-openbsd", "iptables", "openssh-server", "openssh-client", "chrony", "e2fsprogs",
    "corosync", "corosync-qdevice", "corosync-qnetd", "pacemaker", "pacemaker-cli-utils", "resource-agents",
    "fence-agents", "ipmitool", "crmsh", "postgresql", "samba", "smbclient", "nginx", "python3",
    "python3-aiohttp", "python3-aiosmtpd", "python3-cryptography", "python3-itsdangerous", "python3-jinja2",
    "python3-psycopg", "python3-six",
)  # fmt: skip

# A media server has nothing of a cluster, but for the daemon of an arbiter, which any of them may become. It is a
# client of the file storage.
HEADS_ONLY = frozenset(
    (
        "corosync", "corosync-qdevice", "pacemaker", "pacemaker-cli-utils", "resource-agents", "fence-agents",
        "ipmitool", "crmsh", "postgresql", "samba", "nginx", "python3-aiosmtpd",
        "python3-cryptography", "python3-itsdangerous", "python3-jinja2", "python3-psycopg", "python3-six",
    )
)  # fmt: skip

# Run in the finished tree. Timers that would begin to work in the middle of a test are masked.
FINISH = """
set -eu
for timer in apt-daily apt-daily-upgrade e2scrub_all fstrim man-db dpkg-db-backup; do
    ln -sf /dev/null /etc/systemd/system/$timer.timer
done
ln -sf /dev/null /etc/systemd/system/run-rpc_pipefs.mount
systemctl enable iptables-config.service
rm -f /etc/ssh/ssh_host_* /etc/resolv.conf /etc/hostname /var/lib/dbus/machine-id
: >/etc/machine-id
rm -rf /var/log/journal/*
"""

# Two installations never have the same database system identifier; layers of one image would.
SECOND_DATABASE = """
set -eu
pg_lsclusters --no-header | while read -r version name rest; do
    pg_dropcluster "$version" "$name"
    pg_createcluster "$version" "$name"
done
"""


# In this layer alone the network of the machine is used, with its resolver (shown in /mnt).
_INSTALL = """
set -eu
cp /mnt/resolv.conf /etc/resolv.conf
apt-get update
apt-get install --yes --no-install-recommends {packages}
rm -rf /etc/resolv.conf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
"""


def default_release() -> str:
    """What labs run where nobody says: LIVE_LAB_RELEASE, so that the same tests run on either."""
    return os.environ.get("LIVE_LAB_RELEASE", RELEASES[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A Debian release with everything that a server of the lab has before the product comes.

    `is_media`: only what a media server has.
    """

    release: str
    is_media: bool = False

    def __post_init__(self) -> None:
        if self.release not in RELEASES:
            raise LabError(f"unknown release {self.release!r}; known are {', '.join(RELEASES)}")

    @property
    def packages(self) -> tuple[str, ...]:
        """Names of Debian's packages."""
        return tuple(name for name in PACKAGES if not (self.is_media and name in HEADS_ONLY))

    @property
    def name(self) -> str:
        """The image's; it changes whenever anything in the recipe does."""
        files = {str(path.relative_to(ASSETS)): path.read_text() for path in asset_files()}
        content = [self.release, self.packages, FINISH, SECOND_DATABASE, files]
        key = digest(json.dumps(content, sort_keys=True).encode())
        return f"media-{self.release}-{key}" if self.is_media else f"{self.release}-{key}"


def asset_files() -> list[Path]:
    """Files of the lab's own that every image gets."""
    return sorted(path for path in ASSETS.rglob("*") if path.is_file())


def digest(*parts: bytes) -> str:
    """Short name of a content."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]


def install_packages(packages: tuple[str, ...]) -> str:
    """Script for a layer with more Debian packages, without what they merely recommend."""
    return _INSTALL.format(packages=" ".join(packages))
