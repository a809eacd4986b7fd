"""A NAS as file storage: how its share is mounted, and with which login.

The server may hang or go away. Everything here is chosen so that whoever touches its files then gets an error
after seconds: a mount that waits for ever leaves processes that nobody can end, and a head that cannot give up.
"""

from __future__ import annotations

import hashlib
import hmac

from live_cluster.model.nas import CIFS_PORT, NFS_PORT
from live_cluster.model.profile import FileStorage, Profile
from live_cluster.model.service_secrets import ServiceSecrets
from live_cluster.model.settings import CifsShare, ClusterSettings, NfsExport
from live_cluster.model.share_login import login_text
from live_cluster.probes.share_trial import Trial
from live_cluster.remote.requests import WriteFile
from live_cluster.render.cib_storage import Mount

LOGIN_FOLDER = "/etc/live-cluster"
LOGIN_NAMES = "filestorage-*.credentials"

# soft: an error instead of waiting. After three intervals without an echo the NAS counts as gone (cifs.ko); whoever
# waits longer than ten seconds for it to come back gets an error. nobrl: locks stay on this head, the only one that
# has the share mounted; locks of a head that died would be held against its successor. Names are UTF-8, whatever a
# kernel was built to take for granted (User-mode Linux: iso8859-1).
_CIFS = "iocharset=utf8,soft,echo_interval=5,nobrl,nosuid,nodev"
# One request is repeated after 5 and 10 s and then given up (nfs(5): timeo in tenths of a second); one look into a
# folder is several of them (on a virtual machine it had not ended after 60 s). softerr says ETIMEDOUT, which tells
# a NAS that is away from one that refuses. retry=0: Pacemaker repeats the mount.
_NFS = "softerr,timeo=50,retrans=2,retry=0,nosuid,nodev,noatime"


def share_mount(settings: ClusterSettings, profile: Profile, secrets: ServiceSecrets) -> Mount | None:
    """None for any other kind of storage."""
    kind, files = settings.filestorage, profile.filestorage
    if files is None or not isinstance(kind, CifsShare | NfsExport):
        return None
    login = login_file(settings, secrets)
    options = _options(kind, settings, files)
    if login is not None:
        options += f",credentials={login.path}"
    return Mount(device=share_device(kind), fstype=_fstype(kind), options=options, is_network=True)


def share_trial(settings: ClusterSettings, profile: Profile, node: str) -> Trial | None:
    """The same mount as a question to a head; its login goes along with the question."""
    kind, files = settings.filestorage, profile.filestorage
    if files is None or not isinstance(kind, CifsShare | NfsExport):
        return None
    is_cifs = isinstance(kind, CifsShare)
    credentials = settings.filestorage_credentials
    return Trial(
        node=node,
        fstype=_fstype(kind),
        device=share_device(kind),
        options=_options(kind, settings, files),
        host=kind.host,
        port=CIFS_PORT if is_cifs else NFS_PORT,
        login=login_text(credentials) if is_cifs and credentials else None,
        owner=(files.owner, files.group),
    )


def login_file(settings: ClusterSettings, secrets: ServiceSecrets) -> WriteFile | None:
    """The file with the login; its name follows from its content.

    So a changed password is a changed resource: Pacemaker mounts the share anew, and a run says before what that
    costs. The name is keyed with a secret of this cluster, because the configuration that holds it is readable for
    more accounts than the password.
    """
    credentials = settings.filestorage_credentials
    if not isinstance(settings.filestorage, CifsShare) or credentials is None:
        return None
    text = login_text(credentials)
    key = secrets.smb.reveal().encode()
    digest = hmac.new(key, f"share login {text}".encode(), hashlib.sha256).hexdigest()[:16]
    path = f"{LOGIN_FOLDER}/{LOGIN_NAMES.replace('*', digest)}"
    return WriteFile(path=path, content=text.encode(), mode=0o600)


def share_device(kind: CifsShare | NfsExport) -> str:
    """What mount(8) calls the device."""
    return f"//{kind.host}/{kind.share}" if isinstance(kind, CifsShare) else f"{kind.host}:{kind.export}"


def _fstype(kind: CifsShare | NfsExport) -> str:
    # Version 4 only (4.2, or what of it the NAS knows): version 3 needs two more services on either side, and
    # keeps locks of a head that died.
    return "cifs" if isinstance(kind, CifsShare) else "nfs4"


def _options(kind: CifsShare | NfsExport, settings: ClusterSettings, files: FileStorage) -> str:
    if isinstance(kind, NfsExport):
        return _NFS
    mode = int(files.mode, 8)
    guest = "" if settings.filestorage_credentials else ",guest"
    return (
        f"uid={files.owner},gid={files.group},forceuid,forcegid"
        f",dir_mode=0{mode:o},file_mode=0{mode & 0o666:o},{_CIFS}{guest}"
    )
