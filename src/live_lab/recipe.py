"""What an image is made of: packages, files and the finishing touches, with the key that names the result."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from live_lab import channel
from live_lab.errors import LabError

RELEASES = ("bookworm", "trixie")
ASSETS = Path(__file__).resolve().parent / "assets" / "image"
MACHINE_ASSETS = ASSETS.parent / "machine"

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

# What virtual machines have beyond any head: the tools of the storage kinds, of bonds and of watchdogs.
MACHINE_PACKAGES = (
    "udev", "ethtool", "ifenslave", "drbd-utils", "cifs-utils", "nfs-common", "lvm2", "sbd",
)  # fmt: skip

# Of a NAS: the kernel has no NFS server, so that one runs as a program.
NAS_PACKAGES = ("samba", "nfs-ganesha", "nfs-ganesha-vfs")

# fork and exec take 50 to 100 ms in a virtual machine: what nobody needs there does not start.
_MACHINE_FINISH = """
set -eu
# Files: {key}
cp -r /mnt/machine/. /
install -D -m 644 /mnt/channel.py /usr/local/lib/lab-channel.py
mkdir -p /usr/lib/modules
cp -r /mnt/{version} /usr/lib/modules/
depmod {version}
# This kernel has no tables for IPv4 in nf_tables.
for tool in iptables ip6tables; do update-alternatives --quiet --set $tool /usr/sbin/$tool-legacy; done
rm -f /etc/systemd/system/run-rpc_pipefs.mount
systemctl --quiet enable systemd-networkd.service lab-channel.service
for unit in sbd drbd; do systemctl --quiet disable $unit.service; done
for unit in getty@tty1 console-getty getty-static serial-getty@ lvm2-monitor blk-availability rpcbind \
    rpc-statd-notify systemd-pstore e2scrub_reap; do
    ln -sf /dev/null /etc/systemd/system/$unit.service
done
ln -sf /dev/null /etc/systemd/system/rpcbind.socket
# Systemd has two units for each of the 64 serial lines that nobody uses, and reads all of its units again before
# Pacemaker starts a service. (To take udev's tag away in a later rule does not do: tags stick.)
sed '/^SUBSYSTEM=="tty"/d' /usr/lib/udev/rules.d/99-systemd.rules >/etc/udev/rules.d/99-systemd.rules
# Each of these starts a process at every daemon-reload.
mkdir -p /etc/systemd/system-generators
for name in systemd-bless-boot systemd-cryptsetup systemd-debug systemd-getty systemd-gpt-auto \\
    systemd-hibernate-resume systemd-integritysetup systemd-rc-local systemd-run systemd-system-update \\
    systemd-veritysetup systemd-tpm2 systemd-ssh systemd-import lvm2-activation nfs-server systemd-sysv; do
    ln -sf /dev/null /etc/systemd/system-generators/$name-generator
done
"""

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
# Packages that bring /var/lock as a directory fail where it is a link to nothing.
mkdir -p /run/lock
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


def machine_files(modules: Path) -> tuple[Path, ...]:
    """What the layer of virtual machines is made of; `modules` are those of their kernel."""
    return (MACHINE_ASSETS, modules, Path(channel.__file__))


def machine_script(version: str) -> str:
    """Makes a container's tree that of a virtual machine with this kernel."""
    files = [path for path in sorted(MACHINE_ASSETS.rglob("*")) if path.is_file()]
    key = digest(*(f"{path.relative_to(MACHINE_ASSETS)}\n{path.read_text()}".encode() for path in files))
    return _MACHINE_FINISH.format(key=key, version=version)


def digest(*parts: bytes) -> str:
    """Short name of a content."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]


def install_packages(packages: tuple[str, ...]) -> str:
    """Script for a layer with more Debian packages, without what they merely recommend."""
    return _INSTALL.format(packages=" ".join(packages))
