"""What the application's settings should be: which this run is to set, and which it leaves as they are (B3).

A setting is set where this run names it, and everything on the first run. Later, what was left out stays as it is
in the application, whatever an earlier run has set: somebody may have changed it there. Only values made of the
public name follow it: where they still are what they were made before, or were never set (B5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from live_cluster.model.build_settings import default_calls
from live_cluster.model.parameters import media_name
from live_cluster.model.profile import Profile
from live_cluster.model.settings import (
    ClusterSettings,
    Credentials,
    MailServer,
    Secret,
    SmscGateway,
    TurnedOff,
)
from live_cluster.model.statements import SqlValue
from live_cluster.model.subjects.application import (
    H323_FROM_HEADER,
    LICENSE_FILE,
    LICENSE_SERVER_INSTANCE_ID,
    OUTGOING_SIP_PROXY,
    SIP_FROM_HEADER,
)
from live_cluster.model.subjects.mail import MAIL_DISABLE, MAIL_HOSTNAME, MAIL_PASSWORD, MAIL_USERNAME
from live_cluster.model.subjects.network import (
    FILESTORAGE_IP,
    MEDIA_ON_HEADS,
    NO_MEDIA_ON_HEADS,
    PUBLIC_FQDN,
    PUBLIC_IP,
)
from live_cluster.model.subjects.sms import (
    SMSC_DISABLE,
    SMSC_HOST,
    SMSC_PASSWORD,
    SMSC_PORT,
    SMSC_SENDER,
    SMSC_USERNAME,
)

Value: TypeAlias = SqlValue | Secret
Row: TypeAlias = Mapping[str, Value]
DEFAULT_SUBMISSION_PORT = 587
# What the article has the administrator remove by hand.
LOCAL_MEDIA_SERVER = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One subject of the profile: what its row should hold; columns that are not named here stay.

    `only_instead_of`: set only where the present value is none or one of these. `labels` name columns for people.
    """

    subject: str
    values: Row
    labels: Mapping[str, str]
    only_instead_of: tuple[str, ...] | None = None

    def target(self, present: Row) -> Row:
        """The whole row as it should be."""
        if self.only_instead_of is not None:
            kept = {
                name: value
                for name, value in present.items()
                if name in self.values and value and value not in self.only_instead_of
            }
            return {**present, **self.values, **kept}
        return {**present, **self.values}

    def label(self, column: str) -> str:
        """What people call it: the option, where there is one."""
        return self.labels.get(column, f"{self.subject}.{column}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMedia:
    """Media servers of the application: address to name of those to be there, addresses of those not to be."""

    there: Mapping[str, str]
    gone: frozenset[str]


def wanted_media(settings: ClusterSettings, profile: Profile) -> WantedMedia:
    """C14. A fresh installation's list holds the head itself, by an address that means another one on each."""
    said, names = settings.said, profile.hostnames
    is_first = not said.former_public_name
    heads = {str(head.address): names.of_head(head.number) for head in settings.heads}
    there = {
        str(one.address): names.of_media(one.number - 1)
        for one in settings.media
        if is_first or media_name(one.number) in said.named
    }
    gone = {str(one) for one in settings.removed_media}
    if is_first:
        gone.add(LOCAL_MEDIA_SERVER)
    if settings.media_on_heads and (is_first or MEDIA_ON_HEADS.name in said.named):
        there |= heads
    if not settings.media_on_heads and NO_MEDIA_ON_HEADS.name in said.named:
        gone |= heads.keys()
    return WantedMedia(there=there, gone=frozenset(gone))


def wanted_values(settings: ClusterSettings, profile: Profile) -> tuple[Wanted, ...]:
    """Everything this run may have to set, by subject; what the profile does not know is left out."""
    known = {key for key, _ in profile.application.statements()}
    every = (
        *_public_name(settings),
        *_calls(settings),
        *_license(settings),
        *_mail(settings),
        *_sms(settings),
        *_file_storage(settings, profile),
    )
    return tuple(one for one in every if one.subject in known)


def _public_name(settings: ClusterSettings) -> Iterator[Wanted]:
    """The default domain's web address (C8)."""
    said = settings.said
    is_named = bool({PUBLIC_FQDN.name, PUBLIC_IP.name} & said.named) or not said.former_public_name
    yield Wanted(
        subject="web_address",
        values={"web_address": settings.public_fqdn},
        labels={"web_address": "public-fqdn"},
        only_instead_of=None if is_named else (said.former_public_name,),
    )


def _calls(settings: ClusterSettings) -> Iterator[Wanted]:
    said = settings.said
    former = default_calls(said.former_public_name)
    for subject, column, row in (
        ("sip_proxy", "outgoing_sip_proxy", OUTGOING_SIP_PROXY),
        ("sip_header", "sip_from_header", SIP_FROM_HEADER),
        ("h323_header", "h323_from_header", H323_FROM_HEADER),
    ):
        if row.name in said.given and row.name not in said.named:
            continue
        is_set = row.name in said.named or not said.former_public_name
        yield Wanted(
            subject=subject,
            values={column: getattr(settings.calls, column)},
            labels={column: row.name},
            only_instead_of=None if is_set else (getattr(former, column),),
        )


def _license(settings: ClusterSettings) -> Iterator[Wanted]:
    """C9: the id first, for the license may be made for it."""
    found, named = settings.license, settings.said.named
    if found is None:
        return
    if LICENSE_SERVER_INSTANCE_ID.name in named:
        row: Row = {"server_instance_id": found.server_instance_id}
        labels = {"server_instance_id": LICENSE_SERVER_INSTANCE_ID.name}
        yield Wanted(subject="license_instance", values=row, labels=labels)
    if found.path is not None and found.content is not None:
        digest = hashlib.sha256(found.content).hexdigest()
        row = {"content": found.content, "sha256": digest, "file_name": found.path.name}
        labels = dict.fromkeys(row, LICENSE_FILE.name)
        yield Wanted(subject="license_file", values=row, labels=labels)


def _mail(settings: ClusterSettings) -> Iterator[Wanted]:
    named = settings.said.named
    labels = {
        "enabled": MAIL_DISABLE.name,
        "hostname": MAIL_HOSTNAME.name,
        "port": MAIL_HOSTNAME.name,
        "username": MAIL_USERNAME.name,
        "password": MAIL_PASSWORD.name,
    }
    if isinstance(settings.mail, TurnedOff) and MAIL_DISABLE.name in named:
        yield _off("mail", labels)
    if isinstance(settings.mail, MailServer):
        mail = settings.mail
        values: dict[str, Row] = {
            MAIL_HOSTNAME.name: {"hostname": mail.hostname, "port": mail.port or DEFAULT_SUBMISSION_PORT},
            MAIL_USERNAME.name: {"username": _username(mail.credentials)},
            MAIL_PASSWORD.name: {"password": _password(mail.credentials)},
        }
        yield from _service("mail", values, labels, named)


def _sms(settings: ClusterSettings) -> Iterator[Wanted]:
    named = settings.said.named
    labels = {
        "enabled": SMSC_DISABLE.name,
        "host": SMSC_HOST.name,
        "port": SMSC_PORT.name,
        "username": SMSC_USERNAME.name,
        "password": SMSC_PASSWORD.name,
        "sender_address": SMSC_SENDER.name,
    }
    if isinstance(settings.smsc, TurnedOff) and SMSC_DISABLE.name in named:
        yield _off("sms", labels)
    if isinstance(settings.smsc, SmscGateway):
        gateway = settings.smsc
        values: dict[str, Row] = {
            SMSC_HOST.name: {"host": gateway.host},
            SMSC_PORT.name: {"port": gateway.port},
            SMSC_USERNAME.name: {"username": _username(gateway.credentials)},
            SMSC_PASSWORD.name: {"password": _password(gateway.credentials)},
            SMSC_SENDER.name: {"sender_address": gateway.sender_address},
        }
        yield from _service("sms", values, labels, named)


def _off(subject: str, labels: Mapping[str, str]) -> Wanted:
    """No text of it is kept: whoever names another server later must not log in there with an old password."""
    cleared = dict.fromkeys(column for column in labels if column != "port")
    return Wanted(subject=subject, values={**cleared, "enabled": False}, labels=labels)


def _service(
    subject: str, values: Mapping[str, Row], labels: Mapping[str, str], named: frozenset[str]
) -> Iterator[Wanted]:
    """What this run names of a service; naming anything of it turns it on."""
    chosen = {
        column: value for option, row in values.items() if option in named for column, value in row.items()
    }
    if chosen:
        yield Wanted(subject=subject, values={"enabled": True, **chosen}, labels=labels)


def _file_storage(settings: ClusterSettings, profile: Profile) -> Iterator[Wanted]:
    """C13: the application uses the share at the file-storage address."""
    storage = profile.filestorage
    is_named = not settings.said.former_public_name or FILESTORAGE_IP.name in settings.said.named
    if storage is None or not is_named:
        return
    yield Wanted(
        subject="file_storage",
        values={
            "enabled": True,
            "address": str(settings.filestorage_ip),
            "share": storage.share,
            "mount_point": storage.mount_point,
        },
        labels={
            "enabled": "external file storage",
            "address": FILESTORAGE_IP.name,
            "share": "external file storage, share",
            "mount_point": "external file storage, mount point",
        },
    )


def _username(credentials: Credentials | None) -> str | None:
    return None if credentials is None else credentials.username


def _password(credentials: Credentials | None) -> Secret | None:
    return None if credentials is None else credentials.password
