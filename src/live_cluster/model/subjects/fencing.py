"""What cuts the power of a head that is lost."""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.model.fencing import DeviceText
from live_cluster.model.settings import Secret
from live_cluster.model.subjects.row import Parameter, Section, Service
from live_cluster.model.value_types import DISK, FENCE_DEVICE, FLAG, PASSWORD, WATCHDOG, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingRows:
    """What cuts one head's power."""

    device: Parameter[DeviceText]
    password: Parameter[Secret]


def _fencing_of(number: int, *, words: Words, example: str) -> FencingRows:
    return FencingRows(
        device=Parameter(
            name=f"head-node-{number}-fencing",
            section=Section.FENCING,
            value_type=FENCE_DEVICE,
            help=words,
            example=f"fence_ipmilan ip=192.0.2.20{number} username=admin lanplus=1",
        ),
        password=Parameter(
            name=f"head-node-{number}-fencing-password",
            section=Section.FENCING,
            value_type=PASSWORD,
            help=Words("Password of that device.", "Пароль этого устройства."),
            example=example,
        ),
    )


FENCING = (
    _fencing_of(
        1,
        words=Words(
            "What cuts the power of the first head server when it is lost: a fence agent and its parameters, in"
            " one pair of quotes. Both heads have one or neither does.",
            "Чем отключать питание первого головного сервера, когда связь с ним потеряна: агент fencing и его"
            " параметры, всё вместе в кавычках. Указывается для обоих серверов или ни для одного.",
        ),
        example="a password with spaces",
    ),
    _fencing_of(
        2,
        words=Words(
            "What cuts the power of the second head server.",
            "Чем отключать питание второго головного сервера.",
        ),
        example='it\'s "quoted" $HOME 100%',
    ),
)
FENCING_WATCHDOG = Parameter(
    name="fencing-watchdog",
    section=Section.FENCING,
    value_type=WATCHDOG,
    help=Words(
        "Instead of devices: the heads' own watchdog (sbd), which resets a head that is cut off. Needs an arbiter,"
        " or a disk that both heads see (fencing-disk).",
        "Вместо устройств: сторожевой таймер самих головных серверов (sbd); он перезагружает сервер, потерявший"
        " связь. Нужен арбитр или общий диск (fencing-disk).",
    ),
    example="/dev/watchdog",
)
FENCING_DISK = Parameter(
    name="fencing-disk",
    section=Section.FENCING,
    value_type=DISK,
    help=Words(
        "A small disk of its own that both heads see, over which they order each other's reset (sbd). It must be"
        " empty; 4 MiB are enough.",
        "Отдельный небольшой диск, видимый обоим головным серверам: через него один приказывает другому"
        " перезагрузиться (sbd). Диск должен быть пустым; хватит 4 МиБ.",
    ),
    example="/dev/disk/by-id/wwn-0x5000c500a1b2c3d4",
)
NO_FENCING = Parameter(
    name="no-fencing",
    section=Section.FENCING,
    value_type=FLAG,
    help=Words("Turn fencing off again.", "Отказаться от ранее настроенного fencing."),
    example="true",
)

_DEVICE_ROWS = tuple(row for head in FENCING for row in (head.device, head.password))
FENCING_ROWS = (*_DEVICE_ROWS, FENCING_WATCHDOG, FENCING_DISK, NO_FENCING)
FENCING_SERVICE = Service(
    disable=NO_FENCING, key=FENCING[0].device, members=tuple(row.name for row in _DEVICE_ROWS)
)
WATCHDOG_SERVICE = Service(
    disable=NO_FENCING, key=FENCING_WATCHDOG, members=(FENCING_WATCHDOG.name, FENCING_DISK.name)
)
