"""smb.conf(5): the file storage's share at the file-storage address."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.render.firewall import SMB_PORT
from live_cluster.render.ownership import OWNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The one share: its name, its folder, who may use it from where, whose files they become.

    `is_network`: the folder is itself a share, of a NAS.
    """

    name: str
    path: str
    user: str
    file_owner: str
    servers: tuple[IPv4Address, ...]
    is_network: bool = False


def samba_conf(share: Share, *, filestorage_ip: IPv4Address) -> str:
    """The whole file. Samba listens at the file-storage address only: it starts after that address does.

    It looks at the servers' addresses itself, for the product's own firewall rules let everybody in.
    """
    return (
        OWNED
        + f"""\
[global]
    server role = standalone server
    workgroup = WORKGROUP
    interfaces = {filestorage_ip}
    bind interfaces only = yes
    disable netbios = yes
    smb ports = {SMB_PORT}
    map to guest = never
    server min protocol = SMB2_10
    load printers = no
    printcap name = /dev/null
    logging = systemd
    strict sync = yes
    sync always = yes

[{share.name}]
    path = {share.path}
    valid users = {share.user}
    hosts allow = 127.0.0.1 {" ".join(str(one) for one in share.servers)}
    hosts deny = ALL
    force user = {share.file_owner}
    read only = no
    create mask = 0640
    directory mask = 0750
"""
        + (_OF_A_NAS if share.is_network else "")
    )


# What a NAS keeps is bytes and names. Locks: those of SMB clients are between them and this server, the only one
# that serves these files; passed on, they would outlive a server that died. Attributes: a NAS may refuse them,
# and then every new file with them. Free space: Samba's own way asks an NFS server for quotas, and may wait a
# minute for the answer (packaging/live-cluster/share-room).
SHARE_ROOM = "/usr/lib/live-cluster/share-room"
_OF_A_NAS = f"""\
    dfree command = {SHARE_ROOM}
    posix locking = no
    kernel share modes = no
    kernel oplocks = no
    store dos attributes = no
    ea support = no
    map archive = no
    map readonly = no
"""
