"""What one run of the configurator shows to the servers, and what it demands of them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from live_cluster.access.certificates import Validity, known_hosts_line, user_certificate
from live_cluster.access.site_key import SiteSecret
from live_cluster.remote.ssh import Credentials


def controller_credentials(
    secret: SiteSecret, *, valid_s: int, purpose: str = "configure", source_addresses: Sequence[str] = ()
) -> Credentials:
    """Credentials for logins during the next `valid_s` seconds; a connection made in time stays open.

    The key is made for this run and never written anywhere.
    """
    key = Ed25519PrivateKey.generate()
    certificate = user_certificate(
        secret,
        key.public_key(),
        purpose=f"live-cluster {purpose} from {os.uname().nodename}",
        validity=Validity(now_s=int(time.time()), length_s=valid_s),
        source_addresses=source_addresses,
    )
    return Credentials(
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        certificate=certificate,
        known_hosts=known_hosts_line(secret).decode("ascii"),
    )
