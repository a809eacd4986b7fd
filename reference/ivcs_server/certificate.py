"""The TLS certificate in use, and the self-signed one of a fresh installation."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

IN_USE = Path("/etc/nginx/ssl/ivcs.crt")
SELF_SIGNED_DAYS = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What an administrator wants to know of a certificate."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str

    @property
    def is_self_signed(self) -> bool:
        """Whether nobody else vouches for it."""
        return self.subject == self.issuer

    def days_left(self, now: datetime) -> int:
        """Whole days until it expires; negative afterwards."""
        return (self.not_after - now).days


def certificate_facts(pem: bytes) -> CertificateFacts:
    """Facts of the first certificate of the text; ValueError if there is none."""
    # 0.1 s that no start of the service has to wait for.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    certificate = x509.load_pem_x509_certificate(pem)
    return CertificateFacts(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        names=_names(certificate),
        not_before=_moment(certificate, "not_valid_before"),
        not_after=_moment(certificate, "not_valid_after"),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def self_signed(host_name: str, now: datetime) -> tuple[bytes, bytes]:
    """Certificate and unencrypted key, both PEM, for a server that has no real one yet."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host_name)])
    names = [
        x509.DNSName(host_name),
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=SELF_SIGNED_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return (*extension.value.get_values_for_type(x509.DNSName), *(str(address) for address in addresses))


def _moment(certificate: x509.Certificate, name: str) -> datetime:
    # Debian 12 has cryptography 38, which knows only the forms without a time zone, and means UTC.
    aware = getattr(certificate, f"{name}_utc", None)
    moment: datetime = aware or getattr(certificate, name).replace(tzinfo=UTC)
    return moment
