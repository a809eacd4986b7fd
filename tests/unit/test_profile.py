"""The profile of the reference application, and what is refused in others."""

from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined

from live_cluster.model.profile import Profile, ProfileError, load_profile

PROFILES = Path(__file__).parents[2] / "profiles"
IVCS = PROFILES / "ivcs.toml"


def altered(tmp_path: Path, old: str, new: str) -> Path:
    """The profile with one change."""
    text = IVCS.read_text("utf-8")
    assert old in text
    path = tmp_path / "profile.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.fixture(scope="module")
def ivcs() -> Profile:
    return load_profile(IVCS)


def test_services_start_in_the_order_of_the_article(ivcs: Profile) -> None:
    assert [service.resource for service in ivcs.clustered_services] == ["ivcs-server", "opensips", "gnugk"]


def test_host_names_are_those_of_the_article(ivcs: Profile) -> None:
    assert [ivcs.hostnames.of_head(1), ivcs.hostnames.of_head(2)] == ["ivcs-main-1", "ivcs-main-2"]
    assert [ivcs.hostnames.of_media(0), ivcs.hostnames.of_media(1)] == ["ivcs-media-0", "ivcs-media-1"]


def test_modes_are_octal(ivcs: Profile) -> None:
    assert ivcs.files[0].mode_bits == 0o640


def test_rendered_server_configuration(ivcs: Profile) -> None:
    values = {
        "database_ip": "192.0.2.1",
        "filestorage_ip": "192.0.2.2",
        "public_ip": "192.0.2.3",
        "public_fqdn": "conf.example.org",
        "mount_point": "/srv/filestorage",
        "share": "filestorage",
    }
    text = Environment(undefined=StrictUndefined).from_string(ivcs.files[0].template).render(values)  # noqa: S701
    assert "[database]\nhost = 192.0.2.1\n" in text
    assert "address = 192.0.2.3\nfqdn = conf.example.org" in text


