"""The pure parts of the reference application."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from ivcs_server.first_start import STATEMENTS, scram_verifier, settings_text
from ivcs_server.migrations import migrations
from ivcs_server.settings import SettingsProblem, read_settings
from ivcs_server.storage import FileStorage, StorageUnavailable, is_file_name
from ivcs_signalling.sip import reply_to

OPTIONS = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z\r\nf: <sip:a>;tag=1\r\nTo: <sip:b>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nX-Other: 1\r\n\r\n"
)


def test_sip_options_are_answered_with_the_headers_of_the_request() -> None:
    reply = reply_to(OPTIONS)
    assert reply is not None
    assert reply.startswith(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z\r\nf: <sip:a>;tag=1\r\n")
    assert b"X-Other" not in reply
    assert reply.endswith(b"Content-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    "request_line", [b"", b"\r\n\r\n", b"OPTIONS sip:a", b"\xff\xfe a SIP/1.0", b"ACK a SIP/2.0"]
)
def test_what_is_no_sip_request_gets_no_answer(request_line: bytes) -> None:
    assert reply_to(request_line) is None


def test_calls_are_refused() -> None:
    assert (reply_to(OPTIONS.replace(b"OPTIONS sip", b"INVITE sip")) or b"").startswith(b"SIP/2.0 501 ")


def test_drop_ins_override_the_installed_settings(tmp_path: Path) -> None:
    configuration = tmp_path / "server.conf"
    configuration.write_text(settings_text('p%s$ "x"', "scrypt$1$a$b"), "utf-8")
    drop_ins = tmp_path / "server.conf.d"
    drop_ins.mkdir()
    (drop_ins / "50-a.conf").write_text(
        "[database]\nhost = 192.0.2.1\n[filestorage]\nmust_be_mounted = yes\n"
    )
    (drop_ins / "60-b.conf").write_text("[database]\nhost = 192.0.2.2\n")
    (drop_ins / "70-c.saved").write_text("[database]\nhost = 192.0.2.3\n")
    settings = read_settings(configuration)
    assert (settings.database_host, settings.database_password) == ("192.0.2.2", 'p%s$ "x"')
    assert settings.storage_must_be_mounted
    assert settings.admin_password_hash == "scrypt$1$a$b"
    assert "scrypt" not in repr(settings)
    assert "p%s" not in repr(settings)


@pytest.mark.parametrize(
    "text", ["password = secret\n", "[database]\nport = secret\n", "[database]\nsecret\n", "\0"]
)
def test_unusable_settings_are_named_but_not_quoted(tmp_path: Path, text: str) -> None:
    configuration = tmp_path / "server.conf"
    configuration.write_text(text)
    if text == "\0":
        configuration.write_bytes(b"\xff")
    with pytest.raises(SettingsProblem) as caught:
        read_settings(configuration)
    assert str(configuration) in str(caught.value)
    assert "password" not in str(caught.value)


def test_without_files_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "server.conf").database_host == "127.0.0.1"


def test_scram_verifier_proves_the_password() -> None:
    """Checked as PostgreSQL does it: the client's proof, taken back through the stored key (RFC 5802)."""
    verifier = scram_verifier("secret", b"0123456789abcdef")
    method, iterations_and_salt, keys = verifier.split("$")
    iterations, salt = iterations_and_salt.split(":")
    stored_key, server_key = (base64.b64decode(part) for part in keys.split(":"))
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    assert method == "SCRAM-SHA-256"
    assert hashlib.sha256(client_key).digest() == stored_key
    assert hmac.digest(salted, b"Server Key", "sha256") == server_key


def test_statements_hold_no_password() -> None:
    assert "secret" not in STATEMENTS.format(verifier=scram_verifier("secret", b"x" * 16))


def test_migrations_are_numbered_without_gaps() -> None:
    assert list(migrations()) == list(range(1, len(migrations()) + 1))


def test_files_are_replaced_and_listed(tmp_path: Path) -> None:
    storage = FileStorage(path=tmp_path, must_be_mounted=False)
    storage.write("Отчёт 1.txt", b"1")
    storage.write("Отчёт 1.txt", b"2")
    (tmp_path / ".unfinished-x").touch()
    assert storage.read("Отчёт 1.txt") == b"2"
    assert storage.read("none") is None
    assert storage.names() == ["Отчёт 1.txt"]


def test_nothing_is_written_below_an_empty_mount_point(tmp_path: Path) -> None:
    storage = FileStorage(path=tmp_path, must_be_mounted=True)
    with pytest.raises(StorageUnavailable, match="nothing is mounted"):
        storage.write("a", b"1")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_storage_says_so(tmp_path: Path) -> None:
    assert "is not there" in FileStorage(path=tmp_path / "none", must_be_mounted=False).problem()


@pytest.mark.parametrize("name", ["a", "Запись.mp4", "a b-1_2@x+y.txt", "0"])
def test_good_file_names(name: str) -> None:
    assert is_file_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\nb", "a\0", "-x", "x" * 201])
def test_bad_file_names(name: str) -> None:
    assert not is_file_name(name)
