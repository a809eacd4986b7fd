"""Checked values of the fields of a form."""

from __future__ import annotations

from aiohttp.web import FileField
from multidict import MultiMapping

from ivcs_server.administration import SETTINGS

LONGEST_LINE = 1000

Form = MultiMapping[object]

TITLES = {
    **SETTINGS,
    "web_address": "Web address",
    "server_instance_id": "Forced instance id",
    "hostname": "Server",
    "host": "SMS centre (SMSC)",
    "port": "Port",
    "username": "User name",
    "password": "Password",
    "sender": "Sender",
    "sender_address": "Sender",
    "to": "To",
    "address": "Address",
    "name": "Name",
}


class BadForm(Exception):
    """A field cannot be used; the text is for the person who filled it in."""


def one_line(form: Form, name: str, *, is_needed: bool = False) -> str:
    """Text without blanks around it."""
    value = form.get(name, "")
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > LONGEST_LINE or not text.isprintable():
        raise BadForm(f"“{_title(name)}” has to be one line of {LONGEST_LINE} letters at most.")
    if is_needed and not text:
        raise BadForm(f"“{_title(name)}” has to be filled in.")
    return text


def conference_name(form: Form, name: str) -> str:
    """The name of a conference."""
    return one_line(form, name, is_needed=True)


def number(form: Form, name: str) -> int:
    """A number of at most five digits, such as a port."""
    text = one_line(form, name, is_needed=True)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise BadForm(f"“{_title(name)}” has to be a number from 1 to 65535.")
    return int(text)


def checked(form: Form, name: str) -> bool:
    """Whether the box has its mark."""
    return form.get(name) == "on"


def upload(form: Form, name: str, largest: int | None) -> tuple[str, bytes]:
    """Name and content of an uploaded file; the name without folders, which some browsers send."""
    field = form.get(name)
    if not isinstance(field, FileField) or not field.filename:
        raise BadForm("No file was chosen.")
    content = field.file.read()
    if largest is not None and len(content) > largest:
        raise BadForm(f"The file is larger than {largest // 1024} KiB.")
    return field.filename.replace("\\", "/").rpartition("/")[2], content


def _title(name: str) -> str:
    """What stands at the field."""
    return TITLES.get(name, name)
