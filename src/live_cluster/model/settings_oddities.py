"""What is allowed but rarely meant: warnings, the run goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from live_cluster.errors import Problem, warning
from live_cluster.model.build_settings import ParsedSettings
from live_cluster.model.parameters import parameter_named
from live_cluster.model.raw_settings import Source
from live_cluster.model.settings import BlockDevice
from live_cluster.model.subjects.application import H323_FROM_HEADER, SIP_FROM_HEADER
from live_cluster.model.subjects.mail import MAIL_PASSWORD, MAIL_USERNAME
from live_cluster.model.subjects.network import PUBLIC_FQDN, PUBLIC_IP, TOKEN
from live_cluster.model.subjects.sms import SMSC_PASSWORD, SMSC_USERNAME
from live_cluster.model.subjects.storage import FILESTORAGE_DEVICE, FILESTORAGE_PASSWORD, FILESTORAGE_USERNAME

# The kernel numbers these in the order of discovery: another order after a reboot, another disk.
_UNSTABLE_DEVICE = re.compile(r"/dev/(?:[shv]d[a-z]+|nvme[0-9]+n[0-9]+|dm-[0-9]+)p?[0-9]*")
_LONG_TOKEN_MS = 30_000
_LOGINS = (
    (FILESTORAGE_USERNAME, FILESTORAGE_PASSWORD),
    (MAIL_USERNAME, MAIL_PASSWORD),
    (SMSC_USERNAME, SMSC_PASSWORD),
)


def oddities(wish: ParsedSettings) -> Iterator[Problem]:
    """All warnings."""
    yield from _visible_secrets(wish)
    yield from _public_name(wish)
    yield from _values(wish)
    for username, password in _LOGINS:
        if username.name in wish.values and password.name not in wish.values:
            yield warning("username-without-password", option=password.name, username_option=username.name)


def _visible_secrets(wish: ParsedSettings) -> Iterator[Problem]:
    for name, value in wish.values.items():
        row = parameter_named(name)
        if row is not None and row.is_secret and value.source is Source.OPTION:
            variable = row.environment_variable
            yield warning("secret-on-command-line", option=name, variable=variable)


def _public_name(wish: ParsedSettings) -> Iterator[Problem]:
    name, address = wish.of(PUBLIC_FQDN), wish.of(PUBLIC_IP)
    if name is None:
        return
    place = wish.values[PUBLIC_FQDN.name].place
    # A host that consists of digits and dots has passed the check of addresses.
    if name.replace(".", "").isdigit():
        if address is not None and name != str(address):
            yield warning(
                "fqdn-other-address", option=PUBLIC_FQDN.name, place=place, value=name, public=address
            )
    elif "." not in name:
        yield warning("fqdn-without-dot", option=PUBLIC_FQDN.name, place=place, value=name)


def _values(wish: ParsedSettings) -> Iterator[Problem]:
    storage = wish.of(FILESTORAGE_DEVICE)
    if isinstance(storage, BlockDevice) and _UNSTABLE_DEVICE.fullmatch(storage.path):
        place = wish.values[FILESTORAGE_DEVICE.name].place
        yield warning("device-unstable", option=FILESTORAGE_DEVICE.name, place=place, value=storage.path)
    for row, scheme in ((SIP_FROM_HEADER, "sip:"), (H323_FROM_HEADER, "h323:")):
        header = wish.of(row)
        if header is not None and scheme not in header:
            yield warning(
                "header-without-uri", option=row.name, place=wish.values[row.name].place, scheme=scheme
            )
    token = wish.of(TOKEN)
    if token is not None and token > _LONG_TOKEN_MS:
        seconds = round(1.75 * token / 1000)
        yield warning("token-long", option=TOKEN.name, place=wish.values[TOKEN.name].place, seconds=seconds)
