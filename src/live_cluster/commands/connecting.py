"""The connections of a run: how long its certificate lasts, and why a server could not be reached."""

from __future__ import annotations

import asyncio

from live_cluster.access.login import explain_refusal
from live_cluster.access.site_key import SiteSecret
from live_cluster.errors import Problem, Unreachable
from live_cluster.remote.ssh import Credentials

# All connections are made at the beginning; the certificate only has to last until then.
CERTIFICATE_LIFE_S = 600


async def explained(error: Unreachable, credentials: Credentials, secret: SiteSecret) -> tuple[Problem, ...]:
    """The error's problems in their order, each with the reason that a second look has found, if it has.

    That look costs time only where something is wrong.
    """

    async def explain(one: Problem) -> Problem:
        if not one.node:
            return one
        address = str(one.message.field("address"))
        found = await explain_refusal(one.node, address, credentials, own_fingerprint=secret.fingerprint)
        return found or one

    return tuple(await asyncio.gather(*map(explain, error.problems)))
