"""What each kind of value accepts; what it refuses stands in bad_inputs.py."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_cluster.model.parameters import PARAMETERS
from live_cluster.model.settings import BlockDevice, CifsShare, DrbdDisk, NfsExport, Secret
from live_cluster.model.subjects.row import Parameter
from live_cluster.model.value_types import (
    MAX_TEXT,
    BadValue,
    address_of,
    host_of,
    secret_of,
    sip_uri_of,
    storage_of,
    text_of,
)


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_each_example_is_right(row: Parameter[object]) -> None:
    assert row.value_type.parse(row.example) is not None


@pytest.mark.parametrize(
    ("text", "storage"),
    [
        ("/dev/lun", BlockDevice(path="/dev/lun")),
        ("/dev/disk/by-id/scsi-3600_a\\x20b", BlockDevice(path="/dev/disk/by-id/scsi-3600_a\\x20b")),
        ("/dev/mapper/mpath-a.1", BlockDevice(path="/dev/mapper/mpath-a.1")),
        ("//nas/video", CifsShare(host="nas", share="video")),
        ("//192.0.2.9/видео записи/2024/", CifsShare(host="192.0.2.9", share="видео записи/2024")),
        ("CIFS://nas.example.com/video$", CifsShare(host="nas.example.com", share="video$")),
        ("smb://nas/video", CifsShare(host="nas", share="video")),
        ("nas:/export/video", NfsExport(host="nas", export="/export/video")),
        ("nfs://nas/export", NfsExport(host="nas", export="/export")),
        ("drbd:/dev/vg0/video", DrbdDisk(path="/dev/vg0/video", is_ready=False)),
        ("/dev/drbd0", DrbdDisk(path="/dev/drbd0", is_ready=True)),
        ("/dev/drbd/by-res/video/0", DrbdDisk(path="/dev/drbd/by-res/video/0", is_ready=True)),
    ],
)
def test_storage_is_recognised_by_its_form(text: str, storage: object) -> None:
    assert storage_of(text) == storage


@pytest.mark.parametrize(
    "text", ["video.example.com", "ivcs", "xn--b1aew.xn--p1ai", "192.0.2.9", "3com.example.com"]
)
def test_a_host_is_a_name_or_an_address(text: str) -> None:
    assert host_of(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "sip:proxy.example.com",
        "sips:192.0.2.9:5061",
        "sip:user@proxy:5060;transport=tcp",
        "sip:proxy?Subject=x",
    ],
)
def test_a_sip_address_stays_as_written(text: str) -> None:
    assert sip_uri_of(text) == text


LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1, max_size=MAX_TEXT
)


@given(LINES)
def test_a_password_of_one_line_arrives_unchanged(text: str) -> None:
    assert secret_of(text).reveal() == text


@given(LINES.filter(lambda text: not text.isspace()))
def test_a_text_of_one_line_arrives_unchanged(text: str) -> None:
    assert text_of(text) == text


@given(st.sampled_from(PARAMETERS), st.text(st.characters(), max_size=60))
def test_any_text_is_a_value_or_a_bad_value(row: Parameter[object], text: str) -> None:
    with suppress(BadValue):
        row.value_type.parse(text)


@given(st.ip_addresses(v=4))
def test_an_address_means_itself_or_is_refused(address: IPv4Address) -> None:
    with suppress(BadValue):
        assert address_of(str(address)) == address


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("open sesame")
    assert secret == Secret("open sesame")
    assert secret != Secret("other")
    assert "sesame" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "open sesame"
