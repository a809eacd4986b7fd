"""C10: a certificate is judged before it is installed, and all that is wrong is said at once."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from certificate_case import NOW, Made, encrypted, key_of, made
from live_cluster.model.certificate import expiry_of, judge, made_out_to_others

AUTHORITY = made("Test CA", days=(-9, 900), names=())
BETWEEN = made("Test intermediate", days=(-9, 900), names=(), by=AUTHORITY)
GOOD = made(by=BETWEEN)
NAME = "video.example.com"


def codes(chain: bytes, key: bytes = GOOD.key, name: str = NAME) -> list[str]:
    return [one.code for one in judge(chain, key, public_name=name, now=NOW).faults]


def of(one: Made, name: str = NAME) -> list[str]:
    return codes(one.certificate, one.key, name)


def test_a_good_pair() -> None:
    assert codes(GOOD.certificate + BETWEEN.certificate) == []
    assert codes(GOOD.certificate + BETWEEN.certificate + AUTHORITY.certificate) == []
    assert of(made()) == []


@pytest.mark.parametrize(
    ("chain", "shows"),
    [
        (b"", "certificate-not-pem"),
        (b"\x30\x82\x01\x01", "certificate-not-pem"),
        (b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n", "certificate-unreadable"),
        (BETWEEN.certificate + GOOD.certificate, "chain-starts-elsewhere"),
        (GOOD.certificate + AUTHORITY.certificate, "chain-broken"),
        (GOOD.certificate + GOOD.key, "certificate-with-key"),
        (made(by=BETWEEN, private=key_of(-1)).certificate, "key-of-other-certificate"),
    ],
)
def test_a_chain_that_is_no_good(chain: bytes, shows: str) -> None:
    assert shows in codes(chain)


@pytest.mark.parametrize(
    ("key", "shows"),
    [
        (encrypted(GOOD.private), "key-encrypted"),
        (b"\x30\x82", "key-not-pem"),
        (b"-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----\n", "key-unreadable"),
    ],
)
def test_a_key_that_is_no_good(key: bytes, shows: str) -> None:
    assert codes(GOOD.certificate + BETWEEN.certificate, key) == [shows]


@pytest.mark.parametrize(
    ("days", "shows"),
    [
        ((-9, -1), ["certificate-expired"]),
        ((1, 9), ["certificate-not-yet-valid"]),
        ((-9, 29), ["certificate-expires-soon"]),
        ((-9, 31), []),
    ],
)
def test_when_it_is_valid(days: tuple[float, float], shows: list[str]) -> None:
    assert of(made(days=days)) == shows


def test_an_expired_certificate_above_it_is_found_too() -> None:
    old = made("Test intermediate", days=(-9, -1), names=(), by=AUTHORITY)
    assert "certificate-expired" in codes(made(by=old).certificate + old.certificate)


@pytest.mark.parametrize(
    ("names", "public_name", "shows"),
    [
        (("*.example.com",), "video.example.com", []),
        (("*.example.com",), "Video.Example.COM", []),
        (("*.example.com",), "a.video.example.com", ["certificate-for-others"]),
        (("*.example.com",), "example.com", ["certificate-for-others"]),
        (("*.com",), "com", ["certificate-for-others"]),
        (("192.0.2.100", "other.example.com"), "192.0.2.100", []),
        (("other.example.com",), "192.0.2.100", ["certificate-for-others"]),
        ((), "video.example.com", ["certificate-without-names"]),
    ],
)
def test_whose_name_it_has(names: tuple[str, ...], public_name: str, shows: list[str]) -> None:
    assert of(made(names=names), public_name) == shows


def test_a_weak_key_is_only_a_warning() -> None:
    weak = made(private=rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505
    (fault,) = judge(weak.certificate, weak.key, public_name=NAME, now=NOW).faults
    assert (fault.code, fault.mild, fault.about_key) == ("key-weak", True, True)


def test_several_faults_come_together() -> None:
    bad = made("other.example.com", days=(-9, -1))
    assert set(codes(bad.certificate, encrypted(GOOD.private))) == {
        "key-encrypted",
        "certificate-expired",
        "certificate-for-others",
    }


def test_the_chain_ends_with_its_first_certificate_to_end() -> None:
    short = made("Test intermediate", days=(-9, 10), names=(), by=AUTHORITY)
    ends = expiry_of(made(by=short).certificate + short.certificate)
    assert ends is not None
    assert (ends - NOW).days == 10
    assert expiry_of(b"nothing") is None
    assert made_out_to_others(GOOD.certificate, NAME) == ""
    assert made_out_to_others(GOOD.certificate, "a.example.com") == NAME
    assert made_out_to_others(made(names=()).certificate, NAME) == "-"
    assert made_out_to_others(b"no certificate", NAME) == ""
