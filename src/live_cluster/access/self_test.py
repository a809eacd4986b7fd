"""A real login at this server's own sshd: the only proof that the configurator will come in."""

from __future__ import annotations

import asyncio
import os

from live_cluster.access.credentials import controller_credentials
from live_cluster.access.login import LoginResult, Outcome, try_login
from live_cluster.access.site_key import SiteSecret
from live_cluster.access.waiting import retry_until

# sshd restarts itself within 0.1 s of the reload; ten times slower machines and a loaded start-up included.
SSHD_DEADLINE_S = 30.0
CREDENTIALS_VALID_S = 300


def login_here(secret: SiteSecret, listen_addresses: tuple[str, ...]) -> LoginResult:
    """What the configurator will see, once sshd has read its files.

    `sshd -t` says nothing about a host certificate that cannot be used or a user list that forbids root.
    """
    address, port = login_endpoint(listen_addresses)
    credentials = controller_credentials(secret, valid_s=CREDENTIALS_VALID_S, purpose="self-test")
    # Until sshd has read the new files it shows the old certificate, or none. A refusal comes after that.
    final = {Outcome.LET_IN, Outcome.REFUSED}

    async def attempt() -> LoginResult:
        return await try_login(address, credentials, port=port, host_name=os.uname().nodename)

    return asyncio.run(
        retry_until(attempt, lambda result: result.outcome in final, deadline_s=SSHD_DEADLINE_S)
    )


def login_endpoint(listen_addresses: tuple[str, ...]) -> tuple[str, int]:
    """Where this server's sshd can be reached from itself, from sshd's own notation ([::]:22)."""
    endpoints = []
    for text in listen_addresses:
        address, _, port = text.rpartition(":")
        address = address.strip("[]")
        endpoints.append(({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address), int(port)))  # noqa: S104
    # IPv4 first: a server without IPv6 still shows [::] here.
    endpoints.sort(key=lambda endpoint: ":" in endpoint[0])
    return endpoints[0] if endpoints else ("127.0.0.1", 22)
