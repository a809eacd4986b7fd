"""The media server of the reference: says that it is alive, and which conferences it runs; no media flows."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator

from aiohttp import web

from ivcs_media.running import Running
from ivcs_service.serving import ANY_ADDRESS, run_service

PORT = 8091
# 500 conferences at a time come in 20 kB.
LARGEST_BODY = 1024 * 1024


class Media:
    """Handlers of all requests."""

    def __init__(self) -> None:
        self._running = Running()

    def application(self) -> web.Application:
        """The application with its routes."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.add_routes(
            [
                web.get("/api/health", self.health),
                web.get("/api/conferences", self.list_conferences),
                web.put("/api/conferences", self.take_conferences),
            ]
        )
        return application

    async def health(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """200; the head application asks every second, and that keeps the conferences running."""
        self._running.heard(asyncio.get_running_loop().time())
        return web.json_response(self._running.health(socket.gethostname()))

    async def list_conferences(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """What runs here."""
        found = sorted(str(one) for one in self._running.conferences)
        return web.json_response({"host": socket.gethostname(), "conferences": found})

    async def take_conferences(self, request: web.Request) -> web.Response:
        """The head application says what has to run here."""
        try:
            self._running.take(await request.json())
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"running": len(self._running.conferences)})


@contextlib.asynccontextmanager
async def _listening(_: None) -> AsyncIterator[None]:
    runner = web.AppRunner(Media().application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, ANY_ADDRESS, PORT, reuse_address=True).start()
    try:
        yield
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await runner.cleanup()


if __name__ == "__main__":
    sys.exit(run_service(lambda: None, _listening))
