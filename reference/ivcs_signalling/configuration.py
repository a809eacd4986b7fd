"""What the signalling services are told, in the syntax of OpenSIPS and of the GNU gatekeeper."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from pathlib import Path

from ivcs_service.serving import ANY_ADDRESS, BadConfiguration

OPENSIPS_FILE = Path("/etc/opensips/live-cluster.cfg")
GNUGK_FILE = Path("/etc/gnugk/live-cluster.ini")

LISTEN = re.compile(r"^(?:listen|socket)\s*=\s*(udp|tcp|tls):(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d+)\s*$")
PARAMETER = re.compile(
    r'^modparam\(\s*"tls_mgm"\s*,\s*"(certificate|private_key)"\s*,\s*"(?:\[\w+\])?(/[^"]+)"\s*\)\s*$'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where to listen; the protocol is udp, tcp or tls."""

    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalling:
    """What a signalling service serves, and with which certificate."""

    listeners: tuple[Listener, ...]
    certificate: Path
    private_key: Path


OPENSIPS_DEFAULT = Signalling(
    listeners=(
        Listener(protocol="udp", address=ANY_ADDRESS, port=5060),
        Listener(protocol="tcp", address=ANY_ADDRESS, port=5060),
        Listener(protocol="tls", address=ANY_ADDRESS, port=5061),
    ),
    certificate=Path("/etc/opensips/tls/ivcs.crt"),
    private_key=Path("/etc/opensips/tls/ivcs.key"),
)
GNUGK_CERTIFICATE = Path("/etc/gnugk/tls/ivcs.crt")
GNUGK_KEY = Path("/etc/gnugk/tls/ivcs.key")


def opensips_settings(text: str, file: Path = OPENSIPS_FILE) -> Signalling:
    """From the lines of an opensips.cfg; what is not said is as in OPENSIPS_DEFAULT."""
    listeners: list[Listener] = []
    files: dict[str, Path] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].strip()
        if not words:
            continue
        if listen := LISTEN.match(words):
            protocol, address, port = listen.groups()
            listeners.append(Listener(protocol=protocol, address=address.strip("[]"), port=int(port)))
        elif parameter := PARAMETER.match(words):
            files[parameter[1]] = Path(parameter[2])
        elif not words.startswith("loadmodule"):
            raise BadConfiguration(f"{file}, line {number}: not understood: {words}")
    default = OPENSIPS_DEFAULT
    return Signalling(
        listeners=tuple(listeners) or default.listeners,
        certificate=files.get("certificate", default.certificate),
        private_key=files.get("private_key", default.private_key),
    )


def gnugk_settings(text: str, file: Path = GNUGK_FILE) -> Signalling:
    """From the sections of a gatekeeper.ini; an empty text gives the defaults."""
    # Its names may hold colons, and a semicolon begins a comment.
    parser = configparser.ConfigParser(
        delimiters=("=",), comment_prefixes=(";", "#"), interpolation=None, strict=False
    )
    try:
        parser.read_string(text)
        call_port = parser.getint("RoutedMode", "CallSignalPort", fallback=1720)
        tls_port = parser.getint("RoutedMode", "TLSCallSignalPort", fallback=1300)
        has_tls = parser.getboolean("TLS", "EnableTLS", fallback=True)
    except (configparser.Error, ValueError) as error:
        raise BadConfiguration(f"{file}: {error}") from None
    addresses = [
        one.strip() for one in parser.get("Gatekeeper::Main", "Home", fallback=ANY_ADDRESS).split(",")
    ]
    ports = [("tcp", call_port), *([("tls", tls_port)] if has_tls else [])]
    return Signalling(
        listeners=tuple(
            Listener(protocol=protocol, address=address, port=port)
            for address in addresses
            for protocol, port in ports
        ),
        certificate=Path(parser.get("TLS", "Certificate", fallback=str(GNUGK_CERTIFICATE))),
        private_key=Path(parser.get("TLS", "PrivateKey", fallback=str(GNUGK_KEY))),
    )


def read_if_there(file: Path) -> str:
    """Text of the file; empty where nobody wrote it yet."""
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise BadConfiguration(f"{file} cannot be read: {error}") from None
