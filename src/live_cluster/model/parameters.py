"""THE table: every setting of `configure`, one row each.

Options, file keys, help, documentation and the rules are all made of these rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from typing import Any, Generic, TypeVar

from live_cluster.model.value_types import (
    ADDRESS,
    FENCE_DEVICE,
    FILE,
    FLAG,
    HOST,
    PASSWORD,
    PORT,
    RETRANSMITS,
    SIP_URI,
    STORAGE,
    TEXT,
    TOKEN_MS,
    ValueType,
    Words,
)

T_co = TypeVar("T_co", covariant=True)

DEFAULT_TOKEN_MS = 3000
DEFAULT_RETRANSMITS = 10


class Section(Enum):
    """Headings of the help, the settings file and the documentation, in this order."""

    HEADS = Words("Head servers", "Головные серверы")
    ADDRESSES = Words("Floating addresses", "Плавающие адреса")
    STORAGE = Words("File storage", "Файловое хранилище")
    ARBITER = Words("Arbiter", "Арбитр")
    MEDIA = Words("Media servers", "Медиасерверы")
    TIMING = Words("Switch-over timing", "Таймауты переключения")
    FENCING = Words("Fencing", "Отключение питания отказавшего сервера (fencing)")
    LICENSE = Words("License", "Лицензия")
    CERTIFICATE = Words("Certificate", "Сертификат")
    MAIL = Words("Mail", "Почта")
    SMS = Words("SMS", "SMS")
    CALLS = Words("Outgoing calls", "Исходящие звонки")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Generic[T_co]):
    """One row; `is_delivered` is False where this version checks the value but cannot apply it yet."""

    name: str
    section: Section
    value_type: ValueType[T_co]
    help: Words
    example: str
    default: str = ""
    is_mandatory: bool = False
    is_delivered: bool = True
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


HEAD_1 = Parameter(
    name="head-node-1-ip",
    section=Section.HEADS,
    value_type=ADDRESS,
    help=Words("Address of the first head server.", "IP-адрес первого головного сервера."),
    example="192.0.2.1",
    is_mandatory=True,
)
HEAD_1_SECONDARY = Parameter(
    name="head-node-1-secondary-ip",
    section=Section.HEADS,
    value_type=ADDRESS,
    help=Words(
        "Second address of the first head server, in the private network between the heads (second ring of"
        " the cluster, database replication). Both heads have one or neither does.",
        "Второй IP-адрес первого головного сервера, в отдельной сети между головными серверами (второе кольцо"
        " кластера, репликация базы данных). Указывается для обоих серверов или ни для одного.",
    ),
    example="198.51.100.1",
)
HEAD_2 = Parameter(
    name="head-node-2-ip",
    section=Section.HEADS,
    value_type=ADDRESS,
    help=Words("Address of the second head server.", "IP-адрес второго головного сервера."),
    example="192.0.2.2",
    is_mandatory=True,
)
HEAD_2_SECONDARY = Parameter(
    name="head-node-2-secondary-ip",
    section=Section.HEADS,
    value_type=ADDRESS,
    help=Words(
        "Second address of the second head server, in the private network between the heads.",
        "Второй IP-адрес второго головного сервера, в отдельной сети между головными серверами.",
    ),
    example="198.51.100.2",
)
PUBLIC_IP = Parameter(
    name="public-ip",
    section=Section.ADDRESSES,
    value_type=ADDRESS,
    help=Words(
        "Floating address of the web interface and of SIP and H.323 signalling.",
        "Плавающий IP-адрес, по которому доступны веб-интерфейс и сигнализация SIP/H.323.",
    ),
    example="192.0.2.100",
    is_mandatory=True,
)
PUBLIC_FQDN = Parameter(
    name="public-fqdn",
    section=Section.ADDRESSES,
    value_type=HOST,
    help=Words(
        "DNS name of the web interface.",
        "Полное доменное имя (FQDN), по которому доступен веб-интерфейс.",
    ),
    example="video.example.com",
    default="public-ip",
)
DATABASE_IP = Parameter(
    name="database-ip",
    section=Section.ADDRESSES,
    value_type=ADDRESS,
    help=Words(
        "Floating address of the database: always at the head where the database is primary.",
        "Плавающий IP-адрес базы данных: всегда у того сервера, где база данных основная.",
    ),
    example="192.0.2.102",
    is_mandatory=True,
)
FILESTORAGE_IP = Parameter(
    name="filestorage-ip",
    section=Section.ADDRESSES,
    value_type=ADDRESS,
    help=Words(
        "Floating address of the internal file storage.",
        "Плавающий IP-адрес внутреннего файлового хранилища.",
    ),
    example="192.0.2.101",
    is_mandatory=True,
)
FILESTORAGE_DEVICE = Parameter(
    name="filestorage-device",
    section=Section.STORAGE,
    value_type=STORAGE,
    help=Words(
        "Block device of the SAN under the same path on both heads, with ext4 on it. (A network share or DRBD"
        " is recognised, but this version cannot connect it yet.)",
        "Блочное устройство SAN, доступное на обоих головных серверах по одному пути, с файловой системой"
        " ext4. (Сетевое хранилище и DRBD распознаются, но эта версия их ещё не подключает.)",
    ),
    example="/dev/mapper/filestorage",
)
FILESTORAGE_USERNAME = Parameter(
    name="filestorage-username",
    section=Section.STORAGE,
    value_type=TEXT,
    help=Words(
        "User name for a network share that asks for one.",
        "Имя пользователя сетевого хранилища, если оно требует авторизации.",
    ),
    example="ivcs",
    is_delivered=False,
)
FILESTORAGE_PASSWORD = Parameter(
    name="filestorage-password",
    section=Section.STORAGE,
    value_type=PASSWORD,
    help=Words("Password of that user.", "Пароль этого пользователя."),
    example="a password with spaces",
    is_delivered=False,
)
ARBITER_IP = Parameter(
    name="arbiter-ip",
    section=Section.ARBITER,
    value_type=ADDRESS,
    help=Words(
        "Server with the third vote, which decides who goes on when the heads do not see each other: one of the"
        " media servers, or a server of its own. It needs the package corosync-qnetd and is unlocked like the"
        " others.",
        "Сервер с третьим голосом: он решает, кто продолжает работу, когда головные серверы не видят друг друга."
        " Один из медиасерверов или отдельный сервер. На нём нужен пакет corosync-qnetd; доступ открывается, как"
        " и на остальных.",
    ),
    example="192.0.2.11",
)
NO_ARBITER = Parameter(
    name="no-arbiter",
    section=Section.ARBITER,
    value_type=FLAG,
    help=Words("Do without the arbiter again.", "Отказаться от ранее заданного арбитра."),
    example="true",
)
LICENSE_SERVER_INSTANCE_ID = Parameter(
    name="license-server-instance-id",
    section=Section.LICENSE,
    value_type=TEXT,
    help=Words(
        "Server instance id from the license file; the server is made to use it.",
        "Server instance id из файла лицензии; будет принудительно установлен на сервере.",
    ),
    example="7d2f0c52-6f0e-4b7e-9a55-3f1f0a6f4c1b",
    is_delivered=False,
)
LICENSE_FILE = Parameter(
    name="license-file",
    section=Section.LICENSE,
    value_type=FILE,
    help=Words("File with the license.", "Путь к файлу лицензии."),
    example="/root/license file.lic",
    is_delivered=False,
)
MAIL_HOSTNAME = Parameter(
    name="external-mail-server-hostname",
    section=Section.MAIL,
    value_type=HOST,
    help=Words("The external mail server.", "Адрес внешнего почтового сервера."),
    example="mail.example.com",
    is_delivered=False,
)
MAIL_USERNAME = Parameter(
    name="external-mail-server-username",
    section=Section.MAIL,
    value_type=TEXT,
    help=Words("User name at the mail server.", "Имя пользователя на почтовом сервере."),
    example="ivcs@example.com",
    is_delivered=False,
)
MAIL_PASSWORD = Parameter(
    name="external-mail-server-password",
    section=Section.MAIL,
    value_type=PASSWORD,
    help=Words("Password of that user.", "Пароль этого пользователя."),
    example='it\'s "quoted" $HOME 100%',
    is_delivered=False,
)
MAIL_DISABLE = Parameter(
    name="external-mail-disable",
    section=Section.MAIL,
    value_type=FLAG,
    help=Words(
        "Turn the external mail server off again.",
        "Отключить ранее включённую отправку почты через внешний сервер.",
    ),
    example="true",
    is_delivered=False,
)
SMSC_HOST = Parameter(
    name="smsc-host",
    section=Section.SMS,
    value_type=HOST,
    help=Words("The gateway that sends SMS (SMPP).", "Адрес шлюза SMSC."),
    example="smsc.example.com",
    is_delivered=False,
)
SMSC_PORT = Parameter(
    name="smsc-port",
    section=Section.SMS,
    value_type=PORT,
    help=Words("Port of the gateway.", "Порт шлюза SMSC."),
    example="2775",
    is_delivered=False,
)
SMSC_USERNAME = Parameter(
    name="smsc-username",
    section=Section.SMS,
    value_type=TEXT,
    help=Words("User name at the gateway.", "Имя пользователя на шлюзе SMSC."),
    example="ivcs",
    is_delivered=False,
)
SMSC_PASSWORD = Parameter(
    name="smsc-password",
    section=Section.SMS,
    value_type=PASSWORD,
    help=Words("Password of that user.", "Пароль этого пользователя."),
    example="пароль \\ с обратной чертой",
    is_delivered=False,
)
SMSC_SENDER = Parameter(
    name="smsc-sender-address",
    section=Section.SMS,
    value_type=TEXT,
    help=Words("Sender of the outgoing SMS.", "Адрес отправителя в исходящих SMS."),
    example="Видеосвязь IVCS",
    is_delivered=False,
    hidden_spellings=("smcsc-sender-address",),
)
SMSC_DISABLE = Parameter(
    name="smsc-disable",
    section=Section.SMS,
    value_type=FLAG,
    help=Words("Turn SMS off again.", "Отключить ранее включённую отправку SMS."),
    example="true",
    is_delivered=False,
    hidden_spellings=("smc-disable",),
)
CERTIFICATE_FILE = Parameter(
    name="ssl-certificate-file",
    section=Section.CERTIFICATE,
    value_type=FILE,
    help=Words("File with the certificate.", "Путь к файлу SSL-сертификата."),
    example="/root/video.example.com.crt",
    is_delivered=False,
)
PRIVATE_KEY_FILE = Parameter(
    name="ssl-private-key-file",
    section=Section.CERTIFICATE,
    value_type=FILE,
    help=Words("File with its private key.", "Путь к файлу приватного ключа этого сертификата."),
    example="/root/video.example.com.key",
    is_delivered=False,
)
OUTGOING_SIP_PROXY = Parameter(
    name="outgoing-sip-proxy",
    section=Section.CALLS,
    value_type=SIP_URI,
    help=Words("SIP proxy for outgoing calls.", "Адрес SIP-прокси для исходящих звонков."),
    example="sip:proxy.example.com:5060",
    default="sip:${public-fqdn}:5060",
    is_delivered=False,
)
SIP_FROM_HEADER = Parameter(
    name="default-sip-from-header",
    section=Section.CALLS,
    value_type=TEXT,
    help=Words(
        "Header `From` of outgoing SIP calls.",
        "Значение заголовка `From` исходящих звонков SIP.",
    ),
    example='"Переговоры №<CONFERENCE_ID>" <sip:<CONFERENCE_ID>@video.example.com>',
    default='"IVCS #<CONFERENCE_ID>" <sip:<CONFERENCE_ID>@${public-fqdn}>',
    is_delivered=False,
)
H323_FROM_HEADER = Parameter(
    name="default-h323-from-header",
    section=Section.CALLS,
    value_type=TEXT,
    help=Words(
        "Header `From` of outgoing H.323 calls.",
        "Значение заголовка `From` исходящих звонков H.323.",
    ),
    example='"Переговоры №<CONFERENCE_ID>" <h323:<CONFERENCE_ID>@video.example.com>',
    default='"IVCS #<CONFERENCE_ID>" <h323:<CONFERENCE_ID>@${public-fqdn}>',
    is_delivered=False,
)
TOKEN = Parameter(
    name="token",
    section=Section.TIMING,
    value_type=TOKEN_MS,
    help=Words(
        "Corosync's token, in milliseconds: how long a silent server counts as alive.",
        "Параметр token службы Corosync, в миллисекундах: сколько молчащий сервер считается работающим.",
    ),
    example="3000",
    default=str(DEFAULT_TOKEN_MS),
)
TOKEN_RETRANSMITS = Parameter(
    name="token-retransmits",
    section=Section.TIMING,
    value_type=RETRANSMITS,
    help=Words(
        "Corosync's token_retransmits_before_loss_const; token/(this+0.2) must be over 30 ms.",
        "Параметр token_retransmits_before_loss_const службы Corosync; token/(значение+0,2) должно быть"
        " больше 30 мс.",
    ),
    example="10",
    default=str(DEFAULT_RETRANSMITS),
)
HEAD_1_FENCING = Parameter(
    name="head-node-1-fencing",
    section=Section.FENCING,
    value_type=FENCE_DEVICE,
    help=Words(
        "What cuts the power of the first head server when it is lost: a fence agent and its parameters, in"
        " one pair of quotes. Both heads have one or neither does.",
        "Чем отключать питание первого головного сервера, когда связь с ним потеряна: агент fencing и его"
        " параметры, всё вместе в кавычках. Указывается для обоих серверов или ни для одного.",
    ),
    example="fence_ipmilan ip=192.0.2.201 username=admin lanplus=1",
)
HEAD_1_FENCING_PASSWORD = Parameter(
    name="head-node-1-fencing-password",
    section=Section.FENCING,
    value_type=PASSWORD,
    help=Words("Password of that device.", "Пароль этого устройства."),
    example="a password with spaces",
)
HEAD_2_FENCING = Parameter(
    name="head-node-2-fencing",
    section=Section.FENCING,
    value_type=FENCE_DEVICE,
    help=Words(
        "What cuts the power of the second head server.", "Чем отключать питание второго головного сервера."
    ),
    example="fence_ipmilan ip=192.0.2.202 username=admin lanplus=1",
)
HEAD_2_FENCING_PASSWORD = Parameter(
    name="head-node-2-fencing-password",
    section=Section.FENCING,
    value_type=PASSWORD,
    help=Words("Password of that device.", "Пароль этого устройства."),
    example='it\'s "quoted" $HOME 100%',
)
NO_FENCING = Parameter(
    name="no-fencing",
    section=Section.FENCING,
    value_type=FLAG,
    help=Words("Turn fencing off again.", "Отказаться от ранее настроенного отключения питания."),
    example="true",
)
MEDIA_NODE = Parameter(
    name="media-node-N-ip",
    section=Section.MEDIA,
    value_type=ADDRESS,
    help=Words(
        "Address of the N-th media server (--media-node-1-ip, --media-node-2-ip …, without gaps).",
        "IP-адрес N-го медиасервера (--media-node-1-ip, --media-node-2-ip …, без пропусков).",
    ),
    example="192.0.2.11",
)

# Any: the rows differ in the type of their values, and a covariant Any keeps each one's own.
PARAMETERS: tuple[Parameter[Any], ...] = (
    HEAD_1,
    HEAD_1_SECONDARY,
    HEAD_2,
    HEAD_2_SECONDARY,
    PUBLIC_IP,
    PUBLIC_FQDN,
    DATABASE_IP,
    FILESTORAGE_IP,
    FILESTORAGE_DEVICE,
    FILESTORAGE_USERNAME,
    FILESTORAGE_PASSWORD,
    ARBITER_IP,
    NO_ARBITER,
    MEDIA_NODE,
    TOKEN,
    TOKEN_RETRANSMITS,
    HEAD_1_FENCING,
    HEAD_1_FENCING_PASSWORD,
    HEAD_2_FENCING,
    HEAD_2_FENCING_PASSWORD,
    NO_FENCING,
    LICENSE_SERVER_INSTANCE_ID,
    LICENSE_FILE,
    CERTIFICATE_FILE,
    PRIVATE_KEY_FILE,
    MAIL_HOSTNAME,
    MAIL_USERNAME,
    MAIL_PASSWORD,
    MAIL_DISABLE,
    SMSC_HOST,
    SMSC_PORT,
    SMSC_USERNAME,
    SMSC_PASSWORD,
    SMSC_SENDER,
    SMSC_DISABLE,
    OUTGOING_SIP_PROXY,
    SIP_FROM_HEADER,
    H323_FROM_HEADER,
)

_BY_NAME = {row.name: row for row in PARAMETERS if row is not MEDIA_NODE}
_BY_SPELLING = {spelling: row.name for row in PARAMETERS for spelling in (row.name, *row.hidden_spellings)}
_MEDIA = re.compile(r"media-node-([1-9][0-9]{0,3})-ip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service with a switch of its own: `disable` turns off what `members` set; `key` turns it on again."""

    disable: Parameter[bool]
    key: Parameter[Any]
    members: tuple[str, ...]


