"""The gateway that sends SMS."""

from __future__ import annotations

from live_cluster.model.subjects.row import Parameter, Section, Service
from live_cluster.model.value_types import FLAG, HOST, PASSWORD, PORT, TEXT, Words

SMSC_HOST = Parameter(
    name="smsc-host",
    section=Section.SMS,
    value_type=HOST,
    help=Words("The gateway that sends SMS (SMPP).", "Адрес шлюза SMSC."),
    example="smsc.example.com",
)
SMSC_PORT = Parameter(
    name="smsc-port",
    section=Section.SMS,
    value_type=PORT,
    help=Words("Port of the gateway.", "Порт шлюза SMSC."),
    example="2775",
)
SMSC_USERNAME = Parameter(
    name="smsc-username",
    section=Section.SMS,
    value_type=TEXT,
    help=Words("User name at the gateway.", "Имя пользователя на шлюзе SMSC."),
    example="ivcs",
)
SMSC_PASSWORD = Parameter(
    name="smsc-password",
    section=Section.SMS,
    value_type=PASSWORD,
    help=Words("Password of that user.", "Пароль этого пользователя."),
    example="пароль \\ с обратной чертой",
)
SMSC_SENDER = Parameter(
    name="smsc-sender-address",
    section=Section.SMS,
    value_type=TEXT,
    help=Words("Sender of the outgoing SMS.", "Адрес отправителя в исходящих SMS."),
    example="Видеосвязь IVCS",
    hidden_spellings=("smcsc-sender-address",),
)
SMSC_DISABLE = Parameter(
    name="smsc-disable",
    section=Section.SMS,
    value_type=FLAG,
    help=Words("Turn SMS off again.", "Отключить ранее включённую отправку SMS."),
    example="true",
    hidden_spellings=("smc-disable",),
)

_VALUES = (SMSC_HOST, SMSC_PORT, SMSC_USERNAME, SMSC_PASSWORD, SMSC_SENDER)
SMSC_ROWS = (*_VALUES, SMSC_DISABLE)
SMSC_SERVICE = Service(disable=SMSC_DISABLE, key=SMSC_HOST, members=tuple(row.name for row in _VALUES))
