"""The typed view of the raw texts, and the settings made of it once nothing is wrong any more."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar

from live_cluster.model.parameters import media_name, media_number, media_parameter
from live_cluster.model.raw_settings import RawSettings, Source
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
    MediaSettings,
    Said,
    Secret,
    SmscGateway,
    TurnedOff,
    WatchdogFencing,
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
from live_cluster.model.subjects.fencing import (
    FENCING,
    FENCING_DISK,
    FENCING_WATCHDOG,
    NO_FENCING,
    FencingRows,
)
from live_cluster.model.subjects.mail import MAIL_DISABLE, MAIL_HOSTNAME, MAIL_PASSWORD, MAIL_USERNAME
from live_cluster.model.subjects.network import (
    DATABASE_IP,
    DEFAULT_RETRANSMITS,
    DEFAULT_TOKEN_MS,
    FILESTORAGE_IP,
    HEADS,
    NO_MEDIA_ON_HEADS,
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
from live_cluster.model.value_types import BadValue, address_of, content_of

T = TypeVar("T")
# The largest license of the product's kind has some kilobytes; more is another file.
LICENSE_LIMIT_BYTES = 1024 * 1024
CERTIFICATE_LIMIT_BYTES = 256 * 1024


class ParsedSettings:
    """The winning texts, and each as a value of its type where it is one."""

    def __init__(self, raw: RawSettings, *, has_filestorage: bool = True) -> None:
        self.raw = raw
        self.has_filestorage = has_filestorage
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

    def is_named(self, row: Parameter[T]) -> bool:
        """This run says it, not an earlier one."""
        value = self.values.get(row.name)
        return value is not None and value.source is not Source.STORED

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
        filestorage_ip=wish.of(FILESTORAGE_IP),
        public_fqdn=public_fqdn,
        filestorage=wish.of(FILESTORAGE_DEVICE),
        filestorage_credentials=_credentials(wish, FILESTORAGE_USERNAME, FILESTORAGE_PASSWORD),
        media=_media(wish),
        removed_media=_removed_media(wish),
        media_on_heads=not wish.of(NO_MEDIA_ON_HEADS),
        arbiter=wish.of(ARBITER_IP),
        token_ms=wish.of(TOKEN) or DEFAULT_TOKEN_MS,
        token_retransmits=wish.of(TOKEN_RETRANSMITS) or DEFAULT_RETRANSMITS,
        mail=_mail(wish),
        smsc=_smsc(wish),
        license=_license(wish),
        certificate=certificate_of(wish),
        calls=_calls(wish, public_fqdn),
        fencing=_fencing(wish),
        said=_said(wish),
    )


def _said(wish: ParsedSettings) -> Said:
    former = wish.raw.stored(PUBLIC_FQDN.name) or wish.raw.stored(PUBLIC_IP.name)
    return Said(
        given=frozenset(wish.values),
        named=frozenset(name for name, value in wish.values.items() if value.source is not Source.STORED),
        former_public_name=former.text if former else "",
    )


def _head(wish: ParsedSettings, number: int) -> HeadSettings:
    rows = HEADS[number - 1]
    return HeadSettings(number=number, address=wish.given(rows.address), secondary=wish.of(rows.secondary))


def _media(wish: ParsedSettings) -> tuple[MediaSettings, ...]:
    return tuple(
        MediaSettings(number=number, address=wish.given(media_parameter(number)))
        for number in wish.media_numbers
    )


def _removed_media(wish: ParsedSettings) -> tuple[IPv4Address, ...]:
    """Those that an option removes, and the former addresses of those that got another one."""
    present = {wish.given(media_parameter(number)) for number in wish.media_numbers}
    stored = (wish.raw.stored(media_name(number)) for number in wish.media_numbers)
    replaced = (one.text for one in stored if one is not None)
    former = {address_of(text) for text in (*wish.raw.removed_media, *replaced)}
    return tuple(sorted(former - present))


def _credentials(
    wish: ParsedSettings, username: Parameter[str], password: Parameter[Secret]
) -> Credentials | None:
    name = wish.of(username)
    return None if name is None else Credentials(username=name, password=wish.of(password))


def _mail(wish: ParsedSettings) -> MailServer | TurnedOff | None:
    if wish.of(MAIL_DISABLE):
        return TurnedOff()
    server = wish.of(MAIL_HOSTNAME)
    if server is None:
        return None
    return MailServer(
        hostname=server.host, port=server.port, credentials=_credentials(wish, MAIL_USERNAME, MAIL_PASSWORD)
    )


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


def _fencing(wish: ParsedSettings) -> Fencing | WatchdogFencing | TurnedOff | None:
    if wish.of(NO_FENCING):
        return TurnedOff()
    watchdog = wish.of(FENCING_WATCHDOG)
    if watchdog is not None:
        return WatchdogFencing(device=watchdog, disk=wish.of(FENCING_DISK) or "")
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
    content = given_content(wish, LICENSE_FILE, limit=LICENSE_LIMIT_BYTES)
    return License(path=path, server_instance_id=instance_id, content=content)


def given_content(wish: ParsedSettings, row: Parameter[Path], *, limit: int) -> bytes | None:
    """What is in a file that this run names; BadValue where it is too big or gone."""
    path = wish.of(row)
    if path is None or not wish.is_named(row):
        return None
    return content_of(path, limit=limit)


def certificate_of(wish: ParsedSettings, *, read: bool = True) -> CertificateFiles | None:
    """Both files, and what is in them where this run names one of them; BadValue where that cannot be read."""
    certificate, private_key = wish.of(CERTIFICATE_FILE), wish.of(PRIVATE_KEY_FILE)
    if certificate is None or private_key is None:
        return None
    is_named = wish.is_named(CERTIFICATE_FILE) or wish.is_named(PRIVATE_KEY_FILE)
    found = CertificateFiles(certificate=certificate, private_key=private_key, is_named=is_named)
    if not read or not is_named:
        return found
    return replace(
        found,
        chain=content_of(certificate, limit=CERTIFICATE_LIMIT_BYTES),
        key=content_of(private_key, limit=CERTIFICATE_LIMIT_BYTES),
    )


def _calls(wish: ParsedSettings, public_fqdn: str) -> CallSettings:
    """What was not said is made of the public name (B5); the angle brackets are the application's."""
    default = default_calls(public_fqdn)
    return CallSettings(
        outgoing_sip_proxy=wish.of(OUTGOING_SIP_PROXY) or default.outgoing_sip_proxy,
        sip_from_header=wish.of(SIP_FROM_HEADER) or default.sip_from_header,
        h323_from_header=wish.of(H323_FROM_HEADER) or default.h323_from_header,
    )


def default_calls(public_name: str) -> CallSettings:
    """What outgoing calls carry where nothing was said (B5)."""
    proxy, sip, h323 = (
        row.default.replace("${public-fqdn}", public_name)
        for row in (OUTGOING_SIP_PROXY, SIP_FROM_HEADER, H323_FROM_HEADER)
    )
    return CallSettings(outgoing_sip_proxy=proxy, sip_from_header=sip, h323_from_header=h323)
