"""Texts → settings, or every problem at once (B7): first each value by itself, then the rules across them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from live_cluster.errors import Problem, Severity, problem, warning
from live_cluster.model.build_settings import LICENSE_LIMIT_BYTES, ParsedSettings, given_content, settings_of
from live_cluster.model.certificate_rules import certificate_problems
from live_cluster.model.fencing_rules import word_problems
from live_cluster.model.parameters import (
    PARAMETERS,
    SERVICES,
    media_name,
    media_number,
    media_parameter,
    parameter_named,
)
from live_cluster.model.raw_settings import RawSettings, RawValue, Source, shown
from live_cluster.model.settings import CifsShare, ClusterSettings
from live_cluster.model.settings_oddities import oddities
from live_cluster.model.share_rules import share_login_problems
from live_cluster.model.subjects.application import LICENSE_FILE
from live_cluster.model.subjects.arbiter import ARBITER_IP
from live_cluster.model.subjects.certificates import CERTIFICATE_FILE, PRIVATE_KEY_FILE
from live_cluster.model.subjects.fencing import FENCING, FENCING_DISK, FENCING_WATCHDOG
from live_cluster.model.subjects.mail import MAIL_HOSTNAME, MAIL_PASSWORD, MAIL_SERVICE, MAIL_USERNAME
from live_cluster.model.subjects.network import (
    DATABASE_IP,
    DEFAULT_RETRANSMITS,
    DEFAULT_TOKEN_MS,
    FILESTORAGE_IP,
    HEAD_ROWS,
    HEADS,
    PUBLIC_IP,
    TOKEN,
    TOKEN_RETRANSMITS,
)
from live_cluster.model.subjects.sms import SMSC_HOST, SMSC_PASSWORD, SMSC_PORT, SMSC_SERVICE, SMSC_USERNAME
from live_cluster.model.subjects.storage import FILESTORAGE_DEVICE, FILESTORAGE_PASSWORD, FILESTORAGE_USERNAME
from live_cluster.model.value_types import FILE, BadValue, check_readable, path_of
from live_cluster.model.watchdog_rules import watchdog_problems

# The setting on the left is needed as soon as one of those on the right is there.
_NEEDED_BY = (
    (HEADS[0].secondary, (HEADS[1].secondary.name,)),
    (HEADS[1].secondary, (HEADS[0].secondary.name,)),
    (FENCING[0].device, (FENCING[0].password.name, FENCING[1].device.name)),
    (FENCING[1].device, (FENCING[1].password.name, FENCING[0].device.name)),
    (FENCING_WATCHDOG, (FENCING_DISK.name,)),
    (CERTIFICATE_FILE, (PRIVATE_KEY_FILE.name,)),
    (PRIVATE_KEY_FILE, (CERTIFICATE_FILE.name,)),
    (FILESTORAGE_DEVICE, (FILESTORAGE_USERNAME.name, FILESTORAGE_PASSWORD.name)),
    (FILESTORAGE_USERNAME, (FILESTORAGE_PASSWORD.name,)),
    (MAIL_HOSTNAME, MAIL_SERVICE.members),
    (MAIL_USERNAME, (MAIL_PASSWORD.name,)),
    (SMSC_HOST, SMSC_SERVICE.members),
    (SMSC_PORT, SMSC_SERVICE.members),
    (SMSC_USERNAME, (SMSC_PASSWORD.name,)),
)


def settings_from(
    raw: RawSettings, *, has_filestorage: bool = True
) -> tuple[ClusterSettings | None, tuple[Problem, ...]]:
    """The settings and perhaps warnings; None and all problems where one of them is an error.

    `has_filestorage`: the product has one, and so its address must be given.
    """
    wish = ParsedSettings(raw, has_filestorage=has_filestorage)
    rules = (
        _repeated,
        _bad_values,
        _missing,
        _incomplete,
        _contradictions,
        _same_addresses,
        _media_gaps,
        _removed_media,
        _moved_heads,
        _token_too_short,
        _fence_devices,
        watchdog_problems,
        _misplaced_credentials,
        share_login_problems,
        _license_file,
        certificate_problems,
        oddities,
    )
    found = tuple(entry for rule in rules for entry in rule(wish))
    if any(entry.severity is Severity.ERROR for entry in found):
        return None, found
    return settings_of(wish), found


def _repeated(wish: ParsedSettings) -> Iterator[Problem]:
    """The same setting twice on one command line, or twice in one file under two spellings (B1)."""

    def key(value: RawValue) -> tuple[str, Source]:
        return value.name, value.source

    said = {source: set[str]() for source in Source}
    for (name, source), group in groupby(sorted(wish.raw.given, key=key), key=key):
        values = list(group)
        said[source].add(name)
        if len({value.text for value in values}) > 1:
            yield problem("option-repeated", option=name, times=len(values))
        elif len(values) > 1:
            yield warning("option-repeated-same", option=name, times=len(values))
    for name in sorted(said[Source.OPTION] & said[Source.SECRET_FILE]):
        yield problem("option-given-two-ways", option=name)


def _bad_values(wish: ParsedSettings) -> Iterator[Problem]:
    for name, value in wish.values.items():
        row = parameter_named(name)
        if row is None:
            yield problem("setting-unknown", option=name, place=value.place)
            continue
        try:
            row.value_type.parse(value.text)
            # A file that an earlier run has used may be gone by now.
            if row.value_type is FILE and value.source is not Source.STORED:
                check_readable(path_of(value.text))
        except BadValue as fault:
            words = {} if row.is_secret else {"value": shown(value.text)}
            fields = {key: shown(one) if isinstance(one, str) else one for key, one in fault.fields.items()}
            yield problem(fault.code, option=name, place=value.place, **words, **fields)


def _license_file(wish: ParsedSettings) -> Iterator[Problem]:
    value = wish.values.get(LICENSE_FILE.name)
    if value is None or wish.of(LICENSE_FILE) is None:
        return
    try:
        given_content(wish, LICENSE_FILE, limit=LICENSE_LIMIT_BYTES)
    except BadValue as fault:
        # Everything else has been said where the value was judged.
        if fault.code == "file-too-big":
            value_shown = shown(value.text)
            yield problem(
                fault.code, option=LICENSE_FILE.name, place=value.place, value=value_shown, **fault.fields
            )


def _missing(wish: ParsedSettings) -> Iterator[Problem]:
    for row in PARAMETERS:
        is_needed = row.is_mandatory and (row is not FILESTORAGE_IP or wish.has_filestorage)
        if is_needed and row.name not in wish.values:
            yield problem("option-missing", option=row.name, example=row.example)


def _incomplete(wish: ParsedSettings) -> Iterator[Problem]:
    for needed, users in _NEEDED_BY:
        user = next((name for name in users if name in wish.values), None)
        if needed.name not in wish.values and user is not None:
            yield problem(
                "option-needed", option=needed.name, place=wish.values[user].place, example=needed.example
            )


def _contradictions(wish: ParsedSettings) -> Iterator[Problem]:
    for service in SERVICES:
        said = [wish.values[name] for name in service.members if name in wish.values]
        # Without the server's name there is already a problem that says more.
        if service.disable.name in wish.values and service.key.name in wish.values:
            yield problem("disable-contradicts", option=service.disable.name, place=said[0].place)


def _same_addresses(wish: ParsedSettings) -> Iterator[Problem]:
    rows = [*HEAD_ROWS, PUBLIC_IP, DATABASE_IP, FILESTORAGE_IP]
    media = [media_parameter(number) for number in wish.media_numbers]
    # A media server may be the arbiter as well.
    if wish.of(ARBITER_IP) not in [wish.of(row) for row in media]:
        rows.append(ARBITER_IP)
    rows += media
    first_with: dict[object, str] = {}
    for row in rows:
        address = wish.of(row)
        if address is None:
            continue
        other = first_with.setdefault(address, row.name)
        if other != row.name:
            place = wish.values[row.name].place
            yield problem("address-repeated", option=row.name, place=place, value=address, other=other)


def _media_gaps(wish: ParsedSettings) -> Iterator[Problem]:
    """A server that was removed leaves a gap, or the host names of those after it would change."""
    kept = (media_number(one.name) or 0 for one in wish.raw.given if one.source is Source.STORED)
    first_new = 1 + max(kept, default=0)
    new = [number for number in wish.media_numbers if number >= first_new]
    for position, number in enumerate(new, start=first_new):
        if number != position:
            place = wish.values[media_name(number)].place
            yield problem("media-gap", option=media_name(number), place=place, missing=media_name(position))
            return


def _removed_media(wish: ParsedSettings) -> Iterator[Problem]:
    for number in wish.media_numbers:
        value = wish.values[media_name(number)]
        if value.text in wish.raw.removed_media:
            yield problem(
                "media-named-and-removed", option="remove-media-node", place=value.place, value=value.text
            )


def _moved_heads(wish: ParsedSettings) -> Iterator[Problem]:
    for row in (head.address for head in HEADS):
        stored, wanted = wish.raw.stored(row.name), wish.values.get(row.name)
        if stored is not None and wanted is not None and stored.text != wanted.text:
            yield problem(
                "head-address-changed", option=row.name, old=shown(stored.text), new=shown(wanted.text)
            )


def _token_too_short(wish: ParsedSettings) -> Iterator[Problem]:
    """A8: every retransmit needs more than 30 ms, or Corosync refuses the configuration."""
    is_bad = [wish.of(row) is None and row.name in wish.values for row in (TOKEN, TOKEN_RETRANSMITS)]
    if any(is_bad):
        return
    token = wish.of(TOKEN) or DEFAULT_TOKEN_MS
    retransmits = wish.of(TOKEN_RETRANSMITS) or DEFAULT_RETRANSMITS
    # In tenths: token / (retransmits + 0.2) > 30  ⇔  10 * token > 300 * retransmits + 60
    least_tenths = 300 * retransmits + 60
    if 10 * token <= least_tenths:
        option = TOKEN.name if TOKEN.name in wish.values else TOKEN_RETRANSMITS.name
        yield problem(
            "token-too-short",
            option=option,
            token=token,
            retransmits=retransmits,
            least=least_tenths // 10 + 1,
        )


def _fence_devices(wish: ParsedSettings) -> Iterator[Problem]:
    devices = {row.name: wish.of(row) for row in (head.device for head in FENCING)}
    for name, device in devices.items():
        if device is not None:
            yield from word_problems(name, device)
    first, second = devices.values()
    # One device that cuts the power of both, whichever head it is asked about.
    if first is not None and first == second:
        yield problem("fencing-same-device", option=FENCING[1].device.name, other=FENCING[0].device.name)


def _misplaced_credentials(wish: ParsedSettings) -> Iterator[Problem]:
    storage = wish.of(FILESTORAGE_DEVICE)
    if storage is None or isinstance(storage, CifsShare):
        return
    for row in (FILESTORAGE_USERNAME, FILESTORAGE_PASSWORD):
        # A login that an earlier run was given for another storage is of no use now, and no fault of this run.
        if wish.is_named(row):
            device = shown(wish.values[FILESTORAGE_DEVICE.name].text)
            place = wish.values[row.name].place
            yield problem("credentials-without-share", option=row.name, place=place, device=device)
