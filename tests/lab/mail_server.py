"""Runs on a lab host: a mail server that asks for encryption, a name and a password; prints what it takes.

Arguments: address, port, file with certificate and key. Standard output: a line of JSON for each message.
"""

import asyncio
import json
import ssl
import sys
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USERNAME, PASSWORD = "ivcs@example.com", 'п"$%\\ x'
GIVEN = LoginPassword(login=USERNAME.encode(), password=PASSWORD.encode())


class Taker:
    """Takes all mail."""

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        note = {"from": envelope.mail_from, "to": envelope.rcpt_tos}
        sys.stdout.write(json.dumps(note) + "\n")
        sys.stdout.flush()
        return "250 taken"


def authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
    """The one account."""
    return AuthResult(success=given == GIVEN, handled=False)


async def serve(address: str, port: int, certificate: str) -> None:
    """For ever."""
    loop = asyncio.get_running_loop()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    def protocol() -> SMTP:
        return SMTP(
            Taker(),
            tls_context=tls,
            require_starttls=True,
            authenticator=authenticate,
            auth_required=True,
            enable_SMTPUTF8=True,
            loop=loop,
        )

    server = await loop.create_server(protocol, address, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
