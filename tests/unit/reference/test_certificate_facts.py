"""The certificate in use, and the one of a fresh installation."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ivcs_server.certificate import SELF_SIGNED_DAYS, certificate_facts, self_signed
from ivcs_signalling.configuration import Signalling
from ivcs_signalling.serving import Certificate

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_fresh_server_makes_itself_a_usable_certificate(tmp_path: Path) -> None:
    certificate, key = self_signed("ivcs-main-1", NOW)
    facts = certificate_facts(certificate)
    assert (facts.subject, facts.issuer, facts.is_self_signed) == ("CN=ivcs-main-1", "CN=ivcs-main-1", True)
    assert facts.names == ("ivcs-main-1", "localhost", "127.0.0.1")
    assert facts.days_left(NOW) == SELF_SIGNED_DAYS
    assert facts.days_left(facts.not_after + timedelta(hours=1)) == -1
    assert len(facts.sha256) == 95
    (tmp_path / "a.crt").write_bytes(certificate)
    (tmp_path / "a.key").write_bytes(key)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "a.crt", tmp_path / "a.key")


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(ValueError):
        certificate_facts(b"no certificate")


def test_a_bad_new_certificate_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    settings = Signalling(listeners=(), certificate=tmp_path / "a.crt", private_key=tmp_path / "a.key")
    certificate = Certificate(settings)
    certificate.load()
    assert not certificate.is_loaded
    first, other = self_signed("a", NOW), with_rsa_key()
    settings.certificate.write_bytes(first[0])
    settings.private_key.write_bytes(first[1])
    certificate.load()
    assert certificate.is_loaded
    assert shown_by(certificate.context) == first[0]
    settings.certificate.write_bytes(other[0])
    certificate.load()
    assert shown_by(certificate.context) == first[0]
    settings.private_key.write_bytes(other[1])
    certificate.load()
    assert shown_by(certificate.context) == other[0]


def with_rsa_key() -> tuple[bytes, bytes]:
    """Certificate and key of another kind than our own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "b")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), private


def shown_by(server: ssl.SSLContext) -> bytes:
    """The certificate that a client sees; both ends in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    ends = (
        client_context.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    finished: set[int] = set()
    while len(finished) < 2:
        for number, end in enumerate(ends):
            try:
                end.do_handshake()
                finished.add(number)
            except ssl.SSLWantReadError:
                continue
    shown = ends[0].getpeercert(binary_form=True)
    assert shown
    return ssl.DER_cert_to_PEM_cert(shown).encode()
