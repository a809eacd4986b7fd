"""Certificates as OpenSSH's format: who is named, from when until when, signed by which authority."""

import time

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from live_cluster.access.certificates import (
    CLOCK_SKEW_S,
    PRINCIPAL,
    Validity,
    host_certificate,
    known_hosts_line,
    user_certificate,
)
from live_cluster.access.credentials import controller_credentials
from live_cluster.access.site_key import SiteSecret, openssh_public_bytes

SECRET = SiteSecret(bytes(range(32)))
VALIDITY = Validity(now_s=1_800_000_000, length_s=3600)


def loaded(line: bytes) -> SSHCertificate:
    identity = load_ssh_public_identity(line)
    assert isinstance(identity, SSHCertificate)
    identity.verify_cert_signature()
    return identity


def signed_by(certificate: SSHCertificate) -> bytes:
    return certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


@pytest.mark.parametrize(
    "key",
    [
        Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ],
    ids=["ed25519", "ecdsa", "rsa"],
)
def test_host_certificate_names_the_host_for_each_kind_of_key(key) -> None:  # type: ignore[no-untyped-def]
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    certificate = loaded(
        host_certificate(SECRET, public, names=("mcu-1", "10.81.0.1", "fd00::1"), validity=VALIDITY)
    )
    assert certificate.type is SSHCertificateType.HOST
    assert certificate.valid_principals == [b"mcu-1", b"10.81.0.1", b"fd00::1"]
    assert certificate.valid_after == VALIDITY.now_s - CLOCK_SKEW_S
    assert certificate.valid_before == VALIDITY.now_s + 3600 + CLOCK_SKEW_S
    assert signed_by(certificate) == openssh_public_bytes(SECRET.host_ca)


def test_host_certificate_without_names_would_be_good_for_every_host() -> None:
    public = openssh_public_bytes(Ed25519PrivateKey.generate())
    with pytest.raises(ValueError, match="names"):
        host_certificate(SECRET, public, names=(), validity=VALIDITY)


def test_user_certificate_holds_the_role_and_nothing_more() -> None:
    key = Ed25519PrivateKey.generate()
    certificate = loaded(
        user_certificate(
            SECRET, key.public_key(), purpose="live-cluster configure from мцу", validity=VALIDITY
        )
    )
    assert certificate.type is SSHCertificateType.USER
    assert certificate.valid_principals == [PRINCIPAL.encode()]
    assert certificate.key_id.decode() == "live-cluster configure from мцу"
    assert certificate.valid_after == VALIDITY.now_s - 300
    assert certificate.valid_before == VALIDITY.now_s + 3600
    assert certificate.extensions == {}
    assert certificate.critical_options == {}
    assert signed_by(certificate) == openssh_public_bytes(SECRET.user_ca)


def test_user_certificate_can_be_bound_to_addresses() -> None:
    key = Ed25519PrivateKey.generate()
    certificate = loaded(
        user_certificate(
            SECRET,
            key.public_key(),
            purpose="p",
            validity=VALIDITY,
            source_addresses=("10.81.0.1/32", "10.81.1.1/32"),
        )
    )
    assert certificate.critical_options == {b"source-address": b"10.81.0.1/32,10.81.1.1/32"}


def test_known_hosts_trusts_the_host_authority_only() -> None:
    trusted, authorities, *_ = asyncssh.match_known_hosts(
        asyncssh.import_known_hosts(known_hosts_line(SECRET).decode()), "mcu-1", "10.81.0.1", 22
    )
    assert list(trusted) == []
    assert [key.export_public_key("openssh").split()[1] for key in authorities] == [
        openssh_public_bytes(SECRET.host_ca).split()[1]
    ]


def test_credentials_are_usable_by_the_ssh_library_and_fresh_for_each_run() -> None:
    first = controller_credentials(SECRET, valid_s=600)
    second = controller_credentials(SECRET, valid_s=600)
    assert first.private_key != second.private_key
    certificate = loaded(first.certificate)
    assert certificate.key_id.startswith(b"live-cluster configure from ")
    assert abs(certificate.valid_before - time.time() - 600) < 60
    key = asyncssh.import_private_key(first.private_key)
    assert asyncssh.import_certificate(first.certificate).key.public_data == key.public_data
    assert b"PRIVATE" not in repr(first).encode()
