"""Judging a certificate and its key before they are installed (C10); what is wrong comes all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from live_cluster.model.certificate_record import WARNING_DAYS

_LEAST_RSA_BITS, _LEAST_CURVE_BITS = 2048, 256
_WEAK_HASHES = frozenset(("md5", "sha1"))
_PRIVATE = b"PRIVATE KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong: the code of the sentence, about the certificate or the key; a mild one is only a warning."""

    code: str
    about_key: bool = False
    mild: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pair that was looked at; `expires` is when the first certificate of the chain ends."""

    faults: tuple[Fault, ...]
    expires: datetime | None = None


def judge(chain: bytes, key: bytes, *, public_name: str, now: datetime) -> Judged:
    """Everything that is wrong with the pair, for a server that users call `public_name`."""
    certificates, faults = _certificates(chain)
    private, more = _private_key(key)
    faults += more
    if certificates and private is not None:
        faults += _pair(certificates, private)
    if certificates:
        faults += _order(certificates)
        faults += [fault for one in certificates for fault in _validity(one, now)]
        faults += _names(certificates[0], public_name)
        faults += _strength(certificates[0])
    ends = min((one.not_valid_after_utc for one in certificates), default=None)
    return Judged(faults=tuple(faults), expires=ends)


def expiry_of(chain: bytes) -> datetime | None:
    """When the first certificate of the chain ends; None where this is no certificate."""
    certificates, _ = _certificates(chain)
    return min((one.not_valid_after_utc for one in certificates), default=None)


def made_out_to_others(chain: bytes, public_name: str) -> str:
    """Whose names the certificate has where this is none of them; empty where it is, or it cannot be read."""
    certificates, _ = _certificates(chain)
    found = next(_names(certificates[0], public_name), None) if certificates else None
    return "" if found is None else found.detail or "-"


def _certificates(chain: bytes) -> tuple[list[x509.Certificate], list[Fault]]:
    # The certificate's file is readable for everybody where it is installed.
    faults = [Fault(code="certificate-with-key")] if _PRIVATE in chain else []
    try:
        return x509.load_pem_x509_certificates(chain), faults
    except ValueError:
        code = "certificate-unreadable" if b"-----BEGIN" in chain else "certificate-not-pem"
        return [], [*faults, Fault(code=code)]


def _private_key(key: bytes) -> tuple[PrivateKeyTypes | None, list[Fault]]:
    try:
        return load_pem_private_key(key, password=None), []
    except TypeError:
        return None, [Fault(code="key-encrypted", about_key=True)]
    except ValueError:
        code = "key-unreadable" if b"-----BEGIN" in key else "key-not-pem"
        return None, [Fault(code=code, about_key=True)]


def _pair(certificates: list[x509.Certificate], private: PrivateKeyTypes) -> Iterator[Fault]:
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    keys = [_bytes(one.public_key()) for one in certificates]
    if public == keys[0]:
        return
    code = "chain-starts-elsewhere" if public in keys else "key-of-other-certificate"
    yield Fault(code=code, about_key=code.startswith("key"))


def _bytes(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _order(certificates: list[x509.Certificate]) -> Iterator[Fault]:
    """Each is signed by the next one (RFC 8446, 4.4.2, as clients of earlier versions insist)."""
    for lower, upper in pairwise(certificates):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature):
            yield Fault(code="chain-broken", detail=lower.subject.rfc4514_string())
            return


def _validity(certificate: x509.Certificate, now: datetime) -> Iterator[Fault]:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    name = certificate.subject.rfc4514_string()
    if now < begins:
        yield Fault(code="certificate-not-yet-valid", detail=f"{name}, {begins:%Y-%m-%d %H:%M} UTC")
    elif now >= ends:
        yield Fault(code="certificate-expired", detail=f"{name}, {ends:%Y-%m-%d %H:%M} UTC")
    elif ends - now < timedelta(days=WARNING_DAYS):
        yield Fault(code="certificate-expires-soon", mild=True, detail=f"{name}, {ends:%Y-%m-%d}")


def _names(certificate: x509.Certificate, public_name: str) -> Iterator[Fault]:
    """Clients compare the alternative names only (RFC 9525); a wildcard stands for one label."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        yield Fault(code="certificate-without-names")
        return
    dns = [one.lower() for one in names.get_values_for_type(x509.DNSName)]
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    wanted = public_name.lower()
    found = wanted in addresses if _is_address(wanted) else _matches(wanted, dns)
    if not found:
        yield Fault(code="certificate-for-others", detail=", ".join((*dns, *addresses)) or "-")


def _matches(name: str, patterns: list[str]) -> bool:
    rest = name.partition(".")[2]
    return name in patterns or ("." in rest and f"*.{rest}" in patterns)


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _strength(certificate: x509.Certificate) -> Iterator[Fault]:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        yield Fault(code="key-weak", about_key=True, mild=True, detail=f"RSA {key.key_size}")
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < _LEAST_CURVE_BITS:
        yield Fault(code="key-weak", about_key=True, mild=True, detail=key.curve.name)
    algorithm = certificate.signature_hash_algorithm
    if algorithm is not None and algorithm.name in _WEAK_HASHES:
        yield Fault(code="signature-weak", mild=True, detail=algorithm.name)
