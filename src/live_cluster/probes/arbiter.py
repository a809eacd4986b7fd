"""The server with the third vote: what is asked of it and of the heads, only where one is wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address

from live_cluster.model.facts import ArbiterFacts, NodeFacts
from live_cluster.probes.node import packages
from live_cluster.remote.requests import Command, CommandResult, Reply, Request

DAEMON_PACKAGE = "corosync-qnetd"
CLIENT_PACKAGE = "corosync-qdevice"
# Made by the package's installation; both daemons' names for what is in there are fixed (corosync-qdevice(8)).
DAEMON_DATABASE = "/etc/corosync/qnetd/nssdb"
SERVER_AUTHORITY = "QNet CA"

_CLIENT = re.compile(r"^\s*Client address:\s+(?:::ffff:)?(\d+\.\d+\.\d+\.\d+):\d+\s*$", re.MULTILINE)
_CLUSTER = re.compile(r'^Cluster "', re.MULTILINE)


def installed(package: str) -> Command:
    """Is the package there?"""
    return Command(argv=("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\\n", package))


def stored_certificate(database: str, nickname: str) -> Command:
    """A certificate in an NSS database, as PEM (certutil(1))."""
    return Command(argv=("certutil", "-L", "-d", database, "-n", nickname, "-a"))


CERTIFICATE = stored_certificate(DAEMON_DATABASE, SERVER_AUTHORITY)
CLIENTS = Command(argv=("corosync-qnetd-tool", "-l", "-v"))
ON_ARBITER: tuple[Request, ...] = (installed(DAEMON_PACKAGE), CERTIFICATE, CLIENTS)
ON_HEADS: tuple[Request, ...] = (installed(CLIENT_PACKAGE),)


def plain_pem(text: str) -> str:
    """A certificate's text without differences that mean nothing (certutil writes CR LF)."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def clients_of(text: str, cluster: str) -> tuple[IPv4Address, ...]:
    """Addresses of the heads that qnetd serves under this cluster's name (corosync-qnetd-tool -l -v)."""
    parts = [part for part in _CLUSTER.split(text) if part.startswith(f'{cluster}"')]
    return tuple(IPv4Address(found) for part in parts for found in _CLIENT.findall(part))


def arbiter_facts(
    node: NodeFacts,
    replies: Mapping[Request, Reply],
    heads: Mapping[str, Mapping[Request, Reply]],
    *,
    known: frozenset[IPv4Address],
    cluster: str,
) -> ArbiterFacts:
    """The answers as a value; `known` are all addresses of our heads."""
    missing = [
        (name, package)
        for name, package, answers in (
            (node.server.name, DAEMON_PACKAGE, replies),
            *((head, CLIENT_PACKAGE, answers) for head, answers in heads.items()),
        )
        if not packages(_text(answers[installed(package)]))
    ]
    clients = clients_of(_text(replies[CLIENTS]), cluster)
    return ArbiterFacts(
        node=node,
        certificate=plain_pem(_text(replies[CERTIFICATE])),
        missing=tuple(missing),
        strangers=tuple(sorted({one for one in clients if one not in known})),
    )


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""
