"""The executor of another server: one SSH connection, both directions authenticated by the site key."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass, field

import asyncssh

from live_cluster.errors import Unreachable, problem
from live_cluster.remote.executor import EXECUTOR_ARGV, Server
from live_cluster.remote.local_channel import LINE_LIMIT

# A server under load may need seconds for key exchange; one that is off is found by the connect time-out.
CONNECT_TIMEOUT_S = 20.0
LOGIN_TIMEOUT_S = 60.0
# A server that vanishes during the work is noticed after about 45 s, also while a long command runs.
KEEPALIVE_INTERVAL_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the configurator shows and whom it trusts: OpenSSH texts, valid for minutes."""

    private_key: bytes = field(repr=False)
    certificate: bytes
    known_hosts: str


class SshChannel:
    """One process on one connection."""

    def __init__(
        self, connection: asyncssh.SSHClientConnection, process: asyncssh.SSHClientProcess[bytes]
    ) -> None:
        self._connection = connection
        self._process = process

    async def send(self, data: bytes) -> None:
        """Write to the executor."""
        self._process.stdin.write(data)
        await self._process.stdin.drain()

    async def receive_line(self) -> bytes:
        """Read from the executor."""
        try:
            return bytes(await self._process.stdout.readline())
        except asyncssh.Error as error:
            raise ConnectionError(str(error)) from error

    async def close(self) -> None:
        """The end of its input is what ends the executor."""
        self._process.stdin.write_eof()
        await self._process.wait_closed()
        self._connection.close()
        await self._connection.wait_closed()


async def open_ssh(name: str, address: str, credentials: Credentials) -> Server:
    """Connect, log in as root, start the executor; Unreachable where that fails (access/login.py finds out why)."""
    try:
        connection = await asyncio.wait_for(_connect(address, credentials), LOGIN_TIMEOUT_S)
    except (TimeoutError, OSError, asyncssh.Error) as error:
        reason = str(error) or type(error).__name__
        raise Unreachable(problem("server-unreachable", node=name, address=address, reason=reason)) from error
    process: asyncssh.SSHClientProcess[bytes] = await connection.create_process(
        shlex.join(EXECUTOR_ARGV), encoding=None, stderr=asyncssh.DEVNULL, window=LINE_LIMIT
    )
    server = Server(name, SshChannel(connection, process))
    await server.start()
    return server


async def _connect(address: str, credentials: Credentials) -> asyncssh.SSHClientConnection:
    key = asyncssh.import_private_key(credentials.private_key)
    certificate = asyncssh.import_certificate(credentials.certificate)
    return await asyncssh.connect(
        address,
        username="root",
        client_keys=[(key, certificate)],
        known_hosts=asyncssh.import_known_hosts(credentials.known_hosts),
        # Plain host keys are asked for, too, and refused: a locked server has nothing else to show.
        server_host_key_algs="default",
        # Neither the administrator's own SSH settings nor an agent may widen or narrow what is trusted here.
        config=None,
        agent_path=None,
        preferred_auth="publickey",
        connect_timeout=CONNECT_TIMEOUT_S,
        keepalive_interval=KEEPALIVE_INTERVAL_S,
        keepalive_count_max=3,
        # Public-key signatures of the whole traffic are cheap; compressing small JSON is not worth a thread.
        compression_algs=None,
    )
