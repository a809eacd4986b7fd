"""Log-in: passwords, signed sessions that are good on both heads, messages, form fields."""

import pytest
from multidict import MultiDict

from ivcs_server.form_values import BadForm, checked, number, one_line, upload
from ivcs_server.passwords import fingerprint, is_password, password_hash
from ivcs_server.sessions import Seals

STORED = password_hash("correct horse", b"0123456789abcdef")


def test_only_the_password_fits() -> None:
    assert is_password("correct horse", STORED)
    assert not is_password("correct hors", STORED)
    assert "correct" not in STORED


@pytest.mark.parametrize("stored", ["", "x", "scrypt$16384$?$?", "scrypt$x$YQ==$YQ==", "md5$16384$YQ==$YQ=="])
def test_a_damaged_hash_fits_nothing(stored: str) -> None:
    assert not is_password("", stored)
    assert not is_password("correct horse", stored)


def test_a_session_made_on_one_head_is_good_on_the_other() -> None:
    session = Seals("the key in the database").session(
        Seals("the key in the database").new_session("a", STORED)
    )
    assert session is not None
    assert session.name == "a"
    assert session.is_of(STORED)


def test_a_session_ends_with_its_password() -> None:
    session = Seals("key").session(Seals("key").new_session("a", STORED))
    assert session is not None
    assert not session.is_of(password_hash("another one"))
    assert not session.is_of(None)
    assert session.password == fingerprint(STORED)


@pytest.mark.parametrize("cookie", ["", "x", "WyJhIl0.aaaa.bbbb"])
def test_what_we_did_not_sign_is_no_session(cookie: str) -> None:
    assert Seals("key").session(cookie) is None


def test_a_session_of_another_installation_is_refused() -> None:
    assert Seals("key").session(Seals("other").new_session("a", STORED)) is None


def test_each_session_has_a_form_token_of_its_own() -> None:
    seals = Seals("key")
    first, second = (seals.session(seals.new_session("a", STORED)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.form_token != second.form_token


def test_messages_cannot_be_made_by_others_nor_used_as_sessions() -> None:
    seals = Seals("key")
    sealed = seals.message("Сохранено <b>", is_good=True)
    assert seals.read_message(sealed) == ("Сохранено <b>", True)
    assert seals.session(sealed) is None
    assert seals.read_message(sealed[:-2] + "xx") is None


def test_fields_are_checked() -> None:
    fields = {"a": "  x y ", "b": "a\nb", "port": "5061", "box": "on", "long": "x" * 1001}
    form = MultiDict[object](fields)
    assert one_line(form, "a") == "x y"
    assert one_line(form, "none") == ""
    assert number(form, "port") == 5061
    assert checked(form, "box")
    assert not checked(form, "none")
    for name in ("b", "long"):
        with pytest.raises(BadForm, match=name):
            one_line(form, name)


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "１", "1e3"])
def test_bad_numbers(text: str) -> None:
    with pytest.raises(BadForm):
        number(MultiDict[object]({"port": text}), "port")


def test_a_missing_upload_says_so() -> None:
    with pytest.raises(BadForm, match="No file"):
        upload(MultiDict[object]({"file": ""}), "file", None)
