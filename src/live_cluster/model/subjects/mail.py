"""The external mail server."""

from __future__ import annotations

from live_cluster.model.subjects.row import Parameter, Section, Service
from live_cluster.model.value_types import FLAG, HOST_AND_PORT, PASSWORD, TEXT, Words

MAIL_HOSTNAME = Parameter(
    name="external-mail-server-hostname",
    section=Section.MAIL,
    value_type=HOST_AND_PORT,
    help=Words(
        "The external mail server; with a port where it is not 587: mail.example.com:25.",
        "Адрес внешнего почтового сервера; если порт не 587, то и порт: mail.example.com:25.",
    ),
    example="mail.example.com",
)
MAIL_USERNAME = Parameter(
    name="external-mail-server-username",
    section=Section.MAIL,
    value_type=TEXT,
    help=Words("User name at the mail server.", "Имя пользователя на почтовом сервере."),
    example="ivcs@example.com",
)
MAIL_PASSWORD = Parameter(
    name="external-mail-server-password",
    section=Section.MAIL,
    value_type=PASSWORD,
    help=Words("Password of that user.", "Пароль этого пользователя."),
    example='it\'s "quoted" $HOME 100%',
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
)

_VALUES = (MAIL_HOSTNAME, MAIL_USERNAME, MAIL_PASSWORD)
MAIL_ROWS = (*_VALUES, MAIL_DISABLE)
MAIL_SERVICE = Service(disable=MAIL_DISABLE, key=MAIL_HOSTNAME, members=tuple(row.name for row in _VALUES))
