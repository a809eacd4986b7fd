"""The lab's NAS: Samba and NFS-Ganesha on a host of their own, with shares that are open, closed, or read only."""

from __future__ import annotations

from live_lab.host import Host
from live_lab.topology import NAS_ADDRESS
from live_lab.wait import wait_until

# WRITER may write its share; GUEST has an account and no share.
WRITER, GUEST = "recorder", "visitor"
# As people choose them: a comma, an equals sign and a space are what the client's file and options trip over.
PASSWORD = "nas, pass=word 4711"  # noqa: S105 - of a simulator
CIFS = f"//{NAS_ADDRESS}/video"
CIFS_READ_ONLY = f"//{NAS_ADDRESS}/archive"
NFS = f"{NAS_ADDRESS}:/srv/nas/video"
NFS_SQUASHED = f"{NAS_ADDRESS}:/srv/nas/squashed"
# Where the shares lie on the NAS; the kernel can name the files of this file system for a server outside of it.
PLACE = "/srv/nas"
CIFS_FOLDER, NFS_FOLDER = f"{PLACE}/cifs", f"{PLACE}/video"

_SMB_CONF = f"""\
[global]
    server role = standalone server
    map to guest = never
    disable netbios = yes
    smb ports = 445
    load printers = no
    logging = systemd
[video]
    path = {CIFS_FOLDER}
    valid users = {WRITER}
    read only = no
[archive]
    path = {CIFS_FOLDER}
    valid users = {WRITER}
    read only = yes
"""
_EXPORT = """\
EXPORT {{
    Export_Id = {number};
    Path = {path};
    Pseudo = {path};
    Access_Type = RW;
    Squash = {squash};
    Protocols = 4;
    Transports = TCP;
    SecType = sys;
    FSAL {{ Name = VFS; }}
}}
"""
# Grace is how long a server that has started takes no new files, for clients that had some before.
_GANESHA = """\
NFS_CORE_PARAM { Enable_NLM = false; Enable_RQUOTA = false; Protocols = 4; }
NFSv4 { Grace_Period = 5; Lease_Lifetime = 10; Only_Numeric_Owners = true; }
"""
_SET_UP = f"""
set -eu
iptables -I INPUT -p tcp -m multiport --dports 445,2049 -j ACCEPT
mkdir -p {PLACE}
mount -t tmpfs tmpfs {PLACE}
mkdir -p {CIFS_FOLDER} {NFS_FOLDER} {PLACE}/squashed
for user in {WRITER} {GUEST}; do
    useradd --no-create-home --shell /usr/sbin/nologin "$user"
    printf '%s\n%s\n' '{PASSWORD}' '{PASSWORD}' | smbpasswd -s -a "$user"
done
chown {WRITER} {CIFS_FOLDER}
systemctl restart smbd.service nfs-ganesha.service
"""


def serve(host: Host) -> None:
    """Makes a booted host a NAS; its files are gone when its power is."""
    shares = (("video", "No_Root_Squash"), ("squashed", "Root_Squash"))
    exports = (
        _EXPORT.format(number=number, path=f"{PLACE}/{name}", squash=squash)
        for number, (name, squash) in enumerate(shares, start=1)
    )
    host.write("/etc/samba/smb.conf", _SMB_CONF)
    host.write("/etc/ganesha/ganesha.conf", _GANESHA + "".join(exports))
    host.run(("sh", "-c", _SET_UP), timeout_s=300)
    listening = ("sh", "-c", "test $(ss -Htln 'sport = :445 or sport = :2049' | wc -l) -ge 2")
    wait_until(
        lambda: host.run(listening, check=False).returncode == 0, deadline_s=180, what="the NAS serves files"
    )
