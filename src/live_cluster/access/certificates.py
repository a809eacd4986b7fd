"""Certificates of OpenSSH's own kind: who a server is, and who may configure it for the next minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_public_key,
)

from live_cluster.access.site_key import SiteSecret, openssh_public_bytes

# A role, not a user name: a certificate that merely says "root" opens nothing here.
PRINCIPAL = "live-configurator"

# Two servers whose clocks differ by less than this still understand each other.
CLOCK_SKEW_S = 300

PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when and how long, in seconds of the wall clock; the skew is added on both sides as needed."""

    now_s: int
    length_s: int

    @property
    def after_s(self) -> int:
        """Backdated for a peer whose clock is behind."""
        return max(0, self.now_s - CLOCK_SKEW_S)


def host_certificate(
    secret: SiteSecret, host_key: bytes, *, names: Sequence[str], validity: Validity
) -> bytes:
    """Certificate line for one of sshd's host keys (OpenSSH public key line); valid for exactly `names`."""
    if not names:
        # OpenSSH and asyncssh take a certificate without principals as good for every host.
        raise ValueError("a host certificate needs names")
    builder = (
        SSHCertificateBuilder()
        .public_key(_public_key(host_key))
        .serial(0)
        .type(SSHCertificateType.HOST)
        .key_id(f"live-cluster host {names[0]}".encode())
        .valid_principals([name.encode() for name in names])
        .valid_after(validity.after_s)
        .valid_before(validity.now_s + validity.length_s + CLOCK_SKEW_S)
    )
    return builder.sign(secret.host_ca).public_bytes()


def user_certificate(
    secret: SiteSecret,
    key: Ed25519PublicKey,
    *,
    purpose: str,
    validity: Validity,
    source_addresses: Sequence[str] = (),
) -> bytes:
    """Certificate line for the configurator's key; sshd writes `purpose` into the server's journal."""
    builder = (
        SSHCertificateBuilder()
        .public_key(key)
        .serial(0)
        .type(SSHCertificateType.USER)
        .key_id(purpose.encode())
        .valid_principals([PRINCIPAL.encode()])
        .valid_after(validity.after_s)
        .valid_before(validity.now_s + validity.length_s)
    )
    if source_addresses:
        builder = builder.add_critical_option(b"source-address", ",".join(source_addresses).encode())
    return builder.sign(secret.user_ca).public_bytes()


def known_hosts_line(secret: SiteSecret) -> bytes:
    """Trust whatever this installation's host CA signed, and nothing else."""
    return b"@cert-authority * " + openssh_public_bytes(secret.host_ca) + b"\n"


def _public_key(line: bytes) -> PublicKey:
    key = load_ssh_public_key(line)
    if not isinstance(key, PublicKey):
        raise ValueError("not a kind of host key that can be certified")
    return key
