"""Settings files ⇄ raw values: one flat list, keys spelled like the options (TOML)."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from live_cluster.cli.secret_input import is_open_to_others
from live_cluster.errors import Problem, problem, warning
from live_cluster.model.parameters import PARAMETERS, canonical_name, media_name, parameter_named
from live_cluster.model.raw_settings import Origin, RawSettings, RawValue, Source, shown
from live_cluster.model.subjects.network import MEDIA_NODE
from live_cluster.model.subjects.row import Parameter

STORED_DIRECTORY = Path("/etc/live-cluster")
CLUSTER_FILE = "cluster.toml"
SECRETS_FILE = "secrets.toml"

# A file with a thousand media servers takes 40 KB; more is a mistake in the path (a disk image, a log).
MAX_FILE_BYTES = 1_000_000
MAX_NUMBER = 10**11

_HEADER = """\
# Settings of this cluster. Written by `live-cluster configure` on both head servers after every run.
# To change a setting, run `live-cluster configure` with its option on a head server; what is left out stays.
"""
_SECRETS_HEADER = """\
# Passwords of this cluster, readable by root only. Written by `live-cluster configure` on both head servers.
# To change one, run `live-cluster configure` with its option on a head server; what is left out stays.
"""


def read_stored(directory: Path = STORED_DIRECTORY) -> tuple[RawSettings, tuple[Problem, ...]]:
    """What earlier runs left on this server; nothing where there was none."""
    settings = RawSettings()
    problems: list[Problem] = []
    for name in (CLUSTER_FILE, SECRETS_FILE):
        found, faults = read_settings_file(directory / name, Source.STORED)
        settings = settings.also(found)
        problems += (one for one in faults if one.code != "settings-file-missing")
    return settings, tuple(problems)


def read_settings_file(path: Path, source: Source) -> tuple[RawSettings, tuple[Problem, ...]]:
    """Everything in the file, and everything that is wrong with it."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
            is_open = is_open_to_others(os.fstat(file.fileno()))
    except FileNotFoundError:
        return RawSettings(), (_fault("missing", path),)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the path.
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return RawSettings(), (_fault("unreadable", path, reason=reason),)
    if len(content) > MAX_FILE_BYTES:
        return RawSettings(), (_fault("too-big", path),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return RawSettings(), (_fault("not-utf8", path),)
    settings, problems = parse_settings(text, Origin(source=source, detail=str(path)))
    if is_open and any(_secrets(settings)):
        problems += (warning("settings-file-secret-visible", path=shown(str(path))),)
    return settings, problems


def parse_settings(text: str, origin: Origin) -> tuple[RawSettings, tuple[Problem, ...]]:
    """The same from a text, such as the file of another head server."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # ValueError is TOMLDecodeError's parent: Python itself refuses numbers of more than 4300 digits.
        return RawSettings(), (_syntax_problem(str(error), text, origin.detail),)
    values: list[RawValue] = []
    problems: list[Problem] = []
    for key, value in content.items():
        place: dict[str, Any] = {"path": shown(origin.detail), "line": _line_of(key, text)}
        row = None if canonical_name(key) is None else parameter_named(canonical_name(key) or "")
        if row is None:
            problems.append(_unknown_key(key, value, place))
        elif (spelled := _as_text(row, value)) is None:
            kind = "flag" if row.is_flag else "number" if row.is_number else "type"
            fields = place if row.is_flag else place | {"example": _escaped(row.example)}
            problems.append(problem(f"settings-file-wrong-{kind}", option=key, **fields))
        elif spelled or not row.is_flag:
            values.append(RawValue(name=canonical_name(key) or key, text=spelled, origin=origin))
    return RawSettings(given=tuple(values)), tuple(problems)


def _as_text(row: Parameter[Any], value: object) -> str | None:
    """The text of a TOML value; "" for a switch that is off; None where the kind does not fit."""
    if row.is_flag:
        return {True: "true", False: ""}[value] if isinstance(value, bool) else None
    if isinstance(value, str):
        return value
    if row.is_number and isinstance(value, int) and not isinstance(value, bool):
        # Python refuses to write out more than 4300 digits; such a number is out of every range anyway.
        return str(value) if abs(value) < MAX_NUMBER else str(MAX_NUMBER)
    return None


def _unknown_key(key: str, value: object, place: dict[str, Any]) -> Problem:
    if isinstance(value, dict):
        return problem("settings-file-table", option=shown(key), **place)
    similar = similar_setting(key)
    if similar is None:
        return problem("settings-file-key-unknown", option=shown(key), **place)
    return problem("settings-file-key-unknown-similar", option=shown(key), similar=similar, **place)


def similar_setting(name: str) -> str | None:
    """The setting that was probably meant; for a media server, the one with the first number in `name`."""
    normal = name.lower().replace("_", "-")
    if canonical_name(normal) is not None:
        return canonical_name(normal)
    number = re.search(r"^media.*?([1-9][0-9]{0,3})", normal)
    if number:
        return media_name(int(number[1]))
    known = [media_name(1) if row is MEDIA_NODE else row.name for row in PARAMETERS]
    return next(iter(get_close_matches(normal, known, n=1, cutoff=0.7)), None)


def _fault(kind: str, path: Path, **fields: str) -> Problem:
    return problem(f"settings-file-{kind}", path=shown(str(path)), **fields)


def _syntax_problem(reason: str, text: str, path: str) -> Problem:
    """The line and column that tomllib names; its words never quote more than one character of the file."""
    position = re.search(r"\(at line (\d+), column (\d+)\)", reason)
    # Without a position the fault is at the end: an open quote or bracket.
    line, column = (int(position[1]), int(position[2])) if position else (text.count("\n") + 1, 1)
    detail = re.sub(r"\s*\(at .*\)", "", reason)
    return problem("settings-file-syntax", path=shown(path), line=line, column=column, detail=shown(detail))


def _line_of(key: str, text: str) -> int:
    """Where the key stands; tomllib tells no positions of what is right. 1 where it is spelled oddly."""
    start = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}\b")
    numbers = (number for number, line in enumerate(text.split("\n"), start=1) if start.match(line))
    return next(numbers, 1)


def cluster_toml(raw: RawSettings) -> str:
    """The effective settings without passwords, in the order of the table."""
    lines = [_HEADER]
    section = None
    for value in raw.effective().values():
        row = parameter_named(value.name)
        if row is None or row.is_secret:
            continue
        if row.section is not section:
            section = row.section
            lines.append(f"\n# {section.value.en}\n")
        lines.append(_line(row, value))
    return "".join(lines)


def secrets_toml(raw: RawSettings) -> str:
    """The effective passwords, for a file that root alone can read."""
    lines = [_line(row, value) for row, value in _secrets(raw)]
    return "".join([_SECRETS_HEADER, "\n" if lines else "", *lines])


def _secrets(raw: RawSettings) -> Iterator[tuple[Parameter[Any], RawValue]]:
    for value in raw.effective().values():
        row = parameter_named(value.name)
        if row is not None and row.is_secret:
            yield row, value


def _line(row: Parameter[Any], value: RawValue) -> str:
    if row.is_flag:
        return f"{value.name} = true\n"
    if row.is_number and re.fullmatch(r"0|[1-9][0-9]{0,17}", value.text):
        return f"{value.name} = {value.text}\n"
    return f'{value.name} = "{_escaped(value.text)}"\n'


def _escaped(text: str) -> str:
    """The inside of a TOML string: JSON's escapes are a part of TOML's, but DEL needs one too."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")
