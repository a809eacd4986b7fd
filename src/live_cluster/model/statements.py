"""SQL statements of the profile: named parameters (`:name`) and the values that take their places.

A value becomes part of a statement only as hexadecimal digits inside of an expression of ours, so no character of
it can end a string, whatever the server's settings about quoting are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

# A secret is a text here: it goes to the server's standard input and nowhere else.
SqlValue: TypeAlias = str | int | bool | bytes | None

# What PostgreSQL's own lexer takes for one thing (documentation, "Lexical Structure").
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
      | (?P<identifier>"(?:[^"]|"")*")
      | (?P<dollar>\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$)
      | (?P<cast>::|:=)
      | (?P<parameter>:[a-z_][a-z0-9_]*)
      | (?P<open>['"]|/\*|\$\w*\$)
      | (?P<end>;)
      | (?P<backslash>\\)
      | (?P<other>\w+|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def one_statement(text: str) -> str:
    """The statement without its semicolon; ValueError where it is not exactly one, or speaks to psql."""
    words, ended_at = 0, -1
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "tag":
            kind = "dollar"
        if kind == "comment" or token[0].isspace():
            continue
        if kind == "open":
            raise ValueError("must not leave a quote or a comment open")
        if kind == "backslash":
            raise ValueError("must be SQL; a backslash outside of quotes is a command to psql")
        if ended_at >= 0:
            raise ValueError("must be one statement")
        if kind == "end":
            ended_at = token.start()
        words += 1
    if words < 2:
        raise ValueError("must be a statement")
    return (text if ended_at < 0 else text[:ended_at]).strip()


def parameters_of(statement: str) -> frozenset[str]:
    """Names of the parameters that the statement uses."""
    return frozenset(token[0][1:] for token in _parameters(statement))


def filled(statement: str, values: Mapping[str, SqlValue]) -> str:
    """The statement with a value in the place of each parameter; KeyError for an unknown one."""
    parts, position = [], 0
    for token in _parameters(statement):
        parts += [statement[position : token.start()], _expression(values[token[0][1:]])]
        position = token.end()
    return "".join((*parts, statement[position:]))


def _parameters(statement: str) -> Iterator[re.Match[str]]:
    return (token for token in _TOKEN.finditer(statement) if token.lastgroup == "parameter")


def _expression(value: SqlValue) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int():
            return f"({value})"
        case bytes():
            return f"decode('{value.hex()}', 'hex')"
        case str():
            return f"convert_from(decode('{value.encode().hex()}', 'hex'), 'UTF8')"
