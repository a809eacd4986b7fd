"""A login that does nothing but find out whether a server lets the configurator in, and why not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum

import asyncssh

from live_cluster.access.site_key import fingerprint_of
from live_cluster.errors import Problem, problem
from live_cluster.remote.ssh import Credentials

# Key exchange and login take 0.1 s; a starting server under load needs seconds.
LOGIN_TIMEOUT_S = 30.0


class Outcome(Enum):
    """What came of it; each value is the code of the sentence that says so."""

    LET_IN = "access-let-in"
    OFF = "server-off"
    LOCKED = "server-locked"
    OTHER_KEY = "server-other-key"
    NOT_THE_HOST = "server-not-the-host"
    REFUSED = "server-refused"
    BROKEN = "server-ssh-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginResult:
    """`detail` is what SSH said, or the other key's fingerprint."""

    outcome: Outcome
    detail: str = ""


class _KeyWatch(asyncssh.SSHClient):
    """Notes what the server shows in place of a certificate of ours, and trusts none of it."""

    other_fingerprint = ""
    has_no_certificate = False

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.other_fingerprint = fingerprint_of(key.export_public_key("openssh"))
        return False

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.has_no_certificate = True
        return False


async def try_login(
    address: str, credentials: Credentials, *, port: int = 22, host_name: str = ""
) -> LoginResult:
    """Log in and out; `host_name` is what the server's certificate must name (default: the address)."""
    watch = _KeyWatch()
    try:
        async with asyncio.timeout(LOGIN_TIMEOUT_S):
            connection = await _connect(watch, (address, port), credentials, host_name)
            connection.close()
            await connection.wait_closed()
    except (TimeoutError, OSError) as error:
        return LoginResult(outcome=Outcome.OFF, detail=str(error) or "no answer")
    except asyncssh.HostKeyNotVerifiable as error:
        if watch.other_fingerprint:
            return LoginResult(outcome=Outcome.OTHER_KEY, detail=watch.other_fingerprint)
        outcome = Outcome.LOCKED if watch.has_no_certificate else Outcome.NOT_THE_HOST
        return LoginResult(outcome=outcome, detail=error.reason)
    except asyncssh.PermissionDenied as error:
        return LoginResult(outcome=Outcome.REFUSED, detail=error.reason)
    except asyncssh.Error as error:
        return LoginResult(outcome=Outcome.BROKEN, detail=error.reason)
    return LoginResult(outcome=Outcome.LET_IN)


async def explain_refusal(
    node: str, address: str, credentials: Credentials, *, own_fingerprint: str
) -> Problem | None:
    """Why `node` does not let the configurator in, and what to do; None if it does by now."""
    result = await try_login(address, credentials)
    if result.outcome is Outcome.LET_IN:
        return None
    return problem(
        result.outcome.value, node=node, address=address, detail=result.detail, own=own_fingerprint
    )


async def _connect(
    watch: _KeyWatch, endpoint: tuple[str, int], credentials: Credentials, host_name: str
) -> asyncssh.SSHClientConnection:
    key = asyncssh.import_private_key(credentials.private_key)
    certificate = asyncssh.import_certificate(credentials.certificate)
    address, port = endpoint
    return await asyncssh.connect(
        address,
        port,
        username="root",
        client_factory=lambda: watch,
        client_keys=[(key, certificate)],
        known_hosts=asyncssh.import_known_hosts(credentials.known_hosts),
        host_key_alias=host_name or address,
        # Plain keys are asked for, too, and refused: a locked server has nothing else to show, and where only
        # certificates are asked for, sshd just drops the connection (as if something were wrong with it).
        server_host_key_algs="default",
        # Neither the administrator's own SSH settings nor an agent may widen or narrow what is trusted here.
        config=None,
        agent_path=None,
        preferred_auth="publickey",
    )
