"""License files of the reference, and for which server they hold."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ivcs_server.license import BadLicense, License, judge, license_text, own_instance_id, read_license

TODAY = date(2030, 5, 17)
LICENSE = License(holder='ООО "Пример" \\ Example', valid_until=date(2030, 5, 17), server_instance_id="AB-1")


def file_of(content: License) -> bytes:
    return license_text(content).encode()


def test_what_is_written_is_read() -> None:
    assert read_license(file_of(LICENSE)) == LICENSE


@pytest.mark.parametrize(
    ("content", "instance", "problem"),
    [
        (LICENSE, "AB-1", ""),
        (LICENSE, None, ""),
        (LICENSE, "AB-2", "it is for the server instance AB-1, and this one is AB-2"),
        (replace(LICENSE, server_instance_id=""), "AB-2", ""),
        (replace(LICENSE, valid_until=date(2030, 5, 16)), "AB-1", "it expired on 2030-05-16"),
    ],
)
def test_a_license_holds_until_its_day_and_for_its_instance(
    content: License, instance: str | None, problem: str
) -> None:
    assert judge(file_of(content), instance, TODAY).problem == problem


def test_no_file_is_no_license() -> None:
    assert not judge(None, "AB-1", TODAY).is_valid


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\xff",
        b"holder",
        b"holder = 1\n",
        file_of(LICENSE).replace(b"2030-05-17", b"2090-05-17"),
        file_of(LICENSE).replace(b"2030-05-17", b"soon"),
        file_of(LICENSE).replace(b'IVCS reference"', b'other"'),
        file_of(LICENSE) + b'more = "x"\n',
    ],
)
def test_what_is_no_license_is_refused_with_a_reason(file: bytes) -> None:
    with pytest.raises(BadLicense, match=r"\w"):
        read_license(file)
    assert judge(file, "AB-1", TODAY).problem


def test_the_instance_id_may_be_left_out_of_the_file() -> None:
    lines = file_of(replace(LICENSE, server_instance_id="")).splitlines()
    shorter = b"\n".join(line for line in lines if not line.startswith(b"server_instance_id"))
    assert judge(shorter, "whichever", TODAY).is_valid


def test_every_server_has_an_instance_id_of_its_own_that_does_not_tell_its_machine_id(tmp_path: Path) -> None:
    machine_id = tmp_path / "machine-id"
    machine_id.write_text("0123456789abcdef0123456789abcdef\n")
    first = own_instance_id(machine_id)
    machine_id.write_text("0123456789abcdef0123456789abcdee\n")
    assert first != own_instance_id(machine_id)
    assert len(first) == 19
    assert "0123" not in first
