"""The servers, their addresses, and how long a silent one counts as alive."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.model.subjects.row import Parameter, Section, Service
from live_cluster.model.value_types import ADDRESS, FLAG, HOST, RETRANSMITS, TOKEN_MS, Words

DEFAULT_TOKEN_MS = 3000
DEFAULT_RETRANSMITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRows:
    """The addresses of one head."""

    address: Parameter[IPv4Address]
    secondary: Parameter[IPv4Address]


_ORDINALS = {1: Words("first", "первого"), 2: Words("second", "второго")}
# What holds for both heads is said at the first one's row.
_OF_BOTH = Words(
    " (second ring of the cluster, database replication). Both heads have one or neither does",
    " (второе кольцо кластера, репликация базы данных). Указывается для обоих серверов или ни для одного",
)


def _head(number: int) -> HeadRows:
    which, more = _ORDINALS[number], _OF_BOTH if number == 1 else Words("", "")
    return HeadRows(
        address=Parameter(
            name=f"head-node-{number}-ip",
            section=Section.HEADS,
            value_type=ADDRESS,
            help=Words(f"Address of the {which.en} head server.", f"IP-адрес {which.ru} головного сервера."),
            example=f"192.0.2.{number}",
            is_mandatory=True,
        ),
        secondary=Parameter(
            name=f"head-node-{number}-secondary-ip",
            section=Section.HEADS,
            value_type=ADDRESS,
            help=Words(
                f"Second address of the {which.en} head server, in the private network between the heads"
                f"{more.en}.",
                f"Второй IP-адрес {which.ru} головного сервера, в отдельной сети между головными серверами"
                f"{more.ru}.",
            ),
            example=f"198.51.100.{number}",
        ),
    )


HEADS = (_head(1), _head(2))
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
        "Плавающий IP-адрес базы данных: всегда у того сервера, где база данных ведущая.",
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
NO_MEDIA_ON_HEADS = Parameter(
    name="no-media-on-heads",
    section=Section.MEDIA,
    value_type=FLAG,
    help=Words(
        "The head servers run no conferences' media: they are no media servers of the application.",
        "Головные серверы не обрабатывают медиаданные конференций: в приложении они не медиасерверы.",
    ),
    example="true",
)
MEDIA_ON_HEADS = Parameter(
    name="media-on-heads",
    section=Section.MEDIA,
    value_type=FLAG,
    help=Words(
        "The head servers are media servers, too (again).",
        "Головные серверы (снова) являются и медиасерверами.",
    ),
    example="true",
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

HEAD_ROWS = tuple(row for head in HEADS for row in (head.address, head.secondary))
ADDRESS_ROWS = (PUBLIC_IP, PUBLIC_FQDN, DATABASE_IP, FILESTORAGE_IP)
TIMING_ROWS = (TOKEN, TOKEN_RETRANSMITS)
MEDIA_ROWS = (MEDIA_NODE, NO_MEDIA_ON_HEADS, MEDIA_ON_HEADS)
MEDIA_ON_HEADS_SERVICE = Service(
    disable=NO_MEDIA_ON_HEADS, key=MEDIA_ON_HEADS, members=(MEDIA_ON_HEADS.name,)
)