def test_values_cannot_be_changed(ivcs: Profile) -> None:
    with pytest.raises(ValueError, match="frozen"):
        ivcs.database.port = 1


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("port = 5432", 'port = "5432"', "database.port"),
        ("port = 5432", "port = 0", "database.port"),
        ("port = 5432", "", "database.port"),
        ("port = 5432", "port = 5432\nprot = 1", "database.prot"),
        ('product = "IVA MCU"', "product = 2025-01-01T00:00:00Z\nproducts = 1", "products"),
        ('product = "IVA MCU"', 'product = ""', "product"),
        ('mode = "0640"', "mode = 0o640", "files.0.mode"),
        ('mode = "0640"', 'mode = "640"', "files.0.mode"),
        ('paths = ["/etc/', 'paths = ["etc/', "installed.paths.0"),
        ('mount_point = "/srv/filestorage"', 'mount_point = "/srv/../etc"', "filestorage.mount_point"),
        ('"ivcs-main-{n}"', '"ivcs-main"', "hostnames.head"),
        ('"ivcs-main-{n}"', '"ivcs_main_{n}"', "hostnames.head"),
        ('"ivcs-main-{n}"', '"ivcs-{x}-{n}"', "hostnames.head"),
        ('owner = "ivcs"', 'owner = "ivcs; DROP"', "database.owner"),
        ('unit = "gnugk"', 'unit = "gnugk stop"', "clustered_services.2.unit"),
        ('resource = "gnugk"', 'resource = "opensips"', "resources"),
        ("port = 5432", "port = 70000", "database.port"),
        ('private_key_mode = "0600"', 'private_key_mode = "0604"', "certificates.0.private_key_mode"),
        ("= :web_address", "= :web_adress", "application.web_address"),
        ("= :web_address", "= 'constant'", "application.web_address"),
        ('WHERE is_default"', 'WHERE is_default; DROP TABLE a"', "application.web_address.read"),
        ('WHERE is_default"', 'WHERE name = :name"', "application.web_address"),
        ('WHERE is_default"', "WHERE name = 'open\"", "application.web_address.read"),
        ('"SELECT address FROM', '"\\\\d address FROM', "application.media_servers.read"),
        (
            "DELETE FROM public.media_servers WHERE address = :address",
            "SELECT :name",
            "application.media_servers",
        ),
        ('license_check = ["/usr', 'license_chek = ["/usr', "application.license_chek"),
        ('sms = ["/usr/lib/ivcs/send-test", "sms"]', "sms = []", "application.test.sms"),
        ('unit = "gnugk"\ncertificate', "certificate", "certificates.2.unit"),
    ],
)
def test_a_wrong_profile_is_refused_by_the_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    path = altered(tmp_path, old, new)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert any(problem.startswith(f"{key}: ") for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('write = "UPDATE public.domains SET web_address = :web_address WHERE is_default"\n', "write"),
        ('read = "SELECT web_address FROM public.domains WHERE is_default"\n', "read"),
    ],
)
def test_a_setting_needs_both_its_statements(tmp_path: Path, line: str, key: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(altered(tmp_path, line, ""))
    assert [one for one in caught.value.problems if f"web_address.{key}" in one]


def test_the_unknown_parameter_is_named_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(
        ProfileError, match=r"mail: write: there is no parameter :hots; here are :enabled, :host"
    ):
        load_profile(altered(tmp_path, ":hostname", ":hots"))


def test_the_application_part_may_be_missing(tmp_path: Path) -> None:
    text = IVCS.read_text("utf-8")
    path = tmp_path / "profile.toml"
    path.write_text(text[: text.index("[application]")], "utf-8")
    assert list(load_profile(path).application.statements()) == []


def test_the_license_s_id_is_written_before_its_file(ivcs: Profile) -> None:
    keys = [key for key, _ in ivcs.application.statements()]
    assert keys.index("license_instance") < keys.index("license_file")


@pytest.mark.parametrize("path", sorted(PROFILES.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_profile_that_is_delivered_is_good(path: Path) -> None:
    assert load_profile(path).product


def test_what_a_product_does_not_have_is_left_out() -> None:
    profile = load_profile(PROFILES / "examples/powerdns.toml")
    assert (profile.filestorage, profile.samba, profile.firewall) == (None, None, None)
    assert profile.certificates == ()
    assert list(profile.application.statements()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [('[samba]\nunit = "smbd"\n', ""), ("[filestorage]\n", "[other]\n")],
)
def test_samba_and_the_file_storage_come_together(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(ProfileError, match=r"samba: must be there|other: "):
        load_profile(altered(tmp_path, old, new))


def test_a_template_has_no_word_for_a_file_storage_that_is_not_there(tmp_path: Path) -> None:
    example = (PROFILES / "examples/powerdns.toml").read_text("utf-8")
    path = tmp_path / "profile.toml"
    path.write_text(example.replace("{{ database_ip }}", "{{ mount_point }}"), "utf-8")
    with pytest.raises(
        ProfileError, match=r"files\.0\.template: there is no mount_point; here are database_ip"
    ):
        load_profile(path)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ public_ip", "files.1.template: line 2: "),
        ("{{ public_ip | shout }}", "files.1.template: line 1: No filter named 'shout'"),
        ("{{ pubic_ip }}", "files.1.template: there is no pubic_ip; here are database_ip, public_ip"),
    ],
)
def test_a_template_is_judged_before_anything_is_touched(tmp_path: Path, template: str, problem: str) -> None:
    path = altered(tmp_path, "listen=udp:{{ public_ip }}:5060", template)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert any(one.startswith(problem) for one in caught.value.problems)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    path = altered(tmp_path, "port = 5432", "port = 0\nprot = 1")
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("content", [b"product = ", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "profile.toml"
    path.write_bytes(content)
    with pytest.raises(ProfileError):
        load_profile(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="No such file") as caught:
        load_profile(tmp_path / "none.toml")
    assert caught.value.path == tmp_path / "none.toml"