MAIL_SERVICE = Service(
    disable=MAIL_DISABLE,
    key=MAIL_HOSTNAME,
    members=(MAIL_HOSTNAME.name, MAIL_USERNAME.name, MAIL_PASSWORD.name),
)
SMSC_SERVICE = Service(
    disable=SMSC_DISABLE,
    key=SMSC_HOST,
    members=(SMSC_HOST.name, SMSC_PORT.name, SMSC_USERNAME.name, SMSC_PASSWORD.name, SMSC_SENDER.name),
)
FENCING_SERVICE = Service(
    disable=NO_FENCING,
    key=HEAD_1_FENCING,
    members=(
        HEAD_1_FENCING.name,
        HEAD_1_FENCING_PASSWORD.name,
        HEAD_2_FENCING.name,
        HEAD_2_FENCING_PASSWORD.name,
    ),
)
ARBITER_SERVICE = Service(disable=NO_ARBITER, key=ARBITER_IP, members=(ARBITER_IP.name,))
SERVICES = (ARBITER_SERVICE, MAIL_SERVICE, SMSC_SERVICE, FENCING_SERVICE)


def parameter_named(name: str) -> Parameter[Any] | None:
    """The row of a setting; every media server shares one row."""
    return MEDIA_NODE if media_number(name) else _BY_NAME.get(name)


def canonical_name(spelling: str) -> str | None:
    """The setting's own name for any accepted spelling (B1); None for what is no setting."""
    if media_number(spelling):
        return spelling
    name = _BY_SPELLING.get(spelling)
    return None if name == MEDIA_NODE.name else name


def media_number(name: str) -> int | None:
    """3 for media-node-3-ip; None for everything else."""
    match = _MEDIA.fullmatch(name)
    return int(match[1]) if match else None


def media_name(number: int) -> str:
    """The name of the N-th media server's setting."""
    return f"media-node-{number}-ip"


def media_parameter(number: int) -> Parameter[IPv4Address]:
    """The row of the N-th media server, under its own name."""
    row = MEDIA_NODE
    return Parameter(
        name=media_name(number),
        section=row.section,
        value_type=row.value_type,
        help=row.help,
        example=row.example,
    )


def table_order(name: str) -> tuple[int, int]:
    """Sort key: the order of the table, media servers by number."""
    row = parameter_named(name)
    position = PARAMETERS.index(row) if row else len(PARAMETERS)
    return position, media_number(name) or 0
