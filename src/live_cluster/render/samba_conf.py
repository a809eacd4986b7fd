"""smb.conf(5): the file storage's share at the file-storage address."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.render.firewall import SMB_PORT
from live_cluster.render.ownership import OWNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The one share: its name, its folder, who may use it from where, whose files they become."""

    name: str
    path: str
    user: str
    file_owner: str
    servers: tuple[IPv4Address, ...]


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
    )
