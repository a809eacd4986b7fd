"""Right inputs: who wins, what is left out, what is turned off, and the settings that come of it."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from input_cases import GOOD, World, codes, good_but

from live_cluster.cli.settings_file import cluster_toml
from live_cluster.model.build_settings import ParsedSettings, settings_of
from live_cluster.model.raw_settings import Origin, RawSettings, RawValue, Source, options
from live_cluster.model.settings import (
    BlockDevice,
    CallSettings,
    ClusterSettings,
    Credentials,
    HeadSettings,
    MailServer,
    Secret,
    SmscGateway,
    TurnedOff,
)
from live_cluster.model.settings_rules import settings_from


def good(world: World, *words: str) -> ClusterSettings:
    _, settings, problems = world.read([*good_but(), *words])
    assert not problems
    assert settings is not None
    return settings


def test_a_full_command_line_becomes_settings(world: World) -> None:
    settings = good(world)
    assert settings.heads == (
        HeadSettings(number=1, address=IPv4Address("10.81.0.1"), secondary=IPv4Address("10.81.1.1")),
        HeadSettings(number=2, address=IPv4Address("10.81.0.2"), secondary=IPv4Address("10.81.1.2")),
    )
    assert settings.public_ip == IPv4Address("10.81.0.100")
    assert settings.filestorage == BlockDevice(path="/dev/lun")
    assert settings.media_addresses == (IPv4Address("10.81.0.11"), IPv4Address("10.81.0.12"))
    assert (settings.token_ms, settings.token_retransmits) == (3000, 10)
    assert (settings.mail, settings.smsc, settings.license, settings.certificate) == (None, None, None, None)


def test_media_servers_are_ordered_by_number(world: World) -> None:
    many = [
        word for number in range(12, 2, -1) for word in (f"--media-node-{number}-ip", f"10.81.2.{number}")
    ]
    last = [str(address) for address in good(world, *many).media_addresses[2:]]
    assert last == [f"10.81.2.{number}" for number in range(3, 13)]


def test_defaults_of_calls_are_made_of_the_public_name(world: World) -> None:
    """B5, letter by letter."""
    assert good(world).calls == CallSettings(
        outgoing_sip_proxy="sip:video.example.com:5060",
        sip_from_header='"IVCS #<CONFERENCE_ID>" <sip:<CONFERENCE_ID>@video.example.com>',
        h323_from_header='"IVCS #<CONFERENCE_ID>" <h323:<CONFERENCE_ID>@video.example.com>',
    )


def test_the_public_name_defaults_to_the_public_address(world: World) -> None:
    _, settings, _ = world.read(good_but(public_fqdn=None))
    assert settings is not None
    assert settings.public_fqdn == "10.81.0.100"
    assert settings.calls.outgoing_sip_proxy == "sip:10.81.0.100:5060"


def test_what_is_left_out_stays(world: World) -> None:
    """B3: a later run may name nothing."""
    arguments, first, _ = world.read(good_but())
    world.write("stored/cluster.toml", cluster_toml(arguments.settings))
    _, second, problems = world.read([])
    assert (second, problems) == (first, ())


def test_a_later_run_names_only_what_changes(world: World) -> None:
    arguments, first, _ = world.read(good_but())
    world.write("stored/cluster.toml", cluster_toml(arguments.settings))
    _, second, problems = world.read(["--token", "5000", "--media-node-3-ip=10.81.0.13"])
    assert not problems
    assert first is not None
    assert second is not None
    assert second.token_ms == 5000
    assert second.media_addresses == (*first.media_addresses, IPv4Address("10.81.0.13"))


def test_an_option_wins_over_the_file_and_the_file_over_what_is_stored(world: World) -> None:
    world.write("stored/cluster.toml", 'token = 1000\ntoken-retransmits = 5\npublic-fqdn = "a.example.com"\n')
    path = world.write("c.toml", 'token-retransmits = "6"\npublic-fqdn = "b.example.com"\n')
    _, settings, _ = world.read([*good_but(public_fqdn="c.example.com"), "--config", str(path)])
    assert settings is not None
    assert (settings.token_ms, settings.token_retransmits) == (1000, 6)
    assert settings.public_fqdn == "c.example.com"


def test_a_run_is_described_by_its_switches(world: World) -> None:
    words = ["--dry-run", "--yes", "--json", "--profile", "p.toml", "--passphrase-file=-"]
    arguments, _, _ = world.read([*good_but(), *words])
    assert arguments.dry_run
    assert arguments.yes
    assert arguments.as_json
    assert str(arguments.profile) == "p.toml"
    assert arguments.passphrase_file == "-"
    assert arguments.config is None


def test_odd_but_allowed_values_are_warned_about(world: World) -> None:
    _, settings, problems = world.read(
        [*good_but(public_fqdn="ivcs", filestorage_device="/dev/sdb"), "--token", "60000", "--token=60000"]
    )
    assert settings is not None
    assert codes(problems) == [
        "device-unstable filestorage-device",
        "fqdn-without-dot public-fqdn",
        "option-repeated-same token",
        "token-long token",
    ]


@pytest.mark.parametrize(("token", "retransmits"), [(307, 10), (3000, 99), (67, 1), (600_000, 1000)])
def test_timeouts_just_inside_the_limit(world: World, token: int, retransmits: int) -> None:
    words = ["--token", str(token), "--token-retransmits", str(retransmits)]
    _, settings, _ = world.read([*good_but(), *words])
    assert settings is not None
    assert settings.token_ms == token


def test_settings_as_options_for_other_verbs() -> None:
    settings, problems = settings_from(options(GOOD).also(options({"token": "5000"})))
    assert settings is not None
    assert settings.token_ms == 5000
    assert not problems


def said(source: Source, **settings: str) -> RawSettings:
    origin = Origin(source=source, detail="somewhere")
    return RawSettings(
        given=tuple(
            RawValue(name=name.replace("_", "-"), text=text, origin=origin) for name, text in settings.items()
        )
    )


STORED_MAIL = said(Source.STORED, external_mail_server_hostname="m", external_mail_server_username="u")
MAIL_OFF = "external-mail-disable"


def test_turning_off_forgets_what_was_said_before() -> None:
    now = STORED_MAIL.also(options({MAIL_OFF: "true"})).also(
        said(Source.ENVIRONMENT, external_mail_server_password="p")
    )
    assert list(now.effective()) == [MAIL_OFF]


def test_naming_the_server_again_turns_it_on() -> None:
    off = said(Source.STORED, external_mail_disable="true")
    now = off.also(options({"external-mail-server-hostname": "m2"})).also(
        said(Source.ENVIRONMENT, external_mail_server_password="p")
    )
    assert list(now.effective()) == ["external-mail-server-hostname", "external-mail-server-password"]


def test_a_password_in_the_environment_does_not_turn_anything_on() -> None:
    off = said(Source.STORED, external_mail_disable="true")
    now = off.also(said(Source.ENVIRONMENT, external_mail_server_password="p"))
    assert list(now.effective()) == [MAIL_OFF]


def test_an_option_turns_off_what_the_file_sets_up() -> None:
    now = said(Source.FILE, smsc_host="s", smsc_port="1").also(options({"smsc-disable": "true"}))
    assert list(now.effective()) == ["smsc-disable"]


def test_stored_values_stay_known_when_they_are_replaced() -> None:
    now = STORED_MAIL.also(options({"external-mail-server-hostname": "new"}))
    stored = now.stored("external-mail-server-hostname")
    assert stored is not None
    assert (stored.text, now.text("external-mail-server-hostname")) == ("m", "new")


def test_settings_of_services() -> None:
    raw = options(GOOD).also(
        options(
            {
                "external-mail-server-hostname": "m",
                "external-mail-server-username": "u",
                "external-mail-server-password": "p",
                "smsc-host": "s",
                "smsc-port": "2775",
                "smsc-sender-address": "IVCS 1",
            }
        )
    )
    settings = settings_of(ParsedSettings(raw))
    assert settings.mail == MailServer(
        hostname="m", credentials=Credentials(username="u", password=Secret("p"))
    )
    assert settings.smsc == SmscGateway(host="s", port=2775, credentials=None, sender_address="IVCS 1")
    off = settings_of(ParsedSettings(raw.also(said(Source.OPTION, external_mail_disable="true"))))
    assert off.mail == TurnedOff()


def test_nothing_shows_a_value_by_repr() -> None:
    assert "hunter2" not in repr(options({"smsc-password": "hunter2"}))
