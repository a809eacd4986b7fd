"""Runs on a lab host, with the installed product: one login of the configurator, as stdin (JSON) describes it.

Prints {outcome, detail}; with "stay" it keeps a command running in the session and tells when the session ends.
"""

import asyncio
import json
import sys

sys.path.insert(0, "/usr/lib/live-cluster")

import asyncssh

from live_cluster.access import certificates
from live_cluster.access.credentials import controller_credentials
from live_cluster.access.login import try_login
from live_cluster.access.passphrase import parse_passphrase
from live_cluster.access.site_key import secret_from_passphrase


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def stay(address: str, credentials: object) -> None:
    """Both kinds of connection: one in which a command runs, one that only waits."""
    key = asyncssh.import_private_key(credentials.private_key)
    identity = [(key, asyncssh.import_certificate(credentials.certificate))]
    options = {
        "username": "root",
        "client_keys": identity,
        "known_hosts": asyncssh.import_known_hosts(credentials.known_hosts),
        "config": None,
        "agent_path": None,
    }
    busy = await asyncssh.connect(address, **options)
    idle = await asyncssh.connect(address, **options)
    # A second process in a session of its own: lock must end this one, too.
    await busy.create_process("setsid sleep 86399 & echo in; exec sleep 86398")
    say("in")
    await busy.wait_closed()
    await idle.wait_closed()
    say("ended")


def main() -> None:
    """One login."""
    order = json.load(sys.stdin)
    certificates.PRINCIPAL = order.get("principal", certificates.PRINCIPAL)
    credentials = controller_credentials(
        secret_from_passphrase(parse_passphrase(order["passphrase"])),
        valid_s=order.get("valid_s", 300),
        source_addresses=order.get("source_addresses", ()),
    )
    if order.get("stay"):
        asyncio.run(stay(order["address"], credentials))
        return
    result = asyncio.run(try_login(order["address"], credentials))
    say(json.dumps({"outcome": result.outcome.name, "detail": result.detail}))


main()
