"""The interface of the administration for programs: name and password come with each request (RFC 7617)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.typedefs import Handler

from ivcs_server.access import REALM, Access
from ivcs_server.mail import NotSent, send_test_mail
from ivcs_server.sms import send_test_sms
from ivcs_server.state import Sources, state_json

if TYPE_CHECKING:
    # Not in the version of Debian 12.
    from aiohttp.typedefs import Middleware


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminApi:
    """Handlers below /api/admin."""

    sources: Sources
    access: Access

    def application(self) -> web.Application:
        """The part with its routes."""
        part = web.Application(middlewares=[self._guard()])
        part.add_routes(
            [
                web.get("/state", self.state),
                web.post("/test-mail", self.test_mail),
                web.post("/test-sms", self.test_sms),
            ]
        )
        return part

    async def state(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """All settings, without passwords."""
        return web.json_response(state_json(await self.sources.read()))

    async def test_mail(self, request: web.Request) -> web.Response:
        """`{"to": …}`: one message, or 502 with the reason."""
        recipient = await _recipient(request)
        mail = (await self.sources.administration.read()).mail
        return await _sent(asyncio.to_thread(send_test_mail, mail, recipient, socket.gethostname()))

    async def test_sms(self, request: web.Request) -> web.Response:
        """`{"to": …}`: one message, or 502 with the reason."""
        recipient = await _recipient(request)
        sms = (await self.sources.administration.read()).sms
        return await _sent(asyncio.to_thread(send_test_sms, sms, recipient))

    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not await self.access.is_program_allowed(request):
                answer = {"error": "this needs the name and password of an administrator"}
                return web.json_response(answer, status=401, headers={"WWW-Authenticate": REALM})
            return await handler(request)

        return guard


async def _recipient(request: web.Request) -> str:
    try:
        wanted = await request.json()
    except ValueError:
        wanted = None
    to = wanted.get("to") if isinstance(wanted, dict) else None
    if not isinstance(to, str):
        raise web.HTTPBadRequest(text='{"error": "to must be a text"}', content_type="application/json")
    return to


async def _sent(sending: Coroutine[Any, Any, str]) -> web.Response:
    try:
        return web.json_response({"sent": True, "message": await sending})
    except NotSent as error:
        return web.json_response({"sent": False, "error": str(error)}, status=502)
