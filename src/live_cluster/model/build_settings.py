"""The typed view of the raw texts, and the settings made of it once nothing is wrong any more."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TypeVar

from live_cluster.model.parameters import media_number, media_parameter
from live_cluster.model.raw_settings import RawSettings
from live_cluster.model.settings import (
    CallSettings,
    CertificateFiles,
    ClusterSettings,
    Credentials,
    FenceDevice,
    Fencing,
    HeadSettings,
    License,
    MailServer,
    Secret,
    SmscGateway,
    TurnedOff,
)
from live_cluster.model.subjects.application import (
    H323_FROM_HEADER,
    LICENSE_FILE,
    LICENSE_SERVER_INSTANCE_ID,
    OUTGOING_SIP_PROXY,
    SIP_FROM_HEADER,
)
from live_cluster.model.subjects.arbiter import ARBITER_IP
from live_cluster.model.subjects.certificates import CERTIFICATE_FILE, PRIVATE_KEY_FILE
from live_cluster.model.subjects.fencing import FENCING, NO_FENCING, FencingRows
from live_cluster.model.subjects.mail import MAIL_DISABLE, MAIL_HOSTNAME, MAIL_PASSWORD, MAIL_USERNAME
from live_cluster.model.subjects.network import (
    DATABASE_IP,
    DEFAULT_RETRANSMITS,
    DEFAULT_TOKEN_MS,
    FILESTORAGE_IP,
    HEADS,
    PUBLIC_FQDN,
    PUBLIC_IP,
    TOKEN,
    TOKEN_RETRANSMITS,
)
from live_cluster.model.subjects.row import Parameter
from live_cluster.model.subjects.sms import (
    SMSC_DISABLE,
    SMSC_HOST,
    SMSC_PASSWORD,
    SMSC_PORT,
    SMSC_SENDER,
    SMSC_USERNAME,
)
from live_cluster.model.subjects.storage import FILESTORAGE_DEVICE, FILESTORAGE_PASSWORD, FILESTORAGE_USERNAME
from live_cluster.model.value_types import BadValue

T = TypeVar("T")


class ParsedSettings:
    """The winning texts, and each as a value of its type where it is one."""

    def __init__(self, raw: RawSettings) -> None:
        self.raw = raw
        self.values = raw.effective()
        numbers = (media_number(name) for name in self.values)
        self.media_numbers = tuple(sorted(number for number in numbers if number is not None))

    def of(self, row: Parameter[T]) -> T | None:
        """The value; None where nothing was said or the text is not such a value."""
        value = self.values.get(row.name)
        if value is None:
            return None
        try:
            return row.value_type.parse(value.text)
        except BadValue:
            return None

    def given(self, row: Parameter[T]) -> T:
        """The value of a setting that the rules have already seen to be there and right."""
        value = self.of(row)
        assert value is not None, row.name
        return value


def settings_of(wish: ParsedSettings) -> ClusterSettings:
    """The settings; every rule must have passed."""
    public_ip = wish.given(PUBLIC_IP)
    public_fqdn = wish.of(PUBLIC_FQDN) or str(public_ip)
    return ClusterSettings(
        heads=(_head(wish, 1), _head(wish, 2)),
        public_ip=public_ip,
        database_ip=wish.given(DATABASE_IP),
        filestorage_ip=wish.given(FILESTORAGE_IP),
        public_fqdn=public_fqdn,
        filestorage=wish.of(FILESTORAGE_DEVICE),
        filestorage_credentials=_credentials(wish, FILESTORAGE_USERNAME, FILESTORAGE_PASSWORD),
        media=_media(wish),
        arbiter=wish.of(ARBITER_IP),
        token_ms=wish.of(TOKEN) or DEFAULT_TOKEN_MS,
        token_retransmits=wish.of(TOKEN_RETRANSMITS) or DEFAULT_RETRANSMITS,
        mail=_mail(wish),
        smsc=_smsc(wish),
        license=_license(wish),
        certificate=_certificate(wish),
        calls=_calls(wish, public_fqdn),
        fencing=_fencing(wish),
    )


def _head(wish: ParsedSettings, number: int) -> HeadSettings:
    rows = HEADS[number - 1]
    return HeadSettings(number=number, address=wish.given(rows.address), secondary=wish.of(rows.secondary))


def _media(wish: ParsedSettings) -> tuple[IPv4Address, ...]:
    return tuple(wish.given(media_parameter(number)) for number in wish.media_numbers)


def _credentials(
    wish: ParsedSettings, username: Parameter[str], password: Parameter[Secret]
) -> Credentials | None:
    name = wish.of(username)
    return None if name is None else Credentials(username=name, password=wish.of(password))


def _mail(wish: ParsedSettings) -> MailServer | TurnedOff | None:
    if wish.of(MAIL_DISABLE):
        return TurnedOff()
    hostname = wish.of(MAIL_HOSTNAME)
    if hostname is None:
        return None
    return MailServer(hostname=hostname, credentials=_credentials(wish, MAIL_USERNAME, MAIL_PASSWORD))


def _smsc(wish: ParsedSettings) -> SmscGateway | TurnedOff | None:
    if wish.of(SMSC_DISABLE):
        return TurnedOff()
    host = wish.of(SMSC_HOST)
    if host is None:
        return None
    return SmscGateway(
        host=host,
        port=wish.given(SMSC_PORT),
        credentials=_credentials(wish, SMSC_USERNAME, SMSC_PASSWORD),
        sender_address=wish.of(SMSC_SENDER),
    )


def _fencing(wish: ParsedSettings) -> Fencing | TurnedOff | None:
    if wish.of(NO_FENCING):
        return TurnedOff()
    if wish.of(FENCING[0].device) is None:
        return None
    return Fencing(devices=(_device(wish, FENCING[0]), _device(wish, FENCING[1])))


def _device(wish: ParsedSettings, rows: FencingRows) -> FenceDevice:
    said = wish.given(rows.device)
    return FenceDevice(agent=said.agent, parameters=said.pairs, password=wish.of(rows.password))


def _license(wish: ParsedSettings) -> License | None:
    path, instance_id = wish.of(LICENSE_FILE), wish.of(LICENSE_SERVER_INSTANCE_ID)
    if path is None and instance_id is None:
        return None
    return License(path=path, server_instance_id=instance_id)


def _certificate(wish: ParsedSettings) -> CertificateFiles | None:
    certificate, private_key = wish.of(CERTIFICATE_FILE), wish.of(PRIVATE_KEY_FILE)
    if certificate is None or private_key is None:
        return None
    return CertificateFiles(certificate=certificate, private_key=private_key)


def _calls(wish: ParsedSettings, public_fqdn: str) -> CallSettings:
    """What was not said is made of the public name (B5); the angle brackets are the application's."""

    def value(row: Parameter[str]) -> str:
        return wish.of(row) or row.default.replace("${public-fqdn}", public_fqdn)

    return CallSettings(
        outgoing_sip_proxy=value(OUTGOING_SIP_PROXY),
        sip_from_header=value(SIP_FROM_HEADER),
        h323_from_header=value(H323_FROM_HEADER),
    )
