"""What the heads show the arbiter: a certificate of an authority made for this cluster alone, and its key.

Everything is made where `configure` runs and travels over its connections: the arbiter signs nothing and no server
logs in to another one. The authority's own key is thrown away.
"""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from live_cluster.model.service_secrets import BUNDLE_PHRASE, CERTIFICATE_NICKNAME, ArbiterIdentity

KEY_BITS = 3072
# As long as those that corosync-qnetd-certutil(8) makes. The clock of a fresh server may be wrong by years.
NOT_BEFORE = datetime.datetime(2020, 1, 1)  # noqa: DTZ001
NOT_AFTER = datetime.datetime(2120, 1, 1)  # noqa: DTZ001


def new_identity(cluster_name: str) -> ArbiterIdentity:
    """A fresh key with its certificate; corosync-qnetd compares the name in it with the cluster's."""
    authority_name = f"{cluster_name} heads"
    authority_key = _key()
    key = _key()
    authority = _certificate(authority_name, authority_name, authority_key, authority_key, is_authority=True)
    own = _certificate(cluster_name, authority_name, key, authority_key, is_authority=False)
    bundle = pkcs12.serialize_key_and_certificates(
        CERTIFICATE_NICKNAME.encode(), key, own, None, BestAvailableEncryption(BUNDLE_PHRASE)
    )
    return ArbiterIdentity(
        authority=authority.public_bytes(Encoding.PEM).decode(),
        certificate=own.public_bytes(Encoding.PEM).decode(),
        bundle=bundle,
    )


def _key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _certificate(
    subject: str, issuer: str, key: RSAPrivateKey, signer: RSAPrivateKey, *, is_authority: bool
) -> x509.Certificate:
    constraints = x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .add_extension(constraints, critical=True)
    )
    return builder.sign(signer, SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
