"""What the application itself is to know: its license, and what outgoing calls carry."""

from __future__ import annotations

from live_cluster.model.subjects.row import Parameter, Section
from live_cluster.model.value_types import FILE, SIP_URI, TEXT, Words

LICENSE_SERVER_INSTANCE_ID = Parameter(
    name="license-server-instance-id",
    section=Section.LICENSE,
    value_type=TEXT,
    help=Words(
        "Server instance id from the license file; the server is made to use it.",
        "Server instance id из файла лицензии; будет принудительно установлен на сервере.",
    ),
    example="7d2f0c52-6f0e-4b7e-9a55-3f1f0a6f4c1b",
)
LICENSE_FILE = Parameter(
    name="license-file",
    section=Section.LICENSE,
    value_type=FILE,
    help=Words("File with the license.", "Путь к файлу лицензии."),
    example="/root/license file.lic",
)
OUTGOING_SIP_PROXY = Parameter(
    name="outgoing-sip-proxy",
    section=Section.CALLS,
    value_type=SIP_URI,
    help=Words("SIP proxy for outgoing calls.", "Адрес SIP-прокси для исходящих звонков."),
    example="sip:proxy.example.com:5060",
    default="sip:${public-fqdn}:5060",
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
)

LICENSE_ROWS = (LICENSE_SERVER_INSTANCE_ID, LICENSE_FILE)
CALL_ROWS = (OUTGOING_SIP_PROXY, SIP_FROM_HEADER, H323_FROM_HEADER)
