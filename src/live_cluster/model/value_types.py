"""Text → typed value, or the code of the sentence that says what is wrong with it.

No function here strips or changes a text: what the administrator wrote is what arrives.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Generic, TypeVar

from live_cluster.messages import Language
from live_cluster.model.fencing import DeviceText, DeviceUnreadable, device_of
from live_cluster.model.settings import Secret, Storage
from live_cluster.model.storage_text import StorageRefused, storage_from

T_co = TypeVar("T_co", covariant=True)

MAX_TEXT = 1024
MAX_PATH = 4096  # PATH_MAX of Linux

# Corosync refuses token_retransmit below 30 ms.
# Above ten minutes nobody would call it high availability.
TOKEN_RANGE_MS = (67, 600_000)
RETRANSMITS_RANGE = (1, 1000)

_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_SIP_URI = re.compile(
    r"sips?:(?:[^\s@<>\"]+@)?(?P<host>[^\s@:;?<>\"]+)(?::(?P<port>[0-9]{1,5}))?(?:[;?][^\s<>\"]*)?"
)


@dataclass(frozen=True, slots=True)
class Words:
    """A short text in both languages, for help and documentation."""

    en: str
    ru: str

    def of(self, language: Language) -> str:
        """The text in one language."""
        return self.ru if language == "ru" else self.en


class BadValue(Exception):
    """The text is not such a value; `code` and `fields` are those of the sentence."""

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType(Generic[T_co]):
    """One kind of value: its placeholder in the help, its parser, and what it is in words."""

    metavar: str
    parse: Callable[[str], T_co]
    wanted: Words


def check_text(text: str, *, limit: int = MAX_TEXT) -> None:
    """Raises BadValue for what no value may be: empty, too long, broken UTF-8, more than one line."""
    if not text:
        raise BadValue("value-empty")
    if len(text) > limit:
        raise BadValue("value-too-long", length=len(text), limit=limit)
    for position, character in enumerate(text, start=1):
        if "\ud800" <= character <= "\udfff":
            raise BadValue("value-not-utf8", position=position)
        # U+2028 and U+2029 end a line for some readers of the files that we write.
        if unicodedata.category(character) in {"Cc", "Zl", "Zp"} and character != "\t":
            raise BadValue("value-control-character", position=position, number=f"U+{ord(character):04X}")


def text_of(text: str) -> str:
    """One line of anything."""
    check_text(text)
    if text.isspace():
        raise BadValue("value-empty")
    return text


def secret_of(text: str) -> Secret:
    """A password: one line of anything, even of spaces."""
    check_text(text)
    return Secret(text)


def flag_of(text: str) -> bool:
    """A switch that is present; the text is of no interest."""
    return bool(text)


def address_of(text: str) -> IPv4Address:
    """An IPv4 address that a server can have."""
    check_text(text)
    if text != text.strip():
        raise BadValue("value-spaces-around")
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise BadValue(_address_fault(text)) from None
    for code, is_so in (
        ("address-broadcast", address == IPv4Address("255.255.255.255")),
        ("address-unspecified", address.packed[0] == 0),
        ("address-loopback", address.is_loopback),
        ("address-multicast", address.is_multicast),
        ("address-reserved", address.is_reserved),
    ):
        if is_so:
            raise BadValue(code)
    return address


def _address_fault(text: str) -> str:
    """The code that names the usual mistakes: a prefix length, leading zeros, IPv6."""
    host, slash, _ = text.partition("/")
    if slash:
        return "address-with-prefix" if _is_address(host) else "not-an-address"
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){3}", text):
        unpadded = ".".join(part.lstrip("0") or "0" for part in text.split("."))
        return "address-leading-zeros" if unpadded != text and _is_address(unpadded) else "not-an-address"
    try:
        IPv6Address(text.strip("[]"))
    except AddressValueError:
        return "not-an-address"
    return "address-ipv6"


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def host_of(text: str) -> str:
    """A DNS name or an IPv4 address, as it was written."""
    check_text(text)
    if text != text.strip():
        raise BadValue("value-spaces-around")
    if _is_address(text) or ":" in text:
        # A colon means IPv6 or a port; the first has a sentence of its own.
        fault = _address_fault(text) if ":" in text else ""
        if fault == "not-an-address":
            raise BadValue("not-a-host")
        address_of(text)
        return text
    if not text.isascii():
        raise BadValue("host-not-ascii", ascii_name=_punycode(text))
    labels = text.split(".")
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadValue("not-a-host")
    if labels[-1].isdigit():
        raise BadValue("not-an-address")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAndPort:
    """A host and, where one was given, its port."""

    host: str
    port: int | None = None


def host_and_port_of(text: str) -> HostAndPort:
    """A host, or host:port."""
    host, colon, port = text.partition(":")
    # More colons are an IPv6 address, which has a sentence of its own.
    if not colon or ":" in port:
        return HostAndPort(host=host_of(text))
    number = number_in(1, 65535)(port)
    return HostAndPort(host=host_of(host), port=number)


def _punycode(name: str) -> str:
    """The name as DNS carries it; a placeholder where it cannot be written so."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return "xn--…"


