"""Certificates for tests: an authority, certificates of it, and what is wrong with some of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, kw_only=True)
class Made:
    """A certificate and its key in PEM."""

    certificate: bytes
    key: bytes
    private: Key
    name: str


@cache
def key_of(number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def made(
    name: str = "video.example.com",
    *,
    names: tuple[str, ...] | None = None,
    days: tuple[float, float] = (-1, 300),
    by: Made | None = None,
    private: Key | None = None,
) -> Made:
    """A certificate valid from and until so many days from now; signed by `by`, or by itself."""
    own = private or key_of(hash(name))
    builder = _builder(name, by.name if by else name, own, days)
    listed = (name,) if names is None else names
    if listed:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(one) for one in listed]), False)
    return _signed(name, builder, own, by.private if by else own)


def authority(name: str) -> Made:
    """What clients that trust it accept as the root of others."""
    own = key_of(hash(name))
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    return _signed(name, _builder(name, name, own, (-9, 900)).add_extension(constraints, True), own, own)


def _builder(name: str, issuer: str, own: Key, days: tuple[float, float]) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )


def _signed(name: str, builder: x509.CertificateBuilder, own: Key, by: Key) -> Made:
    certificate = builder.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM)
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Made(certificate=certificate, key=key, private=own, name=name)


def _name(text: str) -> x509.GeneralName:
    return x509.IPAddress(IPv4Address(text)) if text[0].isdigit() else x509.DNSName(text)


def encrypted(private: Key) -> bytes:
    """The key under a passphrase."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
