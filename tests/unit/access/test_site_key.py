"""The site key: same secret, same authorities, on every server and in every version."""

import base64
import os
from pathlib import Path

import pytest

from live_cluster.access.passphrase import new_passphrase, parse_passphrase
from live_cluster.access.site_key import (
    SiteSecret,
    fingerprint_of,
    openssh_public_bytes,
    secret_from_key_file,
    secret_from_passphrase,
)
from live_cluster.errors import Busy, LiveClusterError, NotReady

SECRET = SiteSecret(bytes(range(32)))


def test_passphrase_gives_the_same_authorities_in_every_version() -> None:
    """Known answer: two versions of this product on two servers must understand each other."""
    secret = secret_from_passphrase(parse_passphrase("aback aback aback aback aback aback alias"))
    assert secret.fingerprint == "c98c-4c61-0b65-042b"


def test_other_passphrase_gives_other_authorities() -> None:
    assert (
        secret_from_passphrase(new_passphrase()).fingerprint
        != secret_from_passphrase(new_passphrase()).fingerprint
    )


def test_host_and_user_authority_differ() -> None:
    assert openssh_public_bytes(SECRET.host_ca) != openssh_public_bytes(SECRET.user_ca)


def test_fingerprint_ignores_the_comment_of_the_public_key() -> None:
    line = openssh_public_bytes(SECRET.host_ca)
    assert fingerprint_of(line) == fingerprint_of(line + b" comment\n") == SECRET.fingerprint
    assert [len(group) for group in SECRET.fingerprint.split("-")] == [4, 4, 4, 4]


def test_seed_is_not_shown_by_repr() -> None:
    assert repr(SECRET) == "SiteSecret()"


def key_file(directory: Path, content: bytes, mode: int = 0o600) -> Path:
    path = directory / "site.key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test run without root belong to root for the code under test."""
    original = Path.stat

    def stat(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        values = list(original(self, follow_symlinks=follow_symlinks))
        values[4] = 0
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", stat)


def test_key_file_is_read_with_or_without_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_root(monkeypatch)
    text = base64.b64encode(bytes(range(32)))
    first = secret_from_key_file(key_file(tmp_path, text))
    assert secret_from_key_file(key_file(tmp_path, text + b"\r\n")) == first
    assert secret_from_key_file(key_file(tmp_path, text[:20] + b"\n" + text[20:])) == first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not base64 at all!",
        base64.b64encode(bytes(31)),
        base64.b64encode(bytes(range(33))),
        base64.b64encode(bytes(32)),
        base64.b64encode(b"ab" * 16),
        os.urandom(32) + b"\xff",
    ],
    ids=["empty", "words", "short", "long", "zeros", "pattern", "raw bytes"],
)
def test_malformed_key_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    as_root(monkeypatch)
    with pytest.raises(NotReady) as raised:
        secret_from_key_file(key_file(tmp_path, content))
    assert raised.value.problems[0].code == "site-key-malformed"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601])
def test_key_file_for_other_eyes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    as_root(monkeypatch)
    with pytest.raises(NotReady) as raised:
        secret_from_key_file(key_file(tmp_path, base64.b64encode(bytes(range(32))), mode))
    assert raised.value.problems[0].code == "site-key-readable"


def test_short_memory_is_told_before_it_hurts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "MemTotal: 500000 kB\nMemAvailable: 100000 kB\n")
    with pytest.raises(LiveClusterError) as raised:
        secret_from_passphrase(parse_passphrase("aback aback aback aback aback aback alias"))
    assert isinstance(raised.value, Busy)
    assert raised.value.problems[0].code == "access-memory-short"
