"""Secrets that services share: kept in a file, and compared by what PostgreSQL stores."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_cluster.model.service_secrets import (
    ServiceSecrets,
    generate,
    parse,
    scram_matches,
    scram_verifier,
)
from live_cluster.model.settings import Secret

# The exchange in RFC 7677, section 3: user "user", password "pencil".
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
EXCHANGE = (
    f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={NONCE}"
).encode()
CLIENT_PROOF = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
SERVER_SIGNATURE = base64.b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
VERIFIER = scram_verifier(Secret("pencil"), SALT)


def test_what_is_written_is_read_again() -> None:
    secrets = generate()
    assert parse(secrets.to_toml()) == secrets


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), min_size=1))
def test_passwords_of_an_administrators_own_come_back_unchanged(password: str) -> None:
    secrets = ServiceSecrets(authkey=b"key", replication=Secret(password), smb=Secret(f'"{password}\\'))
    assert parse(secrets.to_toml()) == secrets


def test_new_secrets_are_long_and_never_the_same() -> None:
    first, second = generate(), generate()
    # corosync-keygen(8) writes 256 bytes, too.
    assert len(first.authkey) == 256
    assert len(first.replication.reveal()) >= 32
    values = {
        first.replication.reveal(),
        first.smb.reveal(),
        second.replication.reveal(),
        second.smb.reveal(),
    }
    assert len(values) == 4
    assert first.authkey != second.authkey


@pytest.mark.parametrize(
    "text",
    [
        "",
        "authkey =",
        'authkey = "AAAA"\n',
        'authkey = "not base64!"\nreplication = "a"\nsmb = "b"\n',
        'authkey = "AAAA"\nreplication = "a"\n',
        'authkey = 5\nreplication = "a"\nsmb = "b"\n',
        'authkey = "AAAA"\nreplication = 5\nsmb = "b"\n',
        'authkey = "AAAA"\nreplication = ""\nsmb = "b"\n',
        "\x00\ufffd",
    ],
)
def test_a_damaged_file_holds_no_secrets(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_a_file_that_was_cut_off_holds_no_secrets(length: int) -> None:
    text = ServiceSecrets(authkey=bytes(256), replication=Secret("a" * 32), smb=Secret("b" * 32)).to_toml()
    assert parse(text[:length]) is None


def test_secrets_do_not_show_themselves() -> None:
    secrets = generate()
    shown = f"{secrets} {secrets!r}"
    assert secrets.replication.reveal() not in shown
    assert str(secrets.authkey) not in shown


def test_a_server_with_our_verifier_speaks_as_the_standards_example_does() -> None:
    head, _, keys = VERIFIER.rpartition("$")
    stored, server = (base64.b64decode(key) for key in keys.split(":"))
    assert head == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    assert hmac.digest(server, EXCHANGE, "sha256") == SERVER_SIGNATURE
    signature = hmac.digest(stored, EXCHANGE, "sha256")
    client_key = bytes(one ^ other for one, other in zip(CLIENT_PROOF, signature, strict=True))
    assert hashlib.sha256(client_key).digest() == stored


def test_a_verifier_belongs_to_one_password() -> None:
    assert scram_matches(Secret("pencil"), VERIFIER)
    assert not scram_matches(Secret("Pencil"), VERIFIER)
    fresh = scram_verifier(Secret("pencil"))
    assert fresh != scram_verifier(Secret("pencil"))
    assert scram_matches(Secret("pencil"), fresh)


@pytest.mark.parametrize(
    "verifier",
    [
        "",
        "md5a6343a68d964ca596d9752250d54bb8a",
        "SCRAM-SHA-256$4096",
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==",
        VERIFIER.replace("4096", "10000"),
        VERIFIER.replace("W22Z", "!!!!"),
        VERIFIER[:-4],
    ],
)
def test_anything_else_is_no_verifier_of_ours(verifier: str) -> None:
    assert not scram_matches(Secret("pencil"), verifier)
