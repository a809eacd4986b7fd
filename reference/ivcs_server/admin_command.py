"""The command `ivcs-admin`, for root on a head server; `send-test` and `check-license` are two of its verbs.

Exit codes: 0 done; 1 not done, with the reason; 2 wrong words; 3 mail or SMS is turned off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from ivcs_server.administration import Administration, Installed
from ivcs_server.connections import Connections, DatabaseUnavailable
from ivcs_server.license import LARGEST, License, judge, license_text
from ivcs_server.mail import NotSent, TurnedOff, send_test_mail
from ivcs_server.passwords import SHORTEST, password_hash
from ivcs_server.settings import SettingsProblem, read_settings
from ivcs_server.sms import send_test_sms

NOT_DONE, TURNED_OFF = 1, 3


class NotDone(Exception):
    """The text says why."""


def main() -> int:
    """Exit code of the command."""
    called = Path(sys.argv[0]).name
    words = sys.argv[1:] if called == "ivcs-admin" else [called, *sys.argv[1:]]
    options = _parser().parse_args(words)
    run: Callable[[argparse.Namespace], str] = options.run
    try:
        sys.stdout.write(f"{run(options)}\n")
    except TurnedOff as error:
        sys.stderr.write(f"ivcs-admin: {error}\n")
        return TURNED_OFF
    except (NotDone, NotSent, DatabaseUnavailable, SettingsProblem) as error:
        sys.stderr.write(f"ivcs-admin: {error}\n")
        return NOT_DONE
    return 0


def send_test(options: argparse.Namespace) -> str:
    """One message by the settings in the database."""
    installed = asyncio.run(_installed())
    if options.kind == "mail":
        return send_test_mail(installed.mail, options.recipient, socket.gethostname())
    return send_test_sms(installed.sms, options.recipient)


def check_license(options: argparse.Namespace) -> str:
    """The license is read from standard input; the database is not needed."""
    content = sys.stdin.buffer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise NotDone("this is no license file of the reference application: it is too long")
    state = judge(content, options.instance_id or None, datetime.now(UTC).date())
    if state.problem:
        raise NotDone(state.problem)
    return "the license is good"


def set_password(options: argparse.Namespace) -> str:
    """The password is read from standard input."""
    password = sys.stdin.readline().rstrip("\n")
    if len(password) < SHORTEST:
        raise NotDone(f"the password has to have {SHORTEST} characters")
    asyncio.run(_set_password(options.name, password_hash(password)))
    return f"the password of {options.name} is set"


def make_license(options: argparse.Namespace) -> str:
    """Text of a license of the reference: everybody may make one."""
    content = License(
        holder=options.holder, valid_until=options.valid_until, server_instance_id=options.instance_id
    )
    return license_text(content).rstrip("\n")


def show_settings(options: argparse.Namespace) -> str:  # noqa: ARG001
    """The SIP and H.323 settings and the domains, as JSON."""
    installed = asyncio.run(_installed())
    domains = {one.name: one.web_address for one in installed.domains}
    return json.dumps({"domains": domains, "settings": installed.settings}, ensure_ascii=False, indent=1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ivcs-admin", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    test = verbs.add_parser("send-test", help="send one message")
    test.add_argument("kind", choices=("mail", "sms"))
    test.add_argument("recipient", help="mail address, or number such as +79990000000")
    test.set_defaults(run=send_test)
    check = verbs.add_parser("check-license", help="judge a license file from standard input")
    check.add_argument("instance_id", nargs="?", default="", help="the server instance that it must be for")
    check.set_defaults(run=check_license)
    password = verbs.add_parser("set-password", help="set an administrator's password, from standard input")
    password.add_argument("--name", default="admin")
    password.set_defaults(run=set_password)
    license_file = verbs.add_parser("make-license", help="write a license of the reference application")
    license_file.add_argument("--holder", required=True)
    license_file.add_argument("--valid-until", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD")
    license_file.add_argument("--instance-id", default="", help="the server instance that it is for")
    license_file.set_defaults(run=make_license)
    verbs.add_parser("show-settings", help="domains, SIP and H.323 as JSON").set_defaults(run=show_settings)
    return parser


async def _installed() -> Installed:
    connections = _connections()
    try:
        return await Administration(connections).read()
    finally:
        await connections.close()


async def _set_password(name: str, stored_hash: str) -> None:
    connections = _connections()
    try:
        await Administration(connections).set_password(name, stored_hash)
    finally:
        await connections.close()


def _connections() -> Connections:
    settings = read_settings()
    if not settings.database_password and not os.access(Path("/etc/ivcs"), os.R_OK):
        raise NotDone("run it as root: the settings cannot be read")
    return Connections(settings)


if __name__ == "__main__":
    sys.exit(main())
