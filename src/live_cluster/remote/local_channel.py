"""The executor of the server we are on: the same program, without SSH."""

from __future__ import annotations

import asyncio

from live_cluster.remote.executor import EXECUTOR_ARGV, Server
from live_cluster.remote.local import TOOL_ENVIRONMENT

# A whole CIB or a large configuration file comes as one JSON line.
LINE_LIMIT = 64 * 1024 * 1024


class LocalChannel:
    """A child process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def send(self, data: bytes) -> None:
        """Write to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        await self._process.stdin.drain()

    async def receive_line(self) -> bytes:
        """Read from its standard output."""
        assert self._process.stdout is not None
        return await self._process.stdout.readline()

    async def close(self) -> None:
        """The end of its input is what ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


async def open_local(name: str) -> Server:
    """An executor on this machine."""
    process = await asyncio.create_subprocess_exec(
        *EXECUTOR_ARGV,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT,
        env=TOOL_ENVIRONMENT,
        # Ctrl-C is for the controller: it decides what to end.
        start_new_session=True,
    )
    server = Server(name, LocalChannel(process))
    await server.start()
    return server
