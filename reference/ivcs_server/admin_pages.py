"""The pages of the administration: log-in, what there is, and forms."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler

from ivcs_server.access import Access, current_session
from ivcs_server.admin_forms import AdminForms
from ivcs_server.administration import SETTINGS
from ivcs_server.pages import page_response, render
from ivcs_server.sessions import COOKIE, LONGEST_S
from ivcs_server.state import Sources, conference_json
from ivcs_server.storage import FileStorage, StorageUnavailable

if TYPE_CHECKING:
    # Not in the version of Debian 12.
    from aiohttp.typedefs import Middleware

PAGES = {
    "overview": "Overview",
    "domains": "Domains",
    "settings": "SIP and H.323",
    "license": "License",
    "ssl": "SSL",
    "mail": "Mail",
    "sms": "SMS",
    "media-servers": "Media servers",
    "conferences": "Conferences",
    "files": "Files",
    "account": "Password",
}
NEWEST = 50
STORAGE_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminPages:
    """Handlers below /admin."""

    sources: Sources
    access: Access
    storage: FileStorage

    def application(self) -> web.Application:
        """The part with its routes."""
        part = web.Application(middlewares=[self._guard()])
        part.add_routes(
            [
                web.get("/login", self.ask_for_password),
                web.post("/login", self.log_in),
                web.post("/logout", self.log_out),
                web.get("", self.first_page),
                web.get("/", self.first_page),
                web.get("/{page}", self.page),
            ]
        )
        part.add_routes(AdminForms(sources=self.sources, access=self.access, storage=self.storage).routes())
        return part

    async def first_page(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """The overview."""
        return see("/admin/overview")

    async def ask_for_password(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """The log-in form."""
        return page_response(render("login.html", host=socket.gethostname(), problem=""))

    async def log_in(self, request: web.Request) -> web.Response:
        """A session, or the form again."""
        form = await request.post()
        cookie = await self.access.sign_in(str(form.get("name", "")), str(form.get("password", "")))
        if cookie is None:
            html = render("login.html", host=socket.gethostname(), problem="Wrong name or password.")
            return page_response(html, status=401)
        response = see("/admin/overview")
        response.set_cookie(COOKIE, cookie, max_age=LONGEST_S, httponly=True, secure=True, samesite="Lax")
        return response

    async def log_out(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """Ends the session in this browser."""
        response = see("/admin/login")
        response.del_cookie(COOKIE)
        return response

    async def page(self, request: web.Request) -> web.Response:
        """One page of the administration."""
        name = request.match_info["page"]
        if name not in PAGES:
            raise web.HTTPNotFound
        message = (await self.access.seals()).read_message(request.query.get("message", ""))
        values = await self._values(name)
        html = render(
            f"{name}.html",
            pages=PAGES,
            page=name,
            session=current_session.get(),
            message=message,
            state=await self.sources.read(),
            now=datetime.now(UTC),
            **values,
        )
        return page_response(html)

    async def _values(self, name: str) -> dict[str, object]:
        if name == "settings":
            return {"titles": SETTINGS}
        if name == "conferences":
            found = await self.sources.conferences.newest(NEWEST)
            return {"conferences": [conference_json(one, self.sources.monitor) for one in found]}
        if name == "files":
            return await self._files()
        return {}

    async def _files(self) -> dict[str, object]:
        values: dict[str, object] = {"path": self.storage.path, "files": [], "problem": ""}
        try:
            async with asyncio.timeout(STORAGE_TIMEOUT_S):
                return {**values, "files": await asyncio.to_thread(self.storage.names)}
        except StorageUnavailable as error:
            return {**values, "problem": str(error)}
        except TimeoutError:
            return {**values, "problem": "the file storage does not answer"}

    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path == "/admin/login":
                return await handler(request)
            session = await self.access.session(request)
            if session is None:
                return see("/admin/login")
            if request.method == "POST":
                form = await request.post()
                if form.get("form_token") != session.form_token:
                    return page_response(render("refused.html", host=socket.gethostname()), status=403)
            current_session.set(session)
            return await handler(request)

        return guard


def see(place: str, **query: str) -> web.Response:
    """The browser asks for this page next; a reload repeats nothing."""
    location = f"{place}?{urlencode(query)}" if query else place
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
