"""C9, C10: files that a run names are read and judged; what an earlier run named is left alone (B3)."""

from __future__ import annotations

import pytest
from input_cases import World, codes, good_but

from certificate_case import encrypted, made
from live_cluster.cli.settings_file import cluster_toml
from live_cluster.model.build_settings import CERTIFICATE_LIMIT_BYTES, LICENSE_LIMIT_BYTES
from live_cluster.model.settings import ClusterSettings

PAIR = made()
CERTIFICATE = ("--ssl-certificate-file", "{d}/c.pem", "--ssl-private-key-file", "{d}/k.pem")


@pytest.fixture
def files(world: World) -> World:
    world.write("c.pem", PAIR.certificate, mode=0o644)
    world.write("k.pem", PAIR.key)
    world.write("license.lic", "valid\n")
    return world


def read(world: World, *words: str) -> tuple[ClusterSettings | None, list[str]]:
    said = [word.replace("{d}", str(world.directory)) for word in words]
    arguments, settings, problems = world.read(said)
    if settings is not None:
        world.write("stored/cluster.toml", cluster_toml(arguments.settings))
    return settings, codes(problems)


def test_a_good_pair_is_read(files: World) -> None:
    settings, shown = read(files, *good_but(), *CERTIFICATE)
    assert shown == []
    assert settings is not None
    assert settings.certificate is not None
    assert (settings.certificate.chain, settings.certificate.key) == (PAIR.certificate, PAIR.key)
    assert PAIR.key.decode().splitlines()[1] not in repr(settings)


def test_a_later_run_without_the_options_does_not_touch_the_files(files: World) -> None:
    read(files, *good_but(), *CERTIFICATE, "--license-file={d}/license.lic")
    for name in ("c.pem", "k.pem", "license.lic"):
        (files.directory / name).unlink()
    settings, shown = read(files, "--token=4000")
    assert shown == []
    assert settings is not None
    assert settings.certificate is not None
    assert not settings.certificate.is_named
    assert settings.certificate.chain == b""
    assert settings.license is not None
    assert settings.license.content is None


def test_naming_one_of_the_two_reads_both(files: World) -> None:
    read(files, *good_but(), *CERTIFICATE)
    settings, _ = read(files, "--ssl-certificate-file={d}/c.pem")
    assert settings is not None
    assert settings.certificate is not None
    assert settings.certificate.key == PAIR.key
    (files.directory / "k.pem").unlink()
    _, shown = read(files, "--ssl-certificate-file={d}/c.pem")
    assert shown == ["file-missing ssl-private-key-file"]


def test_everything_that_is_wrong_comes_at_once(files: World) -> None:
    other = made("other.example.com", days=(-9, -1))
    files.write("c.pem", other.certificate)
    files.write("k.pem", encrypted(PAIR.private), mode=0o604)
    _, shown = read(files, *good_but(), *CERTIFICATE)
    assert shown == [
        "certificate-expired ssl-certificate-file",
        "certificate-for-others ssl-certificate-file",
        "key-encrypted ssl-private-key-file",
        "key-visible ssl-private-key-file",
    ]


def test_the_name_that_counts_is_the_public_one(files: World) -> None:
    _, shown = read(files, *good_but(public_fqdn=None), *CERTIFICATE)
    assert shown == ["certificate-for-others ssl-certificate-file"]
    address = made(names=("10.81.0.100",))
    files.write("c.pem", address.certificate)
    files.write("k.pem", address.key)
    _, shown = read(files, *good_but(public_fqdn=None), *CERTIFICATE)
    assert shown == []


def test_a_warning_does_not_stop_the_run(files: World) -> None:
    soon = made(days=(-9, 9))
    files.write("c.pem", soon.certificate)
    files.write("k.pem", soon.key)
    settings, shown = read(files, *good_but(), *CERTIFICATE)
    assert shown == ["certificate-expires-soon ssl-certificate-file"]
    assert settings is not None


def test_files_that_are_too_big_are_not_what_is_meant(files: World) -> None:
    files.write("c.pem", b"#" * (CERTIFICATE_LIMIT_BYTES + 1))
    files.write("license.lic", b"#" * (LICENSE_LIMIT_BYTES + 1))
    _, shown = read(files, *good_but(), *CERTIFICATE, "--license-file={d}/license.lic")
    assert shown == ["file-too-big license-file", "file-too-big ssl-certificate-file"]


