"""What the stand-ins for OpenSIPS and the GNU gatekeeper read."""

from pathlib import Path

import pytest

from ivcs_service.serving import ANY_ADDRESS, BadConfiguration
from ivcs_signalling.configuration import (
    OPENSIPS_DEFAULT,
    Listener,
    gnugk_settings,
    opensips_settings,
    read_if_there,
)

OPENSIPS = """\
# Written by live-cluster.
listen=udp:192.0.2.9:5060
listen = tcp:192.0.2.9:5060   # with blanks
socket=tls:[2001:db8::9]:5061
loadmodule "tls_mgm.so"
modparam("tls_mgm", "certificate", "[default]/etc/x.crt")
modparam( "tls_mgm" , "private_key" , "/etc/x.key" )
"""
GNUGK = """\
; Written by live-cluster.
[Gatekeeper::Main]
Home=192.0.2.9

[RoutedMode]
CallSignalPort=1721
TLSCallSignalPort=1301

[TLS]
EnableTLS=1
Certificate=/etc/y.crt
PrivateKey=/etc/y.key
"""


def listeners(*rows: tuple[str, str, int]) -> tuple[Listener, ...]:
    return tuple(Listener(protocol=protocol, address=address, port=port) for protocol, address, port in rows)


def test_opensips_reads_its_sockets_and_certificate() -> None:
    found = opensips_settings(OPENSIPS)
    assert found.listeners == listeners(
        ("udp", "192.0.2.9", 5060), ("tcp", "192.0.2.9", 5060), ("tls", "2001:db8::9", 5061)
    )
    assert (found.certificate, found.private_key) == (Path("/etc/x.crt"), Path("/etc/x.key"))


def test_without_a_file_opensips_serves_every_address_with_the_installed_certificate(tmp_path: Path) -> None:
    assert opensips_settings(read_if_there(tmp_path / "none")) == OPENSIPS_DEFAULT


@pytest.mark.parametrize(
    "line", ["listen=sctp:192.0.2.9:5060", "listen=udp:192.0.2.9", 'modparam("tls_mgm", "x", "y")', "rubbish"]
)
def test_a_line_that_opensips_does_not_know_is_named(line: str) -> None:
    with pytest.raises(BadConfiguration, match="line 2"):
        opensips_settings(f"\n{line}\n")


def test_the_gatekeeper_reads_its_ports_and_certificate() -> None:
    found = gnugk_settings(GNUGK)
    assert found.listeners == listeners(("tcp", "192.0.2.9", 1721), ("tls", "192.0.2.9", 1301))
    assert (found.certificate, found.private_key) == (Path("/etc/y.crt"), Path("/etc/y.key"))


def test_the_gatekeeper_alone_serves_every_address_and_tls() -> None:
    assert gnugk_settings("").listeners == listeners(("tcp", ANY_ADDRESS, 1720), ("tls", ANY_ADDRESS, 1300))


def test_tls_of_the_gatekeeper_can_be_turned_off() -> None:
    assert [one.protocol for one in gnugk_settings("[TLS]\nEnableTLS=0\n").listeners] == ["tcp"]


@pytest.mark.parametrize("text", ["Home=1\n", "[RoutedMode]\nCallSignalPort=x\n"])
def test_a_file_that_the_gatekeeper_cannot_read_is_named(text: str) -> None:
    with pytest.raises(BadConfiguration, match=r"live-cluster\.ini"):
        gnugk_settings(text)
