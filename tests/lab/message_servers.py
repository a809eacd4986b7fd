"""A mail server and a message centre on a lab's client, which note every message that they take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mail_server
import smpp_server

from live_lab import Host, Lab, wait_until

ADDRESS, MAIL_PORT, SMPP_PORT = "10.81.0.200", "2525", "2775"
MAIL = (
    "--external-mail-server-hostname", f"{ADDRESS}:{MAIL_PORT}",
    "--external-mail-server-username", mail_server.USERNAME,
    "--external-mail-server-password", mail_server.PASSWORD,
)  # fmt: skip
SENDER = "IVCS video"
SMSC = (
    "--smsc-host", ADDRESS, "--smsc-port", SMPP_PORT, "--smsc-username", smpp_server.USERNAME,
    "--smsc-password", smpp_server.PASSWORD, "--smsc-sender-address", SENDER,
)  # fmt: skip
_TRUSTED = "/usr/local/share/ca-certificates/lab-mail.crt"


@dataclass(frozen=True, slots=True)
class Noted:
    """What one of the servers took."""

    host: Host
    path: str

    def messages(self) -> list[dict[str, Any]]:
        """All messages since it was started."""
        return [json.loads(line) for line in self.host.read(self.path).splitlines()]


def open_ports(lab: Lab) -> None:
    """The client lets connections through to both; where nothing listens yet, they are refused at once."""
    for port in (MAIL_PORT, SMPP_PORT):
        rule = ("INPUT", "--protocol", "tcp", "--dport", port, "--jump", "ACCEPT")
        lab.client.run(("iptables", "--insert", *rule))


def start_mail(lab: Lab) -> Noted:
    """A mail server whose certificate is made out to its address; nobody trusts it yet."""
    key = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=mail"
    more = "-addext keyUsage=critical,digitalSignature,keyCertSign"
    names = f"-addext subjectAltName=IP:{ADDRESS} -keyout mail.key -out mail.crt"
    lab.client.run(("sh", "-c", f"cd /root && {key} {more} {names} && cat mail.key mail.crt >mail.pem"))
    return _start(lab, mail_server.__file__, MAIL_PORT, "/root/mail.pem")


def trust_mail(lab: Lab) -> None:
    """The heads trust the mail server's certificate."""
    for head in lab.heads:
        head.write(_TRUSTED, lab.client.read("/root/mail.crt"))
        head.run(("update-ca-certificates",))


def start_smpp(lab: Lab) -> Noted:
    """A message centre."""
    return _start(lab, smpp_server.__file__, SMPP_PORT)


def _start(lab: Lab, program: str, port: str, *more: str) -> Noted:
    client, name = lab.client, Path(program).name
    noted = Noted(client, f"/root/{port}.taken")
    client.write(f"/root/{name}", Path(program).read_text("utf-8"))
    output = (f"--property=StandardOutput=append:{noted.path}", "--property=StandardError=journal")
    argv = ("systemd-run", f"--unit=lab-{port}", *output, "/usr/bin/python3", f"/root/{name}", ADDRESS, port)
    client.run((*argv, *more))
    listens = ("nc", "-z", ADDRESS, port)
    wait_until(
        lambda: client.run(listens, check=False).returncode == 0, deadline_s=300, what=f"{name} listens"
    )
    return noted
