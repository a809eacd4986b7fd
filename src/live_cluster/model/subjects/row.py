"""What a row of the table of settings says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from live_cluster.model.value_types import FLAG, PASSWORD, PORT, RETRANSMITS, TOKEN_MS, ValueType, Words

T_co = TypeVar("T_co", covariant=True)


class Section(Enum):
    """Headings of the help, the settings file and the documentation, in this order."""

    HEADS = Words("Head servers", "Головные серверы")
    ADDRESSES = Words("Floating addresses", "Плавающие адреса")
    STORAGE = Words("File storage", "Файловое хранилище")
    ARBITER = Words("Arbiter", "Арбитр")
    MEDIA = Words("Media servers", "Медиасерверы")
    TIMING = Words("Switch-over timing", "Таймауты переключения")
    FENCING = Words("Fencing", "Fencing (отключение питания отказавшего сервера)")
    LICENSE = Words("License", "Лицензия")
    CERTIFICATE = Words("Certificate", "Сертификат")
    MAIL = Words("Mail", "Почта")
    SMS = Words("SMS", "SMS")
    CALLS = Words("Outgoing calls", "Исходящие звонки")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Generic[T_co]):
    """One row of the table."""

    name: str
    section: Section
    value_type: ValueType[T_co]
    help: Words
    example: str
    default: str = ""
    is_mandatory: bool = False
    hidden_spellings: tuple[str, ...] = ()

    @property
    def is_secret(self) -> bool:
        """Passwords may come from a file or the environment, and are kept apart."""
        return self.value_type is PASSWORD

    @property
    def is_flag(self) -> bool:
        """A switch takes no value."""
        return self.value_type is FLAG

    @property
    def is_number(self) -> bool:
        """Numbers may stand in a settings file without quotes."""
        return self.value_type in (PORT, TOKEN_MS, RETRANSMITS)

    @property
    def environment_variable(self) -> str:
        """Where a secret may come from."""
        return "LIVE_CLUSTER_" + self.name.upper().replace("-", "_")

    @property
    def file_option(self) -> str:
        """The option that names a file with the secret in it."""
        return f"{self.name}-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service with a switch of its own: `disable` turns off what `members` set; `key` turns it on again."""

    disable: Parameter[bool]
    key: Parameter[Any]
    members: tuple[str, ...]