def test_a_license_is_read_whole(files: World) -> None:
    settings, shown = read(files, *good_but(), "--license-file={d}/license.lic")
    assert shown == []
    assert settings is not None
    assert settings.license is not None
    assert settings.license.content == b"valid\n"


# -- media servers ---------------------------------------------------------------------------------------------


def addresses(settings: ClusterSettings | None) -> list[str]:
    assert settings is not None
    return [str(one.address) for one in settings.media]


def test_a_media_server_is_removed_and_the_others_keep_their_numbers(world: World) -> None:
    read(world, *good_but(media_node_3_ip="10.81.0.13"))
    settings, shown = read(world, "--remove-media-node", "10.81.0.12")
    assert shown == []
    assert addresses(settings) == ["10.81.0.11", "10.81.0.13"]
    assert settings is not None
    assert [one.number for one in settings.media] == [1, 3]
    assert [str(one) for one in settings.removed_media] == ["10.81.0.12"]
    settings, shown = read(world)
    assert shown == []
    assert addresses(settings) == ["10.81.0.11", "10.81.0.13"]


def test_removing_it_again_is_only_worth_a_warning(world: World) -> None:
    read(world, *good_but())
    read(world, "--remove-media-node=10.81.0.12")
    settings, shown = read(world, "--remove-media-node=10.81.0.12")
    assert shown == ["media-not-there remove-media-node"]
    assert addresses(settings) == ["10.81.0.11"]


def test_several_are_removed_at_once(world: World) -> None:
    read(world, *good_but())
    settings, shown = read(world, "--remove-media-node=10.81.0.11, 10.81.0.12")
    assert shown == []
    assert addresses(settings) == []


def test_a_gap_that_a_removal_left_can_be_filled(world: World) -> None:
    read(world, *good_but(media_node_3_ip="10.81.0.13"))
    read(world, "--remove-media-node=10.81.0.12")
    settings, shown = read(world, "--media-node-2-ip=10.81.0.14", "--media-node-4-ip=10.81.0.15")
    assert shown == []
    assert addresses(settings) == ["10.81.0.11", "10.81.0.14", "10.81.0.13", "10.81.0.15"]
    _, shown = read(world, "--media-node-6-ip=10.81.0.16")
    assert shown == ["media-gap media-node-6-ip"]


def test_naming_and_removing_one_is_a_contradiction(world: World) -> None:
    _, shown = read(world, *good_but(), "--remove-media-node=10.81.0.11")
    assert shown == ["media-named-and-removed remove-media-node"]


@pytest.mark.parametrize(
    ("text", "code"), [("10.81.0.11/24", "address-with-prefix"), ("media", "not-an-address")]
)
def test_what_is_removed_is_an_address(world: World, text: str, code: str) -> None:
    _, shown = read(world, *good_but(), f"--remove-media-node={text}")
    assert shown == [f"{code} remove-media-node"]


def test_a_media_server_with_another_address_leaves_its_old_one(world: World) -> None:
    read(world, *good_but())
    settings, _ = read(world, "--media-node-1-ip=10.81.0.21")
    assert settings is not None
    assert [str(one) for one in settings.removed_media] == ["10.81.0.11"]


def test_heads_without_media_and_back(world: World) -> None:
    settings, _ = read(world, *good_but())
    assert settings is not None
    assert settings.media_on_heads
    settings, _ = read(world, "--no-media-on-heads")
    assert settings is not None
    assert not settings.media_on_heads
    settings, _ = read(world)
    assert settings is not None
    assert not settings.media_on_heads
    settings, _ = read(world, "--media-on-heads")
    assert settings is not None
    assert settings.media_on_heads


@pytest.mark.parametrize(
    ("text", "host", "port"), [("m:25", "m", 25), ("m", "m", None), ("192.0.2.1:25", "192.0.2.1", 25)]
)
def test_a_mail_server_may_have_a_port(world: World, text: str, host: str, port: int | None) -> None:
    settings, _ = read(world, *good_but(), f"--external-mail-server-hostname={text}")
    assert settings is not None
    mail = settings.mail
    assert (getattr(mail, "hostname", ""), getattr(mail, "port", 0)) == (host, port)