def number_in(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from `low` to `high`, without sign and leading zeros."""

    def number_of(text: str) -> int:
        check_text(text)
        if not re.fullmatch(r"0|[1-9][0-9]{0,11}", text):
            raise BadValue("not-a-number", low=low, high=high)
        value = int(text)
        if not low <= value <= high:
            raise BadValue("number-out-of-range", low=low, high=high)
        return value

    return number_of


def path_of(text: str) -> Path:
    """The name of a file; whether it is there is for `check_readable` to say."""
    check_text(text, limit=MAX_PATH)
    return Path(text)


def check_readable(path: Path) -> None:
    """Raises BadValue where `path` is not a file with something in it that this process may read."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise BadValue("file-missing") from None
    except OSError as error:
        raise BadValue("file-unreadable", reason=error.strerror or "") from None
    if not stat.S_ISREG(found.st_mode):
        raise BadValue("file-not-regular")
    if not os.access(path, os.R_OK):
        raise BadValue("file-unreadable", reason=os.strerror(13))
    if found.st_size == 0:
        raise BadValue("file-empty")


def content_of(path: Path, *, limit: int) -> bytes:
    """The bytes of a file; BadValue where it cannot be read or holds more than `limit`."""
    check_readable(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise BadValue("file-unreadable", reason=error.strerror or "") from None
    if len(content) > limit:
        raise BadValue("file-too-big", limit_kib=limit // 1024)
    return content


def storage_of(text: str) -> Storage:
    """A block device, a DRBD disk, or the address of a network share."""
    check_text(text, limit=MAX_PATH)
    if text != text.strip():
        raise BadValue("value-spaces-around")
    try:
        return storage_from(text, host_of)
    except StorageRefused as refusal:
        raise BadValue(refusal.code) from None


def sip_uri_of(text: str) -> str:
    """A SIP address such as sip:proxy.example.com:5060, as it was written."""
    check_text(text)
    match = _SIP_URI.fullmatch(text)
    if match is None or (match["port"] and not 0 < int(match["port"]) < 65536):
        raise BadValue("not-a-sip-uri")
    try:
        host_of(match["host"])
    except BadValue:
        raise BadValue("not-a-sip-uri") from None
    return text


def fence_device_of(text: str) -> DeviceText:
    """A fence agent and the words behind it."""
    check_text(text, limit=MAX_PATH)
    try:
        return device_of(text)
    except DeviceUnreadable as fault:
        raise BadValue(fault.code, detail=fault.detail) from None


def watchdog_of(text: str) -> str:
    """The kernel's name of a watchdog: sysfs tells about it under the same name."""
    if not re.fullmatch(r"/dev/watchdog[0-9]*", text):
        raise BadValue("not-a-watchdog")
    return text


def disk_of(text: str) -> str:
    """A block device's path; sbd separates several with a semicolon, and its settings are read by a shell, too."""
    check_text(text, limit=MAX_PATH)
    if not re.fullmatch(r"/dev/[A-Za-z0-9_./:+@=-]+", text) or ".." in text:
        raise BadValue("not-a-disk")
    return text


ADDRESS = ValueType(metavar="IP", parse=address_of, wanted=Words("IPv4 address", "адрес IPv4"))
HOST = ValueType(
    metavar="HOST", parse=host_of, wanted=Words("DNS name or IPv4 address", "имя DNS или адрес IPv4")
)
HOST_AND_PORT = ValueType(
    metavar="HOST[:PORT]",
    parse=host_and_port_of,
    wanted=Words(
        "DNS name or IPv4 address, with or without a port", "имя DNS или адрес IPv4, с портом или без"
    ),
)
STORAGE = ValueType(
    metavar="DEVICE",
    parse=storage_of,
    wanted=Words(
        "/dev/… (block device), drbd:/dev/… (local disks), //host/share, cifs://, smb:// (CIFS), "
        "host:/export, nfs:// (NFS)",
        "/dev/… (блочное устройство), drbd:/dev/… (локальные диски), //host/share, cifs://, smb:// (CIFS), "
        "host:/export, nfs:// (NFS)",
    ),
)
TEXT = ValueType(
    metavar="TEXT",
    parse=text_of,
    wanted=Words(f"text, up to {MAX_TEXT} characters", f"текст, до {MAX_TEXT} символов"),
)
PASSWORD = ValueType(metavar="PASSWORD", parse=secret_of, wanted=Words("password", "пароль"))
PORT = ValueType(metavar="PORT", parse=number_in(1, 65535), wanted=Words("port, 1-65535", "порт, 1-65535"))
FILE = ValueType(metavar="FILE", parse=path_of, wanted=Words("readable file", "файл, доступный для чтения"))
SIP_URI = ValueType(metavar="URI", parse=sip_uri_of, wanted=Words("SIP address", "адрес SIP"))
FENCE_DEVICE = ValueType(
    metavar="'AGENT NAME=VALUE…'",
    parse=fence_device_of,
    wanted=Words(
        "fence agent and its parameters, quoted as in a shell",
        "агент fencing и его параметры, кавычки — как в shell",
    ),
)
WATCHDOG = ValueType(
    metavar="DEVICE",
    parse=watchdog_of,
    wanted=Words("/dev/watchdog, /dev/watchdog1 …", "/dev/watchdog, /dev/watchdog1 …"),
)
DISK = ValueType(
    metavar="DEVICE", parse=disk_of, wanted=Words("/dev/… (block device)", "/dev/… (блочное устройство)")
)
FLAG = ValueType(metavar="", parse=flag_of, wanted=Words("switch", "флаг"))
TOKEN_MS = ValueType(
    metavar="MS",
    parse=number_in(*TOKEN_RANGE_MS),
    wanted=Words(
        "milliseconds, {}-{}".format(*TOKEN_RANGE_MS),
        "миллисекунды, {}-{}".format(*TOKEN_RANGE_MS),
    ),
)
RETRANSMITS = ValueType(
    metavar="N",
    parse=number_in(*RETRANSMITS_RANGE),
    wanted=Words("number, {}-{}".format(*RETRANSMITS_RANGE), "число, {}-{}".format(*RETRANSMITS_RANGE)),
)
