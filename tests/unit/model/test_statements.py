"""The profile's SQL: one statement, named parameters, values that cannot end a string."""

from __future__ import annotations

import pytest

from live_cluster.model.statements import SqlValue, filled, one_statement, parameters_of

ODD = 'it\'s "q" $HOME 100% \\ Кириллица `id` :x $$ ;-- /*'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must be a statement"),
        (" ; ", "must be a statement"),
        ("SELECT 1; DELETE FROM a", "must be one statement"),
        ("SELECT 1;;", "must be one statement"),
        ("SELECT 'a", "must not leave a quote"),
        ('SELECT "a', "must not leave a quote"),
        ("SELECT $$ a", "must not leave a quote"),
        ("SELECT 1 /* a", "must not leave a quote"),
        ("SELECT 1 \\gexec", "a backslash outside of quotes"),
    ],
)
def test_what_is_not_one_statement_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        one_statement(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\nSELECT 1 ;\n", "SELECT 1"),
        ("SELECT ';' -- ;", "SELECT ';' -- ;"),
        ("SELECT 1; -- done", "SELECT 1"),
        ("SELECT $a$ ; \\x ' $a$", "SELECT $a$ ; \\x ' $a$"),
        (r"SELECT E'\'; ' || 'a\'", r"SELECT E'\'; ' || 'a\'"),
    ],
)
def test_quotes_and_comments_may_hold_anything(text: str, kept: str) -> None:
    assert one_statement(text) == kept


def test_only_parameters_are_parameters() -> None:
    statement = (
        "UPDATE a SET b = :b, c = ':no', d = e[1:2], f = g::text, h = :h -- :no\n WHERE $$:no$$ <> \":no\""
    )
    assert parameters_of(statement) == {"b", "h"}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "NULL"),
        (True, "true"),
        (False, "false"),
        (587, "(587)"),
        (b"\x00'", "decode('0027', 'hex')"),
        ("ю'", "convert_from(decode('d18e27', 'hex'), 'UTF8')"),
    ],
)
def test_every_kind_of_value(value: SqlValue, written: str) -> None:
    assert filled("SELECT :v", {"v": value}) == f"SELECT {written}"


def test_no_character_of_a_value_reaches_the_statement() -> None:
    sql = filled("UPDATE a SET b = :b::text WHERE c = 'it''s :b'", {"b": ODD})
    assert ODD.encode().hex() in sql
    assert not any(part in sql for part in ('"q"', "$HOME", "`", "$$", "--", "Кир"))
    assert sql.endswith("::text WHERE c = 'it''s :b'")


def test_an_unknown_parameter_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        filled("SELECT :a", {"b": 1})
